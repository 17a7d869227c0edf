import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import type { PacketOptions, Recorded } from "../../../test/support/savefiles.ts";
import { bytes, ipPacket, join8, pcap, withFile } from "../../../test/support/savefiles.ts";
import { parseAddress } from "../../base/address.ts";
import type { Config } from "../../config/config.ts";
import { parseConfig } from "../../config/parse.ts";
import { Replay } from "./replay.ts";
import type { ReplayOptions, ReplaySummary } from "./replay-event.ts";

const wall = 1_800_000_000_000;
const syn = 2;
const ack = 16;

function config(...lines: string[]): Config {
  const { config, problems } = parseConfig(lines.join("\n"));
  if (config === undefined) throw new Error(JSON.stringify(problems));
  return config;
}

const ssh = [
  "[ssh]",
  "sequence = 7000,8000,9000:udp",
  "seq_timeout = 5",
  "tcpflags = syn,!ack",
  "start_command = open %IP%",
  "stop_command = close %IP%",
  "cmd_timeout = 10",
];

/** A packet at so many milliseconds after the first. */
function at(milliseconds: number, options: Partial<PacketOptions> & { port: number }): Recorded {
  const from = options.from ?? "192.0.2.7";
  const to = options.to ?? "192.0.2.1";
  return { wall: wall + milliseconds, data: ipPacket({ ...options, from, to }) };
}

const knock = (start: number, from?: string) => [
  at(start, { port: 7000, ...(from && { from }) }),
  at(start + 100, { port: 8000, ...(from && { from }) }),
  at(start + 200, { port: 9000, protocol: "udp", ...(from && { from }) }),
];

interface ReplayLines {
  readonly lines: readonly string[];
  readonly summary: ReplaySummary;
}

/** What a replay tells, a line an entry: its packet's number or `-`, the time, the text. */
async function replay(packets: readonly Recorded[], options: ReplayOptions): Promise<ReplayLines> {
  return await withFile(pcap(packets), async (path) => {
    const run = new Replay(path, options);
    const lines: string[] = [];
    for await (const { time, cause, entries } of run) {
      for (const { text } of entries) lines.push(`${cause?.number ?? "-"} ${time} ${text}`);
    }
    return { lines, summary: run.summary };
  });
}

describe("a replay tells", () => {
  test("a knock, and what closes the door again, at the time it was due", async () => {
    const { lines, summary } = await replay(knock(0), { config: config(...ssh) });
    expect(lines).toEqual([
      "1 0 192.0.2.7: ssh: Stage 1",
      "2 100 192.0.2.7: ssh: Stage 2",
      "3 200 192.0.2.7: ssh: Stage 3",
      "3 200 192.0.2.7: ssh: OPEN SESAME",
      "3 200 ssh: would run: open 192.0.2.7",
      "- 10200 192.0.2.7: ssh: command timeout",
      "- 10200 ssh: would run: close 192.0.2.7",
    ]);
    expect(summary).toMatchObject({ packets: 3, firstWall: wall, truncated: undefined });
  });

  test("of each packet why it made no difference", async () => {
    const same = { port: 7000, sequence: 5, mayRepeat: true };
    const packets = [
      at(0, { port: 8000 }),
      at(10, { port: 7000, flags: ack }),
      at(20, same),
      at(30, same),
      at(40, { port: 7000, sourcePort: 1 }),
      at(50, { port: 22 }),
      at(60, { port: 9000, protocol: "udp" }),
    ];
    expect((await replay(packets, { config: config(...ssh) })).lines).toEqual([
      "1 0 192.0.2.7: ssh: step 2 of the sequence, but no knock is under way: it begins with 7000:tcp",
      "2 10 packet is not SYN,!ACK, ignoring...",
      "3 20 192.0.2.7: ssh: Stage 1",
      "4 30 packet was seen before, ignoring...",
      "5 40 192.0.2.7: ssh: Stage 1 again",
      "7 60 192.0.2.7: ssh: knock failed at stage 1: another port came in between",
    ]);
  });

  test("who touches decoys, and that a scanner is ignored", async () => {
    const packets = [7000, 7001, 6999, 6998, 7000].map((port, i) => at(i, { port }));
    expect((await replay(packets, { config: config(...ssh) })).lines).toEqual([
      "1 0 192.0.2.7: ssh: Stage 1",
      "2 1 192.0.2.7: ssh: knock failed at stage 1: a decoy came in between",
      "2 1 192.0.2.7: ssh: touched a decoy",
      "3 2 192.0.2.7: ssh: touched a decoy",
      "4 3 192.0.2.7: touched three decoys within a minute, ignored for a minute",
      "5 4 192.0.2.7: knocks, but is ignored for 1m more",
    ]);
    const none = await replay(packets, { config: config(...ssh, "decoys = 0") });
    expect(none.summary.unseen).toEqual(new Map([["other-port", 3]]));
  });

  test("a port that a door wants by the other protocol", async () => {
    const packets = [at(0, { port: 7000, protocol: "udp" }), at(1, { port: 22 })];
    const { lines, summary } = await replay(packets, { config: config(...ssh, "decoys = 0") });
    expect(lines).toEqual(["1 0 192.0.2.7: no door has port 7000:udp: 'ssh' wants 7000:tcp"]);
    expect(summary.unseen).toEqual(new Map([["other-port", 2]]));
  });

  test("of each door that has the port, also where another one saw it", async () => {
    const other = ["[web]", "sequence = 8000,7000", "tcpflags = fin", "command = x"];
    const away = ["[away]", "sequence = 7000,1", "target = 192.0.2.99", "command = x"];
    const { lines } = await replay([at(0, { port: 7000 })], {
      config: config(...ssh, ...other, ...away),
    });
    expect(lines.slice(0, 3)).toEqual([
      "1 0 192.0.2.7: ssh: Stage 1",
      "1 0 packet is not FIN, ignoring...",
      "1 0 packet is not for this host or the door's target, ignoring...",
    ]);
  });

  test("a knock that came too late when it was too late, by the packets' clock", async () => {
    const packets = [at(0, { port: 7000 }), at(9000, { port: 8000 })];
    const { lines } = await replay(packets, { config: config(...ssh) });
    expect(lines).toEqual([
      "1 0 192.0.2.7: ssh: Stage 1",
      expect.stringMatching(/^- 60\d\d(?:\.\d+)? 192.0.2.7: ssh: sequence timeout \(stage 1\)$/),
      "2 9000 192.0.2.7: ssh: step 2 of the sequence, but no knock is under way: it begins with 7000:tcp",
    ]);
  });

  test("a second knock that extends a lease, and one after its end", async () => {
    const packets = [...knock(0), ...knock(5000), ...knock(20_000)];
    const { lines } = await replay(packets, { config: config(...ssh) });
    expect(lines.filter((line) => /would run|stays|timeout/.test(line))).toEqual([
      "3 200 ssh: would run: open 192.0.2.7",
      "6 5200 192.0.2.7: ssh: open already, stays open longer",
      "- 15200 192.0.2.7: ssh: command timeout",
      "- 15200 ssh: would run: close 192.0.2.7",
      "9 20200 ssh: would run: open 192.0.2.7",
      "- 30200 192.0.2.7: ssh: command timeout",
      "- 30200 ssh: would run: close 192.0.2.7",
    ]);
  });

  test("what falls due between two packets, in the order of its time", async () => {
    const packets = [...knock(0, "192.0.2.8"), ...knock(1000), at(60_000, { port: 22 })];
    const { lines } = await replay(packets, { config: config(...ssh) });
    expect(lines.filter((line) => line.startsWith("-"))).toEqual([
      "- 10200 192.0.2.8: ssh: command timeout",
      "- 10200 ssh: would run: close 192.0.2.8",
      "- 11200 192.0.2.7: ssh: command timeout",
      "- 11200 ssh: would run: close 192.0.2.7",
    ]);
  });
});

describe("options", () => {
  test("one source: only it is told, also where no door has its port; the others count", async () => {
    const source = parseAddress("192.0.2.7");
    if (source === undefined) throw new Error();
    const packets = [...knock(0, "192.0.2.8"), at(300, { port: 22 }), ...knock(1000)];
    const { lines, summary } = await replay(packets, { config: config(...ssh), source });
    expect(lines.slice(0, 2)).toEqual([
      "4 300 192.0.2.7: no door has port 22:tcp",
      "5 1000 192.0.2.7: ssh: Stage 1",
    ]);
    expect(lines.filter((line) => line.includes("192.0.2.8"))).toEqual([]);
    expect([...summary.unseen]).toEqual([["other-port", 1]]);
  });

  test("the addresses of the host", async () => {
    const addresses = [parseAddress("192.0.2.2")].flatMap((address) => address ?? []);
    const packets = [at(0, { port: 7000 }), at(1, { port: 7000, to: "192.0.2.2" })];
    expect(
      (await replay(packets, { config: config(...ssh), addresses })).lines.slice(0, 2),
    ).toEqual([
      "1 0 packet is not for this host or the door's target, ignoring...",
      "2 1 192.0.2.7: ssh: Stage 1",
    ]);
  });

  test("IPv4 only", async () => {
    const six = { from: "2001:db8::7", to: "2001:db8::1", port: 7000 };
    const packets = [at(0, six)];
    const all = await replay(packets, { config: config(...ssh) });
    expect(all.lines[0]).toBe("1 0 2001:db8::7: ssh: Stage 1");
    const { lines, summary } = await replay(packets, { config: config(...ssh), onlyIpv4: true });
    expect(lines).toEqual([]);
    expect([...summary.unseen]).toEqual([["ipv6", 1]]);
  });
});

test("what is no TCP or UDP packet is counted by reason", async () => {
  const tcp = ipPacket({ from: "192.0.2.7", to: "192.0.2.1", port: 7000 });
  const patch = (offset: number, value: number) => tcp.with(offset, value);
  const six = ipPacket({ from: "2001:db8::7", to: "2001:db8::1", port: 7000 });
  const packets = [
    patch(9, 1),
    patch(7, 1),
    patch(0, 0x15),
    patch(0, 0x4f),
    tcp.subarray(0, 19),
    new Uint8Array(),
    six.with(6, 58),
    six.with(6, 44).fill(255, 40),
    six.subarray(0, 39),
    six.with(6, 0),
  ].map((data, i) => ({ wall: wall + i, data }));
  const { lines, summary } = await replay(packets, { config: config(...ssh) });
  expect(lines).toEqual([]);
  expect(Object.fromEntries(summary.unseen)).toEqual({
    "other-protocol": 2,
    fragment: 2,
    "not-ip": 1,
    malformed: 5,
  });
});

test("two runs tell the same", async () => {
  const packets = Array.from({ length: 300 }, (_, i) =>
    at(i * 37, { port: [7000, 8000, 9000, 22][(i * 7) % 4] ?? 0, from: `192.0.2.${i % 9}` }),
  );
  const [first, second] = await Promise.all([
    replay(packets, { config: config(...ssh) }),
    replay(packets, { config: config(...ssh) }),
  ]);
  expect(first.lines.length).toBeGreaterThan(100);
  expect(first).toEqual(second);
});

test("a file that breaks off is told up to there; one that is damaged as well, and then it throws", async () => {
  const whole = pcap(knock(0));
  await withFile(whole.subarray(0, whole.length - 1), async (path) => {
    const run = new Replay(path, { config: config(...ssh) });
    let events = 0;
    for await (const _ of run) events++;
    expect(events).toBe(3);
    expect(run.summary).toMatchObject({ packets: 2, truncated: "the file ends within a packet" });
  });
  const damaged = whole.slice();
  damaged.set(bytes("u32", 0xffffffff), 24 + 56 + 8);
  await withFile(damaged, async (path) => {
    let events = 0;
    const reading = (async () => {
      for await (const _ of new Replay(path, { config: config(...ssh) })) events++;
    })();
    await expect(reading).rejects.toMatchObject({ code: "CAPTURE" });
    expect(events).toBe(1);
  });
});

describe("a hostile file is told, or refused as a file", () => {
  const corpus = join(import.meta.dirname, "../../../test/corpus/savefile");
  test.each(readdirSync(corpus).filter((name) => /\.pcap(?:ng)?$/.test(name)))(
    "%s",
    async (name) => {
      try {
        for await (const { time, wall, entries } of new Replay(join(corpus, name), {
          config: config(...ssh),
        })) {
          expect(entries.length).toBeGreaterThan(0);
          expect(new Date(wall ?? time).toISOString()).toMatch(/^\+?\d{4,6}-/);
        }
      } catch (error) {
        expect(error).toMatchObject({ name: "KnockError", code: "CAPTURE" });
      }
    },
  );
});

describe("one-time sequences", () => {
  const directory = mkdtempSync(join(tmpdir(), "sesame-test-"));
  afterAll(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "list");
  const door = ["[once]", `one_time_sequences = ${file}`, "command = x", "tcpflags = syn"];

  test("are used up one after the other, but not in the file itself", async () => {
    writeFileSync(file, "7000,8000\nno sequence\n7001,8001\n");
    const packets = [7000, 8000, 7000, 8000, 7001, 8001, 7001].map((port, i) =>
      at(i * 100, { port, flags: syn }),
    );
    const { lines } = await replay(packets, { config: config(...door) });
    expect(lines.filter((line) => /OPEN|new seq|skipped|no more/.test(line))).toEqual([
      expect.stringContaining(`- 0 warning: door once: ${file}:2:`),
      "- 0 new sequence for door once: 7000:tcp,8000:tcp",
      "2 100 192.0.2.7: once: OPEN SESAME",
      "2 100 new sequence for door once: 7001:tcp,8001:tcp",
      "6 500 192.0.2.7: once: OPEN SESAME",
      "6 500 no more sequences left in the one time sequences file for door once --> disabling the door",
    ]);
    expect(readFileSync(file, "utf8")).toBe("7000,8000\nno sequence\n7001,8001\n");
  });

  test("leave nothing behind, also where nobody reads to the end", async () => {
    writeFileSync(file, "7000,8000\n");
    const path = join(directory, "file.pcap");
    writeFileSync(path, pcap(knock(0)));
    vi.stubEnv("TMPDIR", directory);
    try {
      for await (const _ of new Replay(path, { config: config(...door) })) {
        expect(readdirSync(directory).sort()).toEqual(["file.pcap", "list"]);
        break;
      }
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test("a file that is not there disables the door, as in the daemon", async () => {
    rmSync(file);
    const { lines } = await replay([at(0, { port: 7000 })], { config: config(...door) });
    expect(lines).toEqual([expect.stringContaining(`cannot read ${file}`)]);
  });
});

describe("packets that cannot have come from another host", () => {
  const one = config("[one]", "sequence = 7000", "command = x %IP%");
  const lo = (packets: readonly Recorded[]) =>
    packets.map(({ wall, data }) => {
      return { wall, data: join8(new Uint8Array(12), bytes("u16", 0x0800), data) };
    });
  const from = (address: string) => at(0, { port: 7000, from: address });

  test("are told as such, and knock where the recording is of the loopback interface", async () => {
    const sources = ["127.0.0.1", "240.0.0.1", "0.0.0.1", "192.0.2.1", "192.0.2.7"];
    const packets = sources.map(from);
    const addresses = [parseAddress("192.0.2.1")].filter((own) => own !== undefined);
    const wire = await replay(packets, { config: one, addresses });
    expect(Object.fromEntries(wire.summary.unseen)).toEqual({ martian: 4 });
    const anywhere = await replay(packets, { config: one });
    expect(Object.fromEntries(anywhere.summary.unseen)).toEqual({ martian: 3 });
    await withFile(pcap(lo(packets), { linkType: 1 }), async (path) => {
      const run = new Replay(path, { config: one, addresses });
      for await (const _ of run);
      expect(Object.fromEntries(run.summary.unseen)).toEqual({ martian: 1 });
    });
  });
});
