import { humanDuration } from "../../base/duration.ts";
import { KnockError } from "../../base/errors.ts";
import { formatService, parseService } from "../../base/service.ts";
import { printable } from "../../base/text.ts";
import type { Params, Result } from "../../control/methods.ts";
import { watchTrial } from "../../setup/watch-trial.ts";
import type { Io } from "../program.ts";
import type { Command, CommandLine } from "./command.ts";
import {
  clientOptions,
  expectOperands,
  print,
  readLength,
  usageError,
  withDaemon,
} from "./command.ts";
import { sshConnection } from "./ssh-connection.ts";
import { formatEnd, formatGuarded, readOrigin } from "./trial.ts";

const usage = `usage: knockctl guard [SERVICE...] [options]
       knockctl guard --confirm [options]

Protects services for the first time, with an automatic rollback. For a minute only your own
address, and sources that knock, reach them. Confirm from a new connection to keep the
protection; else the kernel removes it, even if this terminal or knockd ends. Existing sessions
continue. SERVICE is tcp/22, udp/51820 or icmp (default: all services that native doors open).

  --confirm       keep the protection; run it in a new ssh connection
  --from-console  with --confirm: run at the console, without an ssh connection
  --address A     your address (default: where your ssh connection comes from)
  --for TIME      how long you have to confirm it (default: 60s)
  --socket PATH   where the daemon listens
  --json          print JSON, and do not wait
  --help          print this text
`;

export const guard: Command = {
  name: "guard",
  summary: "protect services on trial, with automatic rollback",
  usage,
  options: [
    { long: "confirm" },
    { long: "from-console" },
    { long: "address", argument: "A" },
    { long: "for", argument: "TIME" },
    ...clientOptions,
  ],
  run: (line, io) => (line.given.has("confirm") ? confirm(line, io) : begin(line, io)),
};

async function confirm(line: CommandLine, io: Io): Promise<number> {
  expectOperands(line, 0, 0);
  for (const name of ["address", "for"]) {
    if (line.given.has(name)) throw usageError(`--${name} makes no sense with --confirm`);
  }
  const params = readConfirmation(line);
  const result = await withDaemon(line, (daemon) => daemon.ask("confirm", params));
  print(line, io, result, () => formatConfirmed(result));
  return 0;
}

function readConfirmation({ given }: CommandLine): Params<"confirm"> {
  const ssh = sshConnection();
  if (!given.has("from-console")) {
    if (ssh !== undefined) return ssh.client;
    throw new KnockError("USAGE", "not an ssh connection (SSH_CONNECTION is not set)", {
      hints: [
        "make a new ssh connection, and confirm there",
        "at the machine itself: --from-console",
      ],
    });
  }
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
  if (line.given.has("from-console")) throw usageError("--from-console goes with --confirm");
  const params = readParams(line);
  return await withDaemon(line, async (daemon) => {
    const end = watchTrial(daemon);
    const guarded = await daemon.ask("guard", params);
    for (const warning of guarded.warnings) {
      io.stderr(`knockctl: warning: ${printable(warning)}\n`);
    }
    print(line, io, guarded, () => formatGuarded(guarded));
    if (line.given.has("json")) return 0;
    const result = await end(guarded);
    io.stdout(formatEnd(guarded, result));
    return result === "confirmed" ? 0 : 1;
  });
}

function readParams({ given, operands }: CommandLine): Params<"guard"> {
  const services = operands.flatMap((text) => text.split(",")).map(readService);
  const time = given.get("for");
  return {
    ...readOrigin(given.get("address")),
    ...(services.length > 0 && { services }),
    ...(time !== undefined && { for: readLength(time) }),
  };
}

/** Returns a service in its canonical form, such as `tcp/22`. Throws USAGE. */
export function readService(text: string): string {
  const service = parseService(text);
  if (service !== undefined) return formatService(service);
  const hints = ["a service is written as tcp/22, udp/51820 or icmp"];
  throw new KnockError("USAGE", `"${text}" is not a service`, { hints });
}

function formatConfirmed({ services, doors, address, remaining }: Result<"confirm">): string {
  const names = doors.map(printable).join(", ");
  const next =
    address === undefined || remaining === undefined
      ? `All sources have to knock now: ${names}.`
      : `${address} gets in without a knock for ${humanDuration(remaining)} more. Then knock first: ${names}.`;
  return `\
Protected from now on, also after a restart: ${services.join(", ")}
${next}
Try that before you end this session. To remove the protection: knockctl unprotect
`;
}
