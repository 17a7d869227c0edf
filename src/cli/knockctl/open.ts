import { humanDuration } from "../../base/duration.ts";
import { printable } from "../../base/text.ts";
import { readAccessOperands } from "./access-operands.ts";
import type { Command } from "./command.ts";
import { print, withDaemon } from "./command.ts";

export const open: Command = {
  name: "open",
  group: "act",
  summary: "open door for address, without knock",
  operands: [
    { name: "DOOR" },
    { name: "ADDRESS" },
    { name: "TIME", keyword: "for", isOptional: true },
  ],
  description: `
    Opens a door as if ADDRESS had knocked, for TIME (30s, 10m, 1h) or for the time of the
    configuration. Waits up to 5 s for the command of the door, and fails if that fails.`,
  asksDaemon: true,
  options: [],
  example: "open ssh 192.0.2.7 for 10m",
  async run(line, io) {
    const params = readAccessOperands(line);
    const result = await withDaemon(line, (daemon) => daemon.ask("open", params));
    const { lease, running } = result;
    if (lease === undefined && params.forMs !== undefined) {
      const time = humanDuration(params.forMs);
      io.stderr(
        `knockctl: warning: [${printable(params.door)}] has no stop_command: nothing closes it after ${time}\n`,
      );
    }
    print(line, io, result, () => {
      const end =
        lease === undefined ? "nothing closes it" : `closes in ${humanDuration(lease.remainingMs)}`;
      const runs = running === true ? ", its command still runs" : "";
      return `opened ${printable(params.door)} for ${params.address}${runs}, ${end}\n`;
    });
    return 0;
  },
};
