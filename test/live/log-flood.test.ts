import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Address } from "../../src/base/address.ts";
import { address, tcpPacket } from "../support/packets.ts";
import { Folder, knockctl, knockd } from "./knockd.ts";
import { Process } from "./process.ts";
import { needs } from "./requirements.ts";
import { run } from "./run.ts";
import { Wire } from "./wire.ts";

const us = address("192.0.2.1");
const alice = "192.0.2.7";

/** Forged packets, each from another address: as many as the ring holds, however slow this machine is. */
const packets = 60_000;

/** Sent in one go, before anything else has its turn. */
const burst = 500;

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

interface Line {
  readonly time: string;
  readonly event: string;
  readonly source?: string;
  readonly stage?: number;
  readonly lines?: number;
  readonly message: string;
}

describe.skipIf(needs())("a flood of first steps", () => {
  let wire: Wire;
  let daemon: Process;
  beforeAll(async () => {
    wire = await Wire.lay();
    await run(["ip", "address", "add", "192.0.2.1/24", "dev", wire.near]);
  });
  afterAll(() => wire?.close());
  afterEach(() => daemon.signal("SIGKILL"));

  async function listen(
    folder: Folder,
    options: readonly string[] = [],
    flags: readonly string[] = [],
  ): Promise<void> {
    const text = [
      "[options]",
      "LogFormat = json",
      `LogFile = ${folder.at("k.log")}`,
      `StateDir = ${folder.path}`,
      `ControlSocket = ${folder.at("c.sock")}`,
      ...options,
      "[ssh]",
      "sequence = 7000,8000,9000,7500",
      "seq_timeout = 2",
      "tcpflags = syn",
      "command = echo opened %IP%",
    ].join("\n");
    daemon = new Process([...knockd, "-v", "-c", folder.write("knockd.conf", text), ...flags]);
    await daemon.waitFor(/^listening on/m);
  }

  /** Sends so many forged packets, and what `between` sends after each tenth of them. */
  async function flood(count: number, between: (tenth: number) => void): Promise<void> {
    for (let sent = 0; sent < count; sent += burst) {
      for (let i = sent; i < sent + burst; i++) {
        const source = Address.v4(0x0a000000 + i);
        wire.send(tcpPacket({ source, destination: us }, { port: 7000, sequence: i }));
      }
      if ((sent + burst) % (count / 10) === 0) between((sent + burst) / (count / 10));
      await sleep(5);
    }
  }

  const knock = (port: number) =>
    wire.send(tcpPacket({ source: address(alice), destination: us }, { port }));

  /** Ends the daemon, and reads what it wrote. */
  async function linesOf(folder: Folder): Promise<Line[]> {
    daemon.signal("SIGTERM");
    await daemon.ended;
    const lines = folder.read("k.log").split("\n").filter(Boolean);
    return lines.map((line) => JSON.parse(line) as Line);
  }

  async function captured(folder: Folder): Promise<{ received: number; dropped: number }> {
    const socket = folder.at("c.sock");
    const { stdout } = await run([...knockctl, "status", "--json", "--socket", socket]);
    return JSON.parse(stdout).status.capture;
  }

  test("writes at most 50 lines a second and counts the others; a knock meanwhile is told in full", async () => {
    const folder = new Folder();
    await listen(folder);
    await flood(packets, (tenth) => {
      if (tenth === 8) {
        knock(7000);
        knock(8000);
      }
      if (tenth === 9) knock(9000);
      if (tenth === 10) knock(7500);
    });
    await daemon.waitFor(new RegExp(`^opened ${alice}$`, "m"));
    // All attempts of strangers end, which is told, too, or left out.
    await sleep(5000);
    const { received, dropped } = await captured(folder);
    const lines = await linesOf(folder);

    const ofStrangers = lines.filter(({ event, source }) => {
      return event === "left-out" || (source !== undefined && source !== alice);
    });
    const further = lines.filter(({ source, stage }) => source === alice && Number(stage) < 4);
    const perSecond = new Map<string, number>();
    for (const { time } of [...ofStrangers, ...further]) {
      const second = time.slice(0, 19);
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
    }
    expect(perSecond.size).toBeGreaterThan(2);
    expect(Math.max(...perSecond.values())).toBeLessThanOrEqual(50);
    expect(Math.max(...perSecond.values())).toBeGreaterThan(35);

    const sums = lines.filter(({ event }) => event === "left-out");
    const leftOut = sums.reduce((sum, one) => sum + Number(one.lines), 0);
    const seconds = sums.map(({ time }) => time.slice(0, 19));
    expect(sums.length).toBeLessThanOrEqual(new Set(seconds).size + 1);
    expect(received).toBe(packets + 4);
    // Each of them took a first step, and was too late in the end. Alice's first step is one line more.
    const told =
      ofStrangers.length - sums.length + further.filter(({ stage }) => stage === 1).length;
    expect(dropped).toBe(0);
    expect(told + leftOut).toBe(2 * packets + 1);

    const hers = lines.filter(({ message }) => message.includes(alice)).map((one) => one.message);
    expect(hers.filter((text) => !text.endsWith("Stage 1"))).toEqual([
      `${alice}: ssh: Stage 2`,
      `${alice}: ssh: Stage 3`,
      `${alice}: ssh: Stage 4`,
      `${alice}: ssh: OPEN SESAME`,
      `ssh: running command: echo opened ${alice}`,
    ]);
  });

  test("does not stall a daemon that shows every packet: it shows a thousand lines a second", async () => {
    const folder = new Folder();
    const begin = performance.now();
    await listen(folder, [], ["-D"]);
    await flood(packets, (tenth) => {
      if (tenth === 9) for (const port of [7000, 8000, 9000, 7500]) knock(port);
    });
    await daemon.waitFor(new RegExp(`^${alice}: ssh: OPEN SESAME$`, "m"));
    await daemon.waitFor(new RegExp(`^opened ${alice}$`, "m"));
    const seconds = Math.ceil((performance.now() - begin) / 1000) + 1;
    const shown = daemon.stdout.split("\n").length;
    expect(shown).toBeGreaterThan(1000);
    // Beside them is what is said of the start and of the knock.
    expect(shown).toBeLessThan(1000 * seconds + 50);
    expect(daemon.stdout).toMatch(/^[\d,]+ lines about unauthenticated sources were left out/m);
  });

  test("without a limit writes a line a packet", async () => {
    const folder = new Folder();
    await listen(folder, ["LogRate = 0"]);
    await flood(5000, () => {});
    await sleep(5000);
    const lines = await linesOf(folder);
    expect(lines.filter(({ event }) => event === "stage")).toHaveLength(5000);
    expect(lines.filter(({ event }) => event === "left-out")).toEqual([]);
  });
});
