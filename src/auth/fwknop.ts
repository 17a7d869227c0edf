import type { Address, Network } from "../base/address.ts";
import { contains } from "../base/address.ts";
import type { Monotonic, WallTime } from "../base/time.ts";
import { later } from "../base/time.ts";
import type { FwknopLock } from "../knock/fwknop-lock.ts";
import type { FwknopRequest } from "../knock/fwknop-packet.ts";
import { hasFwknopHmac, openFwknop, readFwknopText } from "../knock/fwknop-packet.ts";
import type { KeyId } from "../knock/keys.ts";
import type { Instant } from "./authenticator.ts";
import { lossLife } from "./authenticator.ts";
import type { FwknopWindowState } from "./fwknop-window.ts";
import { FwknopWindow } from "./fwknop-window.ts";
import type { FwknopRefusal, Judgement } from "./judgement.ts";
import { TokenBucket } from "./token-bucket.ts";

/** A key of a device that is not disabled. */
export interface FwknopKey {
  readonly lock: FwknopLock;
  /** `undefined` means never. */
  readonly expires: WallTime | undefined;
  /** The sources of its packets; `undefined` means all. */
  readonly allow: readonly Network[] | undefined;
  /** Whose packets these are; `undefined` means any user's. */
  readonly user: string | undefined;
}

/** An accepted packet, and the network of its source. */
export interface AcceptedFwknop extends FwknopRequest {
  readonly network: string;
}

/** HMACs that are computed a second, at most: of one key, and of all. */
const mostTries = 2000;
const allTries = 20_000;

/** The least of tries that are saved, for each half of them. */
const leastSaved = 10;

/** The tries of one key: half of them for the networks from which it has opened something. */
interface KeyTries {
  readonly known: TokenBucket;
  readonly others: TokenBucket;
}

interface TriedKey<Key> {
  readonly key: Key;
  /** `undefined` until the first packet. */
  tries: KeyTries | undefined;
}

/**
 * Checks packets of fwknop clients: form, HMAC, cipher, fields, type, clock, user, replay. Nothing in such a packet
 * tells whose it is, so each key has to be tried; the tries are bounded. It has no clock and no I/O. The caller makes
 * what is accepted durable before anything opens.
 */
export class FwknopAuthenticator<Key extends FwknopKey> {
  /** Milliseconds that the clock of a packet may be wrong. */
  #freshness: number;
  #keys: readonly TriedKey<Key>[] = [];
  readonly #windows = new Map<KeyId, FwknopWindow>();
  /** The keys that have opened something from a network. */
  readonly #keysOf = new Map<string, Set<KeyId>>();
  /** After a lost journal: packets from before `start`, milliseconds since 1970, are refused until `until`. */
  #lost: { readonly start: number; readonly until: Monotonic } | undefined;

  /** `freshness`: milliseconds. */
  constructor(freshness: number) {
    this.#freshness = freshness;
  }

  /** Replaces the keys, without those that are disabled. What was accepted stays so. */
  setKeys(keys: readonly Key[], freshness: number = this.#freshness): void {
    this.#freshness = freshness;
    const isAlike = keys.length === this.#keys.length;
    const before = new Map(this.#keys.map(({ key, tries }) => [key.lock.id, tries]));
    this.#keys = keys.map((key) => ({
      ...{ key, tries: isAlike ? before.get(key.lock.id) : undefined },
    }));
  }

  /** Takes over what an earlier process accepted. */
  restore(windows: Iterable<readonly [KeyId, FwknopWindowState]>): void {
    for (const [id, { floor, accepted, networks }] of windows) {
      const window = this.#window(id);
      for (const [digest, time] of accepted) window.record(digest, time);
      window.raiseFloor(floor);
      for (const network of networks) this.#noteNetwork(id, network);
    }
  }

  /** As that of `Authenticator`; `start`: milliseconds since 1970. */
  forgetBefore(start: number, now: Monotonic, keys: Iterable<KeyId>): void {
    for (const id of keys) this.#window(id).raiseFloor(Math.ceil(start / 1000) - 1);
    const latest = Math.max(start, this.#lost?.start ?? start);
    this.#lost = { start: latest, until: later(now, lossLife) };
  }

  /** The windows of all keys from which something was accepted. */
  *windows(): Generator<readonly [KeyId, FwknopWindowState]> {
    for (const [id, window] of this.#windows) if (window.newest > 0) yield [id, window.state];
  }

  /** Judges the payload of a datagram. One that is authentic is used. */
  judge(payload: Uint8Array, source: Address, instant: Instant): Judgement<Key, AcceptedFwknop> {
    const text = readFwknopText(payload);
    if (text === undefined) return stranger("form");
    const network = networkOf(source);
    const known = this.#keysOf.get(network);
    let isTried = true;
    for (const tried of this.#keys) {
      const { key } = tried;
      if (!mayKnock(key, source, instant.wall)) continue;
      tried.tries ??= this.#makeTries(instant.now);
      const half = known?.has(key.lock.id) ? tried.tries.known : tried.tries.others;
      if (!half.take(instant.now)) isTried = false;
      else if (hasFwknopHmac(key.lock, text)) return this.#open(key, text, network, instant);
    }
    return stranger(isTried ? "hmac" : "budget");
  }

  #open(key: Key, text: string, network: string, instant: Instant): Judgement<Key, AcceptedFwknop> {
    const refuse = (check: FwknopRefusal, offset?: number) =>
      ({ kind: "refused", carrier: "fwknop", check, key, offset }) as const;
    const request = openFwknop(key.lock, text);
    if (typeof request === "string") return refuse(request);
    const { id } = key.lock;
    // The packet has whole seconds.
    const offset = Math.trunc((request.time - instant.wall) / 1000) * 1000;
    const window = this.#window(id);
    window.forgetOld(instant.wall, this.#freshness);
    const check = this.#check(key, window, request, instant);
    if (check !== undefined) return refuse(check, offset);
    window.record(request.digest, request.time / 1000);
    this.#noteNetwork(id, network);
    return { kind: "authentic", carrier: "fwknop", key, request: { ...request, network }, offset };
  }

  #check(
    key: Key,
    window: FwknopWindow,
    { time, user, digest }: FwknopRequest,
    { now, wall }: Instant,
  ): FwknopRefusal | undefined {
    if (Math.abs(time - wall) > this.#freshness) return "clock";
    if (key.user !== undefined && key.user !== user) return "user";
    if (this.#lost !== undefined && now >= this.#lost.until) this.#lost = undefined;
    if (this.#lost !== undefined && time < this.#lost.start) return "start";
    if (!window.isNew(digest, time / 1000)) return "replay";
    return window.isFull ? "full" : undefined;
  }

  #makeTries(now: Monotonic): KeyTries {
    const rate = Math.min(mostTries, allTries / this.#keys.length) / 2000;
    // Those of a tenth of a second.
    const most = Math.max(leastSaved, rate * 100);
    const make = () => new TokenBucket({ rate, most }, now);
    return { known: make(), others: make() };
  }

  #noteNetwork(id: KeyId, network: string): void {
    for (const old of this.#window(id).recordNetwork(network)) {
      const keys = this.#keysOf.get(old);
      keys?.delete(id);
      if (keys?.size === 0) this.#keysOf.delete(old);
    }
    const keys = this.#keysOf.get(network) ?? new Set();
    this.#keysOf.set(network, keys.add(id));
  }

  #window(id: KeyId): FwknopWindow {
    const window = this.#windows.get(id) ?? new FwknopWindow();
    this.#windows.set(id, window);
    return window;
  }
}

function stranger(check: "form" | "hmac" | "budget") {
  return { kind: "stranger", carrier: "fwknop", check } as const;
}

function mayKnock({ allow, expires }: FwknopKey, source: Address, wall: WallTime): boolean {
  if (expires !== undefined && wall >= expires) return false;
  return allow?.some((one) => contains(one, source)) ?? true;
}

/** Returns the /24 or /48 of an address. */
function networkOf({ family, w0, w1, w3 }: Address): string {
  if (family === 4) return `${w3 >>> 24}.${(w3 >>> 16) & 255}.${(w3 >>> 8) & 255}.0/24`;
  const groups = [w0 >>> 16, w0 & 0xffff, w1 >>> 16].map((group) => group.toString(16));
  return `${groups.join(":")}::/48`;
}
