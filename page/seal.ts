// Makes packets with WebCrypto, docs/knock-packet.md. Runs in browsers and in Node.
import type { DoorId, KnockRequest } from "../src/knock/packet.ts";
import { layout, minuteOf, u64, writeFields } from "../src/knock/packet.ts";
import { concat, sha256, text } from "./bytes.ts";
import type { BrowserKey } from "./device-key.ts";

const hintLength = layout.hint[1];
const nonceLength = layout.nonce[1] - layout.nonce[0];

/** Makes a packet. `slot`: 0 to 3. */
export async function sealPacket(
  key: BrowserKey,
  request: KnockRequest,
  slot: number,
): Promise<Uint8Array> {
  const hints = await hmac(key.hint, u64(minuteOf(request.time)));
  const hint = hints.slice(slot * hintLength, (slot + 1) * hintLength);
  const fields = writeFields(request);
  const signed = concat(text("sesame knock 1\0"), key.bind, hint, fields);
  const signature = await crypto.subtle.sign("Ed25519", key.sign, signed);
  const plaintext = concat(fields, new Uint8Array(signature));
  const nonce = (await hmac(key.nonce, concat(hint, plaintext))).slice(0, nonceLength);
  const gcm = { name: "AES-GCM", iv: nonce, additionalData: hint, tagLength: 128 };
  const sealed = await crypto.subtle.encrypt(gcm, key.seal, plaintext);
  return concat(hint, nonce, new Uint8Array(sealed));
}

/** Returns how a packet names a door. */
export async function doorIdOf(name: string): Promise<DoorId> {
  const digest = (await sha256(text("sesame door 1\0"), text(name))).slice(0, 8);
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("") as DoorId;
}

async function hmac(key: CryptoKey, bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, concat(bytes)));
}
