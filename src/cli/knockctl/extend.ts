import { humanDuration } from "../../base/duration.ts";
import { printable } from "../../base/text.ts";
import type { Params } from "../../control/methods.ts";
import { readAccessOperands } from "./access-operands.ts";
import type { Command, CommandLine } from "./command.ts";
import { clientOptions, clientUsage, print, usageError, withDaemon } from "./command.ts";

const usage = `usage: knockctl extend DOOR ADDRESS [for] TIME [options]

Keeps a door that is open for ADDRESS open for TIME from now on (30s, 10m, 1h). What stays
open longer anyway is left as it is.

${clientUsage}
example: knockctl extend ssh 192.0.2.7 2h
`;

export const extend: Command = {
  name: "extend",
  summary: "keep a door open for longer",
  usage,
  options: clientOptions,
  async run(line, io) {
    const params = readParams(line);
    const lease = await withDaemon(line, (daemon) => daemon.ask("extend", params));
    const { door, source, remaining } = lease;
    print(
      line,
      io,
      lease,
      () => `${printable(door)} is open for ${source}, closes in ${humanDuration(remaining)}\n`,
    );
    return 0;
  },
};

function readParams(line: CommandLine): Params<"extend"> {
  const needed = "a door, an address and a length of time are needed";
  if (line.operands.length < 3) throw usageError(needed);
  const { for: length, ...access } = readAccessOperands(line);
  if (length === undefined) throw usageError(needed);
  return { ...access, for: length };
}
