// Which keys a packet of fwknop is tried with. Nothing in it tells whose it is, so the tries are bounded.
import type { Address, Network } from "../base/address.ts";
import { contains, formatNetwork } from "../base/address.ts";
import type { Monotonic } from "../base/time.ts";
import { later } from "../base/time.ts";
import type { FwknopLock } from "../knock/fwknop-lock.ts";
import type { KeyId } from "../knock/keys.ts";
import type { TokenRate } from "./token-bucket.ts";
import { TokenBucket } from "./token-bucket.ts";

/** A key, and the networks of its packets. */
export interface TriedKey {
  readonly lock: Pick<FwknopLock, "id">;
  /** The sources of its packets; `undefined` means all. */
  readonly allow: readonly Network[] | undefined;
}

/** The keys to try with a packet. */
export interface FwknopTries<Key> {
  readonly keys: readonly Key[];
  /** Whether no key is left out. */
  readonly areAll: boolean;
}

/** HMACs that are computed a second, at most: of one key, and of all. */
const mostTries = 2000;
const allTries = 20_000;

/** The least of tries that are saved, for each half of them. */
const leastSaved = 10;

/** How long a network whose keys had too few tries left is not looked at: milliseconds. */
const rest = 10;

const noKeys = { keys: [], areAll: true } as const;

/** Groups keys by their networks. Each key has the same tries in all. */
export function groupKeys<Key extends TriedKey>(keys: readonly Key[]): FwknopKeyGroup<Key>[] {
  const rate = Math.min(mostTries, allTries / keys.length) / 2000;
  // Those of a tenth of a second.
  const half = { rate, most: Math.max(leastSaved, rate * 100) };
  const groups = new Map<string, Key[]>();
  for (const key of keys) {
    const networks = key.allow?.map(formatNetwork).sort().join() ?? "all";
    const group = groups.get(networks) ?? [];
    group.push(key);
    groups.set(networks, group);
  }
  return Array.from(groups.values(), (group) => new FwknopKeyGroup(group, half));
}

/**
 * The keys of devices that may send from the same networks. Half of their tries is for networks from which a key has
 * opened something. The others are those of the group: each packet is tried with all of its keys, or with none. So
 * a packet that comes when nothing is left costs one look, however many keys there are.
 */
export class FwknopKeyGroup<Key extends TriedKey> {
  readonly #keys: ReadonlyMap<KeyId, Key>;
  readonly #allow: readonly Network[] | undefined;
  readonly #half: TokenRate;
  /** Tries with each key, for networks that it does not know. `undefined` until the first packet. */
  #others: TokenBucket | undefined;
  /** Those of each key for the networks that it knows. */
  readonly #known = new Map<KeyId, TokenBucket>();
  readonly #networks = new Map<string, KnownNetwork>();

  constructor(keys: readonly Key[], half: TokenRate) {
    this.#keys = new Map(keys.map((key) => [key.lock.id, key]));
    this.#allow = keys[0]?.allow;
    this.#half = half;
  }

  get ids(): Iterable<KeyId> {
    return this.#keys.keys();
  }

  /** Returns whether the devices may send from a source. */
  allows(source: Address): boolean {
    return this.#allow?.some((one) => contains(one, source)) ?? true;
  }

  /** Notes that a key has opened something from a network. */
  addNetwork(id: KeyId, name: string): void {
    const network = this.#networks.get(name) ?? { ids: new Set(), restsUntil: undefined };
    this.#networks.set(name, network);
    network.ids.add(id);
  }

  removeNetwork(id: KeyId, name: string): void {
    const network = this.#networks.get(name);
    network?.ids.delete(id);
    if (network?.ids.size === 0) this.#networks.delete(name);
  }

  /** Takes a try of each key that knows a network. */
  takeKnown(name: string, now: Monotonic): FwknopTries<Key> {
    const network = this.#networks.get(name);
    if (network === undefined) return noKeys;
    if (network.restsUntil !== undefined && now < network.restsUntil) {
      return { keys: [], areAll: false };
    }
    const ids = [...network.ids].filter((id) => this.#triesOf(id, now).take(now));
    const areAll = ids.length === network.ids.size;
    if (!areAll) network.restsUntil = later(now, rest);
    return { keys: ids.flatMap((id) => this.#keys.get(id) ?? []), areAll };
  }

  /** Takes a try of all keys that do not know a network. */
  takeOthers(name: string, now: Monotonic): FwknopTries<Key> {
    const known = this.#networks.get(name)?.ids;
    // A network that all keys know uses up nothing of the others.
    if (known?.size === this.#keys.size) return noKeys;
    this.#others ??= new TokenBucket(this.#half, now);
    if (!this.#others.take(now)) return { keys: [], areAll: false };
    const keys = [...this.#keys.values()].filter(({ lock }) => !known?.has(lock.id));
    return { keys, areAll: true };
  }

  #triesOf(id: KeyId, now: Monotonic): TokenBucket {
    const tries = this.#known.get(id) ?? new TokenBucket(this.#half, now);
    this.#known.set(id, tries);
    return tries;
  }
}

interface KnownNetwork {
  /** The keys that have opened something from it. */
  readonly ids: Set<KeyId>;
  restsUntil: Monotonic | undefined;
}
