// The keys of a device: their texts, what is derived of them, and their name in journal and log. A
// KeyObject shows nothing of its bytes in JSON, errors and logs; no type here holds a secret otherwise.
import type { KeyObject } from "node:crypto";
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  hkdfSync,
  timingSafeEqual,
} from "node:crypto";
import type { Branded } from "../base/brand.ts";
import type { PointFault } from "./ed25519-point.ts";
import { findPointFault } from "./ed25519-point.ts";
import type { DoorId } from "./packet.ts";

/** The first 8 bytes of a digest of a key, as 16 hexadecimal digits. Not a secret. */
export type KeyId = Branded<string, "KeyId">;

/** What device and server derive of the secret that they share. */
export interface DerivedKeys {
  readonly hint: KeyObject;
  readonly seal: KeyObject;
  readonly nonce: KeyObject;
  readonly bind: KeyObject;
}

/** The server's half of a key: it checks packets, and makes none. */
export interface Lock {
  readonly id: KeyId;
  readonly keys: DerivedKeys;
  readonly publicKey: KeyObject;
  /** Equal for two locks if they share K, or A: each belongs to one device. Not for output. */
  readonly secretDigest: string;
  readonly publicDigest: string;
}

/** The device's half of a key: it makes packets. */
export interface DeviceKey {
  readonly keys: DerivedKeys;
  readonly privateKey: KeyObject;
}

/** Why a text is not a key. */
export type KeyTextFault = "spelling" | "checksum";
export type LockFault = KeyTextFault | PointFault;

/** The texts of a new key, both secrets: `key` for the device, `lock` for the server. */
export interface KeyTexts {
  readonly key: string;
  readonly lock: string;
}

const lockPrefix = "lock1:";
const keyPrefix = "key1:";
const half = 32;
const checksumLength = 4;

/** Locks by what tells them apart. Not for output. */
export type KnownLocks = ReadonlyMap<string, Lock>;

export function knownLocks(locks: Iterable<Lock>): KnownLocks {
  return new Map(
    Array.from(locks, (lock) => [`${lock.secretDigest} ${lock.publicDigest}`, lock] as const),
  );
}

/** Reads a text that begins with `lock1:`. Takes a millisecond, unless the lock is known: 10 µs. */
export function parseLock(text: string, known?: KnownLocks): Lock | LockFault {
  const bytes = readText(lockPrefix, text);
  if (typeof bytes === "string") return bytes;
  const secret = bytes.subarray(0, half);
  const publicBytes = bytes.subarray(half);
  const secretDigest = sha256("sesame secret\0", secret).toString("hex");
  const publicDigest = sha256("sesame public\0", publicBytes).toString("hex");
  const before = known?.get(`${secretDigest} ${publicDigest}`);
  if (before !== undefined) return before;
  const fault = findPointFault(publicBytes);
  if (fault !== undefined) return fault;
  return {
    id: keyId(secret, publicBytes),
    keys: deriveKeys(secret),
    publicKey: readPublicKey(publicBytes),
    ...{ secretDigest, publicDigest },
  };
}

/** Reads a text that begins with `key1:`. */
export function parseKey(text: string): DeviceKey | KeyTextFault {
  const bytes = readText(keyPrefix, text);
  if (typeof bytes === "string") return bytes;
  return {
    keys: deriveKeys(bytes.subarray(0, half)),
    privateKey: readPrivateKey(bytes.subarray(half)),
  };
}

/** Returns the id of the key in a text that begins with `key1:`, or undefined if it is not one. */
export function readKeyId(text: string): KeyId | undefined {
  const bytes = readText(keyPrefix, text);
  if (typeof bytes === "string") return undefined;
  return keyId(bytes.subarray(0, half), publicBytesOf(readPrivateKey(bytes.subarray(half))));
}

/** Makes a key of 64 random bytes. */
export function makeKey(random: Uint8Array): KeyTexts {
  const secret = random.subarray(0, half);
  const seed = random.subarray(half, 2 * half);
  return {
    key: writeText(keyPrefix, Buffer.concat([secret, seed])),
    lock: writeText(lockPrefix, Buffer.concat([secret, publicBytesOf(readPrivateKey(seed))])),
  };
}

/** Returns how a packet names a door. */
export function doorId(name: string): DoorId {
  return sha256("sesame door 1\0", name).toString("hex", 0, 8) as DoorId;
}

function keyId(secret: Uint8Array, publicBytes: Uint8Array): KeyId {
  return sha256("sesame key id 1\0", secret, publicBytes).toString("hex", 0, 8) as KeyId;
}

function deriveKeys(secret: Uint8Array): DerivedKeys {
  const derive = (label: string) =>
    createSecretKey(new Uint8Array(hkdfSync("sha256", secret, "", `sesame knock 1 ${label}`, 32)));
  return {
    hint: derive("hint"),
    seal: derive("seal"),
    nonce: derive("nonce"),
    bind: derive("bind"),
  };
}

/** 64 bytes and their checksum, in the one spelling that base64url without padding has for them. */
function readText(prefix: string, text: string): Buffer | KeyTextFault {
  if (!text.startsWith(prefix)) return "spelling";
  const body = text.slice(prefix.length);
  const all = Buffer.from(body, "base64url");
  const isCanonical =
    all.length === 2 * half + checksumLength && all.toString("base64url") === body;
  if (!isCanonical) return "spelling";
  const bytes = all.subarray(0, 2 * half);
  return timingSafeEqual(checksum(prefix, bytes), all.subarray(2 * half)) ? bytes : "checksum";
}

function writeText(prefix: string, bytes: Uint8Array): string {
  return prefix + Buffer.concat([bytes, checksum(prefix, bytes)]).toString("base64url");
}

function checksum(prefix: string, bytes: Uint8Array): Buffer {
  return sha256(prefix, bytes).subarray(0, checksumLength);
}

function sha256(label: string, ...parts: readonly (string | Uint8Array)[]): Buffer {
  const hash = createHash("sha256").update(label);
  for (const part of parts) hash.update(part);
  return hash.digest();
}

// RFC 8410 §7 and §4: the DER of a private and of a public key, up to their 32 bytes.
const privateHeader = Buffer.from("302e020100300506032b657004220420", "hex");
const publicHeader = Buffer.from("302a300506032b6570032100", "hex");

function readPrivateKey(seed: Uint8Array): KeyObject {
  return createPrivateKey({
    key: Buffer.concat([privateHeader, seed]),
    format: "der",
    type: "pkcs8",
  });
}

function readPublicKey(bytes: Uint8Array): KeyObject {
  return createPublicKey({
    key: Buffer.concat([publicHeader, bytes]),
    format: "der",
    type: "spki",
  });
}

function publicBytesOf(privateKey: KeyObject): Buffer {
  const der = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  return der.subarray(publicHeader.length);
}
