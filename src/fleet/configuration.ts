// What must be alike at all gateways, and how heartbeats show that it is.
import * as v from "valibot";
import type { FleetDigest } from "./seal.ts";

/** What a gateway is configured with, as texts that are equal where the meaning is. */
export interface FleetConfiguration {
  /** Names and key ids of all devices. */
  readonly users: string;
  readonly knockPort: string;
  readonly freshness: string;
  /** The doors that are shared. Doors of one name are told apart by their order. */
  readonly doors: readonly FleetDoor[];
}

interface FleetDoor {
  readonly name: string;
  /** Who may use it by a key. */
  readonly users: string;
  readonly sequences: string;
  /** The lines of its one-time list, used or not. */
  readonly list: string;
}

/** Something that another gateway has otherwise than this one. */
export interface GatewayDifference {
  readonly what:
    | "users"
    | "knock-port"
    | "freshness"
    | "door-users"
    | "sequences"
    | "list"
    | "clock"
    | "name";
  readonly door?: string;
}

/** Doors that a heartbeat has room for. */
const mostDoors = 100;

/** Characters of a digest. By chance two are equal once in 69 billion, or in 17 million of one door. */
const digestLength = 6;
const doorDigestLength = 4;

const shortDigest = v.pipe(v.string(), v.maxLength(digestLength));
const doorDigest = v.pipe(v.string(), v.length(4 * doorDigestLength));

/** Digests of users, `KnockPort` and `Freshness`; and of each door: its name, users, sequences and list. */
export const digestsSchema = v.object({
  users: shortDigest,
  port: shortDigest,
  freshness: shortDigest,
  doors: v.pipe(v.array(doorDigest), v.maxLength(mostDoors)),
});

export type ConfigurationDigests = v.InferOutput<typeof digestsSchema>;

/** Returns what a heartbeat says of a configuration. `digest`: that of the key that seals the heartbeat. */
export function digestConfiguration(
  digest: FleetDigest,
  { users, knockPort, freshness, doors }: FleetConfiguration,
): ConfigurationDigests {
  const short = (text: string) => digest(text).slice(0, digestLength);
  return {
    users: short(`users\0${users}`),
    port: short(`port\0${knockPort}`),
    freshness: short(`freshness\0${freshness}`),
    doors: numbered(doors)
      .slice(0, mostDoors)
      .map((door) => digestDoor(digest, door)),
  };
}

/** Returns what `theirs` has otherwise. `doors`: ours. A door that only one gateway has is no difference. */
export function compareConfigurations(
  doors: readonly FleetDoor[],
  ours: ConfigurationDigests,
  theirs: ConfigurationDigests,
): GatewayDifference[] {
  const differences: GatewayDifference[] = [];
  if (ours.users !== theirs.users) differences.push({ what: "users" });
  if (ours.port !== theirs.port) differences.push({ what: "knock-port" });
  if (ours.freshness !== theirs.freshness) differences.push({ what: "freshness" });
  const their = new Map(theirs.doors.map((one) => [partOf(one, 0), one]));
  for (const [i, one] of ours.doors.entries()) {
    const other = their.get(partOf(one, 0)) ?? one;
    const door = doors[i]?.name ?? "";
    for (const [part, what] of (["door-users", "sequences", "list"] as const).entries()) {
      if (partOf(one, part + 1) !== partOf(other, part + 1)) differences.push({ what, door });
    }
  }
  return differences;
}

type NumberedFleetDoor = FleetDoor & { readonly nth: number };

function numbered(doors: readonly FleetDoor[]): NumberedFleetDoor[] {
  const counts = new Map<string, number>();
  return doors.map((door) => {
    const nth = (counts.get(door.name) ?? 0) + 1;
    counts.set(door.name, nth);
    return { ...door, nth };
  });
}

function digestDoor(
  digest: FleetDigest,
  { name, nth, users, sequences, list }: NumberedFleetDoor,
): string {
  const short = (...parts: readonly (string | number)[]) =>
    digest(["door", ...parts].join("\0")).slice(0, doorDigestLength);
  // Each part is bound to its door: equal texts of two doors do not show.
  return [
    short(name, nth),
    short(name, nth, "users", users),
    short(name, nth, "sequences", sequences),
    short(name, nth, "list", list),
  ].join("");
}

function partOf(door: string, i: number): string {
  return door.slice(i * doorDigestLength, (i + 1) * doorDigestLength);
}
