// Knocks by key while the disk is full, the clock is wrong, or sources flood the port.
import { readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
} from "vitest";
import { KnockDevice } from "../support/knock-device.ts";
import type { LiveHost } from "./host.ts";
import { Folder, knockctl, knockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import type { Process } from "./process.ts";
import { needs } from "./requirements.ts";
import { run } from "./run.ts";

const port = 23_547;
const patient = { timeout: 30_000 };
const hour = 3_600_000;

/** Adds to the clock of a program of Node what a file says, in milliseconds. */
const clockShim = `
  import { readFileSync } from "node:fs";
  const now = Date.now;
  Date.now = () => now() + Number(readFileSync(process.env.CLOCK_OFFSET, "utf8"));
`;

/** Sends datagrams: the first argument is the host, standard input has a payload a line. */
const sender = `
  const socket = require("node:dgram").createSocket(process.argv[1].includes(":") ? "udp6" : "udp4");
  const lines = require("node:fs").readFileSync(0, "utf8").trim().split("\\n");
  const next = () => {
    const line = lines.shift();
    if (line === undefined) return socket.close();
    socket.send(Buffer.from(line, "hex"), ${port}, process.argv[1], next);
  };
  next();
`;

/** Sends datagrams that begin with one of these hints, until it is stopped. */
const flooder = `
  const socket = require("node:dgram").createSocket("udp4");
  const payload = require("node:crypto").randomBytes(144);
  const hints = process.argv.slice(2).map((text) => Buffer.from(text, "hex"));
  let sent = 0;
  const send = () => {
    hints[sent % hints.length].copy(payload);
    payload.writeUInt32LE(sent, 100);
    socket.send(payload, ${port}, process.argv[1], () => setImmediate(send));
    if (++sent === 2000) console.log("flooding");
  };
  send();
`;

describe.skipIf(needs())("knocks by key", () => {
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
  beforeEach(() => {
    folder = new Folder();
    const sections = [alice, bob].map(({ name, lockText }) => `[${name}]\nkey = ${lockText}\n`);
    folder.writePrivately("knockd.users", sections.join("\n"));
    configure(folder.at("state"));
  });
  afterEach(() => server.killAll());

  function configure(stateDir: string, ...options: readonly string[]): void {
    config = folder.write(
      "knockd.conf",
      [
        ...["[options]", `KnockPort = ${port}`, `Users = ${folder.at("knockd.users")}`],
        ...[`StateDir = ${stateDir}`, `ControlSocket = ${folder.at("control.sock")}`, ...options],
        ...["[ssh]", "users = alice, bob", "start_command = echo opened for %WHO%"],
        ...["stop_command = true", "cmd_timeout = 1h", "again = rerun", ""],
      ].join("\n"),
    );
  }

  async function start(env: Readonly<Record<string, string>> = {}): Promise<Process> {
    const daemon = server.start([...knockd, "-v", "-c", config], { env });
    await daemon.waitFor(/^listening on .*\.\.\.$/m);
    return daemon;
  }

  async function kill(daemon: Process): Promise<void> {
    daemon.signal("SIGKILL");
    await daemon.ended;
  }

  async function send(from: LiveHost, ...payloads: readonly Uint8Array[]): Promise<void> {
    const input = payloads.map((one) => Buffer.from(one).toString("hex")).join("\n");
    await from.run([process.execPath, "-e", sender, server.address], { input });
  }

  const count = (daemon: Process, words: string) => daemon.output.split(words).length - 1;
  const opened = (daemon: Process, { name }: KnockDevice) => count(daemon, `OPEN SESAME: ${name}`);
  const refused = (daemon: Process, check: string) => count(daemon, `refused (${check})`);

  /** The problems of `knockctl status`, by their codes. */
  async function problems(): Promise<readonly string[]> {
    const argv = [...knockctl, "--socket", folder.at("control.sock"), "status", "--json"];
    const { stdout } = await server.run(argv, { ok: [0, 3] });
    // As docs/control-protocol.md has it.
    const { status } = JSON.parse(stdout) as {
      readonly status: { readonly problems: readonly { readonly code: string }[] };
    };
    return status.problems.map(({ code }) => code);
  }

  describe("on a full disk", () => {
    const block = new Uint8Array(64 * 1024);

    /** A disk of 6 MB for StateDir. */
    async function makeDisk(...options: readonly string[]): Promise<Folder> {
      const disk = new Folder();
      await run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", disk.path]);
      onTestFinished(async () => {
        await server.killAll();
        await run(["umount", disk.path]);
      });
      configure(disk.at("state"), ...options);
      return disk;
    }

    /** Leaves not a byte. */
    function fill(disk: Folder): void {
      expect(() => {
        for (let i = 0; ; i++) writeFileSync(disk.at(`full-${i}`), block);
      }).toThrow("ENOSPC");
    }

    function free(disk: Folder): void {
      for (const name of readdirSync(disk.path))
        if (name.startsWith("full-")) rmSync(disk.at(name));
    }

    test("are written into the reserve, and used up after a crash, too", async () => {
      const disk = await makeDisk("OnJournalFailure = refuse");
      let daemon = await start();
      await send(home, alice.packet(Date.now(), { slot: 0 }));
      await expect.poll(() => opened(daemon, alice), patient).toBe(1);
      fill(disk);
      const packet = alice.packet(Date.now(), { slot: 1 });
      await send(home, packet);
      await expect.poll(() => opened(daemon, alice), patient).toBe(2);
      expect(await problems()).not.toContain("knock-journal");
      await kill(daemon);
      daemon = await start();
      await send(elsewhere, packet);
      await expect.poll(() => refused(daemon, "replay"), patient).toBe(1);
      await send(home, alice.packet(Date.now(), { slot: 2 }));
      await expect.poll(() => opened(daemon, alice), patient).toBe(1);
    });

    test("open nothing that is not written, and status says so", async () => {
      const disk = await makeDisk("OnJournalFailure = refuse");
      fill(disk);
      let daemon = await start();
      const lost = alice.packet(Date.now(), { slot: 0 });
      await send(home, lost);
      await expect.poll(() => refused(daemon, "journal"), patient).toBe(1);
      expect(opened(daemon, alice)).toBe(0);
      expect(await problems()).toContain("knock-journal");
      expect(daemon.output).toMatch(/no space left/i);

      free(disk);
      // knockd tries again a second after the last failure at the earliest.
      const packets: Buffer[] = [];
      const retry = async () => {
        packets.push(alice.packet(Date.now(), { slot: 1 + (packets.length % 3) }));
        await send(home, ...packets.slice(-1));
        return opened(daemon, alice);
      };
      await expect.poll(retry, { ...patient, interval: 500 }).toBeGreaterThan(0);
      await expect.poll(problems, patient).not.toContain("knock-journal");
      await kill(daemon);

      daemon = await start();
      await send(elsewhere, lost, ...packets);
      await send(home, bob.packet(Date.now()));
      await expect.poll(() => opened(daemon, bob), patient).toBe(1);
      expect(opened(daemon, alice)).toBe(0);
      expect(refused(daemon, "replay") + refused(daemon, "start")).toBe(1 + packets.length);
    });

    test("let an administrator in by default, and the log says what that means", async () => {
      const disk = await makeDisk();
      fill(disk);
      const daemon = await start();
      await send(home, alice.packet(Date.now()));
      await expect.poll(() => opened(daemon, alice), patient).toBe(1);
      expect(daemon.output).toContain("may open a door again after a restart");
      expect(await problems()).toContain("knock-journal");
    });
  });

  test("follow a clock that was ahead or went back, once it is right again", async () => {
    const shim = `--import=data:text/javascript,${encodeURIComponent(clockShim)}`;
    const env = { NODE_OPTIONS: shim, CLOCK_OFFSET: folder.at("offset") };
    const setClock = (offset: number) => {
      renameSync(folder.write("offset.new", String(offset)), folder.at("offset"));
    };
    setClock(0);
    const daemon = await start(env);
    const used: Buffer[] = [];
    const opens = async (device: KnockDevice, time: number, slot: number) => {
      const before = opened(daemon, device);
      const packet = device.packet(time, { slot });
      await send(home, packet);
      await expect.poll(() => opened(daemon, device), patient).toBe(before + 1);
      used.push(packet);
    };
    await opens(alice, Date.now(), 0);
    await opens(bob, Date.now(), 0);

    // Nine hours ahead: a device with the right time is refused, others open the door.
    setClock(9 * hour);
    const before = opened(daemon, alice);
    await send(home, alice.packet(Date.now(), { slot: 1 }));
    await opens(bob, Date.now() + 9 * hour, 1);
    expect(opened(daemon, alice)).toBe(before);
    await opens(alice, Date.now() + 9 * hour, 2);
    expect(await problems()).not.toContain("clock");

    // Right again: the honest devices are in at once, and status says what happened.
    setClock(0);
    await opens(alice, Date.now(), 2);
    await opens(bob, Date.now(), 2);
    expect(await problems()).toContain("clock");
    expect(daemon.output).toContain("warning: the clock went back, or was ahead: ");

    // An hour back: neither the right time nor what was used opens anything, nor what is older than the journal.
    setClock(-hour);
    const sum = opened(daemon, alice) + opened(daemon, bob);
    await send(home, alice.packet(Date.now(), { slot: 3 }));
    await send(elsewhere, ...used);
    await send(home, bob.packet(Date.now() - hour));
    await expect.poll(() => refused(daemon, "start"), patient).toBe(1);
    expect(opened(daemon, alice) + opened(daemon, bob)).toBe(sum);

    // Corrected: the honest devices are in, and what was used is not.
    setClock(0);
    await opens(alice, Date.now(), 0);
    await send(elsewhere, ...used);
    await opens(bob, Date.now(), 3);
    expect(opened(daemon, alice) + opened(daemon, bob)).toBe(sum + 2);
    expect(daemon.output).not.toContain(`${elsewhere.address}: ssh: OPEN`);
  });

  test("of an owner pass beside a flood that bears hints which were seen", async () => {
    const daemon = await start();
    const now = Date.now();
    const hintOf = (packet: Buffer) => packet.subarray(0, 8).toString("hex");
    const flood = async (hints: readonly string[]) => {
      const argv = [process.execPath, "-e", flooder, server.address, ...hints];
      const started = elsewhere.start(argv);
      await started.waitFor(/flooding/);
      return started;
    };
    // Of a full ring the kernel drops packets of an owner, too. One that is sent again opens once.
    const opens = async (device: KnockDevice, packet: Buffer, times: number) => {
      const sendAgain = async () => {
        await send(home, packet);
        return opened(daemon, device);
      };
      await expect.poll(sendAgain, { ...patient, interval: 500 }).toBe(times);
    };
    const first = alice.packet(now, { slot: 0 });
    await opens(alice, first, 1);

    // The next packet bears another hint.
    const one = await flood([hintOf(first)]);
    await opens(alice, alice.packet(now + 1, { slot: 1 }), 2);
    one.signal("SIGKILL");

    // With all four of a minute, the next minute is left, and other devices do not notice.
    const all = [0, 1, 2, 3].map((slot) => hintOf(alice.packet(now, { slot })));
    const four = await flood(all);
    await opens(bob, bob.packet(Date.now()), 1);
    await opens(alice, alice.packet(now + 60_000, { slot: 2 }), 3);
    four.signal("SIGKILL");
    expect(daemon.output).not.toContain(elsewhere.address);
    const argv = [...knockctl, "--socket", folder.at("control.sock"), "user", "show", alice.name];
    const { stdout } = await server.run([...argv, "--config", config]);
    expect(stdout).toMatch(/budget/);
  });
});
