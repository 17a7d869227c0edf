import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPublicKey,
  hkdfSync,
  verify,
} from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findPointFault } from "./ed25519-point.ts";
import { gcm } from "./seal.ts";

/** Fetched by scripts/wycheproof: texts are hexadecimal. */
const folder = join(import.meta.dirname, "../../node_modules/.cache/wycheproof");

interface VectorGroup<Vector> {
  readonly keySize?: number;
  readonly ivSize?: number;
  readonly tagSize?: number;
  readonly key?: { readonly pk: string };
  readonly keyDer?: string;
  readonly tests: readonly (Vector & { readonly tcId: number; readonly result: string })[];
}

function groupsOf<Vector>(name: string): readonly VectorGroup<Vector>[] {
  return JSON.parse(readFileSync(join(folder, `${name}_test.json`), "utf8")).testGroups;
}

const bytes = (text: string) => Buffer.from(text, "hex");

/** What Project Wycheproof says of the primitives, of this Node.js as packets use them. */
describe.skipIf(!existsSync(folder))("the vectors of Wycheproof hold for", () => {
  test("AES-256-GCM with nonces of 96 bits and tags of 128", () => {
    interface GcmVector extends Record<"key" | "iv" | "aad" | "msg" | "ct" | "tag", string> {}
    const groups = groupsOf<GcmVector>("aes_gcm").filter(
      ({ keySize, ivSize, tagSize }) => keySize === 256 && ivSize === 96 && tagSize === 128,
    );
    const found = groups.flatMap(({ tests }) =>
      tests.map(({ tcId, key, iv, aad, msg, ct, tag, result }) => {
        const decipher = createDecipheriv(gcm.name, bytes(key), bytes(iv), gcm.options);
        decipher.setAAD(bytes(aad)).setAuthTag(bytes(tag));
        const plaintext = decipher.update(bytes(ct)).toString("hex");
        const isGood = succeeds(() => decipher.final()) && plaintext === msg;
        const cipher = createCipheriv(gcm.name, bytes(key), bytes(iv), gcm.options);
        cipher.setAAD(bytes(aad));
        const sealed = cipher.update(bytes(msg)).toString("hex") + cipher.final("hex");
        const isSame = sealed === ct && cipher.getAuthTag().toString("hex") === tag;
        return [tcId, result, isGood && isSame ? "valid" : "invalid"];
      }),
    );
    expect(found.length).toBeGreaterThan(40);
    expect(found.filter(([, wanted, got]) => wanted !== got)).toEqual([]);
  });

  test("Ed25519 signatures, and the points of public keys", () => {
    const groups = groupsOf<{ msg: string; sig: string }>("eddsa");
    const found = groups.flatMap(({ keyDer = "", key, tests }) => {
      const publicKey = createPublicKey({ key: bytes(keyDer), format: "der", type: "spki" });
      expect(findPointFault(bytes(key?.pk ?? ""))).toBeUndefined();
      return tests.map(({ tcId, msg, sig, result }) => {
        const isGood = verify(null, bytes(msg), publicKey, bytes(sig));
        return [tcId, result, isGood ? "valid" : "invalid"];
      });
    });
    expect(found.length).toBeGreaterThan(100);
    expect(found.filter(([, wanted, got]) => wanted !== got)).toEqual([]);
  });

  test("HKDF-SHA256", () => {
    const groups = groupsOf<Record<"ikm" | "salt" | "info" | "okm", string> & { size: number }>(
      "hkdf_sha256",
    );
    const found = groups.flatMap(({ tests }) =>
      tests.map(({ tcId, ikm, salt, info, size, okm, result }) => {
        let derived = "";
        const isPossible = succeeds(() => {
          const [secret, extra, label] = [bytes(ikm), bytes(salt), bytes(info)];
          derived = Buffer.from(hkdfSync("sha256", secret, extra, label, size)).toString("hex");
        });
        return [tcId, result, isPossible && derived === okm ? "valid" : "invalid"];
      }),
    );
    expect(found.length).toBeGreaterThan(50);
    expect(found.filter(([, wanted, got]) => wanted !== got)).toEqual([]);
  });

  test("HMAC-SHA256", () => {
    const groups = groupsOf<Record<"key" | "msg" | "tag", string>>("hmac_sha256");
    const found = groups.flatMap(({ tests, tagSize = 0 }) =>
      tests.map(({ tcId, key, msg, tag, result }) => {
        const whole = createHmac("sha256", bytes(key)).update(bytes(msg)).digest();
        const isGood = whole.subarray(0, tagSize / 8).equals(bytes(tag));
        return [tcId, result, isGood ? "valid" : "invalid"];
      }),
    );
    expect(found.length).toBeGreaterThan(100);
    expect(found.filter(([, wanted, got]) => wanted !== got)).toEqual([]);
  });
});

function succeeds(action: () => unknown): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}
