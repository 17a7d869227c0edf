import { parseAddress } from "../../base/address.ts";
import { KnockError } from "../../base/errors.ts";
import { plural, printable } from "../../base/text.ts";
import type { Params, Result } from "../../control/methods.ts";
import { fitLines } from "../program.ts";
import type { Command, CommandLine } from "./command.ts";
import { print, readAddress, usageError, withDaemon } from "./command.ts";
import { describeClosing, isClosedEverywhere } from "./fleet/closing.ts";

export const close: Command = {
  name: "close",
  group: "act",
  summary: "close door, all doors for address, or all doors",
  operands: [{ name: "DOOR|ADDRESS|all" }, { name: "ADDRESS", isOptional: true }],
  description: `
    Closes a door for all sources, all doors for an address, one door for an address, or all
    doors. Established connections continue, unless --cut ends them. A door without a stop
    command stays open. If the request matches only such a door, exits with 1.

    In a fleet, closes at all gateways. Waits up to 5 s for them, and names those that have not
    closed it.`,
  asksDaemon: true,
  options: [
    {
      long: "cut",
      help: "end established connections, too; with an ADDRESS, even if no door is open for it",
    },
    { long: "here", help: "close only at this gateway, not in the whole fleet" },
    { long: "fleet", help: "exit with 1 unless all gateways have closed it" },
    { long: "forget", help: "mark as closed a DOOR that knockd could not close for ADDRESS" },
  ],
  example: "close 192.0.2.7 --cut",
  async run(line, io) {
    const params = readParams(line);
    const isForAll = line.given.has("fleet");
    if (isForAll && params.here) throw usageError("--here and --fleet exclude each other");
    const { result, doors } = await withDaemon(line, async (daemon) => ({
      result: await daemon.ask("close", params),
      doors: await daemon.ask("doors", {}),
    }));
    const forgotten = params.forget === true && result.closed.length > 0;
    const untracked = untrackedDoors(params, doors);
    const printed = {
      ...result,
      ...(forgotten && { forgotten }),
      ...(untracked.length > 0 && { untracked }),
    };
    print(line, io, printed, (screen) => fitLines(format(printed), screen));
    if (isForAll && !isClosedEverywhere(result.fleet)) return 1;
    return params.door !== undefined && untracked.length > 0 && result.closed.length === 0 ? 1 : 0;
  },
};

type ClosedOutput = Result<"close"> & {
  readonly forgotten?: boolean;
  /** Doors whose commands nothing undoes: what they opened stays. */
  readonly untracked?: readonly string[];
};

function readParams(line: CommandLine): Params<"close"> {
  const [what = "", address] = line.operands;
  const how = {
    ...(line.given.has("cut") && { cut: true }),
    ...(line.given.has("here") && ({ here: true } as const)),
  };
  const forget = line.given.has("forget") && ({ forget: true } as const);
  if (address !== undefined) {
    return { door: what, address: readAddress(address), ...how, ...forget };
  }
  if (forget) throw new KnockError("USAGE", "--forget needs a door and an address");
  if (what === "all") return { all: true, ...how };
  const parsed = parseAddress(what);
  return { ...(parsed === undefined ? { door: what } : { address: parsed }), ...how };
}

/** Returns the doors that were to be closed, and that nothing closes: the named one, or those that have opened. */
function untrackedDoors({ door }: Params<"close">, doors: Result<"doors">): readonly string[] {
  const chosen = doors.filter(({ name, lastOpening }) =>
    door === undefined ? lastOpening !== undefined : name === door,
  );
  const untracked = chosen.filter(({ lastsMs }) => lastsMs === undefined);
  const isAllOfName = untracked.length === chosen.length;
  return door === undefined || isAllOfName ? untracked.map(({ name }) => name) : [];
}

function format({
  closed,
  connectionsCut: cut,
  forgotten = false,
  untracked = [],
  fleet,
}: ClosedOutput): string {
  const [only] = closed.length === 1 ? closed : [];
  const place = fleet === undefined ? "" : ` ${describeClosing(fleet, only !== undefined)}`;
  const lines = closed.map((one) => {
    const { door, source } = one;
    const name = printable(door);
    return forgotten
      ? `marked as closed: ${name} for ${source}; what its command opened may still be open\n`
      : `closed ${name} for ${source}${one === only ? place : ""}\n`;
  });
  if (cut > 0) lines.push(`ended ${plural(cut, "connection")}\n`);
  if (untracked.length > 0) {
    const names = untracked.map(printable).join(", ");
    const noun = untracked.length === 1 ? "its commands" : "their commands";
    lines.push(`${names}: ${noun} are not tracked; what they opened stays open\n`);
  }
  if (fleet !== undefined && (only === undefined || forgotten)) lines.push(`closed${place}\n`);
  if (closed.length === 0) lines.unshift(fleet === undefined ? "" : "nothing was open here\n");
  return lines.join("") === "" ? "nothing was open\n" : lines.join("");
}
