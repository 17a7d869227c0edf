// Where secrets of devices must not be: in the memory of knockd, in its files, and in all that it says.
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { Folder } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import type { Process, ProcessResult } from "./process.ts";
import { needs } from "./requirements.ts";
import { Server } from "./server.ts";

const knock = [process.execPath, join(import.meta.dirname, "../../bin/knock")];
const patient = { timeout: 60_000 };
const encodings = ["hex", "base64", "base64url", "latin1"] as const;

/** Whether cores are handed to a program, or get a fixed place. */
const coresGoElsewhere = /[|/]/.test(readFileSync("/proc/sys/kernel/core_pattern", "latin1"));

/** What a process runs by now. */
function programOf({ pid }: Process): string {
  return readFileSync(`/proc/${pid}/comm`, "latin1").trim();
}

/** The halves of a key text, 32 bytes each. */
function halvesOf(text: string): readonly [Buffer, Buffer] {
  const [, code = expect.unreachable("no key")] = /(?:key|lock)1:([\w-]{91})/.exec(text) ?? [];
  const bytes = Buffer.from(code, "base64url");
  return [bytes.subarray(0, 32), bytes.subarray(32, 64)];
}

/** The spellings of a secret that `bytes` holds; two thirds of it are enough to be sure. */
function spellingsIn(bytes: Uint8Array, secret: Uint8Array): readonly string[] {
  const text = Buffer.from(secret);
  const inMemory = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // base64 in a text begins at any of three places: the rest of such a key is searched, too.
  const shifted = [0, 1, 2].map((at) => text.subarray(at, at + 24));
  return encodings.filter((one) =>
    shifted.some((part) => inMemory.includes(Buffer.from(part.toString(one), "latin1"))),
  );
}

/** A core without its pages that hold nothing, which are most of it. */
function withoutZeros(core: Buffer): Buffer {
  const size = 2 ** 20;
  const zeros = Buffer.alloc(size);
  const parts = Array.from({ length: Math.ceil(core.length / size) }, (_, i) =>
    core.subarray(i * size, (i + 1) * size),
  );
  return Buffer.concat(parts.filter((part) => !part.equals(zeros)));
}

describe.skipIf(needs("nft"))("the secret of a device", () => {
  let network: LiveNetwork;
  let server: Server;
  let client: LiveHost;
  const folder = new Folder();
  let line = "";

  beforeAll(async () => {
    network = await LiveNetwork.open();
    client = network.host("client");
    const door = "[ssh]\nusers = alice\nopen = tcp/22\nopen_for = 1h\n";
    const options = `KnockPort = 23547\nUsers = ${folder.at("knockd.users")}`;
    server = new Server(network.host("server"), door, options);
    await server.host.listen(22);
    await server.start();
    const file = folder.at("line");
    const enrol = `user add alice/laptop --door ssh --host ${server.host.address} --yes`;
    const added = await user(`${enrol} --output ${file}`);
    expect(added).toMatchObject({ code: 0, stderr: "" });
    line = readFileSync(file, "utf8");
    expect(spellingsIn(Buffer.from(line), seed())).toContain("base64url");
    const profile = ["--file", folder.at("knock.conf")];
    await client.run([...knock, ...profile, "--import"], { input: line });
    await client.run([...knock, ...profile, "home"]);
    await server.daemon?.waitFor(/OPEN SESAME: alice\/laptop/);
  });
  afterAll(() => network?.close());

  const user = async (words: string): Promise<ProcessResult> =>
    await server.host.run(server.argv(`${words} --config ${server.config}`), { ok: "any" });

  const seed = () => halvesOf(line)[1];

  test.skipIf(needs("gcore"))("is not in a core of knockd, which has opened by it", async () => {
    const core = folder.at("core");
    const pid = server.daemon?.pid ?? expect.unreachable();
    // `ip netns exec` becomes the daemon: it has its process.
    await server.host.run(["gcore", "-o", core, String(pid)], { timeout: 110_000 });
    const memory = withoutZeros(readFileSync(`${core}.${pid}`));
    expect(memory.includes("alice/laptop")).toBe(true);
    expect(spellingsIn(memory, seed())).toEqual([]);
    // What shares a key with the device is there: cores are secret, too.
    expect(spellingsIn(memory, halvesOf(line)[0])).not.toEqual([]);
  });

  test.skipIf(coresGoElsewhere)(
    "is in no core: knockd leaves none when it is aborted",
    async () => {
      const roomy = (cores: Folder) => ["prlimit", "--core=unlimited", "env", "-C", cores.path];
      const coresOf = async (program: Process, cores: Folder) => {
        program.signal("SIGABRT");
        await program.ended;
        return readdirSync(cores.path);
      };
      const [others, own] = [new Folder(), new Folder()];
      const other = server.host.start([...roomy(others), "sleep", "600"]);
      await expect.poll(() => programOf(other), patient).toBe("sleep");
      expect(await coresOf(other, others)).toHaveLength(1);
      await server.kill();
      server.prefix = roomy(own);
      expect(await coresOf(await server.start(), own)).toEqual([]);
      server.prefix = [];
      await server.start();
    },
  );

  test("is in no file, answer, error or line of the log, also if it is in a wrong place", async () => {
    const secrets = halvesOf(line);
    const lock = readFileSync(folder.at("knockd.users"), "utf8");
    const keyText = /key1:[\w-]+/.exec(line)?.[0] ?? expect.unreachable();
    const lockText = /lock1:[\w-]+/.exec(lock)?.[0] ?? expect.unreachable();
    const said: string[] = [];
    const ask = async (...commands: readonly string[]) => {
      for (const words of commands) {
        const isOnFile = words.startsWith("user");
        const { stdout, stderr } = isOnFile ? await user(words) : await server.knockctl(words);
        said.push(stdout, stderr);
      }
    };
    await ask("status --json", "leases --json", "history --json", "user show alice --json");
    const wrong = [
      `[alice/laptop]\nkey = ${keyText}`,
      `[bob/phone]\nkey = ${lockText.slice(0, -1)}`,
      `[bob/laptop]\n${lockText}`,
      `[${lockText}]\nkey = ${lockText}`,
      `[carol/laptop]\nexpires = ${keyText}\nkey = ${lockText} ${keyText}`,
      `[carol/phone]\nkey = ${lockText}\ngroups = ${lockText}\n`,
    ];
    writeFileSync(folder.at("knockd.users"), wrong.join("\n"));
    chmodSync(folder.at("knockd.users"), 0o600);
    await ask("reload", `check ${server.config}`, "status --json", "user list", "user list --json");
    expect(said.join("")).toContain("alice/laptop");
    expect(said.join("")).toContain("this is the device's half of a key");
    // A start with such a file goes on without the device.
    await server.kill();
    said.push(server.daemon?.output ?? "");
    const daemon = await server.start();
    await expect.poll(() => daemon.output, patient).toContain("knockd.users");
    await ask("status", "user list");
    said.push((await daemon.stop()).stdout, daemon.output);

    const state = server.folder.at("state");
    const kept = readdirSync(state).map((name) => readFileSync(join(state, name)));
    expect(kept.length).toBeGreaterThan(0);
    const all = Buffer.concat([Buffer.from(said.join("\n")), ...kept]);
    for (const secret of secrets) expect(spellingsIn(all, secret)).toEqual([]);
  });
});
