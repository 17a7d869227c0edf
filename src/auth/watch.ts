import type { WallTime } from "../base/time.ts";
import { decodeBase64 } from "../knock/base64.ts";
import { hintLength, hintsOf } from "../knock/hint.ts";
import type { KeyId, Lock } from "../knock/keys.ts";
import { isSigned, openPacket } from "../knock/open.ts";
import type { KnockMinute } from "../knock/packet.ts";
import { knockMinute, layout, packetLength } from "../knock/packet.ts";
import type { Authenticator, Instant } from "./authenticator.ts";
import type { HintedKey } from "./hints.ts";
import type { WatchedJudgement } from "./judgement.ts";
import { carriedLength, findCarried } from "./stun.ts";
import type { TokenRate } from "./token-bucket.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Packets that are looked at: ten a second. */
export const looks: TokenRate = { rate: 0.01, most: 10 };

/** How far a clock may be off to be found, in minutes: by every time zone, and a day. */
const around = 26 * 60;

const minuteLength = 60_000;

/** A device as it is now, as far as it concerns whether its keys have hints. */
export interface WatchedDevice {
  readonly locks: readonly Lock[];
  readonly disabled: boolean;
  /** `undefined` means never. */
  readonly expires: WallTime | undefined;
}

export interface DeviceWatchParts {
  /** Returns the device; `undefined` once it is removed. */
  readonly device: () => WatchedDevice | undefined;
  readonly authenticator: Pick<Authenticator<HintedKey>, "freshness" | "hasAccepted">;
}

/** Why a packet of a watched device opened nothing. */
export interface WatchedRefusal {
  readonly key: KeyId;
  /** As in docs/knock-packet.md. */
  readonly check: string;
  /** How much its clock is ahead of this one, if that is known: milliseconds. */
  readonly offset: number | undefined;
}

interface WatchedHint {
  readonly lock: Lock;
  readonly minute: KnockMinute;
}

/** Finds the packets of one device that are refused without a word, also those whose hint is not live. Opens nothing. */
export class DeviceWatch {
  readonly #parts: DeviceWatchParts;
  readonly #keys: ReadonlySet<KeyId>;
  readonly #hints = new Map<string, WatchedHint>();
  readonly #looks: TokenBucket;
  readonly #carried = new Uint8Array(packetLength);

  /** Takes 12 ms a key: it makes the hints of 52 hours. */
  constructor(locks: readonly Lock[], { now, wall }: Instant, parts: DeviceWatchParts) {
    this.#parts = parts;
    this.#keys = new Set(locks.map(({ id }) => id));
    this.#looks = new TokenBucket(looks, now);
    const middle = Math.floor(wall / minuteLength);
    for (const lock of locks) this.#makeHints(lock, middle);
  }

  /** Returns which check refused a packet, if it is one of this device and no log line tells that. */
  explain(
    judgement: WatchedJudgement,
    payload: Uint8Array,
    instant: Instant,
  ): WatchedRefusal | undefined {
    if (judgement.kind === "authentic") return undefined;
    const { check, key } = judgement;
    const isOurs = key !== undefined && this.#keys.has(key.lock.id);
    const isSilent = judgement.kind === "unauthenticated" || check === "repeated";
    if (!isSilent || !(check === "hint" || isOurs) || !this.#looks.take(instant.now)) {
      return undefined;
    }
    return isOurs ? { key: key.lock.id, check, offset: undefined } : this.#search(payload, instant);
  }

  #search(payload: Uint8Array, { wall }: Instant): WatchedRefusal | undefined {
    const packet = this.#read(payload);
    const found = packet && this.#hints.get(textOf(packet.subarray(...layout.hint)));
    if (packet === undefined || found === undefined) return undefined;
    const { lock, minute } = found;
    const opened = openPacket(lock, minute, packet);
    if (typeof opened === "string") return { key: lock.id, check: opened, offset: undefined };
    const { time } = opened.request;
    const offset = time / 1000 - wall;
    const refuse = (check: string) => ({ key: lock.id, check, offset });
    const { authenticator } = this.#parts;
    // First: a time that was used is no news of the device's clock.
    if (authenticator.hasAccepted(lock.id, time)) return refuse("replay");
    if (Math.abs(offset) > authenticator.freshness) return refuse("clock");
    if (!isSigned(lock, opened)) return refuse("signature");
    const check = this.#checkRights(lock.id, wall);
    return check && refuse(check);
  }

  /** A fresh packet has a hint that is not live only if its key has none. */
  #checkRights(id: KeyId, wall: WallTime): "disabled" | "expired" | undefined {
    const device = this.#parts.device();
    const isKnown = device?.locks.some((lock) => lock.id === id) ?? false;
    if (device === undefined || !isKnown || device.disabled) return "disabled";
    return device.expires !== undefined && device.expires <= wall ? "expired" : undefined;
  }

  #read(payload: Uint8Array): Uint8Array | undefined {
    if (payload.length === packetLength) return payload;
    const at = findCarried(payload);
    if (at === undefined) return undefined;
    const isDecoded = decodeBase64(payload, at, at + carriedLength, this.#carried, 0);
    return isDecoded ? this.#carried : undefined;
  }

  #makeHints(lock: Lock, middle: number): void {
    for (let away = -around; away <= around; away++) {
      const minute = knockMinute(middle + away);
      const bytes = hintsOf(lock.keys, minute);
      for (let at = 0; at < bytes.length; at += hintLength) {
        this.#hints.set(textOf(bytes.subarray(at, at + hintLength)), { lock, minute });
      }
    }
  }
}

/** Returns a character for each byte. */
function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
