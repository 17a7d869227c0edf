import { expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { MemoryLog } from "../../test/support/memory-log.ts";
import { address } from "../../test/support/packets.ts";
import { KnockError } from "../base/errors.ts";
import { formatServices } from "../base/service.ts";
import { openedServices } from "../config/config.ts";
import { parseConfig } from "../config/parse.ts";
import type { KnockedDoor, KnockedDoors } from "../firewall/backend.ts";
import { doorKey } from "../firewall/nftables/kernel-doors.ts";
import type { Adoption } from "../grant/lease-manager.ts";
import { LeaseManager } from "../grant/lease-manager.ts";
import { Ledger } from "../grant/ledger.ts";
import { Doors } from "./doors.ts";
import { DaemonKernelDoors } from "./kernel-doors.ts";
import { KernelOpenings } from "./kernel-openings.ts";
import { PacketCounters } from "./metrics/packet-counters.ts";

const text = `
[wide]
sequence = 1,2
open = tcp/22, icmp
open_for = 30s
[ssh]
sequence = 3,4
open = tcp/22
open_for = 30s
[same]
sequence = 5,6
open = tcp/22
open_for = 30s
deny = 192.0.2.9
`;

function start(adopt?: () => Adoption) {
  const clock = new ManualClock();
  const log = new MemoryLog();
  const { config } = parseConfig(text);
  if (config === undefined) throw new Error("the configuration is wrong");
  let doors = new Doors(config.doors, () => [], new MemoryLog());
  const reload = (changed: string) => {
    doors = new Doors(parseConfig(changed).config?.doors ?? [], () => [], new MemoryLog());
  };
  const opened: string[] = [];
  const leaseManager = new LeaseManager({
    firewall: {
      open: async ({ source, method }) => {
        const services = method.kind === "native" ? method.services : [];
        opened.push(`${source} ${formatServices(services)}`);
        return { kind: "done" };
      },
      close: async () => ({ kind: "done" }),
    },
    clock,
    log,
    ledger: new Ledger(),
    journal: undefined,
    locks: undefined,
    maxCommands: 1,
    refuseWithoutJournal: false,
  });
  const counters = new PacketCounters();
  const state = { knocked: [] as KnockedDoor[], failure: undefined as unknown };
  const closed: KnockedDoors[] = [];
  const openings = new KernelOpenings({
    firewalls: {
      knocked: {
        list: () => {
          if (state.failure !== undefined) throw state.failure;
          return state.knocked;
        },
        closeAll: (which) => void closed.push(which),
        forgive: () => {},
      },
    },
    leaseManager: adopt === undefined ? leaseManager : { adopt, leases: [] },
    counters,
    kernelDoors: new DaemonKernelDoors(config.options, {
      deviceOf: (name) => ({ name, master: undefined }),
      doors: () => doors,
      onlyIpv4: false,
      clock,
      rehearsal: { until: undefined },
      wereTouched: () => false,
      log,
    }),
    clock,
    log,
  });
  const keyOf = (name: string) => {
    const found = doors.all.find((door) => door.config.name === name);
    return found === undefined
      ? "0123456789abcdef"
      : doorKey({ name, nth: found.nth }, openedServices(found.config));
  };
  /** The kernel has opened a door for a source. */
  const knocked = (
    name: string,
    left: number,
    length: number,
    source = "192.0.2.7",
  ): KnockedDoor => ({
    door: keyOf(name),
    source: address(source),
    milliseconds: left,
    length,
  });
  const leases = () =>
    leaseManager.leases.map(({ access, since, due, state: { kind } }) => {
      const [from, to] = [since - clock.now(), due - clock.now()];
      const name = access.owner.kind === "door" ? access.owner.name : "";
      return `${name} ${access.source} ${kind} ${from}..${to}`;
    });
  return {
    clock,
    log,
    leaseManager,
    counters,
    state,
    openings,
    opened,
    closed,
    keyOf,
    knocked,
    leases,
    reload,
  };
}

test("what the kernel opened becomes a lease of its door, also where doors share a service and a time", () => {
  const { state, openings, knocked, leases, opened } = start();
  state.knocked = [knocked("same", 9_000, 30_000), knocked("wide", 9_000, 30_000, "192.0.2.8")];
  openings.adopt(0);
  expect(leases()).toEqual([
    "same 192.0.2.7 open -21000..9000",
    "wide 192.0.2.8 open -21000..9000",
  ]);
  // A reload removes the sets of doors that change.
  expect(opened).toEqual(["192.0.2.7 tcp/22", "192.0.2.8 tcp/22, icmp"]);
});

test("it is in the log and counted once", () => {
  const { log, counters, state, openings, knocked } = start();
  state.knocked = [knocked("ssh", 29_900, 30_000)];
  openings.adopt(0);
  openings.adopt(0);
  expect(log.texts).toEqual([
    "192.0.2.7: ssh: opened by the kernel 0 s ago, without knockd (30 s left)",
  ]);
  expect(counters.kernelOpenings("ssh")).toBe(1);
});

test("what no door accounts for is closed, and the log says so", () => {
  const { log, state, openings, knocked, leases, closed } = start();
  state.knocked = [knocked("gone", 5_000, 9_000), knocked("same", 5_000, 9_000, "192.0.2.9")];
  openings.adopt();
  expect(leases()).toEqual([]);
  expect(closed.map(({ door, source }) => `${door} ${source}`)).toEqual([
    `${knocked("gone", 0, 0).door} 192.0.2.7`,
    `${knocked("same", 0, 0).door} 192.0.2.9`,
  ]);
  expect(log.texts).toEqual([
    "closed what the kernel had opened and the doors do not allow: 192.0.2.7, 192.0.2.9",
  ]);
});

test("what a lease keeps open is not said to be closed where the door no longer allows it", () => {
  const { log, state, openings, knocked, leases, closed, reload } = start();
  const [kept, other] = ["192.0.2.7", "192.0.2.8"].map((one) => knocked("ssh", 9_000, 9_000, one));
  if (kept === undefined || other === undefined) throw new Error("nothing is open");
  state.knocked = [kept];
  openings.adopt(0);
  reload(text.replace("[ssh]", "[ssh]\ndeny = 192.0.2.0/24"));
  log.entries.length = 0;
  openings.adopt(0);
  expect(closed).toEqual([{ door: kept.door, source: kept.source }]);
  expect(log.texts).toEqual([]);
  expect(leases()).toHaveLength(1);
  state.knocked = [kept, other];
  openings.adopt(0);
  expect(log.texts).toEqual([
    "closed what the kernel had opened and the doors do not allow: 192.0.2.8",
  ]);
});

test("a daemon that runs leaves what it is likely to open itself, and never shortens", async () => {
  const { clock, leaseManager, state, openings, knocked, leases } = start();
  state.knocked = [knocked("ssh", 9_100, 10_000)];
  openings.adopt();
  expect(leases()).toEqual([]);
  openings.adopt(0);
  expect(leases()).toEqual(["ssh 192.0.2.7 open -900..9100"]);
  const [lease] = leaseManager.leases;
  if (lease !== undefined) await leaseManager.extend(lease, lease.due);
  clock.advance(100);
  state.knocked = [knocked("ssh", 2_000, 10_000)];
  openings.adopt();
  expect(leases()).toEqual(["ssh 192.0.2.7 open -1000..9000"]);
  state.knocked = [knocked("ssh", 9_999, 10_000)];
  openings.adopt(0);
  expect(leases()).toEqual(["ssh 192.0.2.7 open -1000..9000"]);
  state.knocked = [knocked("ssh", 10_000, 12_000)];
  openings.adopt();
  expect(leases()).toEqual(["ssh 192.0.2.7 open -1000..10000"]);
});

test("some time after a packet knockd looks for openings that it missed, and not again", () => {
  const { clock, state, openings, knocked, leases } = start();
  openings.notice();
  openings.notice();
  state.knocked = [knocked("ssh", 5_000, 10_000)];
  clock.advance(4_999);
  expect(leases()).toEqual([]);
  clock.advance(1);
  expect(leases()).toHaveLength(1);
  state.knocked = [knocked("same", 5_000, 10_000)];
  clock.advance(60_000);
  expect(leases().join()).not.toContain("same");
});

test("the log says once that leases have no room for what is open", () => {
  const { log, state, openings, knocked } = start(() => "refused");
  const other = knocked("ssh", 5_000, 9_000, "192.0.2.8");
  state.knocked = [knocked("ssh", 5_000, 9_000)];
  openings.adopt();
  openings.adopt();
  state.knocked = [...state.knocked, other];
  openings.adopt();
  const text = "open by the kernel alone, without a lease: too many doors are open";
  expect(log.texts).toEqual([`a door is ${text}`, `2 doors are ${text}`]);
});

test("an administrator closes the doors of a name, or all, of a source or of each", () => {
  const { openings, closed, keyOf } = start();
  const source = address("192.0.2.7");
  openings.close({ name: "ssh", source: undefined });
  openings.close({ name: undefined, source });
  openings.close({ name: undefined, source: undefined });
  openings.close({ name: "gone", source });
  expect(closed).toEqual([{ door: keyOf("ssh") }, { source }, {}]);
});

test("what the kernel does not tell is a warning", () => {
  const { log, state, openings } = start();
  state.failure = new KnockError("FIREWALL", "no");
  openings.adopt(0);
  expect(log.texts).toEqual(["cannot read what the kernel opened: no"]);
  state.failure = new TypeError("a fault");
  expect(() => openings.adopt(0)).toThrow(TypeError);
});
