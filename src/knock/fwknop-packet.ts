// The packets of fwknop 2.6 and 3.0, as its client sends them in UDP: AES-256-CBC with an HMAC.
import { createDecipheriv, createHash, createHmac, timingSafeEqual } from "node:crypto";
import { Address, parseAddress } from "../base/address.ts";
import type { PortService } from "../base/port-service.ts";
import { parsePortService } from "../base/port-service.ts";
import type { WallTime } from "../base/time.ts";
import { wallTime } from "../base/time.ts";
import type { FwknopDigest, FwknopLock } from "./fwknop-lock.ts";

/** What a packet asks for. */
export interface FwknopRequest {
  /** The whole second in which the client made it. */
  readonly time: WallTime;
  /** For which address to open; all zero means the source of the packet. */
  readonly address: Address;
  readonly services: readonly PortService[];
  /** 0 means as long as the door says. */
  readonly seconds: number;
  readonly user: string;
  /** SHA-256 of the plain text, in base64url: two texts of one packet have the same. */
  readonly digest: string;
}

/** Which check refused a packet. */
export type FwknopFault = "cipher" | "fields" | "type";

const shortest = 100;
const longest = 880;

/** OpenSSL's `Salted__` in base64, which the client leaves out. */
const saltedText = "U2FsdGVkX1";
const saltStart = 8;
const saltEnd = 16;
const blockLength = 16;

/** How many characters a digest has in base64 without padding. */
const digestLengths: Readonly<Record<FwknopDigest, number>> = {
  sha256: 43,
  sha384: 64,
  sha512: 86,
};

/** Kinds of messages, by their number: access, and access with a time-out. */
const accessType = "1";
const timedAccessType = "3";

/** Returns the text of a payload, or undefined if it cannot be a packet. */
export function readFwknopText(payload: Uint8Array): string | undefined {
  if (payload.length < shortest || payload.length > longest) return undefined;
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString("latin1");
  return /^[A-Za-z0-9+/]+$/.test(text) ? text : undefined;
}

/** Returns whether a packet bears the HMAC of a lock. Takes 4 µs. */
export function hasFwknopHmac({ hmac, hmacKey }: FwknopLock, text: string): boolean {
  const at = text.length - digestLengths[hmac];
  const computed = createHmac(hmac, hmacKey).update(saltedText).update(text.slice(0, at));
  return areEqual(withoutPadding(computed.digest("base64")), text.slice(at));
}

/** Opens a packet that bears the HMAC of a lock. `hmacLength`: the characters of its HMAC, if it is another one. */
export function openFwknop(
  lock: FwknopLock,
  text: string,
  hmacLength: number = digestLengths[lock.hmac],
): FwknopRequest | FwknopFault {
  const body = `${saltedText}${text.slice(0, text.length - hmacLength)}`;
  const plain = decrypt(lock, Buffer.from(body, "base64"));
  return plain === undefined ? "cipher" : readMessage(plain);
}

function decrypt({ key }: FwknopLock, bytes: Buffer): Buffer | undefined {
  const sealed = bytes.subarray(saltEnd);
  if (sealed.length === 0 || sealed.length % blockLength !== 0) return undefined;
  const secret = key.export();
  const salt = bytes.subarray(saltStart, saltEnd);
  const derived: Buffer[] = [];
  // As OpenSSL's EVP_BytesToKey does it with MD5: 32 bytes of key, then 16 of IV.
  for (let last = Buffer.alloc(0); derived.length < 3; derived.push(last)) {
    last = createHash("md5").update(last).update(secret).update(salt).digest();
  }
  const [first, second, iv] = derived as [Buffer, Buffer, Buffer];
  const decipher = createDecipheriv("aes-256-cbc", Buffer.concat([first, second]), iv);
  try {
    return Buffer.concat([decipher.update(sealed), decipher.final()]);
  } catch {
    // Wrong padding.
    return undefined;
  }
}

/** Reads `RANDOM:USER:TIME:VERSION:TYPE:MESSAGE[:TIMEOUT]:DIGEST`. */
function readMessage(plain: Buffer): FwknopRequest | FwknopFault {
  const text = plain.toString("latin1");
  const end = text.lastIndexOf(":");
  if (!isDigestOf(text.slice(end + 1), text.slice(0, Math.max(end, 0)))) return "fields";
  const fields = text.slice(0, end).split(":");
  const [random = "", user = "", time = "", version = "", type = "", message = "", timeout] =
    fields;
  const isSound =
    /^\d{16}$/.test(random) &&
    /^\d{1,10}$/.test(time) &&
    /^[\d.]{1,16}$/.test(version) &&
    [user, message].every((field) => /^[A-Za-z0-9+/]*$/.test(field)) &&
    /^[0-6]$/.test(type);
  if (!isSound) return "fields";
  if (type !== accessType && type !== timedAccessType) return "type";
  const isComplete =
    fields.length === (type === accessType ? 6 : 7) && /^\d{1,9}$/.test(timeout ?? "0");
  const access = readAccess(Buffer.from(message, "base64").toString("latin1"));
  if (!isComplete || access === undefined) return "fields";
  return {
    ...access,
    time: wallTime(Number(time) * 1000),
    seconds: Number(timeout ?? 0),
    user: Buffer.from(user, "base64").toString(),
    digest: createHash("sha256").update(plain).digest("base64url"),
  };
}

/** Reads `192.0.2.7,tcp/22,udp/51820`. */
function readAccess(message: string): Pick<FwknopRequest, "address" | "services"> | undefined {
  const [first = "", ...others] = message.split(",");
  const address = first === "0.0.0.0" ? new Address(0, 0, 0, 0) : parseAddress(first);
  const services = others.map(parsePortService);
  const known = services.filter((service) => service !== undefined);
  const isRead = address !== undefined && known.length === services.length && known.length > 0;
  return isRead ? { address, services: known } : undefined;
}

/** Its length tells which digest it is. */
function isDigestOf(digest: string, text: string): boolean {
  const found = Object.entries(digestLengths).find(([, length]) => length === digest.length);
  if (found === undefined) return false;
  const [name] = found;
  const computed = createHash(name).update(text, "latin1").digest("base64");
  return areEqual(withoutPadding(computed), digest);
}

function withoutPadding(base64: string): string {
  return base64.replace(/=+$/, "");
}

/** Compares texts of latin1: what a packet says may have any of its characters. */
function areEqual(a: string, b: string): boolean {
  return (
    a.length === b.length && timingSafeEqual(Buffer.from(a, "latin1"), Buffer.from(b, "latin1"))
  );
}
