import type { KeyDoor } from "../../auth/rights.ts";
import { decideAccess } from "../../auth/rights.ts";
import type { Address } from "../../base/address.ts";
import { isAmongUsers } from "../../base/principals.ts";
import { formatServices } from "../../base/service.ts";
import type { WallTime } from "../../base/time.ts";
import type { DoorConfig } from "../../config/config.ts";
import { opensService } from "../../config/config.ts";
import type { Device } from "../../config/users.ts";
import { keyIdsOf } from "../../config/users.ts";
import type { AccessRequest } from "../../grant/lease.ts";
import type { FwknopRequest } from "../../knock/fwknop-packet.ts";
import type { KeyId } from "../../knock/keys.ts";
import { doorId } from "../../knock/keys.ts";
import type { DoorId, KnockRequest } from "../../knock/packet.ts";
import { requestAccess } from "../access-request.ts";
import type { ActiveUsers } from "../active-users.ts";
import type { Doors } from "../doors.ts";
import { isOpenable } from "../doors.ts";

/** A packet of a known key, whose time is used. */
export interface UsedKnock {
  readonly key: { readonly who: string; readonly lock: { readonly id: KeyId } };
  readonly request: Pick<KnockRequest, "door" | "address" | "seconds"> | ServiceRequest;
  readonly source: Address;
  /** The port that it was sent to. */
  readonly port: number;
}

/** A packet of fwknop names services, and no door. */
type ServiceRequest = Pick<FwknopRequest, "services" | "address" | "seconds">;

/** What check 12 says of a packet: the rights of its device. */
export type KnockPermission =
  | { readonly kind: "granted"; readonly request: AccessRequest; readonly door: string }
  | {
      readonly kind: "refused";
      readonly check: "disabled" | "expired" | "source" | "address" | "door" | "service";
      readonly why: string;
      readonly door?: string;
    };

/** What a permission depends on: the configuration in force. */
export interface PermitParts {
  readonly users: Pick<ActiveUsers, "find">;
  readonly doors: Doors;
}

type KeyedDoor = Doors["all"][number];

/** The doors that keys open, by the names that packets have for them. */
const doorsById = new WeakMap<Doors, ReadonlyMap<DoorId, KeyedDoor>>();

/** Decides on a packet by the configuration in force. */
export function permitKnock(
  { key, request, source, port }: UsedKnock,
  { users, doors }: PermitParts,
  now: WallTime,
): KnockPermission {
  const device = users.find(key.who);
  if (device === undefined || !keyIdsOf(device).includes(key.lock.id)) {
    const why = `this key of ${key.who} has been removed`;
    return { kind: "refused", check: "disabled", why };
  }
  const live = findDoor(request, device, doors);
  const door = live && isOpenable(live) ? keyDoor(live.config) : undefined;
  const decision = decideAccess(device, { request, source, door }, now);
  const named = live && { door: live.config.name };
  if (decision.kind === "refused") {
    if (live !== undefined || decision.check !== "door" || "door" in request) {
      return { ...decision, ...named };
    }
    const why = `no door of ${device.name} opens ${formatServices(request.services)}`;
    return { kind: "refused", check: "service", why };
  }
  const { address, length } = decision;
  const knock = { port, protocol: "udp" } as const;
  const access = live && requestAccess(live, address, knock, device.name);
  if (live === undefined || access === undefined) {
    const why = `this door has nothing to open for ${address}`;
    return { kind: "refused", check: "door", why, ...named };
  }
  return { kind: "granted", request: { ...access, length }, door: live.config.name };
}

/** Returns the door of a packet: the one that it names, or the first of the device that opens all of its services. */
function findDoor(
  request: UsedKnock["request"],
  device: Device,
  doors: Doors,
): KeyedDoor | undefined {
  if ("door" in request) return byId(doors).get(request.door);
  return doors.all.find(
    (live) =>
      isOpenable(live) &&
      isAmongUsers(live.config.users, device) &&
      request.services.every((service) => opensService(live.config, service)),
  );
}

function byId(doors: Doors): ReadonlyMap<DoorId, KeyedDoor> {
  const known = doorsById.get(doors);
  if (known !== undefined) return known;
  const withUsers = doors.all.filter(({ config }) => config.users.length > 0);
  const map = new Map(withUsers.map((live) => [doorId(live.config.name), live]));
  doorsById.set(doors, map);
  return map;
}

function keyDoor(config: DoorConfig): KeyDoor {
  const { name, users, allow, deny, action } = config;
  const opens = action.kind === "native" ? action.openFor : action.closeAfter;
  const longest = config.longest ?? opens;
  return { name, users, allow, deny, usual: Math.min(opens, longest), longest };
}
