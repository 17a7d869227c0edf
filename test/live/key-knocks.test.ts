import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { KnockDevice } from "../support/knock-device.ts";
import type { LiveHost } from "./host.ts";
import { Folder, keyOptions, knockctl, knockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import type { Process } from "./process.ts";
import { needs } from "./requirements.ts";
import { run } from "./run.ts";

const client = join(import.meta.dirname, "../../examples/knock.py");
const port = 23_547;
const patient = { timeout: 30_000 };

const hasPython =
  needs("nc") === undefined &&
  (await run(["python3", "-c", "import cryptography"]).catch(() => ({ code: 1 }))).code === 0;

describe.skipIf(needs("nc", "nft"))("knocks with a key", () => {
  const alice = new KnockDevice("alice/laptop");
  const bob = new KnockDevice("bob/phone");
  let network: LiveNetwork;
  let server: LiveHost;
  let home: LiveHost;
  let elsewhere: LiveHost;
  let folder: Folder;
  let config: string;
  beforeAll(async () => {
    network = await LiveNetwork.open(["server", "home", "elsewhere"]);
    server = network.host("server");
    home = network.host("home");
    elsewhere = network.host("elsewhere");
  });
  afterAll(() => network?.close());
  afterEach(() => server.killAll());

  beforeEach(() => {
    folder = new Folder();
    config = folder.write(
      "knockd.conf",
      [
        keyOptions(folder, port),
        "[ssh]",
        "users = alice",
        "start_command = echo opened for %IP% by %WHO%",
        "stop_command = echo closed for %IP%",
        "cmd_timeout = 1h",
        "longest = 2h",
        "again = rerun",
        "",
      ].join("\n"),
    );
    writeUsers(alice, bob);
  });

  function writeUsers(...devices: readonly KnockDevice[]): void {
    const sections = devices.map(({ name, lockText }) => `[${name}]\nkey = ${lockText}\n`);
    folder.writePrivately("knockd.users", sections.join("\n"));
  }

  async function start(): Promise<Process> {
    const daemon = server.start([...knockd, "-v", "-c", config]);
    await daemon.waitFor(/^listening on .*\.\.\.$/m);
    return daemon;
  }

  /** Sends a payload as one datagram. */
  async function send(from: LiveHost, payload: Uint8Array, to = server.address): Promise<void> {
    await from.run(["nc", "-u", "-q", "0", "-w", "1", to, String(port)], { input: payload });
  }

  const count = (daemon: Process, what: RegExp) => daemon.output.match(what)?.length ?? 0;

  test("open a door once, also if another source sends the packet again, and after a crash", async () => {
    let daemon = await start();
    const packet = alice.packet(Date.now(), { slot: 0 });
    await send(home, packet);
    await daemon.waitFor(new RegExp(`^opened for ${home.address} by alice/laptop$`, "m"));
    await send(elsewhere, packet);
    await daemon.waitFor(/knock of alice\/laptop refused \(repeated-elsewhere\)/);
    daemon.signal("SIGKILL");
    await daemon.ended;

    daemon = await start();
    await send(elsewhere, packet);
    await daemon.waitFor(/knock of alice\/laptop refused \(replay\)/);
    await send(home, alice.packet(Date.now(), { slot: 1 }));
    await daemon.waitFor(/OPEN SESAME: alice\/laptop, for 1h/);
    expect(count(daemon, /OPEN SESAME/g)).toBe(1);
    expect(daemon.output).not.toContain(`opened for ${elsewhere.address}`);
    expect(daemon.output).not.toContain(`[ssh] opened for ${elsewhere.address}`);
  });

  test.skipIf(!hasPython)(
    "of a client in another language open it, over IPv4 and IPv6",
    async () => {
      const daemon = await start();
      const hosts = LiveNetwork.hasIPv6 ? [server.address, server.address6] : [server.address];
      for (const host of hosts) {
        const line = `sesame:#key=${alice.keyText}&host=${host}&port=${port}&door=ssh&name=home\n`;
        const { stderr } = await home.run(["python3", client, folder.write("line", line)]);
        expect(stderr).toBe("");
      }
      await daemon.waitFor(new RegExp(`^opened for ${home.address} by alice/laptop$`, "m"));
      if (!LiveNetwork.hasIPv6) return;
      await daemon.waitFor(new RegExp(`^opened for ${home.address6} by alice/laptop$`, "m"));
    },
  );

  test("of our client, after it imported its line, open a protected service until removal", async () => {
    const text = readFileSync(config, "utf8").replace(
      /start_command[\s\S]*again = rerun/,
      "open = tcp/2222\nopen_for = 1h\nprotect = yes",
    );
    folder.write("knockd.conf", text);
    const service = await server.listen(2222);
    const daemon = await start();
    await expect.poll(() => home.canConnect(server.address, 2222), patient).toBe("silent");
    const profiles = folder.at("knock.conf");
    const line = `sesame:#key=${alice.keyText}&host=${server.address}&port=${port}&door=ssh&name=home&wait=2222\n`;
    const knock = [
      process.execPath,
      join(import.meta.dirname, "../../bin/knock"),
      "--file",
      profiles,
    ];
    await home.run([...knock, "--import"], { input: line });
    await home.run([...knock, "--wait", "2222,20s", "home"]);
    expect(await home.canConnect(server.address, 2222)).toBe("open");
    expect(await elsewhere.canConnect(server.address, 2222)).toBe("silent");
    writeUsers(bob);
    daemon.signal("SIGHUP");
    await expect.poll(() => home.canConnect(server.address, 2222), patient).toBe("silent");
    service.signal("SIGKILL");
  });

  test("need the right to the door, and a key that is not removed", async () => {
    const daemon = await start();
    await send(home, bob.packet(Date.now(), { slot: 0 }));
    await daemon.waitFor(/ssh: knock of bob\/phone refused \(door\)/);
    await send(home, alice.packet(Date.now(), { slot: 0, door: "web" }));
    await daemon.waitFor(/knock of alice\/laptop refused \(door\)/);
    await send(home, alice.packet(Date.now(), { slot: 1 }));
    await daemon.waitFor(new RegExp(`^opened for ${home.address} by alice/laptop$`, "m"));
    writeUsers(bob);
    daemon.signal("SIGHUP");
    await daemon.waitFor(new RegExp(`^closed for ${home.address}$`, "m"));
    await send(home, alice.packet(Date.now(), { slot: 2 }));
    await send(home, bob.packet(Date.now(), { slot: 1 }));
    await expect.poll(() => count(daemon, /bob\/phone refused \(door\)/g), patient).toBe(2);
    expect(count(daemon, /OPEN SESAME/g)).toBe(1);
  });

  test("reach the door beside a flood of strangers", async () => {
    const daemon = await start();
    const flood = elsewhere.start([
      process.execPath,
      "-e",
      `const socket = require("node:dgram").createSocket("udp4");
      const payload = require("node:crypto").randomBytes(144);
      const send = () => socket.send(payload, ${port}, "${server.address}", () => setImmediate(send));
      send();`,
    ]);
    for (let slot = 0; slot < 3; slot++) {
      // Of a full ring the kernel drops packets of an owner, too. One that is sent again opens once.
      const packet = alice.packet(Date.now(), { slot });
      const sendAgain = async () => {
        await send(home, packet);
        return count(daemon, /OPEN SESAME/g);
      };
      await expect.poll(sendAgain, { ...patient, interval: 500 }).toBe(slot + 1);
    }
    flood.signal("SIGKILL");
    expect(daemon.output).not.toContain(elsewhere.address);
  });

  test("leave no secret in log, journal and answers", async () => {
    const daemon = await start();
    await send(home, alice.packet(Date.now()));
    await daemon.waitFor(/OPEN SESAME: alice\/laptop/);
    const asked = await Promise.all(
      ["status", "leases", "doors", "history"].map((command) =>
        server.run([...knockctl, "--socket", folder.at("control.sock"), command, "--json"]),
      ),
    );
    const state = folder.at("state");
    const files = readdirSync(state).map((name) => readFileSync(join(state, name), "latin1"));
    const all = [daemon.output, ...files, ...asked.map(({ stdout, stderr }) => stdout + stderr)];
    expect(all.join("\n")).toContain("alice/laptop");
    for (const text of [alice.lockText, alice.keyText]) {
      const bytes = Buffer.from(text.replace(/^\w+:/, ""), "base64url");
      for (const half of [bytes.subarray(0, 32), bytes.subarray(32, 64)]) {
        const spellings = (["hex", "base64", "base64url", "latin1"] as const).map((one) =>
          half.toString(one).slice(0, 20),
        );
        for (const spelling of spellings) expect(all.join("\n")).not.toContain(spelling);
      }
    }
  });
});
