import { humanDuration } from "../../base/duration.ts";
import type { DoorReport } from "../../control/reports.ts";
import { formatTable } from "../table.ts";
import type { Command } from "./command.ts";
import { print, withDaemon } from "./command.ts";

export const doors: Command = {
  name: "doors",
  group: "look",
  summary: "list the doors: what each opens, and its state",
  operands: [],
  description: `
    Lists the doors. The ports of their sequences are not shown: they are a secret.`,
  asksDaemon: true,
  options: [],
  example: "doors",
  async run(line, io) {
    const found = await withDaemon(line, (daemon) => daemon.ask("doors", {}));
    print(line, io, found, () => formatDoors(found));
    return 0;
  },
};

export function formatDoors(found: readonly DoorReport[]): string {
  if (found.length === 0) return "there are no doors\n";
  const columns = [
    { title: "DOOR" },
    { title: "STEPS" },
    { title: "WITHIN", align: "right" },
    { title: "OPENS" },
    { title: "FOR", align: "right" },
    { title: "STATE" },
  ] as const;
  const rows = found.map((door) => [
    door.name,
    door.steps === 0 ? "none" : `${door.steps} ${door.protocols.join("+")}`,
    humanDuration(door.timeout),
    door.kind === "native" ? door.opens.join(", ") : "by command",
    door.lasts === undefined ? "-" : humanDuration(door.lasts),
    describeState(door),
  ]);
  return formatTable(columns, rows);
}

function describeState({ state, open }: DoorReport): string {
  const openFor = open === 0 ? "" : `open for ${open}`;
  if (state === "disabled") return ["disabled", openFor].filter((part) => part !== "").join(", ");
  return openFor === "" ? "shut" : openFor;
}
