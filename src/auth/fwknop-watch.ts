import type { Address, Network } from "../base/address.ts";
import { contains } from "../base/address.ts";
import type { WallTime } from "../base/time.ts";
import type { FwknopLock } from "../knock/fwknop-lock.ts";
import { hasFwknopHmac, openFwknop, readFwknopText } from "../knock/fwknop-packet.ts";
import type { Instant } from "./authenticator.ts";
import type { WatchedJudgement } from "./judgement.ts";
import { TokenBucket } from "./token-bucket.ts";
import type { WatchedRefusal } from "./watch.ts";
import { looks } from "./watch.ts";

/** A device as it is now, as far as it concerns whether its key is tried. */
export interface WatchedFwknopDevice {
  readonly fwknop: FwknopLock | undefined;
  readonly disabled: boolean;
  /** `undefined` means never. */
  readonly expires: WallTime | undefined;
  /** `undefined` means all sources. */
  readonly allow: readonly Network[] | undefined;
}

/** The characters of HMACs: none, MD5, SHA-1, 256 bits, 384 bits, 512 bits. */
const hmacLengths = [0, 22, 27, 43, 64, 86];

/** Finds the packets of one device of fwknop that are refused without a word. Opens nothing. */
export class FwknopWatch {
  readonly #lock: FwknopLock;
  readonly #device: () => WatchedFwknopDevice | undefined;
  readonly #looks: TokenBucket;

  /** `device` returns the device; `undefined` once it is removed. */
  constructor(lock: FwknopLock, { now }: Instant, device: () => WatchedFwknopDevice | undefined) {
    this.#lock = lock;
    this.#device = device;
    this.#looks = new TokenBucket(looks, now);
  }

  /** Returns which check refused a packet, if it is one of this device and no log line tells that. */
  explain(
    judgement: WatchedJudgement,
    payload: Uint8Array,
    instant: Instant,
    source: Address,
  ): WatchedRefusal | undefined {
    const isUnknown = judgement.kind === "unauthenticated" && judgement.carrier === "fwknop";
    const text = isUnknown ? readFwknopText(payload) : undefined;
    if (text === undefined || !this.#looks.take(instant.now)) return undefined;
    const lock = this.#lock;
    if (hasFwknopHmac(lock, text)) {
      const opened = openFwknop(lock, text);
      const isRead = typeof opened !== "string";
      const offset = isRead ? opened.time - instant.wall : undefined;
      return { key: lock.id, check: this.#obstacle(instant.wall, source), offset };
    }
    for (const length of hmacLengths) {
      const opened = openFwknop(lock, text, length);
      if (typeof opened === "string") continue;
      return { key: lock.id, check: "hmac", offset: opened.time - instant.wall };
    }
    return undefined;
  }

  /** Returns why a key was not tried with its own packet. */
  #obstacle(wall: WallTime, source: Address): string {
    const device = this.#device();
    if (device === undefined || device.disabled || device.fwknop?.id !== this.#lock.id) {
      return "disabled";
    }
    if (device.expires !== undefined && device.expires <= wall) return "expired";
    const isAllowed = device.allow?.some((one) => contains(one, source)) ?? true;
    return isAllowed ? "budget" : "source";
  }
}
