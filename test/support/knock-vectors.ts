import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A packet that a server refuses: at `now`, with the accepted times `used`. */
interface RefusedPacket {
  readonly name: string;
  readonly packet: string;
  /** The lock of the server, if not that of `keys`. */
  readonly lock?: string;
  readonly now: string;
  readonly used: readonly string[];
  readonly expected: string;
}

/** docs/knock-vectors.json: bytes are hexadecimal, 64-bit numbers are texts. */
export interface KnockVectors {
  readonly input: {
    readonly K: string;
    readonly seed: string;
    readonly time: string;
    readonly slot: number;
    readonly seconds: number;
    readonly address: string;
    readonly door: string;
  };
  readonly keys: {
    readonly publicKey: string;
    readonly hint: string;
    readonly seal: string;
    readonly nonce: string;
    readonly bind: string;
    readonly keyId: string;
    readonly lock: string;
    readonly key: string;
  };
  readonly minute: string;
  readonly hints: readonly string[];
  readonly doorId: string;
  readonly fields: string;
  readonly signed: string;
  readonly plaintext: string;
  readonly nonce: string;
  readonly packet: string;
  readonly stun: { readonly datagram: string };
  readonly refusedStun: readonly { readonly name: string; readonly datagram: string }[];
  readonly accepted: { readonly now: string; readonly freshness: string };
  readonly refusedPackets: readonly RefusedPacket[];
  readonly refusedLocks: readonly {
    readonly name: string;
    readonly lock: string;
    readonly expected: string;
    readonly forgedPacketThatThisLockWouldAccept?: string;
  }[];
  readonly refusedPublicKeys: readonly string[];
}

const file = join(import.meta.dirname, "../../docs/knock-vectors.json");

export const knockVectors: KnockVectors = JSON.parse(readFileSync(file, "utf8"));

export const fromHex = (text: string): Buffer => Buffer.from(text, "hex");
