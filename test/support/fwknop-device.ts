import { createCipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import type { FwknopDigest, FwknopLock } from "../../src/knock/fwknop-lock.ts";
import { makeFwknopLock } from "../../src/knock/fwknop-lock.ts";

/** What a packet of a test says. */
export interface FwknopMessage {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** `192.0.2.7,tcp/22` */
  readonly message?: string;
  readonly user?: string;
  readonly type?: number;
  /** Seconds. */
  readonly timeout?: number;
  readonly digest?: string;
  /** Takes the place of the plain text. */
  readonly plain?: string;
}

/** A device that knocks as fwknop's client does, for tests; its keys follow from its name. */
export class FwknopDevice {
  readonly name: string;
  readonly lock: FwknopLock;
  readonly keyText: string;
  readonly hmacKeyText: string;
  readonly #key: Buffer;
  readonly #hmacKey: Buffer;
  #count = 0;

  /** Its HMAC key is that of a device named `hmacOf`. */
  constructor(name: string, hmac: FwknopDigest = "sha256", hmacOf: string = name) {
    this.name = name;
    this.#key = createHash("sha256").update(name).digest();
    this.#hmacKey = createHash("sha512").update(hmacOf).digest();
    this.keyText = this.#key.toString("base64");
    this.hmacKeyText = this.#hmacKey.toString("base64");
    this.lock = makeFwknopLock(this.#key, this.#hmacKey, hmac);
  }

  /** Returns a packet, another one each time. */
  packet({ time, message = "0.0.0.0,tcp/22", user = "bob", ...more }: FwknopMessage): Buffer {
    const { type = more.timeout === undefined ? 1 : 3, timeout, digest = "sha256" } = more;
    const random = String(++this.#count).padStart(16, "0");
    const fields = [random, base64(user), Math.floor(time / 1000), "3.0.0", type, base64(message)];
    const text = more.plain ?? [...fields, ...(timeout === undefined ? [] : [timeout])].join(":");
    return this.seal(`${text}:${unpadded(createHash(digest).update(text).digest())}`);
  }

  /** Encrypts a plain text, and adds the HMAC. */
  seal(plain: string): Buffer {
    const salt = randomBytes(8);
    let derived = Buffer.alloc(0);
    for (let last = Buffer.alloc(0); derived.length < 48; ) {
      last = createHash("md5")
        .update(Buffer.concat([last, this.#key, salt]))
        .digest();
      derived = Buffer.concat([derived, last]);
    }
    const cipher = createCipheriv("aes-256-cbc", derived.subarray(0, 32), derived.subarray(32));
    const parts = [Buffer.from("Salted__"), salt, cipher.update(plain, "latin1"), cipher.final()];
    const body = unpadded(Buffer.concat(parts));
    const hmac = createHmac(this.lock.hmac, this.#hmacKey).update(body).digest();
    return Buffer.from(`${body}${unpadded(hmac)}`.slice("U2FsdGVkX1".length));
  }
}

function base64(text: string): string {
  return unpadded(Buffer.from(text));
}

function unpadded(bytes: Buffer): string {
  return bytes.toString("base64").replace(/=+$/, "");
}
