import { describe, expect, test } from "vitest";
import { address } from "../../../../test/support/packets.ts";
import { ignoredSource, topReading, topState } from "../../../../test/support/top.ts";
import { readKeys } from "./keys.ts";
import type { TopAction, TopState } from "./model.ts";
import { chosenRow, pressKey, takeReading } from "./model.ts";
import { addSample, ratesOf } from "./reading.ts";

const source = address("192.0.2.7");
const ignored = [ignoredSource("192.0.2.9", 43_000)];

function press(state: TopState, ...keys: readonly string[]) {
  const actions: TopAction[] = [];
  for (const key of keys) {
    const after = pressKey(state, key);
    state = after.state;
    if (after.action !== undefined) actions.push(after.action);
  }
  return { state, actions };
}

const start = () => topState(topReading({ status: { ignored } }));

describe("keys", () => {
  test("close a lease after a question, with or without its connections", () => {
    const lease = { door: "ssh", source };
    expect(press(start(), "c").actions).toEqual([]);
    expect(press(start(), "c", "y").actions).toMatchObject([{ kind: "close", lease, cut: false }]);
    expect(press(start(), "c", "x").actions).toMatchObject([{ kind: "close", lease, cut: true }]);
    for (const other of ["n", "q", "c", "escape", "down", "unknown"]) {
      const { actions, state } = press(start(), "c", other);
      expect([other, actions, state.mode]).toEqual([other, [], "list"]);
      expect(state.message?.text).toBe("nothing was closed");
    }
  });

  test("extend a lease by the time of its door", () => {
    expect(press(start(), "e").actions).toMatchObject([
      { kind: "extend", lease: { door: "ssh", source }, forMs: 1_198_000 },
    ]);
    const reading = topReading({ doors: [] });
    const { state, actions } = press(topState(reading), "e");
    expect(actions).toEqual([]);
    expect(state.message?.text).toBe("ssh for 192.0.2.7: its door is not in the configuration");
  });

  test("forgive an ignored source", () => {
    const chosen = press(start(), "down", "down");
    expect(press(chosen.state, "f").actions).toEqual([
      { kind: "forgive", source: address("192.0.2.9") },
    ]);
    expect(press(chosen.state, "c").state.message?.text).toBe("choose a lease to close");
    expect(press(chosen.state, "e").state.message?.text).toBe("choose a lease to extend");
    expect(press(start(), "f").state.message?.text).toBe("choose an ignored source to forgive");
  });

  test("choose a row, and stay within the list", () => {
    const at = (...keys: string[]) => press(start(), ...keys).state.chosen?.at;
    expect(at("up")).toBe(0);
    expect(at("down", "j", "down", "page-down")).toBe(2);
    expect(at("end", "k")).toBe(1);
    expect(at("end", "home")).toBe(0);
    expect(press(topState(topReading({ leases: [] })), "down", "c", "e", "f").actions).toEqual([]);
  });

  test("quit", () => {
    expect(press(start(), "q").actions).toEqual([{ kind: "quit", code: 0 }]);
    for (const before of ["?", "c", "down"]) {
      expect(press(start(), before, "ctrl-c").actions).toEqual([{ kind: "quit", code: 130 }]);
    }
    expect(press(start(), "?", "q")).toMatchObject({ actions: [], state: { mode: "list" } });
    expect(press(start(), "ctrl-z").actions).toEqual([{ kind: "suspend" }]);
  });
});

describe("an answer", () => {
  test("leaves the same lease chosen, or the one in its place", () => {
    const { leases } = topReading();
    const chosen = press(start(), "down").state;
    const first = takeReading(chosen, topReading({ leases: leases.slice(1) }));
    expect(chosenRow(first)).toMatchObject({ lease: { door: "vpn" } });
    const gone = takeReading(chosen, topReading({ leases: leases.slice(0, 1) }));
    expect(chosenRow(gone)).toMatchObject({ lease: { door: "ssh" } });
    expect(chosenRow(takeReading(gone, topReading({ leases: [] })))).toBeUndefined();
  });

  test("takes a question back whose lease is gone: the answer closes no other", () => {
    const asking = press(start(), "c").state;
    const after = takeReading(asking, topReading({ leases: topReading().leases.slice(1) }));
    expect(after).toMatchObject({ mode: "list", message: { text: "ssh for 192.0.2.7 is closed" } });
    expect(press(after, "y").actions).toEqual([]);
    expect(takeReading(asking, topReading()).mode).toBe("close");
  });

  test("remembers how long a lease has been open at most", () => {
    const [ssh] = topReading().leases;
    if (ssh === undefined) throw new Error("no lease");
    const left = (remainingMs: number) => topReading({ leases: [{ ...ssh, remainingMs }] });
    const length = (...times: number[]) => [...topState(...times.map(left)).lengths.values()];
    expect(length(5000)).toEqual([600_000]);
    expect(length(5000, 1_200_000, 1_100_000)).toEqual([1_200_000]);
  });
});

describe("rates", () => {
  const sample = (uptimeMs: number, received: number, openings: number, pid = 1) => {
    const { status, doors } = topReading();
    const [door] = doors;
    if (door === undefined) throw new Error("no door");
    return {
      status: { ...status, pid, uptimeMs, capture: { received, dropped: 0 } },
      doors: [{ ...door, openings }],
    };
  };
  const rates = (...readings: ReturnType<typeof sample>[]) =>
    ratesOf(readings.reduce(addSample, [] as ReturnType<typeof addSample>));

  test("are averages over five seconds of the daemon's time", () => {
    expect(rates(sample(1000, 10, 0))).toBeUndefined();
    expect(rates(sample(1000, 10, 0), sample(3000, 30, 1))).toEqual({ packets: 10, openings: 0.5 });
    const later = [0, 2000, 4000, 6000, 8000].map((time) => sample(time, time < 5000 ? 0 : 40, 0));
    expect(rates(...later)).toEqual({ packets: 10, openings: 0 });
  });

  test("begin anew with another process, and are never negative", () => {
    expect(rates(sample(1000, 10, 0), sample(3000, 30, 1, 2))).toBeUndefined();
    expect(rates(sample(1000, 10, 9), sample(3000, 30, 1))?.openings).toBe(0);
  });
});

test("keys of terminals", () => {
  const keys = readKeys("\u001b[A\u001bOBq\u001b[6~\u0003\u001b[1;5C한\u001b");
  expect(keys).toEqual(["up", "down", "q", "page-down", "ctrl-c", "unknown", "한", "escape"]);
});
