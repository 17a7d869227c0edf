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

/** The hints of one key, by their minute. */
type MinuteHints<Key extends HintedKey> = Map<KnockMinute, readonly LiveHint<Key>[]>;

/**
 * The hints of all keys for the minutes around now. They are made when a packet comes in another minute,
 * in either direction: no timer. A hint that stays live keeps its tries.
 */
export class LiveHints<Key extends HintedKey> {
  readonly #around: number;
  /** By key id: a reload makes new objects of the same keys. */
  #minutes = new Map<string, MinuteHints<Key>>();
  #keys: readonly Key[] = [];
  /** By the first 31 bits, which a Map looks up as small integers. */
  #table = new Map<number, LiveHint<Key>>();
  #madeFor: KnockMinute | undefined;

  /** `freshness`: milliseconds that a clock may be wrong. */
  constructor(freshness: number) {
    this.#around = Math.ceil(freshness / minuteLength);
  }

  /** Replaces the keys. The first of two keys with equal hints wins. */
  setKeys(keys: readonly Key[]): void {
    this.#keys = keys;
    this.#madeFor = undefined;
  }

  /** The hint that these 8 bytes are now, if any. */
  find(high: number, low: number, wall: WallTime): LiveHint<Key> | undefined {
    const minute = knockMinute(Math.floor(wall / minuteLength));
    if (minute !== this.#madeFor) this.#make(minute, wall);
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

  #make(now: KnockMinute, wall: WallTime): void {
    const before = this.#minutes;
    this.#minutes = new Map();
    this.#table = new Map();
    this.#madeFor = now;
    for (const key of this.#keys) {
      if (key.expires !== undefined && wall >= key.expires) continue;
      const { id } = key.lock;
      if (this.#minutes.has(id)) continue;
      const old = before.get(id);
      const hints: MinuteHints<Key> = new Map();
      for (let away = -this.#around; away <= this.#around; away++) {
        const minute = knockMinute(now + away);
        const made = this.#renew(key, minute, old?.get(minute));
        hints.set(minute, made);
        for (const hint of made) this.#add(hint);
      }
      this.#minutes.set(id, hints);
    }
  }

  /** The hints of a minute; those that were live before are the same ones, of the key as it is now. */
  #renew(
    key: Key,
    minute: KnockMinute,
    old: readonly LiveHint<Key>[] | undefined,
  ): readonly LiveHint<Key>[] {
    if (old === undefined) return makeHints(key, minute);
    for (const hint of old) {
      hint.key = key;
      hint.next = undefined;
    }
    return old;
  }

  #add(hint: LiveHint<Key>): void {
    const at = hint.high >>> 1;
    let last = this.#table.get(at);
    if (last === undefined) {
      this.#table.set(at, hint);
      return;
    }
    for (;;) {
      if (last.high === hint.high && last.low === hint.low) return;
      if (last.next === undefined) break;
      last = last.next;
    }
    last.next = hint;
  }
}

function makeHints<Key extends HintedKey>(key: Key, minute: KnockMinute): LiveHint<Key>[] {
  const bytes = hintsOf(key.lock.keys, minute);
  return Array.from({ length: slotsPerMinute }, (_, slot) => {
    const at = slot * hintLength;
    return new LiveHint(key, minute, bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4));
  });
}
