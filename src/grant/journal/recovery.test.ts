import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { byCommands, byKernel } from "../../../test/support/accesses.ts";
import { clockReading } from "../../../test/support/clock-reading.ts";
import { monotonic, wallTime } from "../../base/time.ts";
import type { Access } from "../../firewall/firewall.ts";
import type { Lease, LeaseEvent, LeaseState } from "../lease.ts";
import type { ClockReading, LeaseRecord } from "./record.ts";
import { recover } from "./recovery.ts";

const hour = 3_600_000;
const length = 30_000;

/** The earlier daemon's start: 1,000 s after the boot. */
const start: ClockReading = {
  boot: "first",
  now: monotonic(1_000_000),
  wall: wallTime(1_700_000_000_000),
};

function history(access: Access, ...more: readonly LeaseEvent[]): LeaseRecord[] {
  const since = start.now + 5000;
  return [
    { op: "start", ...start },
    { op: "open", id: 1, access, length, since: monotonic(since) },
    ...more,
  ];
}

const opened: LeaseEvent = { op: "opened", id: 1, due: monotonic(start.now + 5000 + length) };
const close: LeaseEvent = { op: "close", id: 1 };

/** `milliseconds` after the earlier daemon's start, in the same boot. */
function later(milliseconds: number): ClockReading {
  return {
    ...start,
    now: monotonic(start.now + milliseconds),
    wall: wallTime(start.wall + milliseconds),
  };
}

/** `milliseconds` after it by the wall clock, and 60 s after another boot. */
function nextBoot(milliseconds: number, step = 0): ClockReading {
  return {
    boot: "second",
    now: monotonic(60_000),
    wall: wallTime(start.wall + milliseconds + step),
  };
}

function only(recovered: readonly Lease[]): Lease {
  const [one, ...others] = recovered;
  if (one === undefined || others.length > 0) throw new Error("not one lease");
  return one;
}

describe("what is left to do about a lease", () => {
  test.each<[string, Access, LeaseEvent[], LeaseState["kind"], LeaseState["kind"]]>([
    ["by commands, being opened", byCommands(), [], "orphaned", "closing"],
    ["by commands, open", byCommands(), [opened], "open", "closing"],
    ["by commands, being closed", byCommands(), [opened, close], "closing", "closing"],
    ["by the kernel, being opened", byKernel(), [], "open", "open"],
    ["by the kernel, open", byKernel(), [opened], "open", "open"],
    ["by the kernel, being closed", byKernel(), [opened, close], "closing", "closing"],
  ])("%s", (_, access, events, sameBoot, otherBoot) => {
    const records = history(access, ...events);
    expect(only(recover(records, later(10_000))).state.kind).toBe(sameBoot);
    expect(only(recover(records, nextBoot(10_000))).state.kind).toBe(otherBoot);
  });

  test("close it, where the kernel has it open and the clock was set back between two boots", () => {
    const records = history(byKernel(), opened);
    expect(only(recover(records, nextBoot(10_000, -hour))).state.kind).toBe("closing");
    expect(only(recover(records, nextBoot(10_000, hour))).state.kind).toBe("open");
  });

  test("close it, where the journal does not tell when its daemon started", () => {
    const [, ...headless] = history(byCommands(), opened);
    expect(only(recover(headless, later(0))).state.kind).toBe("closing");
    const native = only(recover(history(byKernel(), opened).slice(1), later(0)));
    expect(native.due).toBeLessThanOrEqual(later(0).now + length);
  });

  test("close it, where an earlier daemon could not: with its attempts, and since when on this clock", () => {
    const result = { kind: "failed", status: 1 } as const;
    const failure = { result, attempts: 3, runs: 2, since: monotonic(start.now + 9000) };
    const records = history(byCommands(), opened, { ...close, failure });
    expect(only(recover(records, later(10_000))).state).toEqual({ kind: "closing", failure });
    const here = nextBoot(10_000);
    const moved = { kind: "closing", failure: { ...failure, since: monotonic(here.now - 1000) } };
    expect(only(recover(records, here)).state).toEqual(moved);
  });

  test.each<[string, ClockReading]>([
    ["is behind its own past", { ...later(10_000), now: monotonic(3000) }],
    ["is ahead", { ...later(10_000), now: monotonic(start.now + 24 * hour), offset: "86400 0" }],
    [
      "is behind by less than the lease is old",
      { ...later(10_000), now: monotonic(start.now + 6000), offset: "-4 0" },
    ],
  ])(
    "in a time namespace whose clock %s: as after a boot, but a start command may run",
    (_, here) => {
      expect(only(recover(history(byCommands(), opened), here)).state.kind).toBe("closing");
      expect(only(recover(history(byCommands()), here)).state.kind).toBe("orphaned");
      const native = only(recover(history(byKernel(), opened), here));
      // 5 s of its length are over by the wall clock.
      expect([native.state.kind, native.due - here.now]).toEqual(["open", length - 5000]);
    },
  );

  test("name it, where the line of its beginning is lost: with its end by the wall clock, until it is forgotten", () => {
    const [begin, , ...rest] = history(byCommands(), opened);
    const here = later(60_000);
    const records = [begin, ...rest].filter((record) => record !== undefined);
    const lost = only(recover(records, here, 1));
    const result = { kind: "lost", ended: start.wall + 5000 + length };
    expect(lost).toMatchObject({ id: 1, state: { kind: "closing", failure: { result } } });
    // A door may have any name but this one's.
    expect(lost.access.owner).toEqual({ kind: "lost", nth: 1 });
    expect(recover(records, here)).toEqual([]);
  });

  test("name one, where nothing tells what a lost line began", () => {
    const records = history(byCommands(), opened);
    expect(recover(records, later(10_000), 2).map(({ id, state }) => [id, state.kind])).toEqual([
      [1, "open"],
      [2, "closing"],
    ]);
  });

  test("name one more, where more lines are lost than other lines tell of", () => {
    const [begin, , ...rest] = history(byCommands(), opened);
    const records = [begin, ...rest].filter((record) => record !== undefined);
    const ends = (lost: number) =>
      recover(records, later(60_000), lost).map(({ id, state }) => {
        const failure = state.kind === "closing" ? state.failure?.result : undefined;
        return [id, failure?.kind === "lost" && failure.ended !== undefined];
      });
    const named = ends(1);
    expect(named).toEqual([[1, true]]);
    expect(ends(2)).toEqual([...named, [expect.any(Number), false]]);
    expect(new Set(ends(3).map(([id]) => id)).size).toBe(2);
  });

  test("name none, where each lost line began what another line closed", () => {
    const [begin] = history(byCommands(), opened);
    const records: LeaseRecord[] = [opened, close, { op: "closed", id: 1 }];
    const all = begin === undefined ? records : [begin, ...records];
    expect(recover(all, later(60_000), 1)).toEqual([]);
    expect(recover(all, later(60_000), 2)).toHaveLength(1);
  });

  test("nothing, once it was closed", () => {
    const records = history(byCommands(), opened, close, { op: "closed", id: 1 });
    expect(recover(records, later(0))).toEqual([]);
  });

  test("the same after any number of restarts: the journal begins with each", () => {
    const records = history(byCommands(), opened);
    const restarted: LeaseRecord[] = [{ op: "start", ...later(1000) }, ...records.slice(1)];
    expect(recover(restarted, later(10_000))).toEqual(recover(records, later(10_000)));
  });

  test("nothing where nothing was", () => {
    expect(recover([], later(0))).toEqual([]);
    expect(recover([opened, close], later(0))).toEqual([]);
  });
});

describe("the end of a lease", () => {
  test("is no later than was left when its daemon ended, whatever the clock says after a boot", () => {
    const end = { op: "end", ...later(25_000) } as const;
    const records = [...history(byKernel(), opened), end];
    for (const step of [-20_000, 0]) {
      const lease = only(recover(records, nextBoot(26_000, step)));
      expect(lease.due - nextBoot(0).now).toBeLessThanOrEqual(10_000);
    }
  });

  test("that was put off beyond its usual length survives a boot, if its daemon ended well", () => {
    const far = start.now + 5000 + 10 * length;
    const records = history(byKernel(), opened, { op: "extend", id: 1, due: monotonic(far) });
    const end = { op: "end", ...later(8000) } as const;
    const lease = only(recover([...records, end], nextBoot(10_000)));
    expect(lease.due).toBe(60_000 + 10 * length - 5000);
    expect(only(recover(records, nextBoot(10_000))).due).toBe(60_000 + length);
  });

  test("is moved for each holder after a boot", () => {
    const extend = { op: "extend", id: 1, who: "alice/laptop" } as const;
    const far = monotonic(start.now + 5000 + 10 * length);
    const end = { op: "end", ...later(8000) } as const;
    const records = [...history(byKernel(), opened, { ...extend, due: far }), end];
    const { by, due } = only(recover(records, nextBoot(10_000)));
    const sequence = 60_000 + length - 5000;
    expect(Object.fromEntries(by)).toEqual({ "": sequence, "alice/laptop": due });
    expect(due).toBe(60_000 + 10 * length - 5000);
  });

  test("is now if the last holder has left", () => {
    const leave = { op: "leave", id: 1, who: "" } as const;
    for (const access of [byKernel(), byCommands()]) {
      const lease = only(recover(history(access, opened, leave), later(10_000)));
      expect(lease.state).toEqual({ kind: "closing" });
    }
  });

  test("is where it was, within a boot", () => {
    const lease = only(recover(history(byCommands(), opened), later(10_000)));
    expect(lease).toMatchObject({ since: start.now + 5000, due: start.now + 5000 + length });
  });

  test("may be over", () => {
    const here = later(hour);
    const lease = only(recover(history(byCommands(), opened), here));
    expect(lease.due).toBeLessThan(here.now);
  });

  test("that an administrator put off is kept, within a boot", () => {
    const due = start.now + 10 * hour;
    const records = history(byCommands(), opened, { op: "extend", id: 1, due: monotonic(due) });
    expect(only(recover(records, later(10_000))).due).toBe(due);
  });

  test("is the same by the wall clock, in another boot", () => {
    // 20 s have gone by, 15 of them since the opening.
    const here = nextBoot(20_000);
    const lease = only(recover(history(byKernel(), opened), here));
    expect(lease.due - here.now).toBe(length - 15_000);
    expect(here.now - lease.since).toBe(15_000);
  });

  test.each<[string, number, number]>([
    ["an hour back: never longer than its length", -hour, length],
    ["an hour on: it is over", hour, length - 15_000 - hour],
    ["10 s back: those 10 s longer", -10_000, length - 5000],
    ["10 s on: those 10 s shorter", 10_000, length - 25_000],
  ])("after a step of the wall clock between two boots, %s", (_, step, left) => {
    const here = nextBoot(20_000, step);
    const lease = only(recover(history(byKernel(), opened), here));
    expect(lease.due - here.now).toBe(left);
  });

  test("does not care for steps of the wall clock within a boot", () => {
    for (const step of [-hour, hour]) {
      const here = { ...later(20_000), wall: start.wall + 20_000 + step };
      const lease = only(recover(history(byKernel(), opened), clockReading(here)));
      expect(lease.due - here.now).toBe(length - 15_000);
    }
  });

  test("is never further away than its length, whatever the clocks of the next boot say", () => {
    const moment = fc.record({
      boot: fc.constant("second"),
      now: fc.integer({ min: 0, max: 10 * hour }),
      wall: fc.integer({ min: 0, max: 2 * start.wall }),
    });
    fc.assert(
      fc.property(moment, fc.integer({ min: -hour, max: 1000 * hour }), (here, more) => {
        const extend: LeaseEvent = { op: "extend", id: 1, due: monotonic(start.now + more) };
        const lease = only(recover(history(byKernel(), opened, extend), clockReading(here)));
        expect(lease.due - here.now).toBeLessThanOrEqual(length);
        expect(lease.since).toBeLessThanOrEqual(here.now);
      }),
    );
  });
});
