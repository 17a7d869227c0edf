import type { Network } from "../base/address.ts";
import { Address, contains } from "../base/address.ts";
import type { Principal } from "../base/principals.ts";
import { isAmongUsers } from "../base/principals.ts";
import type { WallTime } from "../base/time.ts";
import type { KnockRequest } from "../knock/packet.ts";

/** What a device may do, as the users file says. */
export interface DeviceRights extends Principal {
  /** `undefined` means never. */
  readonly expires: WallTime | undefined;
  /** The sources of its packets; `undefined` means all. */
  readonly allow: readonly Network[] | undefined;
  readonly requireAddress: boolean;
  /** For which addresses it may open, beside its own. */
  readonly elsewhere: readonly Network[];
  readonly disabled: boolean;
}

/** Who may open a door by key, for which addresses and for how long, as the configuration says. */
export interface KeyDoor {
  readonly name: string;
  readonly users: readonly string[];
  readonly allow: readonly Network[] | undefined;
  readonly deny: readonly Network[];
  /** Milliseconds: without a wish, and at most. */
  readonly usual: number;
  readonly longest: number;
}

/** A packet that passed the first eleven checks. */
export interface RequestedAccess {
  readonly request: Pick<KnockRequest, "seconds" | "address">;
  readonly source: Address;
  /** The door of the packet; `undefined` if keys open no such door. */
  readonly door: KeyDoor | undefined;
}

/** What the rights of a device say of a packet. */
export type AccessDecision =
  | {
      readonly kind: "granted";
      /** For which the door opens. */
      readonly address: Address;
      /** Milliseconds. */
      readonly length: number;
    }
  | {
      readonly kind: "refused";
      readonly check: "disabled" | "expired" | "source" | "address" | "door";
      /** A clause for the log. */
      readonly why: string;
    };

/** Returns what a device may have of what it asks for. */
export function decideAccess(
  device: DeviceRights,
  { request, source, door }: RequestedAccess,
  now: WallTime,
): AccessDecision {
  const { name, expires, allow, requireAddress, elsewhere } = device;
  const refuse = (check: AccessRefusal["check"], why: string) =>
    ({ kind: "refused", check, why }) as const;
  if (device.disabled) return refuse("disabled", `${name} is disabled`);
  const left = (expires ?? Number.POSITIVE_INFINITY) - now;
  if (left <= 0) return refuse("expired", `${name} has expired`);
  if (!isAmongNetworks(allow, source)) {
    return refuse("source", `${name} may not knock from ${source}`);
  }
  const { w0, w1, w2, w3 } = request.address;
  const asked = new Address(w0, w1, w2, w3);
  const isOpen = namesNoAddress(request);
  if (isOpen && requireAddress) return refuse("address", "the packet names no address");
  const address = isOpen ? source : asked;
  const isElsewhere = isUnicast(address) && elsewhere.some((one) => contains(one, address));
  if (!address.equals(source) && !isElsewhere) {
    return refuse("address", `the packet is from ${source} and names ${address}`);
  }
  if (door === undefined) return refuse("door", "keys open no such door");
  if (!isAmongUsers(door.users, device)) {
    return refuse("door", `${name} is not among the users of this door`);
  }
  if (door.deny.some((one) => contains(one, address)) || !isAmongNetworks(door.allow, address)) {
    return refuse("door", `this door does not open for ${address}`);
  }
  const wanted = request.seconds === 0 ? door.usual : request.seconds * 1000;
  return { kind: "granted", address, length: Math.min(wanted, door.longest, left) };
}

type AccessRefusal = Extract<AccessDecision, { readonly kind: "refused" }>;

/** Returns whether a packet names no address: it opens for its source. */
export function namesNoAddress({ address }: Pick<KnockRequest, "address">): boolean {
  return (address.w0 | address.w1 | address.w2 | address.w3) === 0;
}

function isAmongNetworks(networks: readonly Network[] | undefined, address: Address): boolean {
  return networks?.some((one) => contains(one, address)) ?? true;
}

/** Returns whether packets to an address go to one host. */
function isUnicast({ family, w0, w1, w2, w3 }: Address): boolean {
  if (family === 4) return w3 >>> 24 !== 0 && w3 >>> 24 < 224;
  return w0 >>> 24 !== 0xff && (w0 | w1 | w2 | w3) !== 0;
}
