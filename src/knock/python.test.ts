// Python's `cryptography`, which shares no code with this, makes and refuses the same packets.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fromHex, knockVectors } from "../../test/support/knock-vectors.ts";

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
});
