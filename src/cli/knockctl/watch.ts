import { plural, printable } from "../../base/text.ts";
import { formatLocalTime } from "../../base/time.ts";
import type { LoggedEntry } from "../../control/protocol.ts";
import { encode } from "../../control/protocol.ts";
import { breakText } from "../help.ts";
import type { Color, Screen } from "../screen.ts";
import { paint } from "../screen.ts";
import { textWidth } from "../text-width.ts";
import type { Command } from "./command.ts";
import { nobodyReads, screenFor, withDaemon } from "./command.ts";
import type { Subject } from "./subject.ts";
import { expectDoor, readSubject } from "./subject.ts";

export const watch: Command = {
  name: "watch",
  group: "look",
  summary: "show log entries as they occur",
  operands: [{ name: "DOOR|ADDRESS", isOptional: true }],
  description: `
    Shows the log entries of knockd as they occur, until you press Ctrl-C. With a door or an
    address, shows only its entries. With --json, prints each entry as an object on its own
    line.`,
  asksDaemon: true,
  options: [],
  example: "watch ssh",
  async run(line, io) {
    const json = line.given.has("json");
    const screen = screenFor(line, io);
    const subject = readSubject(line.operands[0]);
    const watcher = {
      onEvent: (entry: LoggedEntry) => {
        if (isAbout(entry, subject)) {
          io.stdout(`${json ? encode(entry) : formatLogged(entry, screen)}\n`);
        }
      },
      onDropped: (count: number) =>
        io.stderr(`knockctl: warning: ${plural(count, "line")} left out: too many to show\n`),
    };
    await withDaemon(line, async (daemon) => {
      if (subject.door !== undefined) expectDoor(subject.door, await daemon.ask("doors", {}));
      if (io.terminal !== undefined) io.stderr(`${describeWait(subject)}; Ctrl-C ends\n`);
      // Without the signal we would go on for ever.
      await daemon.watch(watcher, nobodyReads);
    });
    return 0;
  },
};

function describeWait({ door, address }: Subject): string {
  if (door !== undefined) return `waiting for knocks at ${printable(door)}`;
  return address === undefined ? "waiting for knocks" : `waiting for knocks of ${address}`;
}

function isAbout(entry: LoggedEntry, { door, address }: Subject): boolean {
  if (door !== undefined) return entry["door"] === door;
  return address === undefined || entry["source"] === address.toString();
}

const colors: Readonly<Record<string, Color>> = { error: "red", warning: "yellow" };

/** The narrowest column for the text of an entry. */
const narrowest = 20;

/** Returns the line of an entry. A terminal that is too narrow shows no date, and then breaks the text. */
export function formatLogged({ time, level, event, message }: LoggedEntry, screen: Screen): string {
  const moment = formatLocalTime(new Date(time));
  const start = (time: string) => `${time}  ${level.padEnd("warning".length)}  `;
  const color = event === "open" ? "green" : colors[level];
  const whole = `${start(moment)}${printable(message)}`;
  if (textWidth(whole) <= screen.columns) return paint(screen, color, whole);
  const short = start(moment.slice("2026-11-22 ".length));
  const width = Math.max(narrowest, screen.columns - short.length);
  const lines = breakText(printable(message), width);
  return paint(screen, color, `${short}${lines.join(`\n${" ".repeat(short.length)}`)}`);
}
