import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readExposition } from "../../../test/support/exposition.ts";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { MemoryFirewall } from "../../../test/support/memory-firewall.ts";
import { MemoryLog } from "../../../test/support/memory-log.ts";
import { address, tcpPacket } from "../../../test/support/packets.ts";
import { wallTime } from "../../base/time.ts";
import { MemorySource } from "../../capture/memory.ts";
import { parseConfig } from "../../config/parse.ts";
import type { Firewall } from "../../firewall/firewall.ts";
import { LeaseManager } from "../../grant/lease-manager.ts";
import { Ledger } from "../../grant/ledger.ts";
import { Matcher } from "../../match/matcher.ts";
import { Doors } from "../doors.ts";
import type { FleetMeasures } from "../fleet/measures.ts";
import { KnockCounters } from "../knock/knock-counters.ts";
import { LogRateLimiter } from "../log/log-rate-limiter.ts";
import { Pipeline } from "../pipeline.ts";
import { Histogram } from "./histogram.ts";
import { MeteredFirewall } from "./metered-firewall.ts";
import { Metrics } from "./metrics.ts";
import { outcomes, PacketCounters } from "./packet-counters.ts";

const us = address("192.0.2.1");

const text = `
[ssh]
  sequence = 7000,8000
  open = tcp/22
[a "door"]
  sequence = 1,2,3
  start_command = open
  stop_command = close
`;

/** A fleet of three gateways, one of them away. */
const fleet: FleetMeasures = {
  state: {
    ...{ isJoined: true, failure: undefined, waiting: 2, told: 40, unclaimed: 1, clockJump: 0 },
    claims: { mine: 5, used: 1, unclaimed: 2 },
    incoming: {
      ...{ merged: 30, own: 40, foreign: 1, forged: 2, unknown: 3, malformed: 4, over: 5 },
      refused: 6,
    },
    resyncs: { join: 1, gap: 2, lost: 3, jump: 4 },
    facts: undefined,
  },
  gateways: ["gw-1", "gw-2", "gw-3"].map((name) => ({
    ...{ name, isHere: name === "gw-1", isUp: name !== "gw-3", seen: 0, version: "1", leases: 0 },
    ...{ behind: 0, clock: 0, differences: [] },
  })),
  remote: { applied: 20, "no-door": 7, "no-right": 8, full: 9 },
  delays: new Histogram([0.001, 1]),
};

/** A daemon in memory, and its metrics. */
function start(configuration = text, inner: Firewall = new MemoryFirewall()) {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const log = new MemoryLog();
  const { config } = parseConfig(configuration);
  const doors = new Doors(config?.doors ?? [], () => [], log);
  const firewall = new MeteredFirewall(inner, clock);
  const counters = new PacketCounters();
  const keyCounters = new KnockCounters();
  const rateLimiter = new LogRateLimiter(10, clock, log);
  const matcher = new Matcher({ maxAttempts: 1000, isOurs: () => true });
  const leaseManager = new LeaseManager({
    firewall,
    clock,
    log,
    ledger: new Ledger(),
    journal: undefined,
    locks: undefined,
    maxCommands: 1,
    refuseWithoutJournal: false,
  });
  const pipeline = new Pipeline({
    openSource: (sink) => new MemorySource(sink),
    matcher,
    leaseManager,
    log,
    clock,
    rateLimiter,
    counters,
    isLocalSource: () => false,
    onlyIpv4: false,
    debug: false,
  });
  pipeline.watch(doors);
  const { source } = pipeline;
  const metrics = new Metrics({
    ...{ version: "1.2.3", clock, source, counters, matcher, leaseManager, firewall, rateLimiter },
    doors: () => doors,
    keyKnocks: {
      counters: keyCounters,
      countKeys: () => ({ live: 3, disabled: 2, expired: 1 }),
      nextExpiry: () => wallTime(1_800_000_000_500),
      dropped: 5,
    },
    fleet: () => fleet,
    problems: () => [{ code: "journal" }, { code: "command-failed" }, { code: "command-failed" }],
  });
  let sent = 0;
  const knock = async (from: string, ...ports: readonly number[]) => {
    for (const port of ports) {
      const ends = { source: address(from), destination: us };
      source.deliver(tcpPacket(ends, { port, sequence: ++sent }), clock.now());
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { clock, knock, keyCounters, metrics, read: () => readExposition(metrics.text()) };
}

test("at the start all is 0, and every door and verdict is there", () => {
  const { value } = start().read();
  expect(value(`sesame_build_info{version="1.2.3",node="${process.version}"}`)).toBe(1);
  for (const verdict of outcomes)
    expect(value(`sesame_packets_total{verdict="${verdict}"}`)).toBe(0);
  expect(value('sesame_openings_total{door="ssh",result="opened"}')).toBe(0);
  expect(value('sesame_openings_total{door="a \\"door\\"",result="failed"}')).toBe(0);
  expect(value('sesame_leases{door="ssh"}')).toBe(0);
  expect(value('sesame_command_duration_seconds_count{action="open"}')).toBe(0);
  expect(value("sesame_log_lines_left_out_total")).toBe(0);
});

test("knocks with a key are counted, without a name", () => {
  const { keyCounters, read } = start();
  keyCounters.count("udp", "accepted");
  keyCounters.count("stun", "hint");
  keyCounters.count("stun", "hint");
  const { value } = read();
  expect(value('sesame_knock_packets_total{format="sesame",result="accepted"}')).toBe(1);
  expect(value('sesame_knock_packets_total{format="stun",result="hint"}')).toBe(2);
  expect(value('sesame_knock_packets_total{format="sesame",result="hint"}')).toBe(0);
  expect(value('sesame_knock_keys{state="disabled"}')).toBe(2);
  expect(value("sesame_knock_dropped_total")).toBe(5);
  expect(value("sesame_knock_commit_duration_seconds_count")).toBe(0);
});

test("problems are counted by their code, and the next expiry of a key is told", () => {
  const { value, families } = start().read();
  expect(value('sesame_problems{code="journal"}')).toBe(1);
  expect(value('sesame_problems{code="command-failed"}')).toBe(2);
  expect(value('sesame_problems{code="not-protected"}')).toBe(0);
  // knockctl alone knows of this one.
  expect([...(families.get("sesame_problems")?.samples.keys() ?? [])].join()).not.toContain(
    "stale",
  );
  expect(value("sesame_knock_key_next_expiry_timestamp_seconds")).toBe(1_800_000_000.5);
});

test("knocks, openings, leases and the firewall are counted", async () => {
  const { clock, knock, read } = start();
  await knock("192.0.2.7", 7000, 8000);
  await knock("192.0.2.8", 1, 2, 3);
  await knock("192.0.2.9", 7000, 7000, 1);
  for (let i = 0; i < 10; i++) await knock(`198.51.100.${i}`, 7000);
  const { value } = read();
  expect(value('sesame_packets_total{verdict="opened"}')).toBe(2);
  expect(value('sesame_packets_total{verdict="repeated"}')).toBe(1);
  // Its first step at the other door counts for more than what it ended.
  expect(value('sesame_packets_total{verdict="advanced"}')).toBe(15);
  expect(value('sesame_knocks_failed_total{reason="wrong-port"}')).toBe(1);
  expect(value('sesame_attempts{stage="1"}')).toBe(11);
  expect(value('sesame_openings_total{door="ssh",result="opened"}')).toBe(1);
  expect(value('sesame_openings_total{door="a \\"door\\"",result="opened"}')).toBe(1);
  expect(value('sesame_leases{door="ssh"}')).toBe(1);
  expect(value('sesame_leases{door="a \\"door\\""}')).toBe(1);
  expect(value('sesame_firewall_calls_total{action="open",result="done"}')).toBe(1);
  expect(value('sesame_firewall_duration_seconds_count{action="open"}')).toBe(1);
  expect(value('sesame_commands_total{action="open",result="done"}')).toBe(1);
  expect(value("sesame_log_lines_left_out_total")).toBeGreaterThan(0);
  clock.advance(60_000);
  await new Promise((resolve) => setImmediate(resolve));
  const later = read();
  expect(later.value('sesame_leases{door="ssh"}')).toBe(0);
  expect(later.value('sesame_commands_total{action="close",result="done"}')).toBe(1);
  expect(later.value('sesame_knocks_failed_total{reason="late"}')).toBe(11);
  expect(later.value('sesame_attempts{stage="1"}')).toBe(0);
});

test("the fleet is counted", () => {
  const { value } = start().read();
  expect(value("sesame_fleet_up")).toBe(1);
  expect(value('sesame_fleet_gateways{state="up"}')).toBe(2);
  expect(value('sesame_fleet_gateways{state="away"}')).toBe(1);
  expect(value("sesame_fleet_untold")).toBe(2);
  expect(value("sesame_fleet_told_total")).toBe(40);
  const heard = { applied: 20, "no-door": 7, "no-right": 8, old: 5, forged: 2, foreign: 1 };
  for (const [result, count] of Object.entries({ ...heard, refused: 15, unreadable: 7 })) {
    expect([result, value(`sesame_fleet_heard_total{result="${result}"}`)]).toEqual([
      result,
      count,
    ]);
  }
  expect(value('sesame_fleet_resyncs_total{why="lost"}')).toBe(3);
  expect(value('sesame_fleet_claims_total{result="used"}')).toBe(1);
});

test("the process is described with values that can be", () => {
  const { value } = start().read();
  expect(value("process_resident_memory_bytes")).toBeGreaterThan(10_000_000);
  expect(value("process_cpu_seconds_total")).toBeGreaterThan(0);
  expect(value("process_open_fds")).toBeGreaterThan(2);
  expect(value("process_start_time_seconds")).toBeLessThan(Date.UTC(2026, 0, 1) / 1000);
});

test("no address of anybody who knocked is among them", async () => {
  const { knock, metrics } = start();
  await knock("192.0.2.7", 7000, 8000, 1, 2, 3, 7000);
  expect(metrics.text()).not.toContain("192.0.2");
});

test("leases that could not be closed are counted", async () => {
  const failing: Firewall = {
    open: async () => ({ kind: "done" }),
    close: async () => ({ kind: "failed", status: 1 }),
  };
  const { clock, knock, read } = start(text, failing);
  await knock("192.0.2.8", 1, 2, 3);
  expect(read().value("sesame_leases_not_closed")).toBe(0);
  clock.advance(60_000);
  await new Promise((resolve) => setImmediate(resolve));
  expect(read().value("sesame_leases_not_closed")).toBe(1);
});

describe("docs/monitoring.md", () => {
  const page = readFileSync(new URL("../../../docs/monitoring.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| `(\w+)` \| (counter|gauge|histogram) \|(.*?)\|/gm)].map(
    ([, name, type, labels = ""]) => [name, type, labels.replaceAll("`", "").trim()].join(" "),
  );

  test("names every metric with its type and its labels, and no other", async () => {
    const { knock, read } = start();
    await knock("192.0.2.7", 7000);
    const told = [...read().families].map(([name, { type, samples }]) => {
      const [sample = ""] = samples.keys();
      const labels = [...sample.matchAll(/(\w+)="/g)].map(([, label]) => label);
      return [name, type, labels.filter((label) => label !== "le").join(", ")].join(" ");
    });
    expect(rows).toEqual(told);
  });

  test("explains every verdict, in their order", () => {
    const table = page.slice(page.indexOf("| verdict |"));
    expect([...table.matchAll(/^\| `(\S+)`/gm)].map(([, verdict]) => verdict)).toEqual(outcomes);
  });
});
