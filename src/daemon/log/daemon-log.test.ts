import { describe, expect, test, vi } from "vitest";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { parseAddress } from "../../base/address.ts";
import type { Entry, Level } from "../../base/log.ts";
import type { WallTime } from "../../base/time.ts";
import { wallTime } from "../../base/time.ts";
import { DaemonLog } from "./daemon-log.ts";
import type { LogSettings } from "./log-outputs.ts";
import type { LookUp } from "./reverse-dns.ts";

const say = (text: string): Entry => ({ level: "notice", event: "x", text });
const settings = { rate: 50, file: undefined, format: "text", syslog: false } as const;

/** A log whose outputs are in memory and enabled for errors alone. */
function open({ wall = 1000, lookUp }: { wall?: number; lookUp?: LookUp } = {}) {
  const clock = new ManualClock(wall);
  const lines: string[] = [];
  const entries: Entry[] = [];
  const outputs = {
    configure: ({ file }: LogSettings) => void lines.push(`configure ${file}`),
    isEnabled: (level: Level) => level === "error",
    write(entry: Entry, time: WallTime) {
      entries.push(entry);
      lines.push(`${entry.text} ${time}`);
    },
    close: async () => void lines.push("close"),
  };
  const log = new DaemonLog({ outputs, clock, lookUp });
  return { clock, lines, entries, log };
}

describe("an entry", () => {
  test("waits for a moment, and keeps its order and its date", () => {
    const { clock, lines, log } = open();
    log.startDeferring();
    log.write(say("a"));
    clock.advance(5);
    log.write(say("b"));
    log.write(say("c"), wallTime(7));
    expect(lines).toEqual([]);
    clock.advance(5);
    expect(lines).toEqual(["a 1000", "b 1005", "c 7"]);
    log.write(say("d"));
    clock.advance(10);
    expect(lines.at(-1)).toBe("d 1010");
  });

  test("is made after it has waited", () => {
    const { clock, lines, log } = open();
    log.startDeferring();
    const make = vi.fn(() => say("a"));
    log.write(make);
    expect(make).not.toHaveBeenCalled();
    clock.advance(10);
    expect(lines).toEqual(["a 1000"]);
  });

  test("does not wait before the start nor after the end", () => {
    const { clock, lines, log } = open();
    log.write(say("a"));
    expect(lines).toEqual(["a 1000"]);
    log.startDeferring();
    log.write(say("b"));
    void log.close();
    log.write(say("c"));
    expect(lines).toEqual(["a 1000", "b 1000", "close", "c 1000"]);
    clock.advance(100);
    expect(lines).toHaveLength(4);
  });

  test("does not wait if it is urgent, nor do those before it", () => {
    const { clock, lines, log } = open();
    log.startDeferring(({ text }) => text === "b");
    log.write(say("a"));
    expect(lines).toEqual([]);
    log.write(say("b"));
    expect(lines).toEqual(["a 1000", "b 1000"]);
    log.write(say("c"));
    expect(lines).toHaveLength(2);
    clock.advance(10);
    expect(lines).toEqual(["a 1000", "b 1000", "c 1000"]);
  });

  test("that a subscriber writes comes after those that wait", () => {
    const { clock, lines, log } = open();
    log.subscribe(({ text }) => {
      if (text === "a") log.write(say("c"));
    });
    log.startDeferring();
    log.write(say("a"));
    log.write(say("b"));
    clock.advance(20);
    expect(lines.map((line) => line[0])).toEqual(["a", "b", "c"]);
  });

  test("goes where the log was when it was written", () => {
    const { lines, log } = open();
    log.startDeferring();
    log.write(say("a"));
    log.configure({ ...settings, file: "/k.log" });
    expect(lines).toEqual(["a 1000", "configure /k.log"]);
  });

  test("that waits for a host name is written at the end", () => {
    const { lines, log } = open({ lookUp: () => new Promise(() => {}) });
    const source = parseAddress("192.0.2.1");
    log.write({ ...say("192.0.2.1: a"), ...(source && { source }) });
    expect(lines).toEqual([]);
    void log.close();
    expect(lines).toEqual(["192.0.2.1: a 1000", "close"]);
  });
});

test("the rate limit applies to limited entries and to no others", () => {
  const { clock, entries, log } = open({ wall: 0 });
  for (let i = 0; i < 100; i++) {
    log.write({ level: "notice", event: "command", text: "running" });
    log.write({ level: "error", event: "overload", text: "too many", limited: true });
    log.write({ level: "error", event: "command-exit", text: "failed" });
  }
  clock.advance(1000);
  const times = (event: string) => entries.filter((entry) => entry.event === event).length;
  expect(["command", "command-exit", "overload", "left-out"].map(times)).toEqual([100, 100, 48, 1]);
  expect(entries.at(-1)?.detail).toEqual({ lines: 52 });
  log.configure({ ...settings, rate: 0 });
  for (let i = 0; i < 100; i++) log.write({ ...say("x"), event: "overload", limited: true });
  expect(times("overload")).toBe(148);
});

describe("a subscriber", () => {
  test("receives all but debug, with its date, until it ends", () => {
    const { log } = open();
    const listener = vi.fn();
    const end = log.subscribe(listener);
    log.write(say("x"));
    log.write(say("x"), wallTime(7));
    log.write({ ...say("x"), level: "debug" });
    end();
    end();
    log.write(say("x"));
    expect(listener.mock.calls).toEqual([
      [say("x"), 1000],
      [say("x"), 7],
    ]);
  });

  test("enables levels that no output wants", () => {
    const { log } = open();
    const enabled = () =>
      (["error", "notice", "info", "debug"] as const).filter((level) => log.isEnabled(level));
    expect(enabled()).toEqual(["error"]);
    const end = log.subscribe(() => {});
    expect(enabled()).toEqual(["error", "notice", "info"]);
    end();
    expect(enabled()).toEqual(["error"]);
  });
});
