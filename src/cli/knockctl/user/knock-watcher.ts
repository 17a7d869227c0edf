import { plural } from "../../../base/text.ts";
import type { LoggedEntry } from "../../../control/protocol.ts";
import { encode } from "../../../control/protocol.ts";
import type { Io } from "../../program.ts";
import type { CommandLine } from "../command.ts";
import { screenFor } from "../command.ts";
import { formatLogged } from "../watch.ts";

/** Returns the listener of a connection to knockd that gives `show` a line for each knock of these devices. */
export function knockWatcher(
  users: readonly string[],
  show: (line: string) => void,
  line: Pick<CommandLine, "given">,
  io: Io,
): {
  readonly onEvent: (entry: LoggedEntry) => void;
  readonly onDropped: (count: number) => void;
} {
  const isJson = line.given.has("json");
  const screen = screenFor(line, io);
  return {
    onEvent: (entry) => {
      if (!users.some((user) => user === entry["who"])) return;
      show(`${isJson ? encode(entry) : formatLogged(entry, screen)}\n`);
    },
    onDropped: (lost) =>
      io.stderr(`knockctl: warning: ${plural(lost, "line")} left out: too many to show\n`),
  };
}
