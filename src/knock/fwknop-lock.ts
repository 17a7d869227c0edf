// The keys of a device that knocks with fwknop. Both are shared: who has them can knock.
import type { KeyObject } from "node:crypto";
import { createHash, createSecretKey } from "node:crypto";
import type { KeyId } from "./keys.ts";

/** The digests of HMACs and messages that are accepted. */
export const fwknopDigests = ["sha256", "sha384", "sha512"] as const;

export type FwknopDigest = (typeof fwknopDigests)[number];

/** What opens the packets of a fwknop client. */
export interface FwknopLock {
  readonly id: KeyId;
  /** From which each packet derives its key of AES. */
  readonly key: KeyObject;
  readonly hmacKey: KeyObject;
  readonly hmac: FwknopDigest;
  /** Equal for two locks if they have the same `key`: each belongs to one device. Not for output. */
  readonly secretDigest: string;
}

/** The most bytes that fwknop takes of a key. */
export const longestFwknopKey = 32;
export const longestFwknopHmacKey = 128;

/** Returns the bytes of a key in base64, or undefined if the text is not canonical, is empty or has more than `most` bytes. */
export function readFwknopKey(text: string, most: number): Uint8Array | undefined {
  const bytes = Buffer.from(text, "base64");
  const isCanonical = bytes.toString("base64") === text;
  return isCanonical && bytes.length > 0 && bytes.length <= most ? bytes : undefined;
}

/** Makes a lock of two keys. */
export function makeFwknopLock(
  key: Uint8Array,
  hmacKey: Uint8Array,
  hmac: FwknopDigest,
): FwknopLock {
  const digest = (label: string, ...parts: readonly Uint8Array[]) => {
    const hash = createHash("sha256").update(label);
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  const id = digest("sesame fwknop id 1\0", key, hmacKey).toString("hex", 0, 8) as KeyId;
  return {
    ...{ id, hmac, key: createSecretKey(key), hmacKey: createSecretKey(hmacKey) },
    secretDigest: digest("sesame secret\0", key).toString("hex"),
  };
}
