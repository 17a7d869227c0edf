import { humanDuration } from "../../base/duration.ts";
import { printable } from "../../base/text.ts";
import type { Params } from "../../control/methods.ts";
import { readAccessOperands } from "./access-operands.ts";
import type { Command, CommandLine } from "./command.ts";
import { clientOptions, clientUsage, print, usageError, withDaemon } from "./command.ts";

const usage = `usage: knockctl open DOOR ADDRESS [for TIME] [options]

Opens a door as if ADDRESS had knocked, for TIME (30s, 10m, 1h) or as long as its
configuration says.

${clientUsage}
example: knockctl open ssh 192.0.2.7 for 10m
`;

export const open: Command = {
  name: "open",
  summary: "open a door for an address, without a knock",
  usage,
  options: clientOptions,
  async run(line, io) {
    const params = readParams(line);
    const result = await withDaemon(line, (daemon) => daemon.ask("open", params));
    const { lease } = result;
    print(line, io, result, () => {
      const end =
        lease === undefined ? "nothing closes it" : `closes in ${humanDuration(lease.remaining)}`;
      return `opened ${printable(params.door)} for ${params.address}, ${end}\n`;
    });
    return 0;
  },
};

function readParams(line: CommandLine): Params<"open"> {
  const word = line.operands[2];
  if (word !== undefined && word !== "for") throw usageError(`unexpected "${word}"`);
  return readAccessOperands(line);
}
