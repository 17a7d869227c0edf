import { createHash } from "node:crypto";
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { KeyReceiver } from "./key-receiver.ts";
import { Folder, knockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import type { Process } from "./process.ts";
import { needs } from "./requirements.ts";

const root = join(import.meta.dirname, "../..");
const knock = [process.execPath, join(root, "bin/knock")];
const { keys } = JSON.parse(readFileSync(join(root, "docs/knock-vectors.json"), "utf8"));

const port = 23547;
const service = 4422;
const zero = "0".repeat(32);
const idOf = (door: string) =>
  createHash("sha256").update("sesame door 1\0").update(door).digest("hex").slice(0, 16);

/** Milliseconds: others use this machine, too. */
const patience = { timeout: 30_000 };

describe.skipIf(needs())("knock by a key", () => {
  let network: LiveNetwork;
  let server: LiveHost;
  let client: LiveHost;
  let receiver: KeyReceiver;

  beforeAll(async () => {
    network = await LiveNetwork.open();
    [server, client] = [network.host("server"), network.host("client")];
    for (const [host, address] of [
      [server, "11.0.0.1/24"],
      [client, "11.0.0.2/24"],
    ] as const) {
      await host.ip("address", "add", address, "dev", "eth0");
    }
  });
  afterAll(() => network?.close());
  afterEach(() => receiver?.close());

  const listen = async (after = 1) => {
    receiver = await KeyReceiver.open(server, { lock: keys.lock, port, service, after });
  };

  /** A profile of the key in the vectors, and `knock` with it. */
  function profile(...lines: readonly string[]) {
    const folder = new Folder();
    const text = [`HostName ${server.address}`, ...lines, `Key ${keys.key}`, `KnockPort ${port}`];
    const file = folder.write("knock.conf", ["Host home", ...text, ""].join("\n"));
    chmodSync(file, 0o600);
    return async (...args: readonly string[]) =>
      await client.run([...knock, "-F", file, ...args], { ok: "any", timeout: 60_000 });
  }

  const arrived = async (count: number) => {
    await expect.poll(() => receiver.knocks.length, patience).toBe(count);
    expect(receiver.knocks.map(({ result }) => result)).toEqual(Array(count).fill("ok"));
    return receiver.knocks;
  };

  test("opens a door, for the time and at the doors that the profile names", async () => {
    await listen(2);
    const run = profile('Door ssh, "open SSH"', "For 8h");
    const ended = await run("--json", "--wait", `${service},20s`, "home");
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({ result: "open", knocks: 1 });
    const [first, second] = await arrived(2);
    expect(first).toMatchObject({ seconds: 28_800, address: zero, door: idOf("ssh") });
    expect(second).toMatchObject({ seconds: 28_800, address: zero, door: idOf("open SSH") });
    expect(second?.slot).toBe(((first?.slot ?? 0) + 1) % 4);
    expect(Number(second?.time)).toBeGreaterThan(Number(first?.time));
  });

  test("knocks again by another packet, until one is accepted", async () => {
    await listen(3);
    const run = profile("Door ssh");
    const ended = await run("--wait", `${service},1s`, "--retry", "10", "home");
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    const knocks = await arrived(receiver.knocks.length);
    expect(knocks.length).toBeGreaterThanOrEqual(3);
    const hints = knocks.slice(0, 3).map(({ packet }) => packet.slice(0, 16));
    expect(new Set(hints).size).toBe(3);
  });

  test("says what may be wrong if no door opens", async () => {
    await listen(99);
    const ended = await profile("Door ssh")("--wait", `${service},300ms`, "home");
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain(`firewall or network on the way may drop UDP port ${port}\n`);
    expect(ended.stderr).toContain("hint: this clock says ");
    await arrived(1);
  });

  test.each([
    ["a private address", () => server.address, [], zero],
    ["a global address", () => "11.0.0.1", [], "00000000000000000000ffff0b000002"],
    ["any", () => "11.0.0.1", ["Address any"], zero],
    [
      "an explicit one",
      () => "11.0.0.1",
      ["Address 2001:db8::9"],
      "20010db8000000000000000000000009",
    ],
    [
      "the source that was asked for",
      () => "11.0.0.1",
      ["BindAddress 11.0.0.2"],
      "00000000000000000000ffff0b000002",
    ],
  ])("the address inside: %s", async (_, host, lines, address) => {
    await listen();
    const run = profile("Door ssh", ...lines);
    const file = await run("--print", "home", "--secrets");
    const text = file.stdout.replace(/HostName .*/, `HostName ${host()}`);
    const folder = new Folder();
    chmodSync(folder.write("knock.conf", text), 0o600);
    await client.run([...knock, "-F", folder.at("knock.conf"), "home"]);
    expect((await arrived(1))[0]).toMatchObject({ address });
  });

  test.skipIf(!LiveNetwork.hasIPv6)("over both families, each its own packet", async () => {
    await listen(2);
    const folder = new Folder();
    const hosts = folder.write("hosts", `${server.address6} gate\n${server.address} gate\n`);
    const text = `Host gate\nKey ${keys.key}\nKnockPort ${port}\nDoor ssh\n`;
    chmodSync(folder.write("knock.conf", text), 0o600);
    const command = [...knock, "-F", folder.at("knock.conf"), "--both", "gate"].join(" ");
    await client.run(["sh", "-ec", `mount --bind ${hosts} /etc/hosts; exec ${command}`]);
    const knocks = await arrived(2);
    expect(knocks.map(({ from }) => from).sort()).toEqual([client.address, client.address6].sort());
    expect(new Set(knocks.map(({ time }) => time)).size).toBe(2);
  });

  test("--keep knocks again, each time by a new packet, and --proxy connects", async () => {
    await listen();
    const run = profile("Door ssh");
    const kept = await run("--keep", "1s", "home", "--", "sleep", "3");
    expect(kept).toMatchObject({ code: 0, stderr: "" });
    const knocks = await arrived(receiver.knocks.length);
    expect(knocks.length).toBeGreaterThanOrEqual(3);
    const proxied = await run("--profile", "home", "--proxy", server.address, `${service}`);
    expect(proxied).toMatchObject({ code: 0, stdout: "welcome\n" });
  });

  test("a command sees no secret, nor does who lists processes", async () => {
    await listen();
    const spy = 'tr "\\0" " " </proc/$PPID/cmdline; tr "\\0" " " </proc/$PPID/environ; env';
    const run = profile("Door ssh");
    const { code, stdout, stderr } = await run("home", "--", "sh", "-c", spy);
    expect([code, stdout.includes("knock.conf home")]).toEqual([0, true]);
    const halves = [
      keys.key.slice(8, 30),
      keys.key.slice(60, 80),
      "01".repeat(10),
      "02".repeat(10),
    ];
    for (const half of halves) expect(stdout + stderr).not.toContain(half);
  });

  test("a key made by --request never leaves, and knocks once the answer is imported", async () => {
    const env = { XDG_CONFIG_HOME: new Folder().path };
    const asked = await client.run([...knock, "--request", "home"], { env });
    const answer = `sesame:#host=${server.address}&port=${port}&door=ssh&name=home&wait=${service}\n`;
    await client.run([...knock, "--import"], { env, input: answer });
    receiver = await KeyReceiver.open(server, {
      lock: asked.stdout.trim(),
      ...{ port, service, after: 1 },
    });
    const ended = await client.run([...knock, "--retry", "3", "home"], { env, timeout: 60_000 });
    expect(ended.stderr).toBe("");
    expect((await arrived(receiver.knocks.length))[0]).toMatchObject({ door: idOf("ssh") });
  });

  describe("at knockd", () => {
    const folder = new Folder();
    const env = { XDG_CONFIG_HOME: folder.path };
    const command = (flag: string) =>
      `iptables -${flag} INPUT -s %IP% -p tcp --dport ${service} -j ACCEPT`;
    let daemon: Process;

    beforeAll(async () => {
      const asked = await client.run([...knock, "--request", "home"], { env });
      folder.writePrivately("knockd.users", `[alice/laptop]\nkey = ${asked.stdout}`);
      const answer = `sesame:#host=${server.address}&port=${port}&door=ssh&name=home&wait=${service}\n`;
      await client.run([...knock, "--import"], { env, input: answer });
      await server.listen(service);
      await server.run([
        "iptables",
        "-A",
        "INPUT",
        "-p",
        "tcp",
        "--dport",
        `${service}`,
        "-j",
        "DROP",
      ]);
      const config = folder.write(
        "knockd.conf",
        [
          ...["[options]", `KnockPort = ${port}`, `Users = ${folder.at("knockd.users")}`],
          ...[`StateDir = ${folder.at("state")}`, `ControlSocket = ${folder.at("control.sock")}`],
          ...["[ssh]", "users = alice", "longest = 2h", "cmd_timeout = 1h"],
          ...[`start_command = ${command("I")}`, `stop_command = ${command("D")}`, ""],
        ].join("\n"),
      );
      daemon = server.start([...knockd, "-v", "-c", config]);
      await daemon.waitFor(/^listening on .*\.\.\.$/m);
    });
    afterAll(() => daemon?.stop());

    const run = async (...args: readonly string[]) =>
      await client.run([...knock, ...args], { env, ok: "any", timeout: 60_000 });

    test("a key of a request opens the door, and what it wants is granted", async () => {
      const text = folder.read("sesame/knock.conf");
      folder.writePrivately("sesame/knock.conf", `${text}For 90m\n`);
      expect(await run("--wait", `${service},20s`, "home")).toMatchObject({ code: 0, stderr: "" });
      await daemon.waitFor(/ssh: OPEN SESAME: alice\/laptop, for 1h 30m/);
    });

    test("an address that the server does not see is refused, and the client says what it may be", async () => {
      const text = folder.read("sesame/knock.conf");
      folder.writePrivately("sesame/knock.conf", `${text}Address 2001:db8::9\n`);
      // From another address: the door is open for the first.
      await client.addAddress("10.77.0.66");
      const lone = ["--source", "10.77.0.66", "--wait", `${service},500ms`, "home"];
      const { code, stderr } = await run(...lone);
      expect(code).toBe(1);
      expect(stderr).toContain("the packet asks for another address than the server sees");
      await daemon.waitFor(/knock of alice\/laptop refused \(address\)/);
      folder.writePrivately("sesame/knock.conf", text);
      expect(await run(...lone, "--retry", "5")).toMatchObject({ code: 0 });
    });
  });
});
