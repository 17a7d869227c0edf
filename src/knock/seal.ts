import { createCipheriv, createHmac, sign } from "node:crypto";
import type { WallTime } from "../base/time.ts";
import { hintLength, hintsOf } from "./hint.ts";
import type { DerivedKeys, DeviceKey } from "./keys.ts";
import type { KnockRequest, KnockTime } from "./packet.ts";
import { knockTime, layout, minuteOf, slotsPerMinute, writeFields } from "./packet.ts";

/** Node takes tags of 4 bytes unless each call names the length. */
export const gcm = { name: "aes-256-gcm", options: { authTagLength: 16 } } as const;

/** Makes a packet. `slot`: 0 to 3. */
export function seal(key: DeviceKey, request: KnockRequest, slot: number): Buffer {
  const { keys, privateKey } = key;
  const hints = hintsOf(keys, minuteOf(request.time));
  const hint = hints.subarray(slot * hintLength, (slot + 1) * hintLength);
  const fields = writeFields(request);
  const signature = sign(null, signedText(keys, hint, fields), privateKey);
  const plaintext = Buffer.concat([fields, signature]);
  const nonce = deriveNonce(keys, hint, plaintext);
  const cipher = createCipheriv(gcm.name, keys.seal, nonce, gcm.options).setAAD(hint);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([hint, nonce, ciphertext, cipher.getAuthTag()]);
}

/** Returns what the signature of a packet is over. */
export function signedText(keys: DerivedKeys, hint: Uint8Array, fields: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from("sesame knock 1\0"), keys.bind.export(), hint, fields]);
}

/** Returns the one nonce that a packet of this hint and plaintext may bear. */
export function deriveNonce(keys: DerivedKeys, hint: Uint8Array, plaintext: Uint8Array): Buffer {
  const digest = createHmac("sha256", keys.nonce).update(hint).update(plaintext).digest();
  return digest.subarray(0, layout.nonce[1] - layout.nonce[0]);
}

/** Microseconds by which the times of a series may be ahead of the clock. */
const mostAhead = 1_000_000;

/** The times and slots of the packets of one process: no two are alike while the clock goes back at most 1 s. */
export class PacketSeries {
  readonly #drawOffset: () => number;
  #offset: number;
  #slot: number;
  #last = Number.NEGATIVE_INFINITY;

  /** `drawOffset` returns random microseconds, 0 to 999; `slot`: 0 to 3, at random. */
  constructor(drawOffset: () => number, slot: number) {
    this.#drawOffset = drawOffset;
    this.#offset = drawOffset();
    this.#slot = slot;
  }

  next(now: WallTime): { readonly time: KnockTime; readonly slot: number } {
    const wall = Math.floor(now) * 1000;
    if (this.#last > wall + mostAhead) {
      // The clock was set back. Servers refuse a time of the future.
      this.#offset = this.#drawOffset();
      this.#last = Number.NEGATIVE_INFINITY;
    }
    this.#last = Math.max(wall + this.#offset, this.#last + 1);
    const slot = this.#slot;
    this.#slot = (slot + 1) % slotsPerMinute;
    return { time: knockTime(this.#last), slot };
  }
}
