import type { Address } from "../base/address.ts";
import type { Service } from "../base/service.ts";
import { formatService } from "../base/service.ts";
import { systemError } from "../ffi/libc.ts";
import { Nfnetlink } from "../ffi/nfnetlink.ts";
import type { SetChange, SetElement } from "../ffi/nft-messages.ts";
import type { OpenSet } from "./nft-element.ts";
import { decodeKey, encodeKey, openSets, setOf } from "./nft-element.ts";

const ENOENT = 2;

/** Elements in one transaction: three lists of them stay far below what a socket takes at once. */
const batch = 500;

/**
 * Milliseconds that an element lives at least. Kernels before 5.8 round down to ticks of up to 10 ms,
 * and an element with a time of 0 never goes.
 */
const shortest = 20;

/** Services that a source may use for so many milliseconds from now. */
export interface Grant {
  readonly source: Address;
  readonly services: readonly Service[];
  readonly milliseconds: number;
}

/** One thing that is open, and for how many milliseconds more. */
export interface OpenElement {
  readonly source: Address;
  readonly service: Service;
  readonly milliseconds: number;
}

/** The elements of our table's sets. Each call is complete when it returns. */
export class NftSets {
  readonly #table: string;
  readonly #kernel: Nfnetlink;
  readonly #written: () => void;

  /** `written` is called after every transaction. Throws FIREWALL. */
  constructor(table: string, written: () => void) {
    this.#table = table;
    this.#written = written;
    this.#kernel = new Nfnetlink();
  }

  /** The number by which news name the changes made here. */
  get port(): number {
    return this.#kernel.port;
  }

  /** Opens, or prolongs, never shortens. False if there are no sets. Throws FIREWALL. */
  grant(grants: readonly Grant[]): boolean {
    const wanted = merge(grants).filter((wish) => !this.#lastsAsLong(wish));
    return this.#write(wanted, "open", (name, elements) => [
      // A new time needs a new element, for kernels before 6.12 do not refresh one; and what is to be
      // deleted must be there, or the whole transaction fails.
      { ...name, kind: "add", elements },
      { ...name, kind: "delete", elements },
      { ...name, kind: "add", elements },
    ]);
  }

  /** Closes; what is not open stays so. False if there are no sets. Throws FIREWALL. */
  revoke(source: Address, services: readonly Service[]): boolean {
    const closed = merge([{ source, services, milliseconds: shortest }]);
    return this.#write(closed, "close", (name, elements) => [
      { ...name, kind: "add", elements },
      { ...name, kind: "delete", elements },
    ]);
  }

  /** What the kernel has open. Throws FIREWALL. */
  list(): OpenElement[] {
    return openSets.flatMap((set) =>
      this.#kernel.list({ table: this.#table, set }).flatMap((element) => {
        const decoded = decodeKey(element.key);
        if (decoded === undefined) return [];
        return [{ ...decoded, milliseconds: element.milliseconds ?? Number.POSITIVE_INFINITY }];
      }),
    );
  }

  close(): void {
    this.#kernel.close();
  }

  #lastsAsLong({ set, element }: Wish): boolean {
    const open = this.#kernel.find({ table: this.#table, set }, element.key);
    if (open === undefined) return false;
    return open.milliseconds === undefined || open.milliseconds >= element.milliseconds;
  }

  #write(wishes: readonly Wish[], verb: string, changes: Changes): boolean {
    for (const set of openSets) {
      const mine = wishes.filter((wish) => wish.set === set);
      for (let from = 0; from < mine.length; from += batch) {
        const some = mine.slice(from, from + batch);
        const elements = some.map(({ element }) => element);
        const [refusal] = this.#kernel.apply(changes({ table: this.#table, set }, elements));
        this.#written();
        if (refusal === undefined) continue;
        if (refusal.errno === ENOENT) return false;
        const more = some.length > 1 ? ` and ${some.length - 1} more` : "";
        throw systemError("FIREWALL", `cannot ${verb} ${some[0]?.name}${more}`, refusal.errno);
      }
    }
    return true;
  }
}

/** An element as it should be. `name`: for people. */
interface Wish {
  readonly set: OpenSet;
  readonly element: SetElement & { readonly milliseconds: number };
  readonly name: string;
}

type Changes = (
  name: { readonly table: string; readonly set: string },
  elements: readonly SetElement[],
) => SetChange[];

/** One wish for each (source, service), the longest: an element cannot be deleted twice in a transaction. */
function merge(grants: readonly Grant[]): Wish[] {
  const wishes = new Map<string, Wish>();
  for (const { source, services, milliseconds } of grants) {
    if (!(milliseconds > 0)) continue;
    const time = Math.max(shortest, Math.ceil(milliseconds));
    for (const service of services) {
      const name = `${formatService(service)} for ${source}`;
      if ((wishes.get(name)?.element.milliseconds ?? 0) >= time) continue;
      const element = { key: encodeKey(source, service), milliseconds: time };
      wishes.set(name, { set: setOf(source), element, name });
    }
  }
  return [...wishes.values()];
}
