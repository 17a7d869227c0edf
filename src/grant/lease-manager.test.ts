import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Who } from "../../test/support/accesses.ts";
import { byCommands, byKernel } from "../../test/support/accesses.ts";
import { clockReading } from "../../test/support/clock-reading.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { MemoryFirewall } from "../../test/support/memory-firewall.ts";
import { MemoryLog } from "../../test/support/memory-log.ts";
import { address } from "../../test/support/packets.ts";
import { SlowFirewall, settled } from "../../test/support/slow-firewall.ts";
import { ownerName } from "../base/access-owner.ts";
import { monotonic, wallTime } from "../base/time.ts";
import type { CommandMethod, Firewall, FirewallResult } from "../firewall/firewall.ts";
import { LeaseJournal } from "./journal/lease-journal.ts";
import type { AccessRequest } from "./lease.ts";
import { failureOf } from "./lease.ts";
import { mostLeases } from "./lease-limits.ts";
import type { LeaseManagerOptions } from "./lease-manager.ts";
import { LeaseManager } from "./lease-manager.ts";
import { Ledger } from "./ledger.ts";

function makeGrant(
  who: Who = {},
  length = 10_000,
  method: Partial<CommandMethod> = {},
): AccessRequest {
  return { access: byCommands(who, method), length, again: "extend" };
}

function make<F extends Firewall>(firewall: F, more: Partial<LeaseManagerOptions> = {}) {
  const clock = new ManualClock();
  const log = new MemoryLog();
  const leaseManager = new LeaseManager({
    firewall,
    clock,
    log,
    ledger: new Ledger(),
    journal: undefined,
    locks: undefined,
    maxCommands: 64,
    refuseWithoutJournal: false,
    ...more,
  });
  /** Nobody waits for what a knock sets off. */
  const open = (grant: AccessRequest) => void leaseManager.open(grant);
  const wait = async (milliseconds: number) => {
    clock.advance(milliseconds);
    await settled();
  };
  return { firewall, clock, log, leaseManager, open, wait };
}

const native: AccessRequest = { access: byKernel(), length: 1000, again: "extend" };

/** Nothing closes it. */
const endless = { stop: undefined };

const opens = "open ssh 192.0.2.7";
const closes = "close ssh 192.0.2.7";

test("two doors of one name are two doors", async () => {
  const { firewall, open, wait } = make(new MemoryFirewall());
  open(makeGrant());
  open(makeGrant({ nth: 2 }));
  await settled();
  expect(firewall.history).toEqual([opens, opens]);
  await wait(10_000);
  expect(firewall.history).toEqual([opens, opens, closes, closes]);
});

describe("a door that closes by itself", () => {
  test("is opened, stays open for its time from the end of the start command, and is closed", async () => {
    const { firewall, leaseManager, open, wait, log } = make(new SlowFirewall());
    open(makeGrant());
    expect(firewall.begun).toEqual([opens]);
    await wait(60_000);
    await firewall.end(opens);
    await wait(9999);
    expect(firewall.begun).toEqual([opens]);
    await wait(1);
    expect(firewall.begun).toEqual([opens, closes]);
    expect(leaseManager.busy).toBe(true);
    await firewall.end(closes);
    expect(leaseManager.busy).toBe(false);
    expect(leaseManager.leases).toEqual([]);
    expect(log.texts).toEqual([
      "ssh: running command: start",
      "ssh: command ended",
      "192.0.2.7: ssh: command timeout",
      "ssh: running command: stop",
      "ssh: command ended",
    ]);
  });

  test("stays open longer after a second knock, without a second start", async () => {
    const { firewall, open, wait } = make(new MemoryFirewall());
    open(makeGrant());
    await wait(0);
    await wait(9000);
    open(makeGrant());
    await wait(9999);
    expect(firewall.history).toEqual([opens]);
    await wait(1);
    expect(firewall.history).toEqual([opens, closes]);
    await wait(100_000);
    expect(firewall.history).toEqual([opens, closes]);
  });

  test("stays open longer after a knock while it was being opened", async () => {
    const { firewall, open, wait } = make(new SlowFirewall());
    open(makeGrant());
    await wait(5000);
    open(makeGrant({}, 20_000));
    await firewall.end(opens);
    await wait(19_999);
    expect(firewall.begun).toEqual([opens]);
    await wait(1);
    expect(firewall.begun).toEqual([opens, closes]);
  });

  test("that is knocked at while it is being closed opens again afterwards", async () => {
    const { firewall, open, wait } = make(new SlowFirewall());
    open(makeGrant());
    await firewall.end(opens);
    await wait(10_000);
    open(makeGrant());
    open(makeGrant());
    expect(firewall.begun).toEqual([opens, closes]);
    await firewall.end(closes);
    expect(firewall.begun).toEqual([opens, closes, opens]);
    await firewall.end(opens);
    await wait(10_000);
    expect(firewall.begun).toEqual([opens, closes, opens, closes]);
  });

  test("is not closed earlier by a knock that asks for less time", async () => {
    const { firewall, open, wait } = make(new MemoryFirewall());
    open(makeGrant());
    await wait(0);
    open(makeGrant({}, 1000));
    await wait(9999);
    expect(firewall.history).toEqual([opens]);
    await wait(1);
    expect(firewall.history).toEqual([opens, closes]);
  });

  test("may be made to end later, but not sooner", async () => {
    const { firewall, leaseManager, open, wait } = make(new MemoryFirewall());
    open(makeGrant());
    await wait(0);
    const [lease] = leaseManager.leases;
    if (lease === undefined) throw new Error("no lease");
    await leaseManager.extend(lease, 60_000);
    await leaseManager.extend(lease, 1000);
    await wait(59_999);
    expect(firewall.history).toEqual([opens]);
    await wait(1);
    expect(firewall.history).toEqual([opens, closes]);
  });

  test("may be closed before its time, once", async () => {
    const { firewall, leaseManager, open, wait } = make(new SlowFirewall());
    open(makeGrant());
    await firewall.end(opens);
    for (const lease of [...leaseManager.leases, ...leaseManager.leases])
      void leaseManager.close(lease);
    expect(firewall.begun).toEqual([opens, closes]);
    for (const lease of leaseManager.leases) void leaseManager.close(lease);
    await firewall.end(closes);
    await wait(100_000);
    expect(firewall.begun).toEqual([opens, closes]);
  });

  test.each<[string, FirewallResult]>([
    ["failed", { kind: "failed", status: 3 }],
    ["did not start", { kind: "not-started", reason: "no such file" }],
  ])("is closed, too, when its start command %s", async (_, outcome) => {
    const { firewall, open, wait } = make(new SlowFirewall());
    open(makeGrant());
    await firewall.end(opens, outcome);
    await wait(10_000);
    expect(firewall.begun).toEqual([opens, closes]);
  });

  test("with no time to stay open is closed at once", async () => {
    const { firewall, open, wait } = make(new MemoryFirewall());
    open(makeGrant({}, 0));
    await wait(0);
    await wait(0);
    expect(firewall.history).toEqual([opens, closes]);
  });
});

describe("a door that reruns at each knock", () => {
  const grant: AccessRequest = { ...makeGrant(), again: "rerun" };

  test("is closed and opened again by a knock, in this order", async () => {
    const { firewall, open, wait } = make(new SlowFirewall());
    open(grant);
    await firewall.end(opens);
    await wait(5000);
    open(grant);
    expect(firewall.begun).toEqual([opens, closes]);
    await firewall.end(closes);
    expect(firewall.begun).toEqual([opens, closes, opens]);
    await firewall.end(opens);
    await wait(9999);
    expect(firewall.begun).toHaveLength(3);
    await wait(1);
    expect(firewall.begun).toEqual([opens, closes, opens, closes]);
  });

  test("opens again before what the same source knocks at meanwhile, and closes after what it knocked at before", async () => {
    const { firewall, open } = make(new SlowFirewall());
    open(grant);
    await firewall.end(opens);
    const [before, after] = ["before", "after"].map((door) => makeGrant({ door }, 10_000, endless));
    for (const request of [before, grant, after]) if (request !== undefined) open(request);
    const steps = ["open before 192.0.2.7", closes, opens, "open after 192.0.2.7"];
    for (const [i, step] of steps.entries()) {
      expect(firewall.begun.slice(1)).toEqual(steps.slice(0, i + 1));
      await firewall.end(step);
    }
  });

  test("keeps what the same source knocks at afterwards waiting for 10 s at most", async () => {
    const { firewall, open, wait } = make(new SlowFirewall());
    open(grant);
    await firewall.end(opens);
    open(grant);
    open(makeGrant({ door: "after" }, 10_000, endless));
    await wait(9_999);
    expect(firewall.begun).toEqual([opens, closes]);
    await wait(1);
    expect(firewall.begun).toEqual([opens, closes, "open after 192.0.2.7"]);
    await firewall.end("open after 192.0.2.7");
    await firewall.end(closes);
    expect(firewall.begun.at(-1)).toBe(opens);
  });

  test("is not closed while it is being opened: it stays open longer", async () => {
    const { firewall, open, wait } = make(new SlowFirewall());
    open(grant);
    await wait(5000);
    open(grant);
    expect(firewall.begun).toEqual([opens]);
    await firewall.end(opens);
    await wait(10_000);
    expect(firewall.begun).toEqual([opens, closes]);
  });

  test("is opened once for all knocks that come while it is being closed", async () => {
    const { firewall, open } = make(new SlowFirewall());
    open(grant);
    await firewall.end(opens);
    for (let i = 0; i < 3; i++) open(grant);
    await firewall.end(closes);
    expect(firewall.begun).toEqual([opens, closes, opens]);
  });
});

describe("a door that the kernel closes", () => {
  const grant = (length: number, who: Who = {}, port = 22): AccessRequest => {
    const services = [{ protocol: "tcp", port }] as const;
    return { access: byKernel(who, { services }), length, again: "extend" };
  };

  test("is opened for its time, and is over without a word to the firewall", async () => {
    const { firewall, leaseManager, log, open, wait } = make(new SlowFirewall());
    open(grant(1000));
    expect([firewall.begun, firewall.lengths]).toEqual([[opens], [1000]]);
    await firewall.end(opens);
    await wait(999);
    expect(leaseManager.leases).toHaveLength(1);
    await wait(1);
    expect(leaseManager.leases).toEqual([]);
    expect(firewall.begun).toEqual([opens]);
    expect(log.texts.at(-1)).toBe("192.0.2.7: ssh: closed");
  });

  test("is opened again by a knock, for the whole time from then on", async () => {
    const { firewall, leaseManager, open, wait } = make(new SlowFirewall());
    open(grant(1000));
    await firewall.end(opens);
    await wait(900);
    open(grant(1000));
    expect([firewall.begun, firewall.lengths]).toEqual([
      [opens, opens],
      [1000, 1000],
    ]);
    await firewall.end(opens);
    await wait(999);
    expect(leaseManager.leases).toHaveLength(1);
    await wait(1);
    expect(leaseManager.leases).toEqual([]);
  });

  test("is no lease if it could not be opened, and may be tried again", async () => {
    const { firewall, leaseManager, log, open } = make(new SlowFirewall());
    open(grant(1000));
    await firewall.end(opens, { kind: "not-started", reason: "no rights" });
    expect(leaseManager.leases).toEqual([]);
    expect(log.entries.at(-1)).toMatchObject({ level: "error", event: "open-failed" });
    open(grant(1000));
    expect(firewall.begun).toEqual([opens, opens]);
  });

  test("is opened again, with the time it has left, where somebody removed it", async () => {
    const { firewall, leaseManager, open, wait } = make(new SlowFirewall());
    open(grant(1000));
    open(makeGrant({ door: "by commands" }));
    await firewall.end(opens);
    await firewall.end("open by commands 192.0.2.7");
    await wait(400);
    leaseManager.reopenNative();
    expect(firewall.begun.slice(2)).toEqual([opens]);
    expect(firewall.lengths.at(-1)).toBe(600);
  });

  test("leaves open what another door has opened to the same source, and for longer", async () => {
    const { firewall, leaseManager, open } = make(new SlowFirewall());
    open(grant(1000));
    open(grant(5000, { door: "long" }));
    await firewall.end(opens);
    await firewall.end("open long 192.0.2.7");
    const [lease] = leaseManager.leases;
    if (lease === undefined) throw new Error("no lease");
    void leaseManager.close(lease);
    await firewall.end(closes);
    expect(firewall.begun.slice(2)).toEqual([closes, "open long 192.0.2.7"]);
    expect(firewall.lengths.at(-1)).toBe(5000);
  });
});

test("a door that nothing closes is opened at every knock, and is no lease", async () => {
  const { firewall, leaseManager, open, wait } = make(new MemoryFirewall());
  open(makeGrant({}, 10_000, endless));
  await wait(0);
  open(makeGrant({}, 10_000, endless));
  await wait(1_000_000);
  expect(firewall.history).toEqual([opens, opens]);
  expect(leaseManager.busy).toBe(false);
});

test("doors and sources are closed each at its own time", async () => {
  const { firewall, open, wait } = make(new MemoryFirewall());
  open(makeGrant({}, 3000));
  open(makeGrant({ door: "web" }, 1000));
  open(makeGrant({ source: address("2001:db8::7") }, 2000));
  await wait(0);
  firewall.history.length = 0;
  for (let i = 0; i < 3; i++) await wait(1000);
  expect(firewall.history).toEqual(["close web 192.0.2.7", "close ssh 2001:db8::7", closes]);
});

describe("slow commands", () => {
  const host = (i: number) => address(`10.0.0.${i}`);

  test("do not delay others", async () => {
    const { firewall, open, wait } = make(new SlowFirewall());
    open(makeGrant({ source: host(1) }));
    open(makeGrant());
    await firewall.end(opens);
    await wait(10_000);
    expect(firewall.begun).toEqual(["open ssh 10.0.0.1", opens, closes]);
  });

  test("that open, however many, never keep a door from closing", async () => {
    const { firewall, open, wait } = make(new SlowFirewall());
    open(makeGrant());
    await firewall.end(opens);
    for (let i = 0; i < 200; i++) open(makeGrant({ door: "flood", source: host(i) }));
    expect(firewall.begun).toHaveLength(1 + 32);
    await wait(10_000);
    expect(firewall.begun.at(-1)).toBe(closes);
  });

  test("let the others wait their turn, one for each door and source", async () => {
    const { firewall, open } = make(new SlowFirewall());
    for (let i = 0; i < 32; i++) open(makeGrant({ source: host(i) }, 10_000, endless));
    for (let i = 0; i < 3; i++) open(makeGrant({}, 10_000, endless));
    expect(firewall.begun).toHaveLength(32);
    await firewall.end("open ssh 10.0.0.5");
    expect(firewall.begun.slice(32)).toEqual([opens]);
    await firewall.end("open ssh 10.0.0.6");
    expect(firewall.begun).toHaveLength(33);
  });

  test("beyond what may wait are refused with a word in the log, and may be tried again", async () => {
    const { firewall, open, log } = make(new SlowFirewall());
    const other = (i: number) => address(`10.1.${i >> 8}.${i & 255}`);
    for (let i = 0; i < 5032; i++) open(makeGrant({ source: other(i) }));
    open(makeGrant());
    await settled();
    expect(log.texts.at(-1)).toBe("192.0.2.7: ssh: too many commands are waiting, not opened");
    expect(log.entries.at(-1)?.level).toBe("error");
    await firewall.end("open ssh 10.1.0.0");
    open(makeGrant());
    expect(log.texts.filter((text) => text.includes("too many"))).toHaveLength(1);
    expect(log.texts.join()).not.toContain("open already");
  });
});

describe("a door that rests", () => {
  const plain: AccessRequest = { ...makeGrant({}, 10_000, endless), rest: 1000 };

  test("runs once for a burst of knocks, and none of them later", async () => {
    const { firewall, leaseManager, open, wait } = make(new MemoryFirewall());
    for (let i = 0; i < 300; i++) open(plain);
    await wait(999);
    expect(await leaseManager.open(plain)).toBe(true);
    await wait(10_000);
    expect(firewall.history).toEqual([opens]);
    open(plain);
    expect(firewall.history).toEqual([opens, opens]);
  });

  test("runs again after another door, in the order of the knocks", async () => {
    const { firewall, open } = make(new SlowFirewall());
    const other = { ...plain, access: byCommands({ door: "shut" }, endless) };
    for (const request of [plain, other, plain, plain]) open(request);
    expect(firewall.begun).toEqual([opens]);
    await firewall.end(opens);
    expect(firewall.begun).toEqual([opens, "open shut 192.0.2.7"]);
    await firewall.end("open shut 192.0.2.7");
    expect(firewall.begun).toEqual([opens, "open shut 192.0.2.7", opens]);
  });

  test("may be knocked at again if its command could not be started", async () => {
    const { firewall, open } = make(new SlowFirewall());
    open(plain);
    await firewall.end(opens, { kind: "not-started", reason: "EAGAIN" });
    open(plain);
    expect(firewall.begun).toEqual([opens, opens]);
  });

  test("does not run for a device that was removed while its command waited", async () => {
    const { firewall, leaseManager, log, open } = make(new SlowFirewall());
    const other = (who: string, door: string): AccessRequest => ({
      ...plain,
      access: byCommands({ who, door }, endless),
    });
    open(plain);
    for (const request of [other("alice/pc", "a"), other("bob/pc", "b")]) open(request);
    leaseManager.dropCommands((who) => who === "alice/pc");
    await firewall.end(opens);
    expect(firewall.begun).toEqual([opens, "open b 192.0.2.7"]);
    expect(log.texts).toContain("192.0.2.7: a: not run: alice/pc may not open it");
  });

  test("and reruns stays open longer meanwhile", async () => {
    const { firewall, open, wait } = make(new SlowFirewall());
    const rerun: AccessRequest = { ...makeGrant(), again: "rerun", rest: 1000 };
    open(rerun);
    await firewall.end(opens);
    await wait(999);
    open(rerun);
    expect(firewall.begun).toEqual([opens]);
    await wait(1);
    open(rerun);
    expect(firewall.begun).toEqual([opens, closes]);
  });
});

describe("an administrator", () => {
  test("closes a door whose start command still runs: now, and once more when that has ended", async () => {
    const { firewall, leaseManager, open, wait } = make(new SlowFirewall());
    open(makeGrant());
    await settled();
    const [lease] = leaseManager.leases;
    if (lease === undefined) throw new Error("no lease");
    void leaseManager.close(lease);
    await firewall.end(closes);
    expect(firewall.begun).toEqual([opens, closes]);
    await firewall.end(opens);
    await firewall.end(closes);
    await wait(100_000);
    expect(firewall.begun).toEqual([opens, closes, closes]);
    expect(leaseManager.leases).toEqual([]);
  });

  test("tries again where closing fails while the start command runs, or forgets it until that has ended", async () => {
    const { firewall, leaseManager, open, wait } = make(new SlowFirewall());
    const failed = { kind: "failed", status: 1 } as const;
    open(makeGrant());
    const [lease] = leaseManager.leases;
    if (lease === undefined) throw new Error("no lease");
    void leaseManager.close(lease);
    await firewall.end(closes, failed);
    await wait(3000);
    await firewall.end(closes, failed);
    expect(leaseManager.leases.map(failureOf)).toMatchObject([{ attempts: 2, runs: 2 }]);
    expect(leaseManager.forget(lease)).toBe(true);
    expect(leaseManager.leases.map(failureOf)).toEqual([undefined]);
    await wait(1_000_000);
    expect(firewall.begun).toEqual([opens, closes, closes]);
    await firewall.end(opens);
    await firewall.end(closes, failed);
    // It has its eight runs, however many failed before.
    expect(leaseManager.leases.map(failureOf)).toMatchObject([{ attempts: 1, runs: 1 }]);
    await wait(3000);
    await firewall.end(closes);
    expect(firewall.begun).toEqual([opens, closes, closes, closes, closes]);
    expect(leaseManager.leases).toEqual([]);
  });

  test("closes a door that waits for a slot: nothing of it ever runs", async () => {
    const { firewall, leaseManager, open, wait, log } = make(new SlowFirewall(), {
      maxCommands: 1,
    });
    open(makeGrant({ door: "web" }));
    const opening = leaseManager.open(makeGrant());
    const [, lease] = leaseManager.leases;
    expect(lease?.state).toEqual({ kind: "queued" });
    if (lease !== undefined) await leaseManager.close(lease);
    expect(log.texts.at(-1)).toBe("192.0.2.7: ssh: closed before it was opened");
    await firewall.end("open web 192.0.2.7");
    expect(await opening).toBe(false);
    await wait(10_000);
    expect(firewall.begun).toEqual(["open web 192.0.2.7", "close web 192.0.2.7"]);
  });

  test("hurries a closing that waits for a slot, and waits for its end", async () => {
    const { firewall, leaseManager, open, wait } = make(new SlowFirewall(), { maxCommands: 1 });
    for (const door of ["web", "ssh"]) {
      open(makeGrant({ door }));
      await firewall.end(`open ${door} 192.0.2.7`);
    }
    await wait(10_000);
    const [web, ssh] = leaseManager.leases;
    if (web === undefined || ssh === undefined) throw new Error("both are closing");
    expect(leaseManager.describeClosing(web)).toBe("its stop command runs");
    expect(leaseManager.describeClosing(ssh)).toBe("its stop command waits for a slot");
    expect(firewall.begun.slice(2)).toEqual(["close web 192.0.2.7"]);
    const closed = leaseManager.close(ssh);
    expect(firewall.begun.slice(2)).toEqual(["close web 192.0.2.7", closes]);
    await firewall.end(closes);
    await closed;
    expect(leaseManager.leases).toMatchObject([{ id: web.id }]);
  });

  test.each<[string, AccessRequest]>([
    ["by commands", makeGrant()],
    ["by the kernel", native],
  ])(
    "closes a door while it is being opened %s, and a knock opens it again",
    async (_, request) => {
      const { firewall, leaseManager, open } = make(new SlowFirewall());
      open(request);
      const closing = Promise.all(leaseManager.leases.map((lease) => leaseManager.close(lease)));
      open(request);
      await firewall.end(closes);
      await closing;
      await firewall.end(opens);
      expect(firewall.begun).toEqual([opens, closes, closes]);
      await firewall.end(closes);
      expect(firewall.begun).toEqual([opens, closes, closes, opens]);
      await firewall.end(opens);
      expect(leaseManager.leases.map(({ state }) => state.kind)).toEqual(["open"]);
    },
  );

  test("closes a native door while it is being opened, which fails: a knock opens it again", async () => {
    const { firewall, leaseManager, open } = make(new SlowFirewall());
    open(native);
    for (const lease of leaseManager.leases) void leaseManager.close(lease);
    open(native);
    await firewall.end(opens, { kind: "not-started", reason: "no rights" });
    expect(firewall.begun).toEqual([opens, closes, opens]);
    await firewall.end(opens);
    expect(leaseManager.leases.map(({ state }) => state.kind)).toEqual(["open"]);
  });

  test("is told whether a door could be opened", async () => {
    const { firewall, leaseManager } = make(new SlowFirewall());
    const good = leaseManager.open(makeGrant());
    await firewall.end(opens);
    expect(await good).toBe(true);
    const bad = leaseManager.open(makeGrant({ door: "web" }));
    await firewall.end("open web 192.0.2.7", { kind: "not-started", reason: "EAGAIN" });
    expect(await bad).toBe(false);
  });
});

describe("stopping", () => {
  test("leaves what is open as it is, and opens nothing any more", async () => {
    const { firewall, leaseManager, open, wait } = make(new SlowFirewall());
    open(makeGrant());
    await firewall.end(opens);
    await leaseManager.stop();
    open(makeGrant({ door: "web" }));
    await wait(100_000);
    expect(firewall.begun).toEqual([opens]);
    expect(leaseManager.leases).toHaveLength(1);
  });

  test("ends when what is being closed has been, and does not open it again", async () => {
    const { firewall, leaseManager, open, wait } = make(new SlowFirewall());
    open(makeGrant());
    await firewall.end(opens);
    await wait(10_000);
    open(makeGrant());
    let ended = false;
    const stopping = leaseManager.stop().then(() => {
      ended = true;
    });
    await settled();
    expect(ended).toBe(false);
    await firewall.end(closes);
    await stopping;
    expect(firewall.begun).toEqual([opens, closes]);
    expect(leaseManager.leases).toEqual([]);
  });

  test("does not wait for commands that open", async () => {
    const { firewall, leaseManager, open } = make(new SlowFirewall());
    open(makeGrant());
    await leaseManager.stop();
    expect(firewall.begun).toEqual([opens]);
  });

  test("drops what waits to be opened", async () => {
    const { firewall, leaseManager, open } = make(new SlowFirewall(), { maxCommands: 1 });
    open(makeGrant({ door: "web" }));
    open(makeGrant());
    await leaseManager.stop();
    await firewall.end("open web 192.0.2.7");
    expect(firewall.begun).toEqual(["open web 192.0.2.7"]);
  });

  test("has nothing to do where nothing is open", async () => {
    const { leaseManager } = make(new SlowFirewall());
    await leaseManager.stop();
    expect(leaseManager.busy).toBe(false);
  });
});

describe("the log says how a command ended:", () => {
  test.each<[string, FirewallResult, string, string]>([
    ["well", { kind: "done" }, "info", "ssh: command ended"],
    [
      "with a status",
      { kind: "failed", status: 3 },
      "error",
      "ssh: command returned non-zero status code (3)",
    ],
    [
      "by a signal",
      { kind: "killed", signal: "SIGTERM" },
      "error",
      "ssh: command was killed by SIGTERM",
    ],
    [
      "before it began",
      { kind: "not-started", reason: "spawn /bin/sh EAGAIN" },
      "error",
      "ssh: command could not be started: spawn /bin/sh EAGAIN",
    ],
  ] as const)("%s", async (_, outcome, level, text) => {
    const { firewall, open, log } = make(new SlowFirewall());
    open(makeGrant({}, 10_000, { stop: undefined, start: "iptables -A …" }));
    await firewall.end(opens, outcome);
    expect(log.texts).toEqual(["ssh: running command: iptables -A …", text]);
    expect(log.entries[1]).toMatchObject({
      level,
      event: outcome.kind === "not-started" ? "command-not-started" : "command-exit",
      door: "ssh",
      detail: { what: "open", ...outcome },
    });
  });
});

describe("so many leases of one door that their sources must be forged", () => {
  const flooded = () => {
    const ledger = new Ledger();
    for (let id = 1; id <= mostLeases / 2; id++) {
      const source = address(`10.${id >> 16}.${(id >> 8) & 255}.${id & 255}`);
      ledger.apply({
        op: "open",
        id,
        access: byKernel({ source }),
        length: 1000,
        since: monotonic(0),
      });
    }
    return ledger;
  };

  test("leave that door shut to other knocks, but not to an administrator, nor other doors", async () => {
    const { firewall, leaseManager, log } = make(new MemoryFirewall(), { ledger: flooded() });
    const knock = { port: 7000, protocol: "tcp" } as const;
    const grant = (who: Who): AccessRequest => ({
      access: byKernel(who),
      length: 1000,
      again: "extend",
    });
    expect(await leaseManager.open(grant({ knock }))).toBe(false);
    expect(firewall.history).toEqual([]);
    expect(log.texts).toEqual(["192.0.2.7: ssh: too many doors are open, not opened"]);
    const message = '"ssh" has 25000 leases: further knocks at it open nothing';
    expect(leaseManager.problems).toEqual([{ code: "door-full", message, door: "ssh" }]);
    expect(await leaseManager.open(grant({ door: "web", knock }))).toBe(true);
    expect(await leaseManager.open(grant({ knock: undefined }))).toBe(true);
    expect(firewall.history).toEqual(["open web 192.0.2.7", opens]);
  });
});

test("several knocks in one go make one native door, which is written down and told once", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sesame-keeper-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "journal");
  const ledger = new Ledger();
  const here = clockReading({ boot: "one", now: 0, wall: 0 });
  const { journal } = await LeaseJournal.open(path, { ledger, here, log: new MemoryLog() });
  const { leaseManager, log } = make(new MemoryFirewall(), { ledger, journal });
  await leaseManager.restore([]);
  const grants = [1000, 5000, 1000].map((length) => leaseManager.open({ ...native, length }));
  expect(await Promise.all(grants)).toEqual([true, true, true]);
  await journal.close();
  const lines = readFileSync(path, "utf8").split("\n");
  expect(lines.filter((line) => /"op":"open(?:ed)?"/.test(line))).toHaveLength(2);
  expect(log.texts.filter((text) => text.includes("open for"))).toHaveLength(1);
  const { recovered } = await LeaseJournal.open(path, {
    ledger: new Ledger(),
    here,
    log: new MemoryLog(),
  });
  expect(recovered.map(({ due }) => due)).toEqual([5000]);
});

test("a native door that is closed while it is being opened is closed once more when it is open", async () => {
  const { firewall, leaseManager, open } = make(new SlowFirewall());
  open(native);
  const closing = Promise.all(leaseManager.leases.map((lease) => leaseManager.close(lease)));
  expect(firewall.begun).toEqual([opens, closes]);
  await firewall.end(opens);
  await firewall.end(closes);
  await closing;
  await firewall.end(closes);
  expect(leaseManager.leases).toEqual([]);
});

test("a service that is closed by one door is opened again for another that is just opening it", async () => {
  const { firewall, leaseManager, open } = make(new SlowFirewall());
  open(native);
  await firewall.end(opens);
  const [lease] = leaseManager.leases;
  open({ ...native, access: byKernel({ door: "web" }) });
  if (lease !== undefined) void leaseManager.close(lease);
  await firewall.end(closes);
  const again = "open web 192.0.2.7";
  expect(firewall.begun).toEqual([opens, again, closes, again]);
  await firewall.end(again);
  await firewall.end(again);
  expect(
    leaseManager.leases.map(({ state, access }) => [ownerName(access.owner), state.kind]),
  ).toEqual([["web", "open"]]);
});

test("a native door is written down when it is open, not before", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sesame-keeper-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "journal");
  const ledger = new Ledger();
  const log = new MemoryLog();
  const { journal } = await LeaseJournal.open(path, {
    ledger,
    here: { boot: "one", now: monotonic(0), wall: wallTime(0) },
    log,
  });
  journal.restart();
  await journal.commit();
  const written = () => readFileSync(path, "utf8").includes("192.0.2.7");
  const seen: boolean[] = [];
  const firewall: Firewall = {
    open: async () => {
      seen.push(written());
      return { kind: "done" };
    },
    close: async () => ({ kind: "done" }),
  };
  const { leaseManager } = make(firewall, { ledger, journal });
  await leaseManager.open(native);
  await journal.commit();
  expect([...seen, written()]).toEqual([false, true]);
  await journal.close();
});
