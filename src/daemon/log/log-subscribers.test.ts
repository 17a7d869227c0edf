import { expect, test, vi } from "vitest";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import type { Entry, Level } from "../../base/log.ts";
import { LogSubscribers } from "./log-subscribers.ts";

const deaf = { write: () => {}, isEnabled: (level: Level) => level === "error" };
const entry: Entry = { level: "info", event: "x", text: "x" };

test("who watches is told all but what is for debugging, with its date", () => {
  const watchers = new LogSubscribers(deaf, new ManualClock(1000));
  const listener = vi.fn();
  const end = watchers.add(listener);
  watchers.write(entry);
  watchers.write(entry, 7);
  watchers.write({ ...entry, level: "debug" });
  end();
  watchers.write(entry);
  expect(listener.mock.calls).toEqual([
    [entry, 1000],
    [entry, 7],
  ]);
});

test("somebody who watches hears what no log would", () => {
  const watchers = new LogSubscribers(deaf, new ManualClock());
  const heard = () =>
    (["error", "notice", "info", "debug"] as const).filter((one) => watchers.isEnabled(one));
  expect(heard()).toEqual(["error"]);
  const end = watchers.add(() => {});
  expect(heard()).toEqual(["error", "notice", "info"]);
  end();
  expect(heard()).toEqual(["error"]);
});
