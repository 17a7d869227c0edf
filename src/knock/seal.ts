import { createCipheriv, createHmac, sign } from "node:crypto";
import { hintLength, hintsOf } from "./hint.ts";
import type { DerivedKeys, DeviceKey } from "./keys.ts";
import type { KnockRequest } from "./packet.ts";
import { layout, minuteOf, writeFields } from "./packet.ts";

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
