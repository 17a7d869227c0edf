import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Who } from "../../test/support/accesses.ts";
import { byCommands, byKernel } from "../../test/support/accesses.ts";
import { clockReading } from "../../test/support/clock-reading.ts";
import { commandsOnly } from "../../test/support/commands-only.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { MemoryFirewall } from "../../test/support/memory-firewall.ts";
import { MemoryLog } from "../../test/support/memory-log.ts";
import { address } from "../../test/support/packets.ts";
import { SlowFirewall, settled } from "../../test/support/slow-firewall.ts";
import { ownerName } from "../base/access-owner.ts";
import { systemClock } from "../base/clock.ts";
import { monotonic } from "../base/time.ts";
import { CommandFirewall } from "../firewall/commands/command.ts";
import type { Access } from "../firewall/firewall.ts";
import { CommandLocks } from "./journal/command-locks.ts";
import { LeaseJournal } from "./journal/lease-journal.ts";
import type { Failed, Lease } from "./lease.ts";
import { failureOf } from "./lease.ts";
import type { LeaseManagerOptions } from "./lease-manager.ts";
import { LeaseManager } from "./lease-manager.ts";
import { Ledger } from "./ledger.ts";

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sesame-restore-"));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

const opens = "open ssh 192.0.2.7";
const closes = "close ssh 192.0.2.7";

/** A lease of an earlier daemon that ends at `due`, as it is found. */
function left(
  kind: "orphaned" | "open" | "closing",
  due: number,
  access: Access = byCommands(),
): Lease {
  const state = kind === "orphaned" ? ({ kind, wait: "waiting" } as const) : { kind };
  const times = {
    since: monotonic(0),
    due: monotonic(due),
    marks: new Map(),
    by: new Map([["", monotonic(due)]]),
  };
  return { id: 1, access, length: 10_000, ...times, state };
}

/** A daemon that has just started, in a world in which time is handed in. */
function makeDaemon(more: Partial<LeaseManagerOptions> = {}) {
  const firewall = new SlowFirewall();
  const clock = new ManualClock();
  const log = new MemoryLog();
  const ledger = new Ledger();
  const locks = new CommandLocks(join(folder, "start-"));
  const leaseManager = new LeaseManager({
    firewall,
    clock,
    log,
    ledger,
    journal: undefined,
    locks,
    maxCommands: 64,
    refuseWithoutJournal: false,
    ...more,
  });
  const open = (who: Who = {}) =>
    void leaseManager.open({ access: byCommands(who), length: 10_000, again: "extend" });
  const ready = async () => {
    await settled();
    await locks.idle();
    await settled();
  };
  const wait = async (milliseconds: number) => {
    clock.advance(milliseconds);
    await ready();
  };
  return { firewall, clock, log, ledger, leaseManager, open, wait, ready };
}

describe("a lease of an earlier daemon", () => {
  test("that is open is closed on time, once", async () => {
    const { firewall, leaseManager, wait } = makeDaemon();
    await leaseManager.restore([left("open", 5000)]);
    await wait(4999);
    expect(firewall.begun).toEqual([]);
    await wait(1);
    expect(firewall.begun).toEqual([closes]);
    await firewall.end(closes);
    await wait(100_000);
    expect(firewall.begun).toEqual([closes]);
    expect(leaseManager.busy).toBe(false);
  });

  test("that is overdue is closed at once", async () => {
    const { firewall, leaseManager, wait } = makeDaemon();
    await leaseManager.restore([left("open", -1)]);
    await wait(0);
    expect(firewall.begun).toEqual([closes]);
  });

  test("that was being closed is closed again at once", async () => {
    const { firewall, leaseManager } = makeDaemon();
    await leaseManager.restore([left("closing", 5000)]);
    expect(firewall.begun).toEqual([closes]);
  });

  test("is extended by a knock, without a second start", async () => {
    const { firewall, leaseManager, open, wait } = makeDaemon();
    await leaseManager.restore([left("open", 5000)]);
    await wait(4000);
    open();
    await wait(9999);
    expect(firewall.begun).toEqual([]);
    await wait(1);
    expect(firewall.begun).toEqual([closes]);
  });

  test("keeps its number to itself", async () => {
    const { leaseManager, open, wait } = makeDaemon();
    await leaseManager.restore([left("open", 5000)]);
    open({ door: "web" });
    await wait(0);
    expect(leaseManager.leases.map(({ id }) => id)).toEqual([1, 2]);
  });

  test("that the kernel keeps is opened again with the time it has left, and ends then", async () => {
    const { firewall, leaseManager, wait } = makeDaemon();
    await leaseManager.restore([left("open", 5000, byKernel())]);
    expect([firewall.begun, firewall.lengths]).toEqual([[opens], [5000]]);
    await firewall.end(opens);
    await wait(5000);
    expect(leaseManager.leases).toEqual([]);
  });

  test("that the kernel has closed meanwhile is not opened again", async () => {
    const { firewall, leaseManager, wait } = makeDaemon();
    await leaseManager.restore([left("open", -1, byKernel())]);
    await wait(0);
    expect(firewall.begun).not.toContain(opens);
    expect(leaseManager.leases).toEqual([]);
  });

  test("of a trial of version 0.1, which let its administrator in, is closed at once", async () => {
    const { firewall, leaseManager } = makeDaemon();
    await leaseManager.restore([left("open", 60_000, { ...byKernel(), owner: { kind: "trial" } })]);
    await settled();
    expect(firewall.begun).toEqual(["close knockctl guard 192.0.2.7"]);
    await firewall.end("close knockctl guard 192.0.2.7");
    expect(leaseManager.leases).toEqual([]);
  });

  test("is told in the log", async () => {
    const { leaseManager, log } = makeDaemon();
    await leaseManager.restore([left("open", 5000)]);
    expect(log.entries[0]).toMatchObject({ event: "recovered", door: "ssh" });
  });
});

describe("a lease whose start command may still run", () => {
  /** The command, as the earlier daemon started it; it runs until it is killed. */
  async function startCommand(): Promise<ChildProcess> {
    const hold = await new CommandLocks(join(folder, "start-")).take(1);
    if (hold === undefined) throw new Error("no lock");
    const child = spawn("sleep", ["60"], { stdio: ["ignore", "ignore", "ignore", hold.fd] });
    children.push(child);
    hold.release();
    return child;
  }

  async function end(child: ChildProcess): Promise<void> {
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  test("is closed at once where it has ended", async () => {
    const { firewall, leaseManager, ready } = makeDaemon();
    await leaseManager.restore([left("orphaned", 5000)]);
    await ready();
    expect(firewall.begun).toEqual([closes]);
  });

  test("is closed when it has ended, once", async () => {
    const { firewall, leaseManager, wait } = makeDaemon();
    const child = await startCommand();
    await leaseManager.restore([left("orphaned", 5000)]);
    await wait(1000);
    expect(firewall.begun).toEqual([]);
    await end(child);
    await wait(250);
    expect(firewall.begun).toEqual([closes]);
    await firewall.end(closes);
    await wait(100_000);
    expect(firewall.begun).toEqual([closes]);
    expect(leaseManager.busy).toBe(false);
  });

  test("is closed 10 s after its end if that does not come, and once more when it comes", async () => {
    const { firewall, leaseManager, wait } = makeDaemon();
    const child = await startCommand();
    await leaseManager.restore([left("orphaned", 5000)]);
    await wait(14_999);
    expect(firewall.begun).toEqual([]);
    await wait(250);
    expect(firewall.begun).toEqual([closes]);
    await firewall.end(closes);
    await wait(1_000_000);
    expect(firewall.begun).toEqual([closes]);
    await end(child);
    await wait(250);
    expect(firewall.begun).toEqual([closes, closes]);
    await firewall.end(closes);
    expect(leaseManager.busy).toBe(false);
  });

  test.each<Failed>([
    { kind: "not-started", reason: "too many open files" },
    { kind: "failed", status: 1 },
  ])(
    "is closed again where that failed, and could not be closed until then: %o",
    async (result) => {
      const { firewall, leaseManager, log, wait } = makeDaemon();
      const child = await startCommand();
      await leaseManager.restore([left("orphaned", 5000)]);
      await wait(15_250);
      await firewall.end(closes, result);
      const [failing] = leaseManager.leases;
      expect(failing && failureOf(failing)).toMatchObject({ result, attempts: 1 });
      expect(log.entries.at(-1)).toMatchObject({ level: "error", event: "close-failed" });
      await wait(999);
      expect(firewall.begun).toEqual([closes]);
      await wait(2001);
      expect(firewall.begun).toEqual([closes, closes]);
      await firewall.end(closes);
      expect(leaseManager.leases.map(failureOf)).toEqual([undefined]);
      await wait(1_000_000);
      await end(child);
      await wait(250);
      expect(firewall.begun).toEqual([closes, closes, closes]);
      await firewall.end(closes);
      expect(leaseManager.busy).toBe(false);
    },
  );

  test("is not opened again by a knock before it is closed, but afterwards", async () => {
    const { firewall, leaseManager, open, wait } = makeDaemon();
    const child = await startCommand();
    await leaseManager.restore([left("orphaned", 5000)]);
    open();
    await wait(1000);
    expect(firewall.begun).toEqual([]);
    await end(child);
    await wait(250);
    expect(firewall.begun).toEqual([closes]);
    await firewall.end(closes);
    await wait(0);
    expect(firewall.begun).toEqual([closes, opens]);
  });

  test("is closed by an administrator now, and once more when it has ended", async () => {
    const { firewall, leaseManager, wait } = makeDaemon();
    const child = await startCommand();
    await leaseManager.restore([left("orphaned", 5000)]);
    const closing = Promise.all(leaseManager.leases.map((lease) => leaseManager.close(lease)));
    expect(firewall.begun).toEqual([closes]);
    await firewall.end(closes);
    await closing;
    await wait(0);
    expect(leaseManager.leases.map(({ state }) => state.kind)).toEqual(["orphaned"]);
    await end(child);
    await wait(250);
    expect(firewall.begun).toEqual([closes, closes]);
    await firewall.end(closes);
    expect(leaseManager.leases).toEqual([]);
  });

  test("that was closed without it is opened by a knock, after one more closing", async () => {
    const { firewall, leaseManager, open, wait } = makeDaemon();
    const child = await startCommand();
    await leaseManager.restore([left("orphaned", 5000)]);
    await wait(15_250);
    await firewall.end(closes);
    open();
    expect(firewall.begun).toEqual([closes, closes]);
    await firewall.end(closes);
    await wait(0);
    expect(firewall.begun).toEqual([closes, closes, opens]);
    // Nobody asks for the old command any more.
    await end(child);
    await firewall.end(opens);
    await wait(9999);
    expect(firewall.begun).toEqual([closes, closes, opens]);
    await wait(1);
    expect(firewall.begun).toEqual([closes, closes, opens, closes]);
  });

  test("is not touched by a daemon that stops", async () => {
    const { firewall, leaseManager, wait } = makeDaemon();
    await startCommand();
    await leaseManager.restore([left("orphaned", 5000)]);
    await leaseManager.stop();
    await wait(100_000);
    expect(firewall.begun).toEqual([]);
  });

  test("is settled anew by a third daemon if the second is killed, too", async () => {
    const path = join(folder, "journal");
    const here = clockReading({ boot: "one", now: 0, wall: 0 });
    const first = new Ledger();
    const log = new MemoryLog();
    const { journal } = await LeaseJournal.open(path, { ledger: first, here, log });
    first.apply({ op: "open", id: 1, access: byCommands(), length: 10_000, since: monotonic(0) });
    journal.restart();
    journal.write({ op: "open", id: 1, access: byCommands(), length: 10_000, since: monotonic(0) });
    await journal.close();
    await startCommand();
    const states: string[] = [];
    for (let i = 0; i < 2; i++) {
      const ledger = new Ledger();
      const opened = await LeaseJournal.open(path, { ledger, here, log });
      states.push(...opened.recovered.map(({ state }) => state.kind));
      const { firewall, leaseManager, wait } = makeDaemon({ ledger, journal: opened.journal });
      await leaseManager.restore(opened.recovered);
      await wait(1000);
      expect(firewall.begun).toEqual([]);
      await opened.journal.close();
    }
    expect(states).toEqual(["orphaned", "orphaned"]);
  });
});

test("a real start command that outlives its daemon is waited for by the next", async () => {
  const effects = join(folder, "effects");
  const noUsers = (name: string) => Promise.reject(new Error(`no user ${name}`));
  const method = {
    start: `read -r _ <'${join(folder, "gate")}'; echo start >>'${effects}'`,
    stop: `echo stop >>'${effects}'`,
  };
  await new CommandFirewall(noUsers).open(
    byCommands({}, { start: `mkfifo '${join(folder, "gate")}'` }),
    0,
  );
  const firewall = commandsOnly(new CommandFirewall(noUsers));
  const real = () =>
    makeDaemon({ firewall, clock: systemClock, ledger: new Ledger() }).leaseManager;
  const access = byCommands({}, method);
  const killed = real();
  void killed.open({ access, length: 60_000, again: "extend" });
  const [lease] = killed.leases;
  if (lease === undefined) throw new Error("no lease");
  await expect.poll(() => new CommandLocks(join(folder, "start-")).isHeld(1)).toBe(true);
  // From here on the first daemon is not asked any more: for the second it is dead.
  const next = real();
  await next.restore([{ ...lease, state: { kind: "orphaned", wait: "waiting" } }]);
  await new CommandFirewall(noUsers).open(
    byCommands({}, { start: `echo >'${join(folder, "gate")}'` }),
    0,
  );
  await expect.poll(() => next.busy).toBe(false);
  expect(readFileSync(effects, "utf8")).toBe("start\nstop\n");
});

test("what is closed while the disk still works is not opened, and nothing for the next to close", async () => {
  const path = join(folder, "journal");
  const here = clockReading({ boot: "one", now: 0, wall: 0 });
  const ledger = new Ledger();
  const { journal } = await LeaseJournal.open(path, { ledger, here, log: new MemoryLog() });
  const { firewall, leaseManager } = makeDaemon({ ledger, journal });
  await leaseManager.restore([]);
  const opening = leaseManager.open({ access: byCommands(), length: 10_000, again: "extend" });
  await Promise.all(leaseManager.leases.map((lease) => leaseManager.close(lease)));
  expect(await opening).toBe(false);
  expect(firewall.begun).toEqual([]);
  await journal.close();
  const next = await LeaseJournal.open(path, {
    ...{ ledger: new Ledger(), here, log: new MemoryLog() },
  });
  expect(next.recovered).toEqual([]);
});

test("what was not begun when the daemon stopped is nothing to close for the next", async () => {
  const path = join(folder, "journal");
  const here = clockReading({ boot: "one", now: 0, wall: 0 });
  const ledger = new Ledger();
  const { journal } = await LeaseJournal.open(path, { ledger, here, log: new MemoryLog() });
  const { firewall, leaseManager, open } = makeDaemon({ ledger, journal, maxCommands: 2 });
  await leaseManager.restore([]);
  open({ door: "runs" });
  await expect.poll(() => firewall.begun).toEqual(["open runs 192.0.2.7"]);
  open({ door: "waits for the disk" });
  open({ door: "waits for a slot" });
  await leaseManager.stop();
  await journal.close();
  const { recovered } = await LeaseJournal.open(path, {
    ledger: new Ledger(),
    here,
    log: new MemoryLog(),
  });
  const left = recovered.map(({ access, state }) => [ownerName(access.owner), state.kind]);
  expect(left).toEqual([["runs", "orphaned"]]);
  expect(firewall.begun).toHaveLength(1);
});

describe("leases that cannot be written down", () => {
  const here = clockReading({ boot: "one", now: 0, wall: 0 });
  async function makeForgetful(more: Partial<LeaseManagerOptions> = {}) {
    const ledger = new Ledger();
    const log = new MemoryLog();
    const { journal } = await LeaseJournal.open("/dev/null/journal", { ledger, here, log });
    const daemon = makeDaemon({ ledger, log, journal, ...more });
    await daemon.leaseManager.restore([]);
    return { ...daemon, log };
  }

  test("open doors all the same, and are closed on time", async () => {
    const { firewall, open, wait, ready } = await makeForgetful();
    open();
    await ready();
    expect(firewall.begun).toEqual([opens]);
    await firewall.end(opens);
    await wait(10_000);
    expect(firewall.begun).toEqual([opens, closes]);
  });

  test("are refused where that is asked for, and leave nothing to be closed", async () => {
    const { firewall, leaseManager, log, open, wait, ready } = await makeForgetful({
      refuseWithoutJournal: true,
    });
    open();
    await ready();
    await wait(100_000);
    expect(firewall.begun).toEqual([]);
    expect(leaseManager.busy).toBe(false);
    expect(log.texts.at(-1)).toBe("192.0.2.7: ssh: not opened: the journal cannot be written");
    expect(log.entries.at(-1)?.level).toBe("error");
  });

  test("are none where nothing has to be closed, or the kernel does it: those open even so", async () => {
    const firewall = new MemoryFirewall();
    const { leaseManager } = await makeForgetful({ firewall, refuseWithoutJournal: true });
    const endless = byCommands({}, { stop: undefined });
    await leaseManager.open({ access: endless, length: 1000, again: "extend" });
    const native = byKernel({ source: address("2001:db8::7") });
    await leaseManager.open({ access: native, length: 1000, again: "extend" });
    expect(firewall.opened).toEqual(["ssh 192.0.2.7", "ssh 2001:db8::7"]);
  });

  test("are closed when the daemon stops, for no other will know of them", async () => {
    const { firewall, leaseManager, open, ready } = await makeForgetful();
    open();
    await ready();
    await firewall.end(opens);
    const stopping = leaseManager.stop();
    expect(firewall.begun).toEqual([opens, closes]);
    await firewall.end(closes);
    await stopping;
    expect(leaseManager.busy).toBe(false);
  });

  test("are closed when the daemon stops, too, if they were still being opened", async () => {
    const { firewall, leaseManager, open, ready } = await makeForgetful();
    open();
    await ready();
    let ended = false;
    const stopping = leaseManager.stop().then(() => {
      ended = true;
    });
    await ready();
    expect([firewall.begun, ended]).toEqual([[opens], false]);
    await firewall.end(opens);
    expect([firewall.begun, ended]).toEqual([[opens, closes], false]);
    await firewall.end(closes);
    await stopping;
    expect(leaseManager.leases).toEqual([]);
  });

  test("are closed all at once when nobody waits any longer, also those that were still being opened", async () => {
    const { firewall, leaseManager, ready } = await makeForgetful({ maxCommands: 1 });
    const open = async (door: string) => {
      void leaseManager.open({ access: byCommands({ door }), length: 10_000, again: "extend" });
      await ready();
    };
    for (const door of ["a", "b"]) {
      await open(door);
      await firewall.end(`open ${door} 192.0.2.7`);
    }
    await open("slow");
    await open("waits");
    void leaseManager.stop();
    const begun = ["open a 192.0.2.7", "open b 192.0.2.7", "open slow 192.0.2.7"];
    expect(firewall.begun).toEqual([...begun, "close a 192.0.2.7"]);
    leaseManager.runAllNow();
    expect(firewall.begun.slice(begun.length).sort()).toEqual([
      "close a 192.0.2.7",
      "close b 192.0.2.7",
      "close slow 192.0.2.7",
    ]);
  });

  test("stay open when the daemon stops, if the kernel closes them", async () => {
    const firewall = new MemoryFirewall();
    const { leaseManager } = await makeForgetful({ firewall });
    await leaseManager.open({ access: byKernel(), length: 1000, again: "extend" });
    await leaseManager.stop();
    expect(firewall.opened).toEqual(["ssh 192.0.2.7"]);
  });
});
