import { humanDuration } from "../../base/duration.ts";
import { formatLocalTime } from "../../base/time.ts";
import type { DoorReport } from "../../control/reports.ts";
import type { Screen } from "../screen.ts";
import type { StyledCell } from "../table.ts";
import { formatTable } from "../table.ts";
import type { Command } from "./command.ts";
import { print, withDaemon } from "./command.ts";
import { expectDoor } from "./subject.ts";

export const doors: Command = {
  name: "doors",
  group: "look",
  summary: "list doors, with services and state",
  operands: [{ name: "DOOR", isOptional: true }],
  description: `
    Lists the doors, or shows one. Never shows the ports of sequences, which are secret.`,
  asksDaemon: true,
  options: [],
  example: "doors",
  async run(line, io) {
    const all = await withDaemon(line, (daemon) => daemon.ask("doors", {}));
    const found = selectDoors(line.operands[0], all);
    print(line, io, { doors: found }, (screen) => formatDoors(found, screen, true));
    return 0;
  },
};

/** Returns the doors of this name; all of them without one. Throws SYSTEM if there is none. */
export function selectDoors(
  name: string | undefined,
  all: readonly DoorReport[],
): readonly DoorReport[] {
  if (name === undefined) return all;
  expectDoor(name, all);
  return all.filter((door) => door.name === name);
}

/** `showsKernel`: says of each door whether the kernel opens it by itself, where the daemon tells that. */
export function formatDoors(
  found: readonly DoorReport[],
  screen: Screen,
  showsKernel = false,
): string {
  if (found.length === 0) return "there are no doors\n";
  const hasKernel =
    showsKernel && found.some(({ kind, kernel }) => kind === "native" && kernel !== undefined);
  const columns = [
    { title: "DOOR" },
    { title: "STEPS", yields: 2 },
    { title: "WITHIN", align: "right", yields: 1 },
    { title: "OPENS" },
    { title: "FOR", align: "right" },
    { title: "STATE" },
    ...(hasKernel ? [{ title: "KERNEL" } as const] : []),
  ] as const;
  const rows = found.map((door) => [
    door.name,
    describeSteps(door),
    humanDuration(door.timeoutMs),
    door.kind === "native" ? listShort(door.opens) : "by command",
    door.lastsMs === undefined ? "-" : humanDuration(door.lastsMs),
    describeState(door),
    ...(hasKernel ? [describeKernel(door)] : []),
  ]);
  return formatTable(columns, rows, screen);
}

/** How many steps of which protocols: in their order, where the terminal has room for it. */
function describeSteps({ steps, protocols, stepProtocols = [] }: DoorReport): StyledCell {
  if (steps === 0) return { text: "none" };
  const short = `${steps} ${protocols.join("+")}`;
  const order = stepProtocols.join(",");
  return { text: protocols.length > 1 && order !== "" ? order : short, short };
}

/** All, or where the terminal is narrow the first and how many more. */
function listShort(names: readonly string[]): StyledCell {
  const [first = ""] = names;
  const short = names.length > 1 ? `${first} +${names.length - 1}` : first;
  return { text: names.join(", "), short };
}

/** Returns how many doors run commands that nothing undoes. */
export function countUntracked(found: readonly DoorReport[]): number {
  return found.filter(({ lastsMs }) => lastsMs === undefined).length;
}

/** Whether the door opens while knockd does not run; that one with commands does not, its OPENS says. */
function describeKernel({ kind, kernel }: DoorReport): string {
  if (kind !== "native" || kernel === undefined) return "-";
  return kernel.opens ? "opens" : `no: ${kernel.why ?? "unknown"}`;
}

function describeState(door: DoorReport): StyledCell {
  const { state, open, until } = door;
  const openFor = open === 0 ? "" : `open for ${open}`;
  const end = until === undefined ? "" : formatLocalTime(until);
  if (state === "disabled") {
    const name = end === "" ? "disabled" : `ended ${end}`;
    const text = [name, openFor].filter((part) => part !== "").join(", ");
    return { text, short: text.replace(/ \d\d:\d\d:\d\d/, ""), color: "red" };
  }
  const shut = door.lastsMs === undefined ? describeUntracked(door) : "shut";
  const shown = openFor === "" ? shut : openFor;
  const text = end === "" ? shown : `${shown}, until ${end}`;
  const short = end === "" ? shown : `${shown}, until ${end.slice(0, "2026-12-31".length)}`;
  return { text, short, ...(open > 0 && { color: "green" as const }) };
}

/** Nothing says whether what such a door opened is still open. */
function describeUntracked({ lastOpening, commandFailures }: DoorReport): string {
  if (lastOpening === undefined) return "not tracked";
  const { time, source } = lastOpening;
  const hasFailed = commandFailures !== undefined && commandFailures.last.time >= time;
  return `${hasFailed ? "failed" : "opened"} ${humanDuration(Math.max(0, Date.now() - time.getTime()))} ago for ${source}`;
}
