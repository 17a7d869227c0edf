import type { Result } from "../../control/methods.ts";
import type { Command } from "./command.ts";
import { print, readAddress, withDaemon } from "./command.ts";

export const forgive: Command = {
  name: "forgive",
  group: "act",
  summary: "stop ignoring addresses that touched decoys",
  operands: [{ name: "ADDRESS|all" }],
  description: `
    Stops ignoring an address that touched three decoys within a minute, or all addresses. Its
    next knock counts. knockctl status lists the ignored addresses.`,
  asksDaemon: true,
  options: [],
  example: "forgive 192.0.2.7",
  async run(line, io) {
    const [what = ""] = line.operands;
    const params = what === "all" ? ({ all: true } as const) : { address: readAddress(what) };
    const result = await withDaemon(line, (daemon) => daemon.ask("forgive", params));
    print(line, io, result, () => format(result, what));
    return 0;
  },
};

function format({ forgiven }: Result<"forgive">, what: string): string {
  if (forgiven.length > 0) return forgiven.map((source) => `forgave ${source}\n`).join("");
  return what === "all" ? "nothing was ignored\n" : `${what} was not ignored\n`;
}
