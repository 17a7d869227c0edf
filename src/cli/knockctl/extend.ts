import { humanDuration } from "../../base/duration.ts";
import { printable } from "../../base/text.ts";
import type { Params } from "../../control/methods.ts";
import { readAccessOperands } from "./access-operands.ts";
import type { Command, CommandLine } from "./command.ts";
import { print, withDaemon } from "./command.ts";

export const extend: Command = {
  name: "extend",
  group: "act",
  summary: "keep door open for longer",
  operands: [{ name: "DOOR" }, { name: "ADDRESS" }, { name: "TIME", keyword: "for" }],
  description: `
    Keeps an open door open for ADDRESS, for TIME (30s, 10m, 1h) from now. Never makes a lease
    shorter.`,
  asksDaemon: true,
  options: [],
  example: "extend ssh 192.0.2.7 2h",
  async run(line, io) {
    const params = readParams(line);
    const lease = await withDaemon(line, (daemon) => daemon.ask("extend", params));
    const { door, source, remainingMs } = lease;
    print(
      line,
      io,
      lease,
      () => `${printable(door)} is open for ${source}, closes in ${humanDuration(remainingMs)}\n`,
    );
    return 0;
  },
};

function readParams(line: CommandLine): Params<"extend"> {
  const { forMs: length = 0, ...access } = readAccessOperands(line);
  return { ...access, forMs: length };
}
