// A packet of fwknop's client 2.6.10: AES-256-CBC with OpenSSL's derivation of keys, and HMAC-SHA256.
import { createCipheriv, createHash, createHmac, randomBytes, randomInt } from "node:crypto";

/** What a client and fwknopd share. */
export interface FwknopKeys {
  readonly cipher: Buffer;
  readonly hmac: Buffer;
}

/** base64 of `Salted__`, which is not sent. */
const saltPrefix = "U2FsdGVkX1";

/** Returns the payload that asks for `tcp/22` for its source; `time` in milliseconds. All have one length. */
export function sealFwknop({ cipher, hmac }: FwknopKeys, time: number): Buffer {
  const digits = Array.from({ length: 16 }, () => randomInt(10)).join("");
  const fields = [
    ...[digits, unpadded(Buffer.from("bench")), Math.floor(time / 1_000), "3.0.0", "1"],
    unpadded(Buffer.from("0.0.0.0,tcp/22")),
  ].join(":");
  const digest = createHash("sha256").update(fields).digest();
  const salt = randomBytes(8);
  const derived = deriveKey(cipher, salt);
  const encryption = createCipheriv("aes-256-cbc", derived.subarray(0, 32), derived.subarray(32));
  const sealed = [encryption.update(`${fields}:${unpadded(digest)}`), encryption.final()];
  const text = unpadded(Buffer.concat([Buffer.from("Salted__"), salt, ...sealed]));
  const tag = createHmac("sha256", hmac).update(text).digest();
  return Buffer.from(`${text.slice(saltPrefix.length)}${unpadded(tag)}`);
}

/** Key and initialization vector of EVP_BytesToKey with MD5 and one round. */
function deriveKey(key: Uint8Array, salt: Uint8Array): Buffer {
  let block = Buffer.alloc(0);
  let derived = Buffer.alloc(0);
  while (derived.length < 48) {
    block = createHash("md5").update(block).update(key).update(salt).digest();
    derived = Buffer.concat([derived, block]);
  }
  return derived.subarray(0, 48);
}

function unpadded(bytes: Buffer): string {
  return bytes.toString("base64").replace(/=+$/, "");
}
