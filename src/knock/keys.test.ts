import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { readKey, readLock } from "../../test/support/knock-keys.ts";
import { fromHex, knockVectors } from "../../test/support/knock-vectors.ts";
import { doorId, makeKey, parseKey, parseLock, readKeyId } from "./keys.ts";

const { keys: expected, input, refusedLocks } = knockVectors;

describe("a lock", () => {
  test("has the keys and the id of the vector", () => {
    const { id, keys, publicKey } = readLock(expected.lock);
    expect(id).toBe(expected.keyId);
    const derived = Object.entries(keys).map(([name, key]) => [name, key.export().toString("hex")]);
    const { hint, seal, nonce, bind } = expected;
    expect(Object.fromEntries(derived)).toEqual({ hint, seal, nonce, bind });
    const der = publicKey.export({ format: "der", type: "spki" });
    expect(der.subarray(-32).toString("hex")).toBe(expected.publicKey);
  });

  test.each(refusedLocks)("is refused: $name", ({ lock, expected }) => {
    expect(parseLock(lock)).toBe(expected);
  });

  test.each([
    ["another prefix", expected.lock.replace("lock1:", "lock2:")],
    ["the text of a device's key", expected.key],
    ["a blank before it", ` ${expected.lock}`],
    ["a line end behind it", `${expected.lock}\n`],
    ["a character too few", expected.lock.slice(0, -1)],
    ["a character too many", `${expected.lock}A`],
    [
      "the other base64 alphabet",
      expected.lock.replace("-", "+").replace("_", "/").replace(/.$/, "+"),
    ],
    ["nothing", ""],
  ])("is misspelt: %s", (_, text) => {
    expect(parseLock(text)).toBe("spelling");
  });

  test("is refused for each change of one character, without a word of its content", () => {
    for (let at = 6; at < expected.lock.length; at++) {
      const other = expected.lock[at] === "A" ? "B" : "A";
      const text = expected.lock.slice(0, at) + other + expected.lock.slice(at + 1);
      expect(["spelling", "checksum"]).toContain(parseLock(text));
    }
  });

  test("tells which part it shares with another", () => {
    const random = randomBytes(64);
    const seed = (fill: number) => Buffer.concat([random.subarray(0, 32), Buffer.alloc(32, fill)]);
    const [first, sameSecret] = [1, 2].map((fill) => readLock(makeKey(seed(fill)).lock));
    expect(sameSecret?.secretDigest).toBe(first?.secretDigest);
    expect(sameSecret?.publicDigest).not.toBe(first?.publicDigest);
    expect(sameSecret?.id).not.toBe(first?.id);
    const otherSecret = Buffer.concat([randomBytes(32), Buffer.alloc(32, 1)]);
    const samePublic = readLock(makeKey(otherSecret).lock);
    expect(samePublic.publicDigest).toBe(first?.publicDigest);
    expect(samePublic.secretDigest).not.toBe(first?.secretDigest);
  });
});

describe("a device's key", () => {
  test("is made of random bytes, with its lock", () => {
    const random = Buffer.concat([fromHex(input.K), fromHex(input.seed)]);
    expect(makeKey(random)).toEqual({ key: expected.key, lock: expected.lock });
  });

  test("has the id of its lock", () => {
    const { key, lock } = makeKey(randomBytes(64));
    expect(readKeyId(key)).toBe(readLock(lock).id);
  });

  test.each([
    ["a lock", expected.lock, "spelling"],
    ["a changed character", expected.key.replace("AQEB", "AQEC"), "checksum"],
    ["padding", `${expected.key}=`, "spelling"],
  ])("is refused: %s", (_, text, fault) => {
    expect(parseKey(text)).toBe(fault);
  });
});

test("what is read shows no secret in JSON and in a log", () => {
  const random = randomBytes(64);
  const texts = makeKey(random);
  const shown = [readLock(texts.lock), readKey(texts.key)]
    .flatMap((one) => [JSON.stringify(one), inspect(one, { depth: 9, showHidden: true })])
    .join("\n");
  const secrets = [random.subarray(0, 32), random.subarray(32)];
  for (const secret of secrets) {
    for (const encoding of ["hex", "base64", "base64url", "latin1"] as const) {
      expect(shown).not.toContain(secret.toString(encoding).slice(0, 16));
    }
  }
});

test("a door has the id of the vector", () => {
  expect(doorId(input.door)).toBe(knockVectors.doorId);
});
