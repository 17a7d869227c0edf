import { plural, printable } from "../../base/text.ts";
import { formatLocalTime } from "../../base/time.ts";
import type { LoggedEntry } from "../../control/protocol.ts";
import { encode } from "../../control/protocol.ts";
import type { Command } from "./command.ts";
import { nobodyReads, withDaemon } from "./command.ts";

export const watch: Command = {
  name: "watch",
  group: "look",
  summary: "show what knockd logs, as it happens",
  operands: [],
  description: `
    Shows what knockd logs, as it happens, until you press Ctrl-C.`,
  asksDaemon: true,
  options: [],
  example: "watch",
  async run(line, io) {
    const json = line.given.has("json");
    const watcher = {
      onEvent: (entry: LoggedEntry) => io.stdout(`${json ? encode(entry) : format(entry)}\n`),
      onDropped: (count: number) =>
        io.stderr(`knockctl: warning: ${plural(count, "line")} left out: too many to show\n`),
    };
    // Without the signal we would go on for ever.
    await withDaemon(line, (daemon) => daemon.watch(watcher, nobodyReads));
    return 0;
  },
};

function format({ time, level, message }: LoggedEntry): string {
  return `${formatLocalTime(new Date(time))}  ${level.padEnd("warning".length)}  ${printable(message)}`;
}
