import type { Address } from "../../base/address.ts";
import { systemError } from "../../ffi/libc.ts";
import type { Nfnetlink } from "../../ffi/nfnetlink.ts";
import type { SetElement } from "../../ffi/nft-messages.ts";
import type { KnockedControl, KnockedDoor, KnockedDoors } from "../backend.ts";
import type { DoorSet } from "./kernel-sets.ts";
import { doorSet, families, isDoorSet, keyOfDoorSet, scannerSets } from "./kernel-sets.ts";
import { decodeKey, encodeSource } from "./nft-element.ts";

const ENOENT = 2;

/** Elements in one transaction. */
const batch = 500;

/** Milliseconds that an element lives that is deleted in the same transaction. */
const shortest = 20;

/** What the kernel wrote by itself: which doors it opened for which sources, and which sources scan. */
export class DoorSets implements KnockedControl {
  readonly #table: string;
  readonly #kernel: Nfnetlink;
  readonly #written: () => void;

  /** `written` is called after every transaction. */
  constructor(table: string, kernel: Nfnetlink, written: () => void) {
    this.#table = table;
    this.#kernel = kernel;
    this.#written = written;
  }

  /** Returns what is open. Throws FIREWALL. */
  list(): KnockedDoor[] {
    return listDoorSets(this.#kernel, this.#table).flatMap((set) =>
      this.#list(set).flatMap(({ key, milliseconds = Number.POSITIVE_INFINITY, timeout }) => {
        const source = decodeKey(key)?.source;
        const door = keyOfDoorSet(set);
        if (source === undefined || door === undefined) return [];
        return [{ door, source, milliseconds, length: timeout ?? milliseconds }];
      }),
    );
  }

  /** Closes a door for a source. Throws FIREWALL. */
  close(door: string, source: Address): void {
    const set = doorSet(door, source.family);
    const key = encodeSource(source);
    // A refused transaction, as where there is no such set, takes the kernel 10 ms.
    if (this.#kernel.find({ table: this.#table, set }, key) !== undefined) this.#delete(set, [key]);
  }

  /** Closes all doors of these. Throws FIREWALL. */
  closeAll({ door, source }: KnockedDoors): void {
    const all = () => listDoorSets(this.#kernel, this.#table);
    const doors = door === undefined ? all().flatMap((set) => keyOfDoorSet(set) ?? []) : [door];
    for (const one of new Set(doors)) {
      if (source !== undefined) this.close(one, source);
      else for (const { version } of families) this.#empty(doorSet(one, version));
    }
  }

  /** Forgets what a source, or each, has scanned. Throws FIREWALL. */
  forgive(source: Address | undefined): void {
    for (const set of scannerSets(source?.family)) {
      if (source === undefined) this.#empty(set);
      else {
        const start = Buffer.from(encodeSource(source));
        this.#empty(set, (key) => start.equals(key.subarray(0, start.length)));
      }
    }
  }

  #list(set: string): SetElement[] {
    return this.#kernel.list({ table: this.#table, set });
  }

  #empty(set: string, isMeant: (key: Uint8Array) => boolean = () => true): void {
    const keys = this.#list(set).map(({ key }) => key);
    this.#delete(set, keys.filter(isMeant));
  }

  #delete(set: string, keys: readonly Uint8Array[]): void {
    for (let from = 0; from < keys.length; from += batch) {
      const elements = keys
        .slice(from, from + batch)
        .map((key) => ({ key, milliseconds: shortest }));
      const name = { table: this.#table, set };
      // What is to be deleted must be there still, or the whole transaction fails.
      const [refusal] = this.#kernel.apply([
        { ...name, kind: "add", elements },
        { ...name, kind: "delete", elements },
      ]);
      this.#written();
      if (refusal !== undefined && refusal.errno !== ENOENT) {
        throw systemError("FIREWALL", "cannot close what the kernel opened", refusal.errno);
      }
    }
  }
}

/** Returns the names of the sets of doors in a table. Throws FIREWALL. */
export function listDoorSets(kernel: Nfnetlink, table: string): DoorSet[] {
  return kernel.listSets(table).filter(isDoorSet);
}
