import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { fromHex, knockVectors } from "../../test/support/knock-vectors.ts";
import { findPointFault } from "./ed25519-point.ts";

test("public keys are taken", () => {
  expect(findPointFault(fromHex(knockVectors.keys.publicKey))).toBeUndefined();
  for (let count = 0; count < 50; count++) {
    const { publicKey } = generateKeyPairSync("ed25519");
    const der = publicKey.export({ format: "der", type: "spki" });
    expect(findPointFault(der.subarray(-32))).toBeUndefined();
  }
});

test.each(knockVectors.refusedPublicKeys)("%s is refused", (publicKey) => {
  expect(findPointFault(fromHex(publicKey))).toMatch(/^(?:small order|not canonical)$/);
});

// RFC 8032 §5.1.3: about half of all y belong to no point.
test("what is no point of the curve is refused", () => {
  const first = Buffer.alloc(32);
  const faults = Array.from({ length: 100 }, (_, y) => {
    first[0] = y + 2;
    return findPointFault(first);
  });
  const counts = faults.filter((fault) => fault === "no point of the curve").length;
  expect(counts).toBeGreaterThan(25);
  expect(counts).toBeLessThan(75);
});
