import type { Address } from "../../base/address.ts";
import { systemClock } from "../../base/clock.ts";
import type { OpenedService, Service } from "../../base/service.ts";
import { formatService } from "../../base/service.ts";
import { later } from "../../base/time.ts";
import { systemError } from "../../ffi/libc.ts";
import type { Nfnetlink } from "../../ffi/nfnetlink.ts";
import type { SetChange, SetElement, SetName } from "../../ffi/nft-messages.ts";
import type { OpenElement } from "../backend.ts";
import { ExpiryCache } from "../expiry-cache.ts";
import type { HostGroup } from "./nft-behind.ts";
import type { OpenSet } from "./nft-element.ts";
import { decodeKey, encodeKey, openSets, setOf } from "./nft-element.ts";

const families = [4, 6] as const;

const ENOENT = 2;
const EEXIST = 17;

/** Elements in one transaction: three lists of them stay far below what a socket takes at once. */
const batch = 500;

/**
 * Milliseconds that an element lives at least. Kernels before 5.8 round down to ticks of up to 10 ms,
 * and an element with a time of 0 never goes.
 */
const shortest = 20;

/** Milliseconds after which the ends of a connection or flow that was cut have long given up. */
const cutTime = 86_400_000;

/** Milliseconds that an element may still be there after its time, by our clock. */
const slack = 1000;

/** Services that a source may use for so many milliseconds from now. */
export interface TimedElements {
  readonly source: Address;
  readonly services: readonly OpenedService[];
  readonly milliseconds: number;
}

/** The elements of our table's sets. Each call is complete when it returns. */
export class NftSets {
  readonly #table: string;
  readonly #kernel: Nfnetlink;
  readonly #written: () => void;
  /** Of what was opened here. Others may be open, too, from before this process. */
  readonly #ends = new ExpiryCache(systemClock);

  /** `written` is called after every transaction. */
  constructor(table: string, kernel: Nfnetlink, written: () => void) {
    this.#table = table;
    this.#kernel = kernel;
    this.#written = written;
  }

  /**
   * Opens, or extends, never shortens, in transactions of some hundreds. False if there are no sets.
   * Throws FIREWALL; the transactions before it stand.
   */
  open(elements: readonly TimedElements[]): boolean {
    return merge(this.#table, elements).every((group) =>
      this.#done("open", group, this.#open(group)),
    );
  }

  /** Closes; what is not open stays so. False if there are no sets. Throws FIREWALL. */
  close(source: Address, services: readonly OpenedService[]): boolean {
    return merge(this.#table, [{ source, services, milliseconds: shortest }]).every((group) => {
      for (const { id } of group.wanted) this.#ends.delete(id);
      const change = { ...group.name, elements: elementsOf(group) };
      // What is to be deleted must be there, or the whole transaction fails.
      const refused = this.#apply([
        { ...change, kind: "add" },
        { ...change, kind: "delete" },
      ]);
      return this.#done("close", group, refused);
    });
  }

  /** Notes that the connections of a source to hosts behind this one were cut. Throws FIREWALL. */
  cut(source: Address): void {
    const name = { table: this.#table, set: `cut${source.family}` };
    const elements = [{ key: encodeKey(source, { protocol: "any" }), milliseconds: cutTime }];
    const kinds = ["add", "delete", "add"] as const;
    const refused = this.#apply(kinds.map((kind) => ({ ...name, kind, elements })));
    if (refused !== 0) throw systemError("FIREWALL", `cannot cut what ${source} has`, refused);
  }

  /** Notes that flows of UDP from a source to these services were ended. Throws FIREWALL. */
  endFlows(source: Address, services: readonly Service[]): void {
    const name = { table: this.#table, set: `ended${source.family}` };
    const elements = services.map((service) => {
      return { key: encodeKey(source, service), milliseconds: cutTime };
    });
    const kinds = ["add", "delete", "add"] as const;
    const refused = this.#apply(kinds.map((kind) => ({ ...name, kind, elements })));
    // Without the sets nothing is protected.
    if (refused === 0 || refused === ENOENT) return;
    throw systemError("FIREWALL", `cannot end the flows of ${source}`, refused);
  }

  /** What this program has opened, also for these hosts, and the kernel has open. Throws FIREWALL. */
  list(groups: readonly HostGroup[] = []): OpenElement[] {
    return [
      ...openSets.flatMap((set) => this.#list(set)),
      ...groups.flatMap(({ id, hosts }) =>
        families.flatMap((family) =>
          this.#list(`open${family}_${id}`).flatMap(({ service, ...element }) =>
            "port" in service ? [{ ...element, service: { ...service, hosts } }] : [],
          ),
        ),
      ),
    ];
  }

  #list(set: OpenSet): OpenElement[] {
    return this.#kernel.list({ table: this.#table, set }).flatMap((element) => {
      const decoded = decodeKey(element.key);
      if (decoded === undefined) return [];
      const { milliseconds = Number.POSITIVE_INFINITY } = element;
      return [{ ...decoded, milliseconds }];
    });
  }

  /** The errno with which it was refused; 0 if it was not. */
  #open(group: SetBatch): number {
    const now = systemClock.now();
    // A refused transaction takes the kernel 10 ms; to ask for each element first takes 0.1 ms.
    const isNew = group.wanted.every(({ id }) => this.#ends.get(id) < now);
    const created = isNew ? this.#create(group) : EEXIST;
    const refused = created === EEXIST ? this.#extend(group) : created;
    if (refused !== 0) return refused;
    for (const { id, element } of group.wanted) {
      this.#ends.extend(id, later(now, element.milliseconds + slack));
    }
    return 0;
  }

  /** As `#open`, but EEXIST if one of them is open. */
  #create(group: SetBatch): number {
    return this.#apply([{ ...group.name, kind: "create", elements: elementsOf(group) }]);
  }

  /** As `#open`, for elements that may be open. */
  #extend({ name, wanted }: SetBatch): number {
    const fresh: SetElement[] = [];
    const longer: SetElement[] = [];
    for (const { element } of wanted) {
      const open = this.#kernel.find(name, element.key);
      if (open === undefined) fresh.push(element);
      else if ((open.milliseconds ?? Number.POSITIVE_INFINITY) < element.milliseconds) {
        longer.push(element);
      }
    }
    const add = (elements: readonly SetElement[]) => ({ ...name, kind: "add", elements }) as const;
    // A new time needs a new element, for kernels before 6.12 do not refresh one; and what is to be
    // deleted must be there still, or the whole transaction fails, which takes the kernel 10 ms.
    return this.#apply([
      ...(fresh.length > 0 ? [add(fresh)] : []),
      ...(longer.length > 0
        ? [add(longer), { ...name, kind: "delete", elements: longer } as const, add(longer)]
        : []),
    ]);
  }

  /** The errno with which the transaction was refused; 0 if it was not. */
  #apply(changes: readonly SetChange[]): number {
    if (changes.length === 0) return 0;
    const [refusal] = this.#kernel.apply(changes);
    this.#written();
    return refusal?.errno ?? 0;
  }

  /** False if there are no sets. Throws FIREWALL for every other refusal. */
  #done(verb: string, { wanted }: SetBatch, refused: number): boolean {
    if (refused === 0) return true;
    if (refused === ENOENT) return false;
    const [first] = wanted.flatMap(({ element }) => decodeKey(element.key) ?? []);
    const what = first && `${formatService(first.service)} for ${first.source}`;
    const more = wanted.length > 1 ? ` and ${wanted.length - 1} more` : "";
    throw systemError("FIREWALL", `cannot ${verb} ${what}${more}`, refused);
  }
}

/** An element as it should be. `id`: its key once more, for maps. */
interface WantedElement {
  readonly set: OpenSet;
  readonly element: SetElement & { readonly milliseconds: number };
  readonly id: string;
}

/** What goes into one set in one transaction: at least one. */
interface SetBatch {
  readonly name: SetName;
  readonly wanted: readonly WantedElement[];
}

function elementsOf({ wanted }: SetBatch): readonly SetElement[] {
  return wanted.map(({ element }) => element);
}

/** One element for each (source, service), the longest: an element cannot be deleted twice in a transaction. */
function merge(table: string, requests: readonly TimedElements[]): SetBatch[] {
  const merged = new Map<string, WantedElement>();
  for (const { source, services, milliseconds } of requests) {
    if (!(milliseconds > 0)) continue;
    const time = Math.max(shortest, Math.ceil(milliseconds));
    for (const service of services) {
      const key = encodeKey(source, service);
      const set = setOf(source, service);
      const id = `${set} ${String.fromCharCode(...key)}`;
      if ((merged.get(id)?.element.milliseconds ?? 0) >= time) continue;
      merged.set(id, { set, element: { key, milliseconds: time }, id });
    }
  }
  const bySet = new Map<OpenSet, WantedElement[]>();
  for (const one of merged.values()) {
    const mine = bySet.get(one.set);
    if (mine === undefined) bySet.set(one.set, [one]);
    else mine.push(one);
  }
  return [...bySet].flatMap(([set, mine]) =>
    inBatches(mine).map((wanted) => ({ name: { table, set }, wanted })),
  );
}

function inBatches(wanted: readonly WantedElement[]): (readonly WantedElement[])[] {
  const batches = [];
  for (let from = 0; from < wanted.length; from += batch) {
    batches.push(wanted.slice(from, from + batch));
  }
  return batches;
}
