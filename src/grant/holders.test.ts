import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Who } from "../../test/support/accesses.ts";
import { byCommands, byKernel } from "../../test/support/accesses.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { MemoryLog } from "../../test/support/memory-log.ts";
import { SlowFirewall, settled } from "../../test/support/slow-firewall.ts";
import { monotonic } from "../base/time.ts";
import type { Access } from "../firewall/firewall.ts";
import type { AccessEvent } from "./access-event.ts";
import { whoMember } from "./holders.ts";
import { eventsOf } from "./journal/history.ts";
import { parseRecord, recordToJson } from "./journal/record.ts";
import type { AccessRequest, LeaseEvent } from "./lease.ts";
import { LeaseManager } from "./lease-manager.ts";
import { Ledger } from "./ledger.ts";

const alice = "alice/laptop";
const bob = "bob/phone";

const holder = fc.constantFrom("", alice, bob, "knockctl");
const due = fc.nat(100).map(monotonic);
const mark = fc.oneof(
  fc.constant({}),
  fc.record({ stamp: fc.nat(1000) }),
  fc.record({ stamp: fc.nat(1000), origin: fc.constantFrom("gw-1", "gw-2") }),
);
const change: fc.Arbitrary<LeaseEvent> = fc.oneof(
  fc.record({ who: holder, due, mark }).map(({ who, due, mark }) => {
    return { op: "extend", id: 1, due, ...whoMember(who), ...mark } as const;
  }),
  fc.record({ op: fc.constant("leave" as const), id: fc.constant(1), who: holder }),
  fc.record({ op: fc.constant("opened" as const), id: fc.constant(1), due }),
);

function opening(
  who: string,
  length: number,
  { stamp, origin }: { readonly stamp?: number; readonly origin?: string },
): LeaseEvent {
  const from = origin === undefined ? {} : { origin };
  const access = { ...byCommands(whoMember(who)), ...from };
  const told = stamp === undefined ? {} : { stamp };
  return { op: "open", id: 1, access, length, since: monotonic(0), ...told };
}

test("a lease ends with its last holder, under any order of events, also as the journal has it", () => {
  fc.assert(
    fc.property(holder, fc.nat(100), mark, fc.array(change), (opener, length, mark, changes) => {
      const ledger = new Ledger();
      ledger.apply(opening(opener, length, mark));
      const model = new Map<string, number>([[opener, length]]);
      let isOpen = false;
      for (const event of changes) {
        ledger.apply(event);
        if (event.op === "extend") model.set(event.who ?? "", event.due);
        else if (event.op === "leave") model.delete(event.who);
        else if (event.op === "opened" && !isOpen) {
          isOpen = true;
          const before = model.get(opener);
          if (before !== undefined) model.set(opener, Math.max(before, event.due));
        }
        const lease = ledger.get(1);
        expect(lease?.by).toEqual(model);
        expect(lease?.due).toBe(Math.max(...(model.size === 0 ? [0] : model.values())));
      }
      const lease = ledger.get(1);
      if (lease === undefined) throw new Error("no lease");
      const next = new Ledger();
      for (const event of eventsOf(lease)) {
        const json: unknown = JSON.parse(JSON.stringify(recordToJson(event)));
        const record = parseRecord(json);
        if (record !== undefined && "id" in record) next.apply(record);
      }
      expect(next.get(1)).toEqual(lease);
    }),
    { numRuns: 1000 },
  );
});

function make() {
  const clock = new ManualClock();
  const log = new MemoryLog();
  const firewall = new SlowFirewall();
  const events: AccessEvent[] = [];
  const leaseManager = new LeaseManager({
    ...{ firewall, clock, log, ledger: new Ledger(), journal: undefined, locks: undefined },
    ...{ maxCommands: 64, refuseWithoutJournal: false },
    onAccess: (event) => events.push(event),
  });
  const open = (request: AccessRequest) => void leaseManager.open(request);
  const by = () => leaseManager.leases.map(({ by }) => Object.fromEntries(by));
  const only = () => {
    const [lease] = leaseManager.leases;
    if (lease === undefined) throw new Error("no lease");
    return lease;
  };
  const wait = async (milliseconds: number) => {
    clock.advance(milliseconds);
    await settled();
  };
  return { clock, log, firewall, events, leaseManager, open, by, only, wait };
}

/** Two devices behind one address open a door of the kernel, or one of commands. */
function request(
  who: string,
  length: number,
  kind: (who: Who) => Access = byCommands,
): AccessRequest {
  return { access: kind(whoMember(who)), length, again: "extend" };
}

const opens = "open ssh 192.0.2.7";
const closes = "close ssh 192.0.2.7";

describe("a lease of two devices behind one address", () => {
  test("ends with the last of them, and says who came", async () => {
    const { firewall, log, events, open, by, wait } = make();
    open(request(alice, 1000));
    await firewall.end(opens);
    await wait(0);
    open(request(bob, 5000));
    await wait(1000);
    expect(by()).toEqual([{ [alice]: 1000, [bob]: 5000 }]);
    expect(firewall.begun).toEqual([opens]);
    await wait(4000);
    expect(firewall.begun).toEqual([opens, closes]);
    expect(events).toMatchObject([
      { kind: "opened", by: "key", who: alice },
      { kind: "ended" },
      { kind: "extended", by: "key", who: bob },
    ]);
    const details = log.entries.flatMap(({ event, detail }) =>
      event === "extended" || event === "expired" ? [{ event, ...detail }] : [],
    );
    expect(details).toEqual([
      { event: "extended", lease: 1, who: bob },
      { event: "expired", lease: 1, who: bob },
    ]);
  });

  test("stays open when one leaves, and is closed when the other does", async () => {
    const { firewall, leaseManager, open, only, by, wait } = make();
    open(request(alice, 5000));
    await firewall.end(opens);
    await wait(0);
    open(request(bob, 1000));
    void leaseManager.leave(only(), "carol/tablet");
    void leaseManager.leave(only(), alice);
    await wait(0);
    expect(by()).toEqual([{ [bob]: 1000 }]);
    expect(firewall.begun).toEqual([opens]);
    void leaseManager.leave(only(), bob);
    await wait(0);
    expect(firewall.begun).toEqual([opens, closes]);
  });

  test("is closed when the one leaves whose time is not over", async () => {
    const { firewall, leaseManager, open, only, wait } = make();
    open(request(alice, 1000));
    await firewall.end(opens);
    await wait(0);
    open(request(bob, 5000));
    await wait(2000);
    void leaseManager.leave(only(), bob);
    await wait(0);
    expect(firewall.begun).toEqual([opens, closes]);
  });

  test("is closed by an administrator for both", async () => {
    const { firewall, leaseManager, open, only, wait } = make();
    open(request(alice, 5000));
    await firewall.end(opens);
    await wait(0);
    open(request(bob, 5000));
    void leaseManager.close(only());
    await firewall.end(closes);
    await wait(0);
    expect(leaseManager.leases).toEqual([]);
    expect(firewall.begun).toEqual([opens, closes]);
  });

  test("is held by an administrator who extends it", async () => {
    const { firewall, leaseManager, open, only, by, wait } = make();
    open(request(alice, 1000));
    await firewall.end(opens);
    await wait(0);
    void leaseManager.extend(only(), 3000);
    void leaseManager.leave(only(), alice);
    await wait(0);
    expect(by()).toEqual([{ knockctl: 3000 }]);
    expect(firewall.begun).toEqual([opens]);
  });

  test("in the kernel is closed and opened again for what is left when the longer one leaves", async () => {
    const { firewall, leaseManager, open, only, by, wait } = make();
    open(request(alice, 8000, byKernel));
    await firewall.end(opens);
    await wait(0);
    open(request(bob, 1000, byKernel));
    await firewall.end(opens);
    await wait(0);
    void leaseManager.leave(only(), alice);
    await firewall.end(closes);
    await wait(0);
    await firewall.end(opens);
    await wait(0);
    expect(firewall.begun).toEqual([opens, opens, closes, opens]);
    expect(by()).toEqual([{ [bob]: 1000 }]);
    expect(only().state.kind).toBe("open");
  });

  test("in the kernel is closed for the one who leaves while it is being opened", async () => {
    const { firewall, leaseManager, open, only, by, wait } = make();
    open(request(alice, 8000, byKernel));
    open(request(bob, 1000, byKernel));
    void leaseManager.leave(only(), alice);
    await firewall.end(opens);
    await firewall.end(opens);
    await wait(0);
    await firewall.end(closes);
    await wait(0);
    await firewall.end(opens);
    await wait(0);
    expect(by()).toEqual([{ [bob]: 1000 }]);
    expect(firewall.begun.at(-1)).toBe(opens);
    expect(only().state.kind).toBe("open");
  });

  test("ends sooner when the time of a holder is cut, and not later", async () => {
    const { firewall, leaseManager, open, only, by, wait } = make();
    open(request(alice, 5000));
    await firewall.end(opens);
    await wait(0);
    void leaseManager.curtail(only(), alice, monotonic(9000));
    expect(by()).toEqual([{ [alice]: 5000 }]);
    void leaseManager.curtail(only(), alice, monotonic(2000));
    await wait(1999);
    expect(firewall.begun).toEqual([opens]);
    await wait(1);
    expect(firewall.begun).toEqual([opens, closes]);
  });
});

describe("a door that runs again at each knock", () => {
  const again = (who: string, length: number): AccessRequest => {
    return { ...request(who, length), again: "rerun" };
  };

  test("keeps all its holders, and those that knock while it is being closed", async () => {
    const { firewall, open, by, wait } = make();
    open(again(alice, 9000));
    await firewall.end(opens);
    await wait(0);
    open(again(bob, 2000));
    await wait(0);
    open(again("carol/tablet", 3000));
    open(again("carol/tablet", 1000));
    expect(firewall.begun).toEqual([opens, closes]);
    await firewall.end(closes);
    await wait(0);
    expect(firewall.begun).toEqual([opens, closes, opens]);
    expect(by()).toEqual([{ [alice]: 9000, [bob]: 2000, "carol/tablet": 3000 }]);
  });

  test("does not open again for the one who left meanwhile", async () => {
    const { firewall, leaseManager, open, only, by, wait } = make();
    open(again(alice, 9000));
    await firewall.end(opens);
    await wait(0);
    open(again(bob, 2000));
    await wait(0);
    void leaseManager.leave(only(), bob);
    void leaseManager.curtail(only(), alice, monotonic(500));
    await firewall.end(closes);
    await wait(0);
    expect(firewall.begun).toEqual([opens, closes, opens]);
    expect(by()).toEqual([{ [alice]: 500 }]);
  });

  test("is closed once the one has left that had to wait for another door", async () => {
    const { firewall, leaseManager, open, only, wait } = make();
    open(again(bob, 9000));
    await firewall.end(opens);
    await wait(0);
    const plain = byCommands({ door: "wake" }, { stop: undefined });
    open({ access: plain, length: 0, again: "extend" });
    open(again(alice, 2000));
    await wait(0);
    expect(firewall.begun).toEqual([opens, "open wake 192.0.2.7"]);
    void leaseManager.leave(only(), alice);
    await wait(60_000);
    await firewall.end("open wake 192.0.2.7");
    expect(firewall.begun.at(-1)).toBe(closes);
  });

  test.each(["is closing", "waits for another door"])(
    "stays closed after an administrator's close while it %s",
    async (state) => {
      const { firewall, leaseManager, open, only, wait } = make();
      open(again(alice, 9000));
      await firewall.end(opens);
      await wait(0);
      const plain = byCommands({ door: "wake" }, { stop: undefined });
      if (state !== "is closing") open({ access: plain, length: 0, again: "extend" });
      open(again(bob, 2000));
      await wait(0);
      void leaseManager.close(only());
      await firewall.end(closes);
      await wait(0);
      expect(leaseManager.leases).toEqual([]);
      expect(firewall.begun.filter((one) => one === opens)).toHaveLength(1);
    },
  );

  test("stays closed after an administrator's close of an early closing", async () => {
    const { firewall, leaseManager, open, only, wait } = make();
    open(again(alice, 9000));
    await wait(0);
    void leaseManager.close(only());
    open(again(bob, 2000));
    await wait(0);
    void leaseManager.close(only());
    await firewall.end(closes);
    await firewall.end(opens);
    await firewall.end(closes);
    await wait(0);
    expect(leaseManager.leases).toEqual([]);
    expect(firewall.begun).toEqual([opens, closes, closes]);
  });

  test("opens for the other one when the holder leaves", async () => {
    const { firewall, leaseManager, open, only, by, wait } = make();
    open(again(alice, 9000));
    await firewall.end(opens);
    await wait(0);
    void leaseManager.close(only());
    open(again(bob, 2000));
    await wait(0);
    void leaseManager.leave(only(), alice);
    await firewall.end(closes);
    await wait(0);
    expect(by()).toEqual([{ [bob]: 2000 }]);
  });

  test("stays closed when all have left meanwhile", async () => {
    const { firewall, leaseManager, open, only, wait } = make();
    open(again(alice, 9000));
    await firewall.end(opens);
    await wait(0);
    open(again(alice, 2000));
    await wait(0);
    void leaseManager.leave(only(), alice);
    await firewall.end(closes);
    await wait(0);
    expect(firewall.begun).toEqual([opens, closes]);
    expect(leaseManager.leases).toEqual([]);
  });
});
