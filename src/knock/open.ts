import { createDecipheriv, timingSafeEqual, verify } from "node:crypto";
import type { Lock } from "./keys.ts";
import type { KnockMinute, KnockRequest } from "./packet.ts";
import { fieldsLength, layout, minuteOf, readFields } from "./packet.ts";
import { deriveNonce, gcm, signedText } from "./seal.ts";

/** A packet with a good tag. Its signature is not checked. */
export interface OpenedPacket {
  readonly request: KnockRequest;
  readonly hint: Uint8Array;
  readonly fields: Uint8Array;
  readonly signature: Uint8Array;
}

/** Why a packet cannot be read: the tag is of another key, or its content breaks the format. */
export type OpenFault = "tag" | "form";

/** Reads the 144 bytes of a packet whose hint is this lock's of that minute. */
export function openPacket(
  { keys }: Lock,
  minute: KnockMinute,
  packet: Uint8Array,
): OpenedPacket | OpenFault {
  const hint = packet.subarray(...layout.hint);
  const nonce = packet.subarray(...layout.nonce);
  const decipher = createDecipheriv(gcm.name, keys.seal, nonce, gcm.options)
    .setAAD(hint)
    .setAuthTag(packet.subarray(...layout.tag));
  const plaintext = decipher.update(packet.subarray(...layout.ciphertext));
  try {
    decipher.final();
  } catch {
    return "tag";
  }
  if (!timingSafeEqual(deriveNonce(keys, hint, plaintext), nonce)) return "form";
  const fields = plaintext.subarray(0, fieldsLength);
  const request = readFields(fields);
  if (request === undefined || minuteOf(request.time) !== minute) return "form";
  return { request, hint, fields, signature: plaintext.subarray(fieldsLength) };
}

/** Returns whether the private key of this lock signed the packet. Takes 0.1 ms. */
export function isSigned({ keys, publicKey }: Lock, packet: OpenedPacket): boolean {
  const { hint, fields, signature } = packet;
  return verify(null, signedText(keys, hint, fields), publicKey, signature);
}
