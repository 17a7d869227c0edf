import { timingSafeEqual } from "node:crypto";
import type { Address } from "../base/address.ts";
import type { Monotonic, WallTime } from "../base/time.ts";
import { later } from "../base/time.ts";
import { decodeBase64 } from "../knock/base64.ts";
import type { KeyId } from "../knock/keys.ts";
import type { OpenedPacket } from "../knock/open.ts";
import { isSigned, openPacket } from "../knock/open.ts";
import type { KnockTime } from "../knock/packet.ts";
import { knockTime, layout, packetLength } from "../knock/packet.ts";
import type { HintedKey, LiveHint } from "./hints.ts";
import { LiveHints } from "./hints.ts";
import type { Carrier, Judgement, KeyRefusal, UnauthenticatedRefusal } from "./judgement.ts";
import { carriedLength, findCarried } from "./stun.ts";
import type { TokenRate } from "./token-bucket.ts";
import { TokenBucket } from "./token-bucket.ts";
import type { WindowState } from "./window.ts";
import { ReplayWindow } from "./window.ts";

/** When a packet is looked at. */
export interface Instant {
  readonly now: Monotonic;
  readonly wall: WallTime;
}

/** Signatures of one key, and of all keys. */
const ownSignatures: TokenRate = { rate: 0.05, most: 100 };
const allSignatures: TokenRate = { rate: 5, most: 500 };
/** How many of all are left to keys that had none in this turn, which takes so many milliseconds. */
const reservedSignatures = 250;
const turnLength = 100;

/** How long packets from before a loss may be fresh again, twice the longest Freshness: milliseconds. */
export const lossLife = 1_200_000;

/** Accepted tags that are recognized without cryptography. */
const mostTags = 8;

/** What is remembered of a key as long as the process lasts. */
interface KeyMemory {
  readonly window: ReplayWindow;
  readonly tags: AcceptedTag[];
  signatures: TokenBucket | undefined;
  /** The turn of its last signature. */
  turn: number;
}

interface AcceptedTag {
  readonly tag: Uint8Array;
  readonly source: Address;
  isReportedElsewhere: boolean;
}

/**
 * The first ten checks of a packet, docs/knock-packet.md. It has no clock and no I/O. Who calls it
 * makes an accepted time durable before anything opens.
 */
export class Authenticator<Key extends HintedKey> {
  #hints: LiveHints<Key>;
  /** Milliseconds that the clock of a packet may be wrong. */
  #freshness: number;
  readonly #onMinute: ((wall: WallTime) => void) | undefined;
  readonly #memories = new Map<KeyId, KeyMemory>();
  readonly #carried = new Uint8Array(packetLength);
  #signatures: TokenBucket | undefined;
  /** After a lost journal: times before `start` are refused until `until`. */
  #lost: { readonly start: KnockTime; readonly until: Monotonic } | undefined;

  /** `freshness`: milliseconds. `onMinute` is told of the first packet of a minute. */
  constructor(freshness: number, onMinute?: (wall: WallTime) => void) {
    this.#freshness = freshness;
    this.#onMinute = onMinute;
    this.#hints = new LiveHints(freshness, onMinute);
  }

  /** Replaces the keys, without those that are disabled. Used times stay used. */
  setKeys(keys: readonly Key[], freshness: number = this.#freshness): void {
    if (freshness !== this.#freshness) {
      this.#freshness = freshness;
      this.#hints = new LiveHints(freshness, this.#onMinute);
    }
    this.#hints.setKeys(keys);
  }

  /** Takes over what an earlier process accepted. What was accepted meanwhile counts, too. */
  restore(windows: Iterable<readonly [KeyId, WindowState]>): void {
    for (const [id, { floor, times }] of windows) {
      const { window } = this.#memory(id);
      for (const time of times) window.record(time);
      window.raiseFloor(floor);
    }
  }

  /**
   * Refuses packets from before `start`, since what was accepted then is unknown: of all keys for
   * `lossLife`, and of `keys` as long as their windows last, wherever the clock goes.
   */
  forgetBefore(start: KnockTime, now: Monotonic, keys: Iterable<KeyId>): void {
    for (const id of keys) this.#memory(id).window.raiseFloor(knockTime(start - 1));
    const latest = knockTime(Math.max(start, this.#lost?.start ?? start));
    this.#lost = { start: latest, until: later(now, lossLife) };
  }

  /** The windows of all keys from which something was accepted. */
  *windows(): Generator<readonly [KeyId, WindowState]> {
    for (const [id, { window }] of this.#memories) {
      if (window.newest > 0) yield [id, window.state];
    }
  }

  /** How far a clock may be off: milliseconds. */
  get freshness(): number {
    return this.#freshness;
  }

  /** Returns whether a time is one of the last that were accepted from a key. */
  hasAccepted(id: KeyId, time: KnockTime): boolean {
    return this.#memories.get(id)?.window.has(time) ?? false;
  }

  /** How many keys have accepted times that this clock has not reached by more than it may be wrong. */
  countAhead(wall: WallTime): number {
    const latest = (wall + this.#freshness) * 1000;
    let count = 0;
    for (const { window } of this.#memories.values()) if (window.newest > latest) count++;
    return count;
  }

  /** Judges the payload of a datagram. Its bytes may change afterwards. The time of an authentic one is used. */
  judge(payload: Uint8Array, source: Address, instant: Instant): Judgement<Key> {
    if (payload.length === packetLength) return this.#judge(payload, "udp", source, instant);
    const at = findCarried(payload);
    if (at === undefined) return unauthenticated("udp", "form");
    const packet = this.#carried;
    // 12 characters hold the hint: most packets without a key end here.
    if (!decodeBase64(payload, at, at + 12, packet, 0)) return unauthenticated("stun", "form");
    if (this.#find(packet, instant) === undefined) return unauthenticated("stun", "hint");
    const isDecoded = decodeBase64(payload, at + 12, at + carriedLength, packet, 9);
    return isDecoded
      ? this.#judge(packet, "stun", source, instant)
      : unauthenticated("stun", "form");
  }

  #find(packet: Uint8Array, { wall }: Instant): LiveHint<Key> | undefined {
    const word = (at: number) =>
      (((packet[at] ?? 0) << 24) |
        ((packet[at + 1] ?? 0) << 16) |
        ((packet[at + 2] ?? 0) << 8) |
        (packet[at + 3] ?? 0)) >>>
      0;
    return this.#hints.find(word(0), word(4), wall);
  }

  #judge(packet: Uint8Array, carrier: Carrier, source: Address, instant: Instant): Judgement<Key> {
    const hint = this.#find(packet, instant);
    if (hint === undefined) return unauthenticated(carrier, "hint");
    const { key } = hint;
    const memory = this.#memory(key.lock.id);
    const refuse = (check: KeyRefusal, offset?: number): Judgement<Key> => ({
      ...{ kind: "refused", carrier, check, key, offset },
    });
    const before = findTag(memory.tags, packet.subarray(...layout.tag));
    if (before !== undefined) return refuse(repeatOf(before, source));
    if (!hint.takeTry(instant.now)) return { ...unauthenticated(carrier, "budget"), key };
    const opened = openPacket(key.lock, hint.minute, packet);
    if (opened === "tag") return { ...unauthenticated(carrier, "tag"), key };
    if (opened === "form") return refuse("form");
    const offset = opened.request.time / 1000 - instant.wall;
    const check = this.#check(key, memory, opened, instant);
    if (check !== undefined) return refuse(check, offset);
    memory.window.record(opened.request.time);
    memory.tags.push({
      tag: Uint8Array.from(packet.subarray(...layout.tag)),
      ...{ source, isReportedElsewhere: false },
    });
    if (memory.tags.length > mostTags) memory.tags.shift();
    return { kind: "authentic", carrier, key, request: opened.request, offset };
  }

  /** Checks 7 to 10. */
  #check(
    key: Key,
    memory: KeyMemory,
    opened: OpenedPacket,
    { now, wall }: Instant,
  ): KeyRefusal | undefined {
    const { time } = opened.request;
    // Whole microseconds: both ends of Freshness are within.
    if (Math.abs(time - Math.round(wall * 1000)) > this.#freshness * 1000) return "clock";
    if (this.#lost !== undefined && now >= this.#lost.until) this.#lost = undefined;
    if (this.#lost !== undefined && time < this.#lost.start) return "start";
    if (!memory.window.isNew(time)) return "replay";
    if (!this.#takeSignature(memory, now)) return "rate";
    return isSigned(key.lock, opened) ? undefined : "signature";
  }

  /** Half of what all keys may have is left to those that had no signature in this turn. */
  #takeSignature(memory: KeyMemory, now: Monotonic): boolean {
    memory.signatures ??= new TokenBucket(ownSignatures, now);
    this.#signatures ??= new TokenBucket(allSignatures, now);
    const turn = Math.floor(now / turnLength);
    const reserve = memory.turn === turn ? reservedSignatures : 0;
    if (!memory.signatures.take(now)) return false;
    memory.turn = turn;
    return this.#signatures.take(now, reserve);
  }

  #memory(id: KeyId): KeyMemory {
    let memory = this.#memories.get(id);
    if (memory === undefined) {
      memory = {
        window: new ReplayWindow(),
        tags: [],
        signatures: undefined,
        turn: Number.NaN,
      };
      this.#memories.set(id, memory);
    }
    return memory;
  }
}

function unauthenticated(carrier: Carrier, check: UnauthenticatedRefusal) {
  return { kind: "unauthenticated", carrier, check } as const;
}

function findTag(tags: readonly AcceptedTag[], tag: Uint8Array): AcceptedTag | undefined {
  return tags.find((one) => timingSafeEqual(one.tag, tag));
}

/** Told once a packet: a copy from another source looks like interception. */
function repeatOf(before: AcceptedTag, source: Address): "repeated" | "repeated-elsewhere" {
  if (before.isReportedElsewhere || before.source.equals(source)) return "repeated";
  before.isReportedElsewhere = true;
  return "repeated-elsewhere";
}
