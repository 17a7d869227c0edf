import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { runs } from "../../test/support/actions.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { MemoryFirewall } from "../../test/support/memory-firewall.ts";
import { MemoryLog } from "../../test/support/memory-log.ts";
import {
  ACK,
  address,
  fragment,
  ipv6,
  mss,
  SYN,
  TCP,
  tcp,
  tcpPacket,
  udpPacket,
} from "../../test/support/packets.ts";
import type { Address } from "../base/address.ts";
import { parseNetwork } from "../base/address.ts";
import type { Entry, Level } from "../base/log.ts";
import { parseSequence } from "../base/sequence.ts";
import { monotonic } from "../base/time.ts";
import { MemorySource } from "../capture/memory.ts";
import type { DoorConfig } from "../config/config.ts";
import type { ClaimedUse } from "../fleet/single-uses.ts";
import { LeaseManager } from "../grant/lease-manager.ts";
import { Ledger } from "../grant/ledger.ts";
import { Matcher } from "../match/matcher.ts";
import { Doors } from "./doors.ts";
import type { UseVerdict } from "./fleet/fleet-uses.ts";
import { DaemonLog } from "./log/daemon-log.ts";
import { LogRateLimiter } from "./log/log-rate-limiter.ts";
import { outcomes, PacketCounters } from "./metrics/packet-counters.ts";
import { Pipeline } from "./pipeline.ts";
import { Rehearsal } from "./rehearsal.ts";
import { markUsed, readOneTimeFile } from "./state/one-time-file.ts";
import { markedFiles } from "./state/one-time-files.ts";

const us = address("192.0.2.1");
const broadcast = address("192.0.2.255");
const us6 = address("2001:db8::1");
const alice = "192.0.2.7";
const bob = "192.0.2.8";

function makeDoor(name: string, sequence: string, more: Partial<DoorConfig> = {}): DoorConfig {
  const steps = parseSequence(sequence);
  if ("problem" in steps) throw new Error(steps.problem);
  return {
    name,
    sequence: { kind: "fixed", steps },
    timeout: 5000,
    flags: { mask: SYN | ACK, value: SYN },
    target: undefined,
    allow: undefined,
    deny: [],
    until: undefined,
    users: [],
    longest: undefined,
    fleet: undefined,
    onOpen: undefined,
    onClose: undefined,
    decoys: 0,
    action: runs({ start: `open ${name} %IP%` }),
    ...more,
  };
}

const ssh = makeDoor("ssh", "7000,8000,9000");
const web = makeDoor("web", "1000:udp,2000", {
  action: runs({ start: "open web", stop: "close web" }),
});

/** A whole daemon but for the kernel: packets go in, openings and log lines come out. */
class Story {
  readonly clock = new ManualClock(Date.UTC(2026, 0, 1));
  readonly log = new MemoryLog();
  readonly firewall = new MemoryFirewall();
  readonly leaseManager = new LeaseManager({
    firewall: this.firewall,
    clock: this.clock,
    log: this.log,
    ledger: new Ledger(),
    journal: undefined,
    locks: undefined,
    maxCommands: 64,
    refuseWithoutJournal: false,
  });
  readonly pipeline: Pipeline<MemorySource>;
  #sent = 0;

  readonly rateLimiter: LogRateLimiter | undefined;
  readonly counters = new PacketCounters();
  /** Marks a one-time sequence as used. */
  mark = markUsed;
  /** Claims a one-time sequence in the fleet. */
  claim = (_: ClaimedUse): Promise<UseVerdict> => Promise.resolve("open");
  readonly rehearsal = new Rehearsal(this.clock);
  isOurs = (other: Address): boolean => other.equals(us) || other.equals(us6);

  constructor(
    configs: readonly DoorConfig[],
    options: { onlyIpv4: boolean; debug: boolean; rate?: number } = {
      onlyIpv4: false,
      debug: false,
    },
  ) {
    const { rate } = options;
    this.rateLimiter =
      rate === undefined ? undefined : new LogRateLimiter(rate, this.clock, this.log);
    this.pipeline = new Pipeline({
      openSource: (sink) => new MemorySource(sink),
      matcher: new Matcher({
        maxAttempts: 100,
        isOurs: (other) => this.isOurs(other),
      }),
      leaseManager: this.leaseManager,
      log: this.log,
      clock: this.clock,
      rateLimiter: this.rateLimiter,
      counters: this.counters,
      rehearsal: this.rehearsal,
      uses: {
        claim: (use) => this.claim(use),
        tell: () => {},
        sharesDoor: () => true,
      },
      isLocalSource: (source) => source.equals(us) || source.equals(broadcast),
      ...options,
    });
    this.pipeline.watch(this.doors(configs));
  }

  /** Names as targets stand for nothing here. */
  doors(configs: readonly DoorConfig[]): Doors {
    const resolve: ConstructorParameters<typeof Doors>[1] = (targets) =>
      targets.flatMap((target) => (typeof target === "string" ? [] : [target]));
    return new Doors(
      configs,
      resolve,
      this.log,
      markedFiles((...one) => this.mark(...one)),
    );
  }

  /** Knocks at these ports (`7000` or `7000:udp`), 100 ms apart. */
  async knock(from: string, ports: string, to = from.includes(":") ? us6 : us): Promise<void> {
    for (const item of ports.split(" ")) {
      const [port, protocol] = item.split(":");
      const ends = { source: address(from), destination: to };
      this.#sent++;
      const fields = { port: Number(port), sequence: this.#sent, checksum: this.#sent };
      const packet = protocol === "udp" ? udpPacket(ends, fields) : tcpPacket(ends, fields);
      await this.receive(packet);
      await this.wait(100);
    }
  }

  async receive(packet: Uint8Array): Promise<void> {
    this.pipeline.source.deliver(packet, this.clock.now());
    await settled();
  }

  async wait(milliseconds: number): Promise<void> {
    this.clock.advance(milliseconds);
    await settled();
  }

  /** What an administrator reads in the log. */
  get lines(): string[] {
    const isShown = ({ level }: Entry) => level !== "info" && level !== "debug";
    return this.log.entries.filter(isShown).map(({ text }) => text);
  }
}

/** Resolves when all promises that were ready have had their say. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test("who knocks in the right order is let in, alone, and the log says what knockd says", async () => {
  const story = new Story([ssh]);
  await story.knock(alice, "7000 8000 9000");
  expect(story.firewall.opened).toEqual(["ssh 192.0.2.7"]);
  expect(story.lines).toEqual([
    "192.0.2.7: ssh: Stage 1",
    "192.0.2.7: ssh: Stage 2",
    "192.0.2.7: ssh: Stage 3",
    "192.0.2.7: ssh: OPEN SESAME",
    "ssh: running command: open ssh 192.0.2.7",
  ]);
});

test("two who knock at once are both let in, whoever comes in between", async () => {
  const story = new Story([ssh]);
  for (const port of ["7000", "8000", "9000"]) {
    await story.knock(alice, port);
    await story.knock(bob, port);
    await story.knock("2001:db8::7", port);
    await story.knock("192.0.2.9", "9000");
  }
  expect(story.firewall.history).toEqual([
    "open ssh 192.0.2.7",
    "open ssh 192.0.2.8",
    "open ssh 2001:db8::7",
  ]);
});

test("what is no knock does not disturb one", async () => {
  const story = new Story([ssh]);
  const ends = { source: address(alice), destination: us };
  await story.knock(alice, "7000 22 443:udp 8000:udp");
  await story.receive(tcpPacket(ends, { port: 9000, flags: ACK }));
  await story.receive(tcpPacket({ ...ends, destination: address("192.0.2.99") }, { port: 9000 }));
  await story.receive(Uint8Array.of(0x45, 0, 0));
  await story.knock(alice, "8000 9000");
  expect(story.firewall.opened).toEqual(["ssh 192.0.2.7"]);
});

test("a wrong order opens nothing, and the right one afterwards does", async () => {
  const story = new Story([ssh]);
  await story.knock(alice, "7000 9000 8000 9000");
  expect(story.firewall.history).toEqual([]);
  await story.knock(alice, "7000 8000 9000");
  expect(story.firewall.opened).toEqual(["ssh 192.0.2.7"]);
});

test("a port of another door in between ends a knock", async () => {
  const story = new Story([ssh, web]);
  await story.knock(alice, "7000 8000 2000 9000");
  expect(story.firewall.history).toEqual([]);
  expect(story.log.texts).toContain(
    "192.0.2.7: ssh: knock failed at stage 2: another port came in between",
  );
});

test("a knock that is not finished in time is given up by itself, with a line in the log", async () => {
  const story = new Story([ssh]);
  await story.knock(alice, "7000");
  await story.knock(bob, "7000 8000");
  await story.wait(4600);
  expect(story.lines.filter((line) => line.includes("timeout"))).toEqual([]);
  await story.wait(2000);
  expect(story.lines.slice(-2)).toEqual([
    "192.0.2.7: ssh: sequence timeout (stage 1)",
    "192.0.2.8: ssh: sequence timeout (stage 2)",
  ]);
  await story.knock(alice, "8000 9000");
  expect(story.firewall.history).toEqual([]);
});

test("a SYN that is sent again, since nobody answers, does no harm", async () => {
  const story = new Story([ssh]);
  const ends = { source: address(alice), destination: us };
  const fields = { port: 7000, sequence: 4711, sourcePort: 50_000, options: mss };
  const first = tcpPacket(ends, fields);
  await story.receive(first);
  await story.knock(alice, "8000");
  await story.receive(first);
  await story.knock(alice, "9000");
  expect(story.firewall.opened).toEqual(["ssh 192.0.2.7"]);
});

test("a tool that makes all its packets alike may knock again and again", async () => {
  const story = new Story([ssh]);
  const ends = { source: address(alice), destination: us };
  // Without options, as scapy and hping3 send them: no system sends these again by itself.
  for (const port of [7000, 8000, 9000, 7000, 8000, 9000]) {
    await story.receive(tcpPacket(ends, { port, sequence: 0, sourcePort: 20 }));
  }
  expect(story.lines.filter((line) => line.includes("OPEN SESAME"))).toHaveLength(2);
});

test("UDP and TCP may be mixed, over IPv6, behind extension headers, and in first fragments", async () => {
  const story = new Story([web]);
  const ends = { source: address("2001:db8::7"), destination: us6 };
  await story.knock("2001:db8::7", "1000:udp");
  const extensions = [fragment(0, true)];
  await story.receive(ipv6({ ...ends, protocol: TCP, extensions }, tcp({ port: 2000 })));
  expect(story.firewall.opened).toEqual(["web 2001:db8::7"]);
});

test("with IPv6 switched off its packets do not count", async () => {
  const story = new Story([ssh], { onlyIpv4: true, debug: false });
  await story.knock("2001:db8::7", "7000 8000 9000");
  expect(story.log.entries).toEqual([]);
  await story.knock(alice, "7000 8000 9000");
  expect(story.firewall.opened).toEqual(["ssh 192.0.2.7"]);
});

test("a door that closes by itself does so on time; a second knock makes it stay longer", async () => {
  const story = new Story([web]);
  await story.knock(alice, "1000:udp 2000");
  await story.wait(5000);
  await story.knock(alice, "1000:udp 2000");
  await story.wait(9800);
  expect(story.firewall.history).toEqual(["open web 192.0.2.7"]);
  await story.wait(200);
  expect(story.firewall.history).toEqual(["open web 192.0.2.7", "close web 192.0.2.7"]);
  expect(story.lines.slice(-2)).toEqual([
    "192.0.2.7: web: command timeout",
    "web: running command: close web",
  ]);
});

test("a door without a command for the family says OPEN SESAME and does nothing", async () => {
  const only6 = makeDoor("six", "1,2", { action: runs({ start6: "open", stop6: "close" }) });
  const story = new Story([only6]);
  await story.knock(alice, "1 2");
  expect(story.lines.at(-1)).toBe("192.0.2.7: six: OPEN SESAME");
  expect(story.firewall.history).toEqual([]);
  await story.knock("2001:db8::7", "1 2");
  expect(story.firewall.opened).toEqual(["six 2001:db8::7"]);
});

test("a door with a target is for packets that go there", async () => {
  const network = parseNetwork("198.51.100.0/24");
  const gate = makeDoor("gate", "1,2", { target: network && [network] });
  const story = new Story([gate]);
  await story.knock(alice, "1 2");
  expect(story.firewall.history).toEqual([]);
  await story.knock(alice, "1 2", address("198.51.100.9"));
  expect(story.firewall.opened).toEqual(["gate 192.0.2.7"]);
});

test("the source is asked for the ports of the doors and no others, again after a change", () => {
  const story = new Story([ssh, web]);
  expect(story.pipeline.source.ports).toEqual({
    tcp: new Set([7000, 8000, 9000, 2000]),
    udp: new Set([1000]),
  });
  story.pipeline.watch(story.doors([web]));
  expect(story.pipeline.source.ports).toEqual({ tcp: new Set([2000]), udp: new Set([1000]) });
});

test("new doors keep the knocks that have begun at those that did not change", async () => {
  const story = new Story([ssh, web]);
  await story.knock(alice, "7000 8000");
  await story.knock(bob, "1000:udp");
  story.pipeline.watch(story.doors([{ ...web, timeout: 1000 }, ssh]));
  await story.knock(alice, "9000");
  await story.knock(bob, "2000");
  expect(story.firewall.opened).toEqual(["ssh 192.0.2.7"]);
});

test("in debug mode every packet is told, and why it is no knock", async () => {
  const story = new Story([ssh], { onlyIpv4: false, debug: true });
  const ends = { source: address(alice), destination: us };
  await story.receive(tcpPacket(ends, { port: 7000, flags: SYN | ACK }));
  await story.receive(tcpPacket({ ...ends, destination: us6 }, { port: 22 }));
  const texts = story.log.entries.map(({ level, text }) => `${level} ${text}`);
  expect(texts[0]).toMatch(
    /^debug \d{4}-\d\d-\d\d \d\d:\d\d:\d\d: tcp: 192\.0\.2\.7:40000 -> 192\.0\.2\.1:7000 40 bytes$/,
  );
  expect(texts[1]).toBe("debug packet is not SYN,!ACK, ignoring...");
  expect(texts).toHaveLength(3);
});

test("nothing that goes wrong at a packet ends the daemon", async () => {
  const story = new Story([ssh]);
  const broken = story.leaseManager;
  broken.open = () => {
    throw new Error("oh");
  };
  const pipeline = new Pipeline({
    openSource: (sink) => new MemorySource(sink),
    matcher: new Matcher({ maxAttempts: 10, isOurs: () => true }),
    leaseManager: broken,
    log: story.log,
    clock: story.clock,
    rateLimiter: undefined,
    counters: story.counters,
    isLocalSource: () => false,
    onlyIpv4: false,
    debug: false,
  });
  pipeline.watch(story.doors([makeDoor("one", "1")]));
  const ends = { source: address(alice), destination: us };
  pipeline.source.deliver(tcpPacket(ends, { port: 1 }), monotonic(0));
  expect(story.lines.at(-1)).toBe("internal error at a packet: oh");
  expect(story.counters.internalErrors).toBe(1);
  pipeline.close();
});

test.each([
  [999, 0],
  [6000, 2],
])("when %i attempts have expired, that a flood left them is told %i times", (count, told) => {
  const story = new Story([ssh]);
  const onFloodExpiry = vi.fn();
  const pipeline = new Pipeline({
    openSource: (sink) => new MemorySource(sink),
    matcher: new Matcher({ maxAttempts: 10_000, isOurs: () => true }),
    leaseManager: story.leaseManager,
    log: story.log,
    clock: story.clock,
    rateLimiter: undefined,
    counters: story.counters,
    isLocalSource: () => false,
    onlyIpv4: false,
    debug: false,
    onFloodExpiry,
  });
  pipeline.watch(story.doors([makeDoor("one", "1,2")]));
  for (let i = 0; i < count; i++) {
    const source = address(`11.0.${i >> 8}.${i & 255}`);
    pipeline.source.deliver(tcpPacket({ source, destination: us }, { port: 1 }), monotonic(0));
  }
  expect(onFloodExpiry).not.toHaveBeenCalled();
  story.clock.advance(60_000);
  expect(onFloodExpiry).toHaveBeenCalledTimes(told);
  pipeline.close();
});

describe("a packet that cannot have come from another host", () => {
  test.each([
    ["127.0.0.1", "192.0.2.1"],
    ["127.9.9.9", "192.0.2.1"],
    ["192.0.2.1", "192.0.2.1"],
    ["192.0.2.255", "192.0.2.1"],
    ["240.0.0.1", "192.0.2.1"],
    ["192.0.2.7", "127.0.0.1"],
    ["::1", "2001:db8::1"],
    ["2001:db8::7", "::1"],
  ])("is no knock from the wire, and one on the loopback interface: %s to %s", (from, to) => {
    const story = new Story([makeDoor("one", "1")]);
    const packet = tcpPacket({ source: address(from), destination: address(to) }, { port: 1 });
    // The door is for this host, and this is an address of it.
    story.isOurs = () => true;
    story.pipeline.source.deliver(packet, story.clock.now());
    expect(story.firewall.opened).toEqual([]);
    expect(story.lines).toEqual([]);
    expect(story.counters.packets("martian")).toBe(1);
    story.pipeline.source.deliver(packet, story.clock.now(), 1, true);
    expect(story.firewall.opened).toEqual([`one ${address(from)}`]);
    expect(story.counters.packets("martian")).toBe(1);
  });

  test.each([
    ["0.0.0.0", "192.0.2.1"],
    ["0.1.2.3", "192.0.2.1"],
    ["224.0.0.1", "192.0.2.1"],
    ["255.255.255.255", "192.0.2.1"],
    ["::", "2001:db8::1"],
    ["ff02::1", "2001:db8::1"],
  ])("is none on any interface: %s to %s", (from, to) => {
    const story = new Story([makeDoor("one", "1")]);
    const packet = tcpPacket({ source: address(from), destination: address(to) }, { port: 1 });
    for (const isLoopback of [false, true]) {
      story.pipeline.source.deliver(packet, story.clock.now(), 1, isLoopback);
    }
    expect(story.firewall.opened).toEqual([]);
    expect(story.counters.packets("martian")).toBe(2);
  });
});

test("every packet is counted, once, by the most that it meant; knocks by why they failed", async () => {
  const only6 = makeDoor("six", "1,2", { action: runs({ start6: "open" }) });
  const story = new Story([ssh, web, only6]);
  const ends = { source: address(alice), destination: us };
  const syn = tcpPacket(ends, { port: 7000, sequence: 99, options: mss });
  await story.receive(syn);
  await story.receive(syn);
  await story.knock(alice, "7000 8000 9000");
  await story.knock(bob, "7000 2000 7000 8000 1 2");
  await story.receive(Uint8Array.of(0x45, 0, 0));
  await story.receive(tcpPacket(ends, { port: 7000, flags: ACK }));
  await story.knock(alice, "7000");
  await story.wait(10_000);
  const counted = outcomes.map((outcome) => [outcome, story.counters.packets(outcome)]);
  expect(Object.fromEntries(counted)).toEqual({
    unreadable: 1,
    martian: 0,
    unrelated: 1,
    retransmission: 1,
    failed: 1,
    repeated: 1,
    advanced: 7,
    opened: 2,
  });
  expect(story.counters).toMatchObject({ wrongPort: 2, late: 1, internalErrors: 0 });
  const openings = (door: string) =>
    (["opened", "failed", "nothing-to-do"] as const).map((one) =>
      story.counters.openings(door, one),
    );
  expect([...story.counters.doors]).toEqual(["ssh", "six"]);
  expect([openings("ssh"), openings("six"), openings("web")]).toEqual([
    [1, 0, 0],
    [0, 0, 1],
    [0, 0, 0],
  ]);
});

describe("with a quota", () => {
  /** Somebody else for each number. */
  const stranger = (number: number) => `10.0.${number >> 8}.${number & 255}`;

  test("a flood is told in part, and the lines of a knock meanwhile are all there", async () => {
    const story = new Story([ssh], { onlyIpv4: false, debug: false, rate: 50 });
    const flood = (from: number, until: number) => {
      for (let i = from; i < until; i++) {
        const ends = { source: address(stranger(i)), destination: us };
        const packet = tcpPacket(ends, { port: 7000, sequence: i });
        story.pipeline.source.deliver(packet, story.clock.now());
      }
    };
    await story.knock(alice, "7000");
    flood(0, 60);
    await story.knock(alice, "8000");
    flood(60, 1000);
    await story.knock(alice, "9000");
    story.clock.advance(1000);
    const alices = story.lines.filter((line) => line.startsWith(alice) || line.includes("command"));
    expect(alices).toEqual([
      "192.0.2.7: ssh: Stage 1",
      "192.0.2.7: ssh: Stage 2",
      "192.0.2.7: ssh: Stage 3",
      "192.0.2.7: ssh: OPEN SESAME",
      "ssh: running command: open ssh 192.0.2.7",
    ]);
    expect(story.lines.filter((line) => line.startsWith("10.0."))).toHaveLength(37);
    const [sum = ""] = story.lines.filter((line) => line.includes("left out"));
    expect(sum).toBe("963 lines about unauthenticated sources were left out in the last second");
  });

  test("what is left out is told when the pipeline closes, too", async () => {
    const story = new Story([ssh], { onlyIpv4: false, debug: false, rate: 10 });
    for (let i = 0; i < 7; i++) await story.knock(stranger(i), "7000");
    story.pipeline.close();
    expect(story.lines.at(-1)).toBe(
      "1 line about unauthenticated sources was left out in the last second",
    );
  });

  test("what nobody would see is neither made nor counted", async () => {
    const story = new Story([ssh], { onlyIpv4: false, debug: false, rate: 10 });
    Object.assign(story.log, { isEnabled: (level: Level) => level === "error" });
    await story.knock(alice, "7000 8000 9000");
    expect(story.log.texts).toEqual([
      "ssh: running command: open ssh 192.0.2.7",
      "ssh: command ended",
    ]);
    expect(story.rateLimiter?.leftOut).toBe(0);
  });

  test("names are looked up for those alone who are told of", () => {
    const story = new Story([ssh]);
    const lookUp = vi.fn(() => Promise.resolve(undefined));
    const outputs = { configure() {}, isEnabled: () => true, write() {}, async close() {} };
    const log = new DaemonLog({ outputs, clock: story.clock, lookUp });
    const pipeline = new Pipeline({
      openSource: (sink) => new MemorySource(sink),
      matcher: new Matcher({ maxAttempts: 1000, isOurs: () => true }),
      leaseManager: story.leaseManager,
      log,
      clock: story.clock,
      rateLimiter: log.rateLimiter,
      counters: story.counters,
      isLocalSource: () => false,
      onlyIpv4: false,
      debug: false,
    });
    pipeline.watch(story.doors([ssh]));
    for (let i = 0; i < 1000; i++) {
      const ends = { source: address(stranger(i)), destination: us };
      pipeline.source.deliver(tcpPacket(ends, { port: 7000 }), monotonic(0));
    }
    expect(lookUp).toHaveBeenCalledTimes(38);
    pipeline.close();
  });

  test("while debugging, packets and what they meant share the limit", async () => {
    const story = new Story([ssh], { onlyIpv4: false, debug: true, rate: 10 });
    for (let i = 0; i < 100; i++)
      await story.receive(
        tcpPacket(
          { source: address(alice), destination: us },
          { port: 7000, flags: SYN | ACK, sequence: i },
        ),
      );
    expect(story.log.entries).toHaveLength(6);
    expect(story.rateLimiter?.leftOut).toBe(194);
  });

  test("mistakes of ours do not fill the log either", () => {
    const story = new Story([ssh], { onlyIpv4: false, debug: false, rate: 10 });
    story.leaseManager.open = () => {
      throw new Error("oh");
    };
    story.pipeline.watch(story.doors([makeDoor("one", "1")]));
    for (let i = 0; i < 100; i++) {
      const ends = { source: address(stranger(i)), destination: us };
      story.pipeline.source.deliver(tcpPacket(ends, { port: 1 }), monotonic(0));
    }
    expect(story.lines.filter((line) => line.startsWith("internal error"))).toHaveLength(8);
    expect(story.rateLimiter?.leftOut).toBe(92);
  });
});

test("a closed pipeline takes no packets, and leaves no timer", async () => {
  const story = new Story([ssh]);
  await story.knock(alice, "7000 8000");
  story.pipeline.close();
  await story.knock(alice, "9000");
  await story.wait(100_000);
  expect(story.lines).toEqual(["192.0.2.7: ssh: Stage 1", "192.0.2.7: ssh: Stage 2"]);
});

describe("a door with one-time sequences", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sesame-pipeline-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test("uses up one for each opening, on the disk before it opens, and is shut when none is left", async () => {
    const file = join(folder, "sequences");
    writeFileSync(file, " 1,2\n 3,4\n");
    const story = new Story([makeDoor("once", "1", { sequence: { kind: "one-time", file } }), ssh]);
    await story.knock(alice, "1 2");
    expect(story.firewall.history).toEqual([]);
    await expect.poll(() => story.firewall.history).toEqual(["open once 192.0.2.7"]);
    expect(readFileSync(file, "utf8")).toBe("#1,2\n 3,4\n");
    await story.knock(bob, "1 2");
    await story.knock(bob, "3 4");
    await expect.poll(() => story.firewall.history).toHaveLength(2);
    expect(story.lines.join("\n")).toContain(
      "no more sequences left in the one time sequences file for door once --> disabling the door",
    );
    await story.knock(alice, "3 4 7000 8000 9000");
    expect(story.firewall.history.slice(2)).toEqual(["open ssh 192.0.2.7"]);
    expect(story.pipeline.source.ports?.tcp).toEqual(new Set([7000, 8000, 9000]));
  });

  test("claims what it has marked, and stays closed if another gateway has that", async () => {
    const file = join(folder, "sequences");
    writeFileSync(file, "1,2\n3,4\n5,6\n");
    const story = new Story([makeDoor("once", "1", { sequence: { kind: "one-time", file } }), ssh]);
    const claims: ClaimedUse[] = [];
    let verdict: UseVerdict = "claimed";
    story.claim = async (use) => {
      claims.push(use);
      expect(readFileSync(file, "utf8")).toMatch(/^#,2\n/);
      return verdict;
    };
    await story.knock(alice, "1 2");
    await expect
      .poll(() => story.lines.at(-1))
      .toMatch(/another gateway .* has used this sequence$/);
    verdict = "fleet";
    await story.knock(alice, "3 4");
    await expect.poll(() => story.lines.at(-1)).toMatch(/this sequence is spent$/);
    expect(story.firewall.history).toEqual([]);
    const line = { kind: "line", door: "once", nth: 1 };
    expect(claims.map(({ use }) => use)).toEqual([
      { ...line, offset: 0, sequence: "1:tcp,2:tcp" },
      { ...line, offset: 4, sequence: "3:tcp,4:tcp" },
    ]);
    verdict = "open";
    await story.knock(alice, "5 6");
    await expect.poll(() => story.firewall.history).toEqual(["open once 192.0.2.7"]);
  });

  test("stays closed after a mistake in a claim, and lets later knocks of that source in", async () => {
    const file = join(folder, "sequences");
    writeFileSync(file, "1,2\n3,4\n");
    const story = new Story([makeDoor("once", "1", { sequence: { kind: "one-time", file } }), ssh]);
    story.claim = () => Promise.reject(new Error("oh"));
    await story.knock(alice, "1 2");
    await expect.poll(() => story.lines.at(-1)).toBe("internal error at a packet: oh");
    expect(story.counters.internalErrors).toBe(1);
    await story.knock(alice, "7000 8000 9000");
    expect(story.firewall.history).toEqual(["open ssh 192.0.2.7"]);
  });

  test("uses none up in a dry run, which opens nothing for its source", async () => {
    const file = join(folder, "sequences");
    writeFileSync(file, "1,2\n3,4\n");
    const story = new Story([makeDoor("once", "1", { sequence: { kind: "one-time", file } }), ssh]);
    story.rehearsal.begin(address(alice), 60_000);
    await story.knock(alice, "1 2 7000 8000 9000");
    await story.knock(bob, "7000 8000 9000");
    expect(story.firewall.history).toEqual(["open ssh 192.0.2.8"]);
    expect(readFileSync(file, "utf8")).toBe("1,2\n3,4\n");
    expect(story.lines.filter((line) => line.startsWith("192.0.2.7: once"))).toEqual([
      "192.0.2.7: once: Stage 1",
      "192.0.2.7: once: Stage 2",
      "192.0.2.7: once: OPEN SESAME",
      "192.0.2.7: once: dry run of knockctl doctor, not opened",
    ]);
    story.rehearsal.end();
    await story.knock(alice, "7000 8000 9000");
    expect(story.firewall.history).toEqual(["open ssh 192.0.2.8", "open ssh 192.0.2.7"]);
  });

  test("opens before what the same source knocks at afterwards, and delays no other source", async () => {
    const file = join(folder, "sequences");
    writeFileSync(file, "1,2\n3,4\n");
    const story = new Story([makeDoor("once", "1", { sequence: { kind: "one-time", file } }), ssh]);
    let answer = () => {};
    story.mark = () => new Promise((resolve) => (answer = () => resolve(readOneTimeFile(file))));
    await story.knock(alice, "1 2 7000 8000 9000");
    await story.knock(bob, "7000 8000 9000");
    expect(story.firewall.history).toEqual(["open ssh 192.0.2.8"]);
    answer();
    await settled();
    const opened = ["open once 192.0.2.7", "open ssh 192.0.2.7"];
    expect(story.firewall.history.slice(1)).toEqual(opened);
  });
});
