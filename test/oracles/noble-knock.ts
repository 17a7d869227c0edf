// A second implementation of docs/knock-packet.md, by @noble: it shares no code with src/ and none with OpenSSL.
import { gcm } from "@noble/ciphers/aes.js";
import { ed25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";

const ascii = (text: string) => new TextEncoder().encode(text);
const minuteOf = (time: bigint) => time / 60_000_000n;

/** What is sealed. The address has 16 bytes. */
export interface OracleRequest {
  /** Microseconds since 1970. */
  readonly time: bigint;
  readonly seconds: number;
  readonly address: Uint8Array;
  readonly door: string;
}

/** The four keys of a secret. */
function derive(secret: Uint8Array) {
  const key = (name: string) =>
    hkdf(sha256, secret, undefined, ascii(`sesame knock 1 ${name}`), 32);
  return { hint: key("hint"), seal: key("seal"), nonce: key("nonce"), bind: key("bind") };
}

function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}

const join = (...parts: readonly Uint8Array[]) => Uint8Array.from(Buffer.concat(parts));

const isEqual = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

function doorId(name: string): Uint8Array {
  return sha256(join(ascii("sesame door 1\0"), ascii(name))).subarray(0, 8);
}

/** Makes a packet. */
export function sealByNoble(
  secret: Uint8Array,
  seed: Uint8Array,
  request: OracleRequest,
  slot: number,
): Uint8Array {
  const { time, seconds, address, door } = request;
  const keys = derive(secret);
  const hint = hmac(sha256, keys.hint, u64(minuteOf(time))).subarray(8 * slot, 8 * slot + 8);
  const wish = Uint8Array.of(1, seconds >> 16, (seconds >> 8) & 255, seconds & 255);
  const fields = join(u64(time), wish, address, doorId(door), new Uint8Array(8));
  const signed = join(ascii("sesame knock 1\0"), keys.bind, hint, fields);
  const plaintext = join(fields, ed25519.sign(signed, seed));
  const nonce = hmac(sha256, keys.nonce, join(hint, plaintext)).subarray(0, 12);
  return join(hint, nonce, gcm(keys.seal, nonce, hint).encrypt(plaintext));
}

/** What a server knows, and its clock; `freshness` and `now` in microseconds. */
export interface OracleServer {
  readonly secret: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly now: bigint;
  readonly freshness: bigint;
  readonly used: readonly bigint[];
}

/** Returns the fields of a packet, or the check that refuses it: those of steps 1, 2 and 5 to 10. */
export function openByNoble(server: OracleServer, packet: Uint8Array): Uint8Array | string {
  if (packet.length !== 144) return "form";
  const keys = derive(server.secret);
  const [hint, nonce] = [packet.subarray(0, 8), packet.subarray(8, 20)];
  const around = (server.freshness + 59_999_999n) / 60_000_000n;
  let found: bigint | undefined;
  for (let away = -around; away <= around; away++) {
    const minute = minuteOf(server.now) + away;
    const hints = hmac(sha256, keys.hint, u64(minute));
    const isOfMinute = [0, 8, 16, 24].some((at) => isEqual(hints.subarray(at, at + 8), hint));
    if (isOfMinute) found = minute;
  }
  if (found === undefined) return "hint";
  let plaintext: Uint8Array;
  try {
    plaintext = gcm(keys.seal, nonce, hint).decrypt(packet.subarray(20));
  } catch {
    return "tag";
  }
  const fields = plaintext.subarray(0, 44);
  const view = new DataView(fields.buffer, fields.byteOffset, 44);
  const time = view.getBigUint64(0);
  const isFormed =
    isEqual(hmac(sha256, keys.nonce, join(hint, plaintext)).subarray(0, 12), nonce) &&
    view.getUint8(8) === 1 &&
    view.getBigUint64(36) === 0n &&
    minuteOf(time) === found;
  if (!isFormed) return "form";
  const offset = time > server.now ? time - server.now : server.now - time;
  if (offset > server.freshness) return "clock";
  if (server.used.includes(time)) return "replay";
  const signed = join(ascii("sesame knock 1\0"), keys.bind, hint, fields);
  // The strict rules of RFC 8032, as OpenSSL has them.
  const isSigned = ed25519.verify(plaintext.subarray(44), signed, server.publicKey, {
    zip215: false,
  });
  return isSigned ? fields : "signature";
}

/** Returns whether a server may take 32 bytes for a public key. */
export function isKeyByNoble(publicKey: Uint8Array): boolean {
  try {
    return !ed25519.Point.fromBytes(publicKey, false).isSmallOrder();
  } catch {
    return false;
  }
}

/** Returns the public key of a seed. */
export function publicKeyByNoble(seed: Uint8Array): Uint8Array {
  return ed25519.getPublicKey(seed);
}
