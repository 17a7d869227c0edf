// A device's key in WebCrypto: derived once, after which no script reads it. docs/knock-packet.md
import { concat, sha256, text } from "./bytes.ts";
import { publicKeyOf } from "./public-key.ts";

/** What a browser keeps of a key. `bind` has no use without the others. */
export interface BrowserKey {
  /** Its name in the server's log; not a secret. */
  readonly id: string;
  readonly hint: CryptoKey;
  readonly seal: CryptoKey;
  readonly nonce: CryptoKey;
  readonly sign: CryptoKey;
  readonly bind: Uint8Array<ArrayBuffer>;
}

/** Why there is no key: the text is damaged, or the browser lacks what it takes. */
export type KeyProblem = "damaged" | "insecure" | "old";

const prefix = "key1:";
const half = 32;
const checksumLength = 4;
/** RFC 8410 §7: the DER of a private key, up to its 32 bytes. */
const privateHeader = [48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];

/** Reads a text that begins with `key1:`. The keys cannot be exported. */
export async function readDeviceKey(key: string): Promise<BrowserKey | KeyProblem> {
  // Only a page that came over https, from this machine or from a file has WebCrypto.
  if (globalThis.crypto?.subtle === undefined) return "insecure";
  const bytes = decode(key.slice(prefix.length));
  const hasLength = bytes?.length === 2 * half + checksumLength;
  if (!key.startsWith(prefix) || bytes === undefined || !hasLength) return "damaged";
  const [secret, seed] = [bytes.slice(0, half), bytes.slice(half, 2 * half)];
  const sum = await sha256(text(prefix), secret, seed);
  const isWhole = bytes.slice(2 * half).every((byte, i) => byte === sum[i]);
  if (!isWhole) return "damaged";
  try {
    return await derive(secret, seed);
  } catch {
    return "old"; // The browser has no Ed25519.
  }
}

async function derive(
  secret: Uint8Array<ArrayBuffer>,
  seed: Uint8Array<ArrayBuffer>,
): Promise<BrowserKey> {
  const { subtle } = crypto;
  const master = await subtle.importKey("raw", secret, "HKDF", false, ["deriveKey", "deriveBits"]);
  const hkdf = (label: string) => ({
    ...{ name: "HKDF", hash: "SHA-256", salt: new Uint8Array() },
    info: text(`sesame knock 1 ${label}`),
  });
  const hmac = { name: "HMAC", hash: "SHA-256", length: 256 };
  const aes = { name: "AES-GCM", length: 256 };
  const der = concat(new Uint8Array(privateHeader), seed);
  return {
    id: hex((await sha256(text("sesame key id 1\0"), secret, await publicKeyOf(seed))).slice(0, 8)),
    hint: await subtle.deriveKey(hkdf("hint"), master, hmac, false, ["sign"]),
    seal: await subtle.deriveKey(hkdf("seal"), master, aes, false, ["encrypt"]),
    nonce: await subtle.deriveKey(hkdf("nonce"), master, hmac, false, ["sign"]),
    sign: await subtle.importKey("pkcs8", der, "Ed25519", false, ["sign"]),
    bind: new Uint8Array(await subtle.deriveBits(hkdf("bind"), master, 256)),
  };
}

/** Decodes base64url without padding; `undefined` for every spelling but the canonical one. */
function decode(body: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[\w-]*$/.test(body) || body.length % 4 === 1) return undefined;
  const binary = atob(body.replaceAll("-", "+").replaceAll("_", "/"));
  const again = btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return again === body ? Uint8Array.from(binary, (letter) => letter.charCodeAt(0)) : undefined;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
