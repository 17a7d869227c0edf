// The doors that the kernel opens by itself, against those that the matcher opens.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Address } from "../../src/base/address.ts";
import { systemClock } from "../../src/base/clock.ts";
import { monotonic } from "../../src/base/time.ts";
import { Host } from "../../src/capture/host.ts";
import { namedServices } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { kernelDoorsOf } from "../../src/daemon/configured-kernel-doors.ts";
import { Doors } from "../../src/daemon/doors.ts";
import { decode } from "../../src/decode/decode.ts";
import { isMartian } from "../../src/decode/martian.ts";
import type { KernelDoors } from "../../src/firewall/nftables/kernel-doors.ts";
import { compiledDoors } from "../../src/firewall/nftables/kernel-doors.ts";
import { NftablesFirewall } from "../../src/firewall/nftables/nftables.ts";
import { Matcher } from "../../src/match/matcher.ts";
import { SeededRandom } from "../differential/random.ts";
import { tries } from "../support/effort.ts";
import { MemoryLog } from "../support/memory-log.ts";
import { address, frameOf, mss, tcpPacket } from "../support/packets.ts";
import type { PacketRow } from "./kernel-rows.ts";
import { randomRow } from "./kernel-rows.ts";
import { removeTable } from "./native-doors.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";
import { run } from "./run.ts";
import { Wire } from "./wire.ts";

const one = `
[ssh]
sequence = 7003,9140,8455
tcpflags = syn,!ack
open = tcp/22, icmp
seq_timeout = 20
protect = yes
`;

const three = `
[ssh]
sequence = 7003,9140,8455
tcpflags = syn
open = tcp/22
protect = yes
[web]
sequence = 11003:udp,12140,13455:udp,14777
tcpflags = syn
deny = 10.66.1.0/24, 10.66.0.0/16, fd66:1::/64
open = tcp/443
[long]
sequence = 15003,15203,15403,15603,15803,16003,16203,16403
open = tcp/22, udp/1000
seq_timeout = 60
[single]
sequence = 20001
tcpflags = fin,!syn
decoys = 0
open = tcp/22
protect = yes
[near]
sequence = 40000,40010:udp
allow = 10.0.0.0/8, fd99::/16
open = tcp/443, tcp/22
[command]
sequence = 17003,9140,12999
tcpflags = syn
command = true
[behind]
sequence = 18003,12998
target = 10.88.0.9, fd88::/64
open = tcp/91
[later]
sequence = 18004,7003
tcpflags = syn
open = tcp/92
`;

interface KernelBed {
  readonly doors: Doors;
  readonly kernel: KernelDoors;
  readonly firewall: NftablesFirewall;
}

describe.skipIf(needs("nft"))("doors in the kernel", () => {
  let wire: Wire;
  let host: Host;
  let bed: KernelBed | undefined;

  beforeAll(async () => {
    wire = await Wire.lay();
    if (LiveNetwork.hasIPv6) await run(["sysctl", "-q", "-w", "net.ipv6.conf.near.disable_ipv6=0"]);
    await run(["ip", "address", "add", "10.77.0.1/24", "dev", "near"]);
    if (LiveNetwork.hasIPv6) {
      await run(["ip", "address", "add", "fd77::1/64", "dev", "near", "nodad"]);
    }
    host = new Host(systemClock);
    host.refresh();
  });
  afterEach(async () => {
    if (bed !== undefined) await removeTable(bed.firewall);
    bed = undefined;
  });
  afterAll(() => wire?.close());

  async function load(text: string, onlyIpv4 = false): Promise<KernelBed> {
    const { config, problems } = parseConfig(text);
    if (config === undefined) throw new Error(problems.map(({ message }) => message).join());
    const resolve = (targets: readonly unknown[]) =>
      targets.filter((one) => typeof one === "object");
    const doors = new Doors(config.doors, resolve as never, new MemoryLog());
    const kernel = kernelDoorsOf(doors, { interfaces: config.options.interfaces }, onlyIpv4);
    let refusal: Error | undefined;
    const parts = {
      table: "sesame",
      onLoss: () => {},
      onProblem: () => {},
      kernelDoors: () => kernel,
      onKernelDoors: (result: { refusal: Error | undefined }) => {
        refusal = result.refusal;
      },
    };
    const services = config.doors.flatMap(namedServices);
    const firewall = await NftablesFirewall.start(parts, services);
    bed = { doors, kernel, firewall };
    expect(refusal).toBe(undefined);
    return bed;
  }

  /** The names of the doors that the kernel has opened, for each source. */
  async function opened({ firewall, kernel }: KernelBed): Promise<Map<string, Set<string>>> {
    await sleep(200);
    const found = new Map<string, Set<string>>();
    const names = new Map(compiledDoors(kernel).map(({ key, name }) => [key, name]));
    for (const { source, door } of firewall.knocked.list()) {
      const text = `${source}`;
      found.set(text, (found.get(text) ?? new Set()).add(names.get(door) ?? door));
    }
    return found;
  }

  /** Those of the doors that the kernel knows which the matcher opens, for each source. */
  function matched(
    { doors, kernel }: KernelBed,
    rows: readonly Pick<PacketRow, "packets">[],
    onlyIpv4 = false,
  ) {
    const matcher = new Matcher({ maxAttempts: 100_000, isOurs: (other) => host.has(other) });
    matcher.setDoors(doors.matchable, doors.decoys);
    const names = new Set(compiledDoors(kernel).map(({ name }) => name));
    const found = new Map<string, Set<string>>();
    let count = 0;
    for (const bytes of rows.flatMap(({ packets }) => packets)) {
      const packet = decode(frameOf(bytes, { time: monotonic(++count / 100) }));
      if (
        packet === undefined ||
        isMartian(packet, wire.index("near"), (source, index) => host.isLocalSource(source, index))
      )
        continue;
      if (onlyIpv4 && packet.source.family === 6) continue;
      for (const verdict of matcher.hit(packet)) {
        if (verdict.kind !== "open") continue;
        const name = doors.find(verdict.door)?.config.name ?? "";
        if (!names.has(name)) continue;
        const text = `${packet.source}`;
        const all = (found.get(text) ?? new Set()).add(name);
        found.set(text, all);
      }
    }
    return found;
  }

  const minus = (a: ReadonlySet<string> = new Set(), b: ReadonlySet<string> = new Set()) =>
    [...a].filter((one) => !b.has(one));

  /** Of a text for each row: what the kernel alone opened, and what the matcher alone. */
  function compare(
    rows: readonly PacketRow[],
    kernel: Map<string, Set<string>>,
    expected: Map<string, Set<string>>,
  ) {
    const describe = (source: Address, what: readonly string[]) => {
      const row = rows.find((other) => other.source.equals(source));
      const bytes = row?.packets.map((packet) => Buffer.from(packet).toString("hex"));
      return `${source} ${what.join()}: ${bytes?.join(" ")}`;
    };
    const sources = [...new Map(rows.map(({ source }) => [`${source}`, source])).entries()];
    const differences = (a: Map<string, Set<string>>, b: Map<string, Set<string>>) =>
      sources.flatMap(([text, source]) => {
        const more = minus(a.get(text), b.get(text));
        return more.length === 0 ? [] : [describe(source, more)];
      });
    return { unsound: differences(kernel, expected), missed: differences(expected, kernel) };
  }

  async function sendAll(groups: readonly (readonly Uint8Array[])[]): Promise<void> {
    for (const [nth, packets] of groups.entries()) {
      if (packets.length > 0) wire.send(...packets);
      // The queue of a processor holds 1,000 packets, which a busy one drops beyond that.
      if (nth % 20 === 0) await sleep(1);
    }
  }

  const fresh = Date.now() & 0x7fffffff;

  describe.each([
    ["a fixed seed", 13],
    [`the seed ${fresh}`, fresh],
  ])("with %s", (_, seed) => {
    test.each([
      ["one door", one, false, false],
      ["one door of several at a time", three, false, false],
      ["several doors at a time", three, true, false],
      ["IPv4 alone", three, false, true],
    ])("open what the matcher opens: %s", async (_what, text, mixed, onlyIpv4) => {
      const loaded = await load(text, onlyIpv4);
      const compiled = compiledDoors(loaded.kernel);
      const random = new SeededRandom(seed, mixed ? 1 : 0, text.length);
      const rows = Array.from({ length: tries(2000) }, (_row, nth) =>
        randomRow(random, nth, mixed ? loaded.kernel.doors : compiled, { mixed }),
      );
      await sendAll(rows.map(({ packets }) => packets));
      const kernel = await opened(loaded);
      const expected = matched(loaded, rows, onlyIpv4);
      const { unsound, missed } = compare(rows, kernel, expected);
      console.log(
        `${rows.length} rows: ${expected.size} sources by the matcher, ${kernel.size} by the kernel, ${missed.length} missed`,
      );
      expect(unsound).toEqual([]);
      expect(kernel.size).toBeGreaterThan(rows.length / 20);
      if (!mixed) expect(missed.slice(0, 5)).toEqual([]);
    });

    test("open nothing else where rules are loaded between the packets of a knock", async () => {
      const loaded = await load(three);
      const { firewall, kernel } = loaded;
      const random = new SeededRandom(seed, 2);
      const rows = Array.from({ length: tries(1000) }, (_row, nth) =>
        randomRow(random, nth, kernel.doors, { mixed: true }),
      );
      // As they were sent: some rows have the same source.
      const sent: Uint8Array[] = [];
      for (let from = 0; from < rows.length; from += 200) {
        const halves = rows.slice(from, from + 200).map(({ packets }) => {
          const half = random.from(0, packets.length);
          return [packets.slice(0, half), packets.slice(half)] as const;
        });
        const [first, second] = [halves.map(([one]) => one), halves.map(([, one]) => one)];
        await sendAll(first);
        await firewall.protect(firewall.listProtected());
        await sendAll(second);
        sent.push(...first.flat(), ...second.flat());
      }
      const found = await opened(loaded);
      const expected = matched(loaded, [{ packets: sent }]);
      expect(compare(rows, found, expected).unsound).toEqual([]);
      expect(found.size).toBeGreaterThan(rows.length / 20);
    });
  });

  test("a decoy of a door with a target means nothing at other addresses", async () => {
    const loaded = await load(three);
    const { doors } = loaded.kernel;
    const numbersOf = (isFar: boolean) =>
      doors
        .filter(({ target }) => (target !== undefined) === isFar)
        .flatMap(({ decoys }) => decoys.map(({ number }) => number));
    const near = numbersOf(false);
    const far = numbersOf(true).find((number) => !near.includes(number));
    const source = Address.v4(0x0a640001);
    const ports = [15003, far ?? 0, 15203, 15403, 15603, 15803, 16003, 16203, 16403];
    const packets = ports.map((port, i) =>
      tcpPacket({ source, destination: address("10.77.0.1") }, { port, sequence: i, options: mss }),
    );
    wire.send(...packets);
    expect(matched(loaded, [{ packets }]).get(`${source}`)).toEqual(new Set(["long"]));
    expect((await opened(loaded)).get(`${source}`)).toEqual(new Set(["long"]));
  });

  test("a packet with TCP options is no retransmission of one without", async () => {
    const loaded = await load(three);
    const ends = { source: Address.v4(0x0a640002), destination: address("10.77.0.1") };
    const first = { port: 7003, sequence: 1, options: mss };
    const second = { port: 9140, sequence: 2 };
    const packets = [
      tcpPacket(ends, second),
      tcpPacket(ends, first),
      tcpPacket(ends, { ...second, options: mss }),
      tcpPacket(ends, { port: 8455, sequence: 3, options: mss }),
    ];
    wire.send(...packets);
    const source = `${ends.source}`;
    expect(matched(loaded, [{ packets }]).get(source)).toEqual(new Set(["ssh"]));
    expect((await opened(loaded)).get(source)).toEqual(new Set(["ssh"]));
  });

  describe("with time", () => {
    const text = `
      [ssh]
      sequence = 7003,9140,8455
      tcpflags = syn
      seq_timeout = 2
      open = tcp/22
      open_for = 1s
    `;
    let sequence = 0xf0000000;
    const syn = (source: Address, port: number, options = mss) =>
      tcpPacket(
        { source, destination: address("10.77.0.1") },
        { port, sequence: ++sequence, options },
      );

    /** Names of what happens, when each packet is sent (milliseconds), and whether the door opens. */
    const cases: [
      name: string,
      times: readonly (readonly [number, number | "again"])[],
      opens: boolean,
    ][] = [
      [
        "within the time",
        [
          [0, 7003],
          [900, 9140],
          [1800, 8455],
        ],
        true,
      ],
      [
        "too late",
        [
          [0, 7003],
          [900, 9140],
          [2200, 8455],
        ],
        false,
      ],
      [
        "a first step again begins anew",
        [
          [0, 7003],
          [1500, 7003],
          [2500, 9140],
          [3200, 8455],
        ],
        true,
      ],
      [
        "a later step again does not",
        [
          [0, 7003],
          [1500, 9140],
          [1900, 9140],
          [2400, 8455],
        ],
        false,
      ],
      [
        "what is over is not revived",
        [
          [0, 7003],
          [1800, 9140],
          [2500, 7003],
          [2600, 8455],
        ],
        false,
      ],
      [
        "a first step that its system sends again",
        [
          [0, 7003],
          [900, 9140],
          [1000, "again"],
          [1100, 8455],
        ],
        true,
      ],
    ];

    test("a knock has its time, and what it opened, too", async () => {
      const loaded = await load(text);
      const sources = cases.map((_, i) => Address.v4(0x0a620001 + i));
      const first = sources.map((source) => syn(source, 7003));
      const events = cases
        .flatMap(([, times], i) => times.map(([time, port]) => ({ time, port, i })))
        .sort((a, b) => a.time - b.time);
      const begin = performance.now();
      const found = new Set<string>();
      const collect = () => {
        for (const { source } of loaded.firewall.knocked.list()) found.add(`${source}`);
      };
      for (const { time, port, i } of events) {
        await sleep(Math.max(0, begin + time - performance.now()));
        const source = sources[i] as Address;
        const isFirst = port === "again" || (port === 7003 && time === 0);
        wire.send(isFirst ? (first[i] as Uint8Array) : syn(source, port as number));
        await sleep(2);
        collect();
      }
      expect(cases.map(([name], i) => [name, found.has(`${sources[i]}`)])).toEqual(
        cases.map(([name, , opens]) => [name, opens]),
      );
      await sleep(1500);
      expect(loaded.firewall.knocked.list()).toEqual([]);
    });

    test("a second knock makes it longer, and each door to a service has its own time", async () => {
      const more = "[long]\nsequence = 100,200\nopen = tcp/22\nopen_for = 1m\ndecoys = 0\n";
      const loaded = await load(`${text.replace("1s", "10s")}${more}`);
      const source = address("10.98.0.1");
      const left = (length: number) =>
        loaded.firewall.knocked.list().find((one) => one.length === length)?.milliseconds ?? 0;
      const knock = async (...ports: readonly number[]) => {
        for (const port of ports) wire.send(syn(source, port));
        await sleep(50);
      };
      await knock(7003, 9140, 8455);
      expect(left(10_000)).toBeGreaterThan(0);
      expect(left(60_000)).toBe(0);
      await sleep(500);
      const shorter = left(10_000);
      await knock(100, 200);
      expect(left(60_000)).toBeGreaterThan(50_000);
      expect(left(10_000)).toBeLessThanOrEqual(shorter);
      await knock(7003, 9140, 8455);
      expect(left(10_000)).toBeGreaterThan(shorter);
      loaded.firewall.knocked.closeAll({ source });
      expect(loaded.firewall.knocked.list()).toEqual([]);
    });

    test("only packets of the named interfaces count", async () => {
      const options = "[options]\nInterface = eth7\n";
      const away = await load(`${options}${text}`);
      for (const port of [7003, 9140, 8455]) wire.send(syn(address("10.98.0.2"), port));
      expect((await opened(away)).size).toBe(0);
      await removeTable(away.firewall);
      const here = await load(`${options.replace("eth7", "eth7, near")}${text}`);
      for (const port of [7003, 9140, 8455]) wire.send(syn(address("10.98.0.3"), port));
      expect((await opened(here)).size).toBe(1);
    });

    test("the mark of a packet that matches no knock stays, and that of others is 0", async () => {
      await load(text);
      const marks =
        "table inet marks { chain early { type filter hook prerouting priority raw; meta mark set 7; }; chain late { type filter hook prerouting priority 10; tcp dport { 5, 7003, 9140 } meta mark != 0 counter; }; }";
      await run(["nft", marks]);
      try {
        const source = address("10.98.0.4");
        wire.send(syn(source, 5), syn(source, 7003), syn(source, 9140), syn(source, 7003));
        await sleep(50);
        expect((await run(["nft", "list table inet marks"])).stdout).toContain("packets 1 ");
      } finally {
        await run(["nft", "delete table inet marks"]);
      }
    });
  });

  test("a hundred doors load, and a knock at the last one opens", async () => {
    const doors = Array.from({ length: 100 }, (_, i) => {
      const ports = [10_000 + i, 12_000 + i, 14_000 + i];
      return `[d${i}]\nsequence = ${ports}\nopen = tcp/${100 + i}\n`;
    });
    const loaded = await load(doors.join(""));
    expect(compiledDoors(loaded.kernel)).toHaveLength(100);
    const ends = { source: address("10.98.0.5"), destination: address("10.77.0.1") };
    for (const [i, port] of [10_099, 12_099, 14_099].entries()) {
      wire.send(tcpPacket(ends, { port, sequence: 77_000 + i }));
    }
    expect([...(await opened(loaded)).values()]).toEqual([new Set(["d99"])]);
  });
});
