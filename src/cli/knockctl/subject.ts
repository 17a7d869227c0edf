import type { Address } from "../../base/address.ts";
import { parseAddress } from "../../base/address.ts";
import { KnockError } from "../../base/errors.ts";
import { nearest } from "../../base/nearest.ts";
import type { DoorReport } from "../../control/reports.ts";

/** What a command is narrowed to: a door or an address; neither means everything. */
export type Subject =
  | { readonly door: string; readonly address?: never }
  | { readonly address: Address; readonly door?: never }
  | { readonly door?: never; readonly address?: never };

/** A door that is open for a source. */
interface OpenDoor {
  readonly door: string;
  readonly source: Address;
}

/** Reads the operand DOOR|ADDRESS. */
export function readSubject(text: string | undefined): Subject {
  if (text === undefined) return {};
  const address = parseAddress(text);
  return address === undefined ? { door: text } : { address };
}

/** Throws SYSTEM if none of these doors has this name. */
export function expectDoor(name: string, doors: readonly DoorReport[]): void {
  const names = doors.map((door) => door.name);
  if (names.includes(name)) return;
  if (/^\d+(?:\.\d+){2,}|:/.test(name)) {
    throw new KnockError("SYSTEM", `"${name}" is neither a door nor an address`);
  }
  const near = nearest(name, names);
  const hint = near === undefined ? "knockctl doors lists them" : `did you mean "${near}"?`;
  throw new KnockError("SYSTEM", `there is no door "${name}"`, { hints: [hint] });
}

/** Returns the leases of a door or an address; all of them for neither. */
export function leasesOf<Lease extends OpenDoor>(
  { door, address }: Subject,
  leases: readonly Lease[],
): readonly Lease[] {
  return leases.filter(
    (lease) =>
      (door === undefined || lease.door === door) &&
      (address === undefined || lease.source.equals(address)),
  );
}
