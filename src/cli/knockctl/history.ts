import { formatLocalTime } from "../../base/time.ts";
import type { HistoryReport } from "../../control/reports.ts";
import type { Screen } from "../screen.ts";
import { formatTable } from "../table.ts";
import type { Command } from "./command.ts";
import { print, readLength, withDaemon } from "./command.ts";
import { expectDoor, readSubject } from "./subject.ts";

export const history: Command = {
  name: "history",
  group: "look",
  summary: "list openings, closings and failures",
  operands: [{ name: "DOOR|ADDRESS", isOptional: true }],
  description: `
    Lists openings, extensions, closings and failures, with the source and the cause. The newest
    entry is the last. With a door or an address, lists only its entries.`,
  asksDaemon: true,
  options: [{ long: "since", argument: "TIME", help: "list only the last 7d, 12h or 30m" }],
  example: "history ssh --since 7d",
  async run(line, io) {
    const [what] = line.operands;
    const since = line.given.get("since");
    const params = {
      ...readSubject(what),
      ...(since !== undefined && { sinceMs: readLength(since) }),
    };
    const found = await withDaemon(line, async (daemon) => {
      const entries = await daemon.ask("history", params);
      // A door that is gone may have a history; a name without entries may be misspelt.
      if (entries.length === 0 && params.door !== undefined) {
        expectDoor(params.door, await daemon.ask("doors", {}));
      }
      return entries;
    });
    print(line, io, { history: found }, (screen) => formatHistory(found, screen));
    return 0;
  },
};

function formatHistory(found: readonly HistoryReport[], screen: Screen): string {
  if (found.length === 0) return "no entries\n";
  const columns = [
    { title: "TIME" },
    { title: "EVENT" },
    { title: "DOOR" },
    { title: "SOURCE" },
    { title: "BY", breaks: true },
  ] as const;
  const rows = found.map((entry) => [
    { text: formatLocalTime(entry.time), short: formatLocalTime(entry.time).slice("2026-".length) },
    entry.event === "failed" ? `${entry.what ?? "open"} failed` : entry.event,
    entry.door,
    entry.source.toString(),
    describeReason(entry),
  ]);
  return formatTable(columns, rows, screen);
}

function describeReason(entry: HistoryReport): string {
  switch (entry.event) {
    case "opened":
    case "extended":
      return entry.who ?? entry.by;
    case "failed":
      return entry.reason;
    case "closed":
      return entry.because === "due" ? "time over" : entry.because;
    case "forgotten":
      return entry.because === "limit" ? "too many" : entry.because;
  }
}
