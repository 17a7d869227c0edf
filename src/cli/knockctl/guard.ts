import { KnockError } from "../../base/errors.ts";
import { formatService, parseService } from "../../base/service.ts";
import { printable } from "../../base/text.ts";
import type { Params, Result } from "../../control/methods.ts";
import { formatBlocked, reportBlockedServices } from "../../setup/blocked-services.ts";
import { wrap } from "../help.ts";
import type { Io } from "../program.ts";
import { localize } from "../words/korean.ts";
import { trialWords } from "../words/trial.ts";
import type { Command, CommandLine } from "./command.ts";
import { print, readLength, usageError, withDaemon } from "./command.ts";
import { followTrial, warnAll } from "./follow-trial.ts";
import { describeKernelDoor } from "./kernel-doors.ts";
import { sshConnection } from "./ssh-connection.ts";
import { formatTime, guessHost, readHostName, readOrigin } from "./trial.ts";
import { typed } from "./typed.ts";

export const guard: Command = {
  name: "guard",
  group: "begin",
  summary: "protect services on trial, with automatic rollback",
  operands: [{ name: "SERVICE", isMany: true }],
  variants: ["--confirm"],
  description: `
    Protects services on trial, with automatic rollback. New connections need a knock, yours
    too. Existing sessions continue. To keep the protection, knock, make a new ssh connection,
    and confirm there. That proves that your knock arrives. Otherwise the kernel removes the
    protection, even if this terminal or knockd ends.

    SERVICE is tcp/22, udp/51820 or icmp [all services of native doors].`,
  asksDaemon: true,
  options: [
    { long: "confirm", help: "keep the protection of what your knock has opened" },
    {
      long: "all",
      help: "keep it also for services whose doors no knock of yours has opened (with --confirm)",
    },
    { long: "from-console", help: "confirm at the console, which proves nothing (with --confirm)" },
    {
      long: "address",
      argument: "A",
      help: "expect your knock from this address [the client of your ssh connection]",
    },
    { long: "host", argument: "NAME", help: "name this server as the client does, in the text" },
    { long: "for", argument: "TIME", help: "wait for the confirmation for TIME [3m]" },
    { short: "j", long: "json", help: "print JSON, and do not wait" },
  ],
  example: "guard tcp/22",
  isLocalized: true,
  run: (line, io) => (line.given.has("confirm") ? confirm(line, io) : begin(line, io)),
};

async function confirm(line: CommandLine, io: Io): Promise<number> {
  const [service] = line.operands;
  if (service !== undefined) throw usageError(`unexpected "${service}"`);
  for (const name of ["address", "host", "for"]) {
    if (line.given.has(name)) throw usageError(`--${name} makes no sense with --confirm`);
  }
  const params = readConfirmation(line);
  const result = await withDaemon(line, (daemon) => daemon.ask("confirm", params));
  print(line, io, result, () => formatConfirmed(result, line));
  return 0;
}

function readConfirmation({ given }: CommandLine): Params<"confirm"> {
  const ssh = sshConnection();
  if (!given.has("from-console")) {
    if (ssh !== undefined) return { ...ssh.client, ...(given.has("all") && { all: true }) };
    throw new KnockError("USAGE", "not an ssh connection (SSH_CONNECTION is not set)", {
      hints: [
        "make a new ssh connection, and confirm there",
        "at the machine itself: --from-console",
      ],
    });
  }
  if (given.has("all")) throw usageError("--all makes no sense with --from-console");
  if (ssh === undefined) return { console: true };
  throw new KnockError(
    "USAGE",
    `not a console: you are connected from ${ssh.client.address} by ssh`,
    {
      hints: ["make a new ssh connection, and confirm there, without --from-console"],
    },
  );
}

async function begin(line: CommandLine, io: Io): Promise<number> {
  for (const name of ["from-console", "all"]) {
    if (line.given.has(name)) throw usageError(`--${name} goes with --confirm`);
  }
  const params = readParams(line);
  const name = line.given.get("host");
  const host = name === undefined ? guessHost() : readHostName(name);
  return await withDaemon(line, async (daemon) => {
    const begun = await daemon.ask("guard", params);
    const status = await daemon.ask("status", {});
    const blocked = await reportBlockedServices(begun.services, status);
    const guarded = { ...begun, warnings: [...begun.warnings, ...blocked.map(formatBlocked)] };
    warnAll(guarded.warnings, io);
    if (line.given.has("json")) {
      print(line, io, guarded, () => "");
      return 0;
    }
    // Of those that it does not open a warning says why.
    for (const { name, kernel } of await daemon.ask("doors", {})) {
      if (!guarded.doors.includes(name) || kernel?.opens !== true) continue;
      io.stdout(wrap(`${localize(describeKernelDoor({ door: name, opens: true }))}.`));
    }
    return await followTrial(daemon, guarded, { line, io, host });
  });
}

function readParams({ given, operands }: CommandLine): Params<"guard"> {
  const services = operands.flatMap((text) => text.split(",")).map(readService);
  const time = given.get("for");
  return {
    ...readOrigin(given.get("address")),
    ...(services.length > 0 && { services }),
    ...(time !== undefined && { forMs: readLength(time) }),
  };
}

/** Returns a service in its canonical form, such as `tcp/22`. Throws USAGE. */
export function readService(text: string): string {
  const service = parseService(text);
  if (service !== undefined) return formatService(service);
  const hints = ["a service is written as tcp/22, udp/51820 or icmp"];
  throw new KnockError("USAGE", `"${text}" is not a service`, { hints });
}

function formatConfirmed(
  { services, doors, unproven = [], trial }: Result<"confirm">,
  line: CommandLine,
): string {
  const words = trialWords();
  const names = (some: readonly string[]) => some.map(printable).join(", ");
  return [
    wrap(words.confirmed(services.join(", "))),
    wrap(words.confirmedDoors(names(doors))),
    unproven.length === 0 ? "" : wrap(words.unproven(names(unproven))),
    trial === undefined ? "" : formatRest(trial, line),
    `${words.remove(typed("unprotect", line))}\n`,
  ].join("");
}

/** What a confirmation has left on trial. */
function formatRest(
  { services, remainingMs }: NonNullable<Result<"confirm">["trial"]>,
  line: CommandLine,
): string {
  return `\
${wrap(trialWords().rest(services.join(", "), formatTime(remainingMs)))}
    ${typed("guard --confirm --all", line)}

`;
}
