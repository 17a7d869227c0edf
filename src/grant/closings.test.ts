import { describe, expect, test } from "vitest";
import { byCommands, byKernel } from "../../test/support/accesses.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { MemoryLog } from "../../test/support/memory-log.ts";
import { address } from "../../test/support/packets.ts";
import { SlowFirewall, settled } from "../../test/support/slow-firewall.ts";
import { monotonic } from "../base/time.ts";
import type { FirewallResult } from "../firewall/firewall.ts";
import type { AccessEvent } from "./access-event.ts";
import type { AccessRequest, Failed, Lease } from "./lease.ts";
import { failureOf } from "./lease.ts";
import { mostFailing } from "./lease-limits.ts";
import { LeaseManager } from "./lease-manager.ts";
import { Ledger } from "./ledger.ts";

const opens = "open ssh 192.0.2.7";
const closes = "close ssh 192.0.2.7";

const failed: Failed = { kind: "failed", status: 1 };
const notStarted: Failed = { kind: "not-started", reason: "too many open files" };

const request: AccessRequest = { access: byCommands(), length: 10_000, again: "extend" };
const native: AccessRequest = { access: byKernel(), length: 10_000, again: "extend" };

function make(ledger = new Ledger()) {
  const firewall = new SlowFirewall();
  const clock = new ManualClock();
  const log = new MemoryLog();
  const events: AccessEvent[] = [];
  const leaseManager = new LeaseManager({
    ...{ firewall, clock, log, ledger, journal: undefined, locks: undefined },
    ...{ maxCommands: 64, refuseWithoutJournal: false },
    onAccess: (event) => events.push(event),
  });
  const wait = async (milliseconds: number) => {
    clock.advance(milliseconds);
    await settled();
  };
  /** An open lease that is being closed. */
  const closing = async (asked = request) => {
    void leaseManager.open(asked);
    await firewall.end(opens);
    for (const lease of leaseManager.leases) void leaseManager.close(lease);
    await settled();
    firewall.begun.length = 0;
  };
  const only = (): Lease => {
    const [lease, ...others] = leaseManager.leases;
    if (lease === undefined || others.length > 0) throw new Error("not one lease");
    return lease;
  };
  return { firewall, clock, log, events, leaseManager, wait, closing, only };
}

/** Ends each attempt with `result`, and returns the pauses before the next ones, until there is none. */
async function pauses(world: ReturnType<typeof make>, result: FirewallResult, most = 20) {
  const { firewall, wait } = world;
  const found: number[] = [];
  for (let i = 0; i < most; i++) {
    firewall.begun.length = 0;
    await firewall.end(closes, result);
    let seconds = 0;
    while (firewall.begun.length === 0 && seconds < 4000) {
      await wait(1000);
      seconds++;
    }
    if (firewall.begun.length === 0) break;
    found.push(seconds);
  }
  return found;
}

describe("a stop command that fails", () => {
  test("runs eight times within an hour, less and less often; the lease stays", async () => {
    const world = make();
    await world.closing();
    const found = await pauses(world, failed);
    expect(found).toEqual([3, 9, 27, 81, 243, 729, 2187]);
    expect(found.reduce((sum, one) => sum + one, 0)).toBeLessThan(3600);
    const failure = failureOf(world.only());
    expect(failure).toMatchObject({ result: failed, attempts: 8, runs: 8, since: 0 });
  });

  test("is told when it fails first, when it is given up, and when it is taken for closed", async () => {
    const world = make();
    await world.closing();
    await pauses(world, failed);
    world.leaseManager.forget(world.only());
    expect(world.events.slice(2)).toMatchObject([
      { kind: "close-failed", result: failed },
      { kind: "close-failed", result: failed },
      { kind: "forgotten", because: "administrator", source: address("192.0.2.7") },
    ]);
  });

  test("is told in the log: what may be open, for whom, why, and what comes next", async () => {
    const { firewall, log, closing } = make();
    await closing();
    await firewall.end(closes, failed);
    expect(log.entries.at(-1)).toMatchObject({
      ...{ level: "error", event: "close-failed", door: "ssh", source: address("192.0.2.7") },
      text:
        "192.0.2.7: ssh: may still be open: closing failed 1 time: " +
        "command returned non-zero status code (1); next attempt in 3s",
    });
  });

  test("is no trouble any more as soon as it works", async () => {
    const { firewall, leaseManager, closing, wait } = make();
    await closing();
    await firewall.end(closes, failed);
    await wait(3000);
    await firewall.end(closes);
    expect(leaseManager.leases).toEqual([]);
    await wait(4_000_000);
    expect(firewall.begun).toEqual([closes]);
  });

  test("runs again at once for an administrator, once at a time", async () => {
    const { firewall, leaseManager, closing, only, wait } = make();
    await closing();
    await firewall.end(closes, failed);
    void leaseManager.close(only());
    void leaseManager.close(only());
    expect(firewall.begun).toEqual([closes]);
    await wait(10_000);
    expect(firewall.begun).toEqual([closes]);
    await firewall.end(closes);
    expect(leaseManager.leases).toEqual([]);
  });

  test("is forgotten when an administrator takes the lease for closed, and not before it failed", async () => {
    const { firewall, leaseManager, closing, only, wait, log } = make();
    await closing();
    expect(leaseManager.forget(only())).toBe(false);
    await firewall.end(closes, failed);
    expect(leaseManager.forget(only())).toBe(true);
    expect(leaseManager.leases).toEqual([]);
    expect(log.texts.at(-1)).toBe("192.0.2.7: ssh: taken for closed");
    await wait(4_000_000);
    expect(firewall.begun).toEqual([]);
  });

  test("runs at a knock, and the start command after it, whatever became of it", async () => {
    const { firewall, leaseManager, closing, only, wait } = make();
    await closing();
    await firewall.end(closes, failed);
    void leaseManager.open(request);
    expect(firewall.begun).toEqual([closes]);
    await firewall.end(closes, failed);
    expect(firewall.begun).toEqual([closes, opens]);
    await firewall.end(opens);
    expect(only().state).toEqual({ kind: "open" });
    await wait(10_000);
    expect(firewall.begun).toEqual([closes, opens, closes]);
  });

  test("of so many leases of one door that their sources must be forged ends the lease", async () => {
    const ledger = new Ledger();
    const failure = { result: failed, attempts: 8, runs: 8, since: monotonic(0) };
    const most = mostFailing / 2;
    for (let id = 1; id <= most; id++) {
      const source = address(`10.0.${id >> 8}.${id & 255}`);
      const access = byCommands({ source });
      const moments = { since: monotonic(0), due: monotonic(1) };
      const lease = { id, access, length: 1, marks: new Map(), by: new Map(), ...moments };
      ledger.add({ ...lease, state: { kind: "closing", failure } });
    }
    const { firewall, leaseManager, log, wait } = make(ledger);
    const other = { ...request, access: byCommands({ door: "web" }) };
    for (const one of [request, other]) void leaseManager.open(one);
    await firewall.end(opens);
    await firewall.end("open web 192.0.2.7");
    await wait(10_000);
    await firewall.end(closes, failed);
    expect(leaseManager.leases).toHaveLength(most + 1);
    expect(log.texts.at(-1)).toMatch(/too many could not be closed, forgotten$/);
    const message = '"ssh" has 5000 leases that could not be closed: more are forgotten';
    expect(leaseManager.problems).toEqual([{ code: "door-full", message, door: "ssh" }]);
    // That of another door stays.
    await firewall.end("close web 192.0.2.7", failed);
    expect(leaseManager.leases).toHaveLength(most + 1);
  });
});

describe("a stop command that cannot start", () => {
  test("is never given up, and tried once a minute in the end", async () => {
    const world = make();
    await world.closing();
    const found = await pauses(world, notStarted, 12);
    expect(found).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60]);
    expect(failureOf(world.only())).toMatchObject({ attempts: 12, runs: 0 });
  });

  test("runs before the start command of a later knock, in any case", async () => {
    const { firewall, leaseManager, closing, wait } = make();
    await closing();
    await firewall.end(closes, notStarted);
    void leaseManager.open(request);
    await firewall.end(closes, notStarted);
    expect(firewall.begun).toEqual([closes]);
    await wait(2000);
    await firewall.end(closes);
    expect(firewall.begun).toEqual([closes, closes, opens]);
  });
});

describe("a native door that cannot be closed", () => {
  test("is tried again until the kernel has closed it", async () => {
    const { firewall, leaseManager, closing, wait, only } = make();
    await closing(native);
    await firewall.end(closes, notStarted);
    expect(failureOf(only())).toBeDefined();
    await wait(1000);
    await firewall.end(closes, notStarted);
    await wait(2000);
    await firewall.end(closes, notStarted);
    await wait(4000);
    await firewall.end(closes, notStarted);
    await wait(8000);
    expect(leaseManager.leases).toEqual([]);
  });

  test("is opened by a knock at once", async () => {
    const { firewall, leaseManager, closing } = make();
    await closing(native);
    await firewall.end(closes, notStarted);
    void leaseManager.open(native);
    await firewall.end(closes, notStarted);
    expect(firewall.begun).toEqual([closes, opens]);
  });
});

describe("the next daemon", () => {
  const failure = { result: failed, attempts: 3, runs: 3, since: monotonic(-5000) };
  const left = (more: Partial<typeof failure>): Lease => {
    const moments = { since: monotonic(-50_000), due: monotonic(-9000) };
    const lease = {
      id: 1,
      access: byCommands(),
      length: 10_000,
      marks: new Map(),
      by: new Map(),
      ...moments,
    };
    return { ...lease, state: { kind: "closing", failure: { ...failure, ...more } } };
  };

  test("goes on where the one before stopped, which is at once", async () => {
    const world = make();
    await world.leaseManager.restore([left({})]);
    expect(world.firewall.begun).toEqual([closes]);
    expect(await pauses(world, failed)).toEqual([81, 243, 729, 2187]);
  });

  test("lists what was given up, and says so", async () => {
    const { firewall, leaseManager, log, wait } = make();
    await leaseManager.restore([left({ attempts: 8, runs: 8 })]);
    await wait(4_000_000);
    expect(firewall.begun).toEqual([]);
    expect(leaseManager.leases).toHaveLength(1);
    expect(log.entries.at(-1)).toMatchObject({ level: "error", event: "close-failed" });
    expect(log.texts.at(-1)).toMatch(/given up: knockctl close "ssh" 192\.0\.2\.7 .*--forget/);
  });

  describe("after a boot", () => {
    const fromBefore = (stop: string, more: Partial<typeof failure> = { runs: 0 }): Lease => {
      return { ...left(more), access: byCommands({}, { stop }) };
    };
    const inKernel = "/sbin/iptables -D INPUT -s 192.0.2.7 -j ACCEPT";

    test.each([
      ["failed before", { runs: 3 }],
      ["was given up before", { runs: 8, attempts: 8 }],
    ])("takes for closed what only the kernel had, if its stop command %s", async (_, more) => {
      const world = make();
      await world.leaseManager.restore([fromBefore(inKernel, more)]);
      expect(await pauses(world, failed)).toEqual([3, 9, 27]);
      expect(world.leaseManager.leases).toEqual([]);
      expect(world.log.entries.at(-1)).toMatchObject({
        level: "notice",
        event: "closed-by-boot",
        text:
          "192.0.2.7: ssh: taken for closed: the system has booted since it was opened; " +
          "command returned non-zero status code (1)",
      });
    });

    test.each<[string, string, Failed]>([
      ["may be on a disk", "ufw delete allow from 192.0.2.7", failed],
      ["is hidden in a script", "/usr/local/bin/close 192.0.2.7", failed],
      ["is more than one command", "iptables -D INPUT -j ACCEPT; save-rules", failed],
      ["has no program any more", inKernel, { kind: "failed", status: 127 }],
      ["does not end", inKernel, { kind: "timed-out" }],
      ["cannot get the lock", inKernel, { kind: "failed", status: 4 }],
      ["cannot read the rules", inKernel, { kind: "failed", status: 3 }],
      ["cannot get it behind sudo", "sudo ip6tables-nft -F doors", { kind: "failed", status: 4 }],
      ["is ended by timeout", `timeout 5 ${inKernel}`, { kind: "failed", status: 124 }],
    ])("keeps in the list what %s", async (_, stop, result) => {
      const world = make();
      await world.leaseManager.restore([fromBefore(stop)]);
      expect(await pauses(world, result)).toHaveLength(7);
      expect(world.leaseManager.leases).toHaveLength(1);
    });

    test("takes for closed what another program than iptables fails at with status 4", async () => {
      const world = make();
      await world.leaseManager.restore([fromBefore("nft flush chain ip filter doors")]);
      expect(await pauses(world, { kind: "failed", status: 4 })).toEqual([3, 9, 27]);
      expect(world.leaseManager.leases).toEqual([]);
    });

    test("closes what the host has restored", async () => {
      const { firewall, leaseManager, log } = make();
      await leaseManager.restore([fromBefore(inKernel)]);
      await firewall.end(closes);
      expect(leaseManager.leases).toEqual([]);
      expect(log.entries.at(-1)?.event).toBe("command-exit");
    });
  });

  test("gets what fails while this one stops", async () => {
    const { firewall, leaseManager, closing, only, wait } = make();
    await closing();
    await firewall.end(closes, failed);
    await leaseManager.stop();
    await wait(4_000_000);
    expect(firewall.begun).toEqual([]);
    expect(failureOf(only())).toMatchObject({ attempts: 1 });
  });
});
