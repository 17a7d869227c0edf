import type { DecipherGCM } from "node:crypto";
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";
import type { FleetStamp } from "./stamp.ts";

/** The layout of a sealed record: version, key id, id of the start, counter, ciphertext, tag. */
const version = 1;
const head = { keyId: 1, start: 5, counter: 17, end: 23 } as const;
const tagLength = 16;
const overhead = head.end + tagLength;

/** Bytes that a sealed record has at most; a longer one is not read. */
export const longestSealed = 4096;

/** Starts of gateways whose sealing keys are kept. */
const mostStarts = 4096;

const gcm = { name: "aes-256-gcm", options: { authTagLength: tagLength } } as const;

/** Returns a name that tells nothing to those without a key: 20 characters. */
export type FleetDigest = (text: string) => string;

/** A key of the fleet, 32 bytes, and what follows from it. */
interface FleetKey {
  readonly key: Buffer;
  readonly id: Buffer;
  readonly digest: FleetDigest;
  /** The sealing keys of starts that have sealed with this key, by the id of the start. */
  readonly starts: Map<string, Buffer>;
}

/** What a record is bound to: it opens nowhere else. */
export interface SealedPlace {
  readonly field: string;
  readonly stamp: FleetStamp;
}

/**
 * What opening gives: the content, and what digests by the key that sealed it; or why there is none. `foreign`: of
 * another version or key.
 */
export type Unsealed =
  | { readonly kind: "opened"; readonly content: Buffer; readonly digest: FleetDigest }
  | { readonly kind: "foreign" | "forged" };

/**
 * Seals records with a key that only the gateways of a fleet have, so that the store can neither read nor forge
 * them. Each start of a gateway has a sealing key of its own and counts its records: no nonce repeats.
 */
export class FleetSeal {
  readonly #name: string;
  readonly #keys: readonly FleetKey[];
  readonly #current: FleetKey;
  readonly #start = randomBytes(head.counter - head.start);
  readonly #sealingKey: Buffer;
  #counter = 0;

  /** `keys`: the first one seals, all of them open. `name`: that of the fleet. */
  constructor(name: string, keys: readonly [Buffer, ...Buffer[]]) {
    this.#name = name;
    const [first, ...others] = keys;
    this.#current = makeKey(first);
    this.#keys = [this.#current, ...others.map(makeKey)];
    this.#sealingKey = this.#derive(this.#current, this.#start);
  }

  /** Digests by the key that seals; of a key it is always the same function. */
  get digest(): FleetDigest {
    return this.#current.digest;
  }

  /** Those of all keys, in an order that is the same at all gateways. */
  get digests(): readonly FleetDigest[] {
    const sorted = this.#keys.toSorted((a, b) => Buffer.compare(a.id, b.id));
    return sorted.map(({ digest }) => digest);
  }

  /** Seals `content` for a place. */
  seal(place: SealedPlace, content: string): Buffer {
    const start = Buffer.alloc(head.end);
    start[0] = version;
    this.#current.id.copy(start, head.keyId);
    this.#start.copy(start, head.start);
    this.#counter++;
    start.writeUIntBE(this.#counter, head.counter, head.end - head.counter);
    const cipher = createCipheriv(gcm.name, this.#sealingKey, nonceOf(start), gcm.options);
    cipher.setAAD(boundTo(start, place));
    return Buffer.concat([start, cipher.update(content), cipher.final(), cipher.getAuthTag()]);
  }

  /** Returns whether a record says that this start of this gateway sealed it. */
  isOwn(sealed: Buffer): boolean {
    return sealed.subarray(head.start, head.counter).equals(this.#start);
  }

  /** Opens what a gateway of this fleet sealed for a place. Never throws, whatever the bytes are. */
  open(place: SealedPlace, sealed: Buffer): Unsealed {
    if (sealed.length < overhead || sealed.length > longestSealed || sealed[0] !== version) {
      return { kind: "foreign" };
    }
    const id = sealed.subarray(head.keyId, head.start);
    const key = this.#keys.find((one) => one.id.equals(id));
    if (key === undefined) return { kind: "foreign" };
    const start = sealed.subarray(head.start, head.counter);
    const startName = start.toString("latin1");
    const known = key.starts.get(startName);
    const sealingKey = known ?? this.#derive(key, start);
    const decipher = createDecipheriv(gcm.name, sealingKey, nonceOf(sealed), gcm.options);
    decipher.setAAD(boundTo(sealed.subarray(0, head.end), place));
    decipher.setAuthTag(sealed.subarray(-tagLength));
    const content = decipherAll(decipher, sealed.subarray(head.end, -tagLength));
    if (content === undefined) return { kind: "forged" };
    // Forged records displace no key.
    if (known === undefined) {
      if (key.starts.size >= mostStarts) key.starts.clear();
      key.starts.set(startName, sealingKey);
    }
    return { kind: "opened", content, digest: key.digest };
  }

  #derive({ key }: FleetKey, start: Buffer): Buffer {
    return Buffer.from(hkdfSync("sha256", key, start, `sesame fleet 1 ${this.#name}`, 32));
  }
}

function makeKey(key: Buffer): FleetKey {
  const id = createHmac("sha256", key).update("key id").digest().subarray(0, 4);
  const digest = (text: string) =>
    createHmac("sha256", key).update(text).digest("base64url").slice(0, 20);
  return { key, id, digest, starts: new Map() };
}

/** Returns the counter as 12 bytes. */
function nonceOf(sealed: Buffer): Buffer {
  const nonce = Buffer.alloc(12);
  sealed.copy(nonce, nonce.length - (head.end - head.counter), head.counter, head.end);
  return nonce;
}

function boundTo(start: Buffer, { field, stamp }: SealedPlace): Buffer {
  return Buffer.concat([start, Buffer.from(`${field} ${stamp}`)]);
}

/** Returns the plaintext, or undefined if the tag is of something else. */
function decipherAll(decipher: DecipherGCM, ciphertext: Buffer): Buffer | undefined {
  const content = decipher.update(ciphertext);
  try {
    decipher.final();
    return content;
  } catch {
    return undefined; // The only error that it has.
  }
}
