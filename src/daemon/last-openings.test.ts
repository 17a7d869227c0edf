import { expect, test } from "vitest";
import { address } from "../../test/support/packets.ts";
import type { HistoryReport } from "../control/reports.ts";
import { lastOpenings } from "./last-openings.ts";

const source = address("192.0.2.7");
const other = address("192.0.2.8");
const at = (seconds: number) => new Date(Date.UTC(2026, 10, 28, 14, 31, seconds));

const opened = (seconds: number, door: string, from = source): HistoryReport => ({
  ...{ time: at(seconds), event: "opened", door, source: from, by: "knock" },
});
const failed = (seconds: number, door: string, from = source): HistoryReport => ({
  ...{ time: at(seconds), event: "failed", door, source: from, reason: "no chain" },
});

/** The door, and when and for whom it was opened last. */
function found(...entries: readonly HistoryReport[]) {
  return [...lastOpenings(entries)].map(([door, { time, source }]) => {
    return `${door} ${new Date(time).getSeconds()} ${source}`;
  });
}

test("the last opening of each door counts", () => {
  const closed = { time: at(4), event: "closed", door: "ssh", source, because: "due" } as const;
  expect(found(opened(1, "ssh"), opened(2, "web"), opened(3, "ssh", other), closed)).toEqual([
    "ssh 3 192.0.2.8",
    "web 2 192.0.2.7",
  ]);
  const { time, by, who } = { time: at(5), by: "key", who: "alice/laptop" } as const;
  expect(
    lastOpenings([{ time, event: "opened", door: "ssh", source, by, who }]).get("ssh"),
  ).toEqual({ time: time.getTime(), source, by, who });
});

test("an opening that failed is none", () => {
  expect(found(opened(1, "ssh"), failed(2, "ssh"))).toEqual([]);
  expect(found(opened(1, "ssh"), opened(2, "ssh"), failed(3, "ssh"))).toEqual(["ssh 1 192.0.2.7"]);
  expect(
    found(opened(1, "ssh"), opened(2, "ssh", other), opened(3, "ssh"), failed(4, "ssh")),
  ).toEqual(["ssh 2 192.0.2.8"]);
  const both = [failed(4, "ssh"), failed(5, "ssh", other)];
  expect(found(opened(1, "ssh"), opened(2, "ssh", other), ...both)).toEqual([]);
  expect(found(failed(1, "ssh"), failed(2, "web"), opened(3, "ssh"))).toEqual(["ssh 3 192.0.2.7"]);
});
