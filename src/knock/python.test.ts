// Python's `cryptography`, which shares no code with this, makes and refuses the same packets.
import { spawnSync } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { tries } from "../../test/support/effort.ts";
import { readKey } from "../../test/support/knock-keys.ts";
import { fromHex, knockVectors } from "../../test/support/knock-vectors.ts";
import { doorId, makeKey } from "./keys.ts";
import { knockTime } from "./packet.ts";
import { seal } from "./seal.ts";

const root = join(import.meta.dirname, "../..");

function python(...words: readonly string[]) {
  return spawnSync("python3", words, { cwd: root, encoding: "utf8", timeout: 60_000 });
}

const isThere = python("-c", "import cryptography").status === 0;
if (!isThere) console.warn("skipped: Python with its package cryptography is missing");

describe.skipIf(!isThere)("Python", () => {
  test("makes the frozen packet, and refuses what a server refuses", () => {
    const { status, stdout, stderr } = python(
      "test/oracles/knock_vectors.py",
      "docs/knock-vectors.json",
    );
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(stdout).toContain(
      `the packet is the same; ${knockVectors.refusedPackets.length} packets`,
    );
  });

  test("makes the frozen packet with examples/knock.py", () => {
    const { K, seed, time, slot, door, seconds } = knockVectors.input;
    const address = fromHex(`${"0".repeat(20)}ffffc0000207`).toString("hex");
    const program = [
      "import sys; sys.path.insert(0, 'examples'); sys.dont_write_bytecode = True; import knock",
      `secret, seed = knock.read_key('${knockVectors.keys.key}')`,
      `assert (secret.hex(), seed.hex()) == ('${K}', '${seed}')`,
      `address = bytes.fromhex('${address}')`,
      `print(knock.seal(secret, seed, ${time}, ${slot}, '${door}', ${seconds}, address).hex())`,
    ].join("\n");
    const { stdout, stderr } = python("-c", program);
    expect(stderr).toBe("");
    expect(stdout.trim()).toBe(knockVectors.packet);
  });

  test("makes the same packets of random keys and requests", () => {
    const count = tries(1000);
    const cases = Array.from({ length: count }, () => {
      const { key } = makeKey(randomBytes(64));
      const door = randomBytes(6).toString("hex");
      const words = [0, 4, 8, 12].map((at) => randomBytes(16).readUInt32BE(at));
      const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = words;
      const time = knockTime(randomInt(2 ** 48 - 1) * randomInt(1, 32));
      const request = {
        ...{ time, seconds: randomInt(2 ** 24), door: doorId(door) },
        address: { w0, w1, w2, w3 },
      };
      const slot = randomInt(4);
      const address = words.map((word) => word.toString(16).padStart(8, "0")).join("");
      const { seconds } = request;
      return {
        input: { key, time, slot, door, seconds, address },
        packet: seal(readKey(key), request, slot).toString("hex"),
      };
    });
    const program = [
      "import json, sys; sys.path.insert(0, 'examples'); sys.dont_write_bytecode = True; import knock",
      "for line in sys.stdin:",
      "    c = json.loads(line)",
      "    rest = (c['time'], c['slot'], c['door'], c['seconds'], bytes.fromhex(c['address']))",
      "    print(knock.seal(*knock.read_key(c['key']), *rest).hex())",
    ].join("\n");
    const lines = cases.map(({ input }) => JSON.stringify(input)).join("\n");
    const { stdout, stderr } = spawnSync("python3", ["-c", program], {
      ...{ cwd: root, encoding: "utf8", input: lines, maxBuffer: 2 ** 26 },
    });
    expect(stderr).toBe("");
    expect(stdout.trim().split("\n")).toEqual(cases.map(({ packet }) => packet));
  });
});
