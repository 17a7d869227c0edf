import type { Address } from "../base/address.ts";
import type { Monotonic, WallTime } from "../base/time.ts";
import { later } from "../base/time.ts";
import type { FwknopLock } from "../knock/fwknop-lock.ts";
import type { FwknopRequest } from "../knock/fwknop-packet.ts";
import { hasFwknopHmac, openFwknop, readFwknopText } from "../knock/fwknop-packet.ts";
import type { KeyId } from "../knock/keys.ts";
import type { Instant } from "./authenticator.ts";
import { lossLife } from "./authenticator.ts";
import type { FwknopKeyGroup, TriedKey } from "./fwknop-tries.ts";
import { groupKeys } from "./fwknop-tries.ts";
import type { FwknopWindowState } from "./fwknop-window.ts";
import { FwknopWindow } from "./fwknop-window.ts";
import type { FwknopRefusal, Judgement } from "./judgement.ts";

/** A key of a device that is not disabled. */
export interface FwknopKey extends TriedKey {
  readonly lock: FwknopLock;
  /** `undefined` means never. */
  readonly expires: WallTime | undefined;
  /** Whose packets these are; `undefined` means any user's. */
  readonly user: string | undefined;
}

/** An accepted packet, and the network of its source. */
export interface AcceptedFwknop extends FwknopRequest {
  readonly network: string;
}

/**
 * Checks packets of fwknop clients: form, HMAC, cipher, fields, type, clock, user, replay. Nothing in such a packet
 * tells whose it is, so each key has to be tried; the tries are bounded. It has no clock and no I/O. The caller makes
 * what is accepted durable before anything opens.
 */
export class FwknopAuthenticator<Key extends FwknopKey> {
  /** Milliseconds that the clock of a packet may be wrong. */
  #freshness: number;
  #groups: readonly FwknopKeyGroup<Key>[] = [];
  #groupOf: ReadonlyMap<KeyId, FwknopKeyGroup<Key>> = new Map();
  readonly #windows = new Map<KeyId, FwknopWindow>();
  /** After a lost journal: packets from before `start`, milliseconds since 1970, are refused until `until`. */
  #lost: { readonly start: number; readonly until: Monotonic } | undefined;

  /** `freshness`: milliseconds. */
  constructor(freshness: number) {
    this.#freshness = freshness;
  }

  /** Replaces the keys, without those that are disabled. What was accepted stays so. */
  setKeys(keys: readonly Key[], freshness: number = this.#freshness): void {
    this.#freshness = freshness;
    this.#groups = groupKeys(keys);
    this.#groupOf = new Map(
      this.#groups.flatMap((group) => Array.from(group.ids, (id) => [id, group] as const)),
    );
    for (const [id, { networks }] of this.#windows) {
      for (const network of networks) this.#groupOf.get(id)?.addNetwork(id, network);
    }
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
    if (text === undefined) return unauthenticated("form");
    const network = networkOf(source);
    const groups = this.#groups.filter((group) => group.allows(source));
    let isTried = true;
    let refused: Judgement<Key, AcceptedFwknop> | undefined;
    for (const take of ["takeKnown", "takeOthers"] as const) {
      for (const group of groups) {
        const { keys, areAll } = group[take](network, instant.now);
        isTried &&= areAll;
        for (const key of keys) {
          if (hasExpired(key, instant.wall) || !hasFwknopHmac(key.lock, text)) continue;
          const judgement = this.#open(key, text, network, instant);
          if (!isOfAnotherKey(judgement)) return judgement;
          refused ??= judgement;
        }
      }
    }
    return refused ?? unauthenticated(isTried ? "hmac" : "budget");
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

  #noteNetwork(id: KeyId, network: string): void {
    const forgotten = this.#window(id).recordNetwork(network);
    const group = this.#groupOf.get(id);
    for (const old of forgotten) group?.removeNetwork(id, old);
    group?.addNetwork(id, network);
  }

  #window(id: KeyId): FwknopWindow {
    const window = this.#windows.get(id) ?? new FwknopWindow();
    this.#windows.set(id, window);
    return window;
  }
}

function unauthenticated(check: "form" | "hmac" | "budget") {
  return { kind: "unauthenticated", carrier: "fwknop", check } as const;
}

function hasExpired({ expires }: FwknopKey, wall: WallTime): boolean {
  return expires !== undefined && wall >= expires;
}

/** Devices may share an HMAC key: then a packet that one cannot read may be another's. */
function isOfAnotherKey(judgement: Judgement<FwknopKey, unknown>): boolean {
  if (judgement.kind !== "refused") return false;
  return judgement.check === "cipher" || judgement.check === "fields";
}

/** Returns the /24 or /48 of an address. */
function networkOf({ family, w0, w1, w3 }: Address): string {
  if (family === 4) return `${w3 >>> 24}.${(w3 >>> 16) & 255}.${(w3 >>> 8) & 255}.0/24`;
  const groups = [w0 >>> 16, w0 & 0xffff, w1 >>> 16].map((group) => group.toString(16));
  return `${groups.join(":")}::/48`;
}
