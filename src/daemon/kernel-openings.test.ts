import { expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { MemoryLog } from "../../test/support/memory-log.ts";
import { address } from "../../test/support/packets.ts";
import { KnockError } from "../base/errors.ts";
import { formatService } from "../base/service.ts";
import { parseConfig } from "../config/parse.ts";
import type { OpenElement } from "../firewall/backend.ts";
import type { Firewall } from "../firewall/firewall.ts";
import { LeaseManager } from "../grant/lease-manager.ts";
import { Ledger } from "../grant/ledger.ts";
import { Doors } from "./doors.ts";
import { findOpenings, KernelOpenings } from "./kernel-openings.ts";
import { PacketCounters } from "./metrics/packet-counters.ts";

const text = `
[ssh]
sequence = 1,2
open = tcp/22, icmp
open_for = 30s
[long]
sequence = 3,4
open = tcp/22
open_for = 1h
[short]
sequence = 5,6
open = tcp/22
open_for = 10s
deny = 192.0.2.9
`;

function doorsOf(config: string) {
  const { config: parsed } = parseConfig(config);
  return new Doors(parsed?.doors ?? [], () => [], new MemoryLog()).all;
}

function element(service: string, left: number, length: number, source = "192.0.2.7") {
  const found =
    service === "icmp"
      ? ({ protocol: "icmp" } as const)
      : ({ protocol: "tcp", port: Number(service) } as const);
  return { source: address(source), service: found, milliseconds: left, length };
}

/** `door: left`, and what is of no door. */
function found(...elements: readonly OpenElement[]): string[] {
  const { openings, others } = findOpenings(elements, doorsOf(text));
  return [
    ...openings.map(
      ({ door, element }) => `${door.config.name} ${element.source}: ${element.milliseconds}`,
    ),
    ...others.map(({ service }) => formatService(service)),
  ];
}

test("what the kernel opened is of the door with this time", () => {
  expect(found(element("22", 9_000, 30_000), element("icmp", 8_000, 30_000))).toEqual([
    "ssh 192.0.2.7: 8000",
  ]);
  expect(found(element("22", 9_000, 3_600_000))).toEqual(["long 192.0.2.7: 9000"]);
  expect(found(element("22", 9_000, 10_000))).toEqual(["short 192.0.2.7: 9000"]);
});

test("a door that the source may not use did not open, and a time that changed fits any", () => {
  expect(found(element("22", 9_000, 10_000, "192.0.2.9"))).toEqual(["long 192.0.2.9: 9000"]);
  expect(found(element("22", 1, 77_000), element("icmp", 1, 77_000))).toEqual(["ssh 192.0.2.7: 1"]);
});

test("what no door opens any more is left over", () => {
  expect(found(element("80", 1, 1), element("icmp", 1, 30_000))).toEqual(["tcp/80", "icmp"]);
});

function start() {
  const clock = new ManualClock();
  const log = new MemoryLog();
  const firewall: Firewall = {
    open: async () => ({ kind: "done" }),
    close: async () => ({ kind: "done" }),
  };
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
  const counters = new PacketCounters();
  const state = { elements: [] as OpenElement[], dropped: 0, failure: undefined as unknown };
  const openings = new KernelOpenings({
    firewalls: {
      listKnocked: () => {
        if (state.failure !== undefined) throw state.failure;
        return state.elements;
      },
    },
    leaseManager,
    counters,
    source: { counters: () => ({ received: 0, dropped: state.dropped }) },
    kernelDoors: { openers: () => doorsOf(text) },
    clock,
    log,
  });
  const leases = () =>
    leaseManager.leases.map(({ access, since, due, state: { kind } }) => {
      const [from, to] = [since - clock.now(), due - clock.now()];
      return `${access.source} ${kind} ${from}..${to}`;
    });
  return { clock, log, leaseManager, counters, state, openings, leases };
}

test("a start makes leases of all, and says when they were opened", () => {
  const { log, counters, state, openings, leases } = start();
  state.elements = [element("22", 9_900, 10_000), element("80", 5_000, 9_000, "192.0.2.8")];
  openings.adoptAll();
  expect(leases()).toEqual(["192.0.2.7 open -100..9900"]);
  expect(log.texts).toEqual([
    "192.0.2.7: short: opened by the kernel 0 s ago, without knockd (10 s left)",
    "192.0.2.8: tcp/80: opened by the kernel for a door that is gone (5 s left)",
  ]);
  openings.adoptAll();
  expect(leases()).toHaveLength(1);
  expect(counters.kernelOpenings("short")).toBe(1);
});

test("a daemon that runs leaves what it is likely to open itself, and never shortens", async () => {
  const { clock, leaseManager, state, openings, leases } = start();
  state.elements = [element("22", 9_100, 10_000)];
  openings.adopt();
  expect(leases()).toEqual([]);
  openings.adopt(0);
  expect(leases()).toEqual(["192.0.2.7 open -900..9100"]);
  const [lease] = leaseManager.leases;
  if (lease !== undefined) await leaseManager.extend(lease, lease.due);
  clock.advance(100);
  state.elements = [element("22", 2_000, 10_000)];
  openings.adopt();
  expect(leases()).toEqual(["192.0.2.7 open -1000..9000"]);
  state.elements = [element("22", 9_999, 10_000)];
  openings.adopt(0);
  expect(leases()).toEqual(["192.0.2.7 open -1000..9000"]);
  state.elements = [element("22", 10_000, 12_000), element("icmp", 10_000, 12_000)];
  openings.adopt();
  expect(leases()).toHaveLength(2);
});

test("packets that were lost are looked for some time after a packet, and not again", () => {
  const { clock, state, openings, leases } = start();
  state.elements = [element("22", 5_000, 10_000)];
  openings.notice();
  clock.advance(5_000);
  expect(leases()).toEqual([]);
  state.dropped = 3;
  openings.notice();
  openings.notice();
  clock.advance(4_999);
  expect(leases()).toEqual([]);
  clock.advance(1);
  expect(leases()).toHaveLength(1);
});

test("what the kernel does not tell is a warning", () => {
  const { log, state, openings } = start();
  state.failure = new KnockError("FIREWALL", "no");
  openings.adoptAll();
  expect(log.texts).toEqual(["cannot read what the kernel opened: no"]);
  state.failure = new TypeError("a fault");
  expect(() => openings.adoptAll()).toThrow(TypeError);
});
