import { parseAddress } from "../../base/address.ts";
import { KnockError } from "../../base/errors.ts";
import { plural, printable } from "../../base/text.ts";
import type { Params, Result } from "../../control/methods.ts";
import type { Command, CommandLine } from "./command.ts";
import { print, readAddress, withDaemon } from "./command.ts";

export const close: Command = {
  name: "close",
  group: "act",
  summary: "close a door, all doors of an address, or all doors",
  operands: [{ name: "DOOR|ADDRESS|all" }, { name: "ADDRESS", isOptional: true }],
  description: `
    Closes a door for all sources, all doors for an address, one door for an address, or all
    doors. Existing connections continue unless --cut ends them.`,
  asksDaemon: true,
  options: [
    {
      long: "cut",
      help: "end existing connections, too; with an ADDRESS also if nothing is open for it",
    },
    { long: "forget", help: "for a door and an address: mark as closed what could not be closed" },
  ],
  example: "close 192.0.2.7 --cut",
  async run(line, io) {
    const params = readParams(line);
    const result = await withDaemon(line, (daemon) => daemon.ask("close", params));
    print(line, io, result, () => format(result));
    return 0;
  },
};

function readParams(line: CommandLine): Params<"close"> {
  const [what = "", address] = line.operands;
  const cut = line.given.has("cut") && { cut: true };
  const forget = line.given.has("forget") && ({ forget: true } as const);
  if (address !== undefined) {
    return { door: what, address: readAddress(address), ...cut, ...forget };
  }
  if (forget) throw new KnockError("USAGE", "--forget needs a door and an address");
  if (what === "all") return { all: true, ...cut };
  const parsed = parseAddress(what);
  return { ...(parsed === undefined ? { door: what } : { address: parsed }), ...cut };
}

function format({ closed, connectionsCut: cut }: Result<"close">): string {
  const lines = closed.map(({ door, source }) => `closed ${printable(door)} for ${source}\n`);
  if (cut > 0) lines.push(`ended ${plural(cut, "connection")}\n`);
  return lines.length === 0 ? "nothing was open\n" : lines.join("");
}
