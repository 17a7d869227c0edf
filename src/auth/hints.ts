import type { Monotonic, WallTime } from "../base/time.ts";
import { hintLength, hintsOf } from "../knock/hint.ts";
import type { Lock } from "../knock/keys.ts";
import type { KnockMinute } from "../knock/packet.ts";
import { knockMinute, slotsPerMinute } from "../knock/packet.ts";
import type { TokenRate } from "./token-bucket.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Tries with one hint: one each 10 ms, 20 saved. */
const tries: TokenRate = { rate: 0.1, most: 20 };

const minuteLength = 60_000;

/** A key that has hints until it expires. */
export interface HintedKey {
  readonly lock: Lock;
  /** `undefined` means never. */
  readonly expires?: WallTime | undefined;
}

/** A hint that packets may bear now. */
export class LiveHint<Key extends HintedKey> {
  /** As the configuration has it now. */
  key: Key;
  readonly minute: KnockMinute;
  /** The first and the last four bytes. */
  readonly high: number;
  readonly low: number;
  /** The next one with the same first bytes. */
  next: LiveHint<Key> | undefined;
  #tries: TokenBucket | undefined;

  constructor(key: Key, minute: KnockMinute, high: number, low: number) {
    this.key = key;
    this.minute = minute;
    this.high = high;
    this.low = low;
  }

  /** Takes one of the tries of this hint. Returns whether there was one. */
  takeTry(now: Monotonic): boolean {
    this.#tries ??= new TokenBucket(tries, now);
    return this.#tries.take(now);
  }
}

/** A key, and its hints by their minute. */
interface KeyHints<Key extends HintedKey> {
  readonly key: Key;
  readonly minutes: Map<KnockMinute, readonly LiveHint<Key>[]>;
}

/**
 * The hints of all keys for the minutes around now. When a packet comes in another minute, in either direction, the
 * hints of the minutes that are new are made, and those of old ones dropped: no timer. A hint that stays live keeps
 * its tries.
 */
export class LiveHints<Key extends HintedKey> {
  readonly #around: number;
  readonly #onRenew: (wall: WallTime) => void;
  /** By key id: a reload makes new objects of the same keys. */
  #keys = new Map<string, KeyHints<Key>>();
  /** By the first 31 bits, which a Map looks up as small integers. */
  #table = new Map<number, LiveHint<Key>>();
  #madeFor: KnockMinute | undefined;

  /** `freshness`: milliseconds that a clock may be wrong. `onRenew` is told of the first packet of a minute. */
  constructor(freshness: number, onRenew: (wall: WallTime) => void = () => {}) {
    this.#around = Math.ceil(freshness / minuteLength);
    this.#onRenew = onRenew;
  }

  /** Replaces the keys. The first of two keys with equal hints wins. */
  setKeys(keys: readonly Key[]): void {
    const before = this.#keys;
    this.#keys = new Map();
    this.#table = new Map();
    this.#madeFor = undefined;
    for (const key of keys) {
      const { id } = key.lock;
      if (this.#keys.has(id)) continue;
      const minutes: KeyHints<Key>["minutes"] = before.get(id)?.minutes ?? new Map();
      this.#keys.set(id, { key, minutes });
      for (const hints of minutes.values()) {
        for (const hint of hints) {
          hint.key = key;
          hint.next = undefined;
          this.#add(hint);
        }
      }
    }
  }

  /** The hint that these 8 bytes are now, if any. */
  find(high: number, low: number, wall: WallTime): LiveHint<Key> | undefined {
    const minute = knockMinute(Math.floor(wall / minuteLength));
    if (minute !== this.#madeFor) this.#renew(minute, wall);
    let found = this.#table.get(high >>> 1);
    while (found !== undefined && (found.high !== high || found.low !== low)) found = found.next;
    return found;
  }

  get size(): number {
    let count = 0;
    for (const first of this.#table.values()) {
      for (let one: LiveHint<Key> | undefined = first; one !== undefined; one = one.next) count++;
    }
    return count;
  }

  /** Costs what changes: 5,000 keys may have 420,000 hints. */
  #renew(now: KnockMinute, wall: WallTime): void {
    this.#madeFor = now;
    for (const { key, minutes } of this.#keys.values()) {
      const isExpired = key.expires !== undefined && wall >= key.expires;
      for (const [minute, hints] of minutes) {
        if (!isExpired && Math.abs(minute - now) <= this.#around) continue;
        minutes.delete(minute);
        for (const hint of hints) this.#remove(hint);
      }
      if (isExpired) continue;
      for (let away = -this.#around; away <= this.#around; away++) {
        const minute = knockMinute(now + away);
        if (minutes.has(minute)) continue;
        const hints = makeHints(key, minute);
        minutes.set(minute, hints);
        for (const hint of hints) this.#add(hint);
      }
    }
    this.#onRenew(wall);
  }

  #add(hint: LiveHint<Key>): void {
    const at = hint.high >>> 1;
    let last = this.#table.get(at);
    if (last === undefined) {
      this.#table.set(at, hint);
      return;
    }
    while (last.next !== undefined) last = last.next;
    last.next = hint;
  }

  #remove(hint: LiveHint<Key>): void {
    const at = hint.high >>> 1;
    let before = this.#table.get(at);
    if (before === hint) {
      if (hint.next === undefined) this.#table.delete(at);
      else this.#table.set(at, hint.next);
      return;
    }
    while (before !== undefined && before.next !== hint) before = before.next;
    if (before !== undefined) before.next = hint.next;
  }
}

function makeHints<Key extends HintedKey>(key: Key, minute: KnockMinute): LiveHint<Key>[] {
  const bytes = hintsOf(key.lock.keys, minute);
  return Array.from({ length: slotsPerMinute }, (_, slot) => {
    const at = slot * hintLength;
    return new LiveHint(key, minute, bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4));
  });
}
