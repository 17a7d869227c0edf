import { systemClock } from "../../base/clock.ts";
import { humanDuration } from "../../base/duration.ts";
import { KnockError } from "../../base/errors.ts";
import { printable } from "../../base/text.ts";
import type { ControlClient } from "../../control/client.ts";
import type { Params, Result } from "../../control/methods.ts";
import type { LoggedEntry } from "../../control/protocol.ts";
import { readAddress } from "./command.ts";
import { sshConnection } from "./ssh-connection.ts";

/** Milliseconds after which the end of a trial should have been heard of. */
const patience = 2000;

/** Where the administrator comes from: as he says, else by his ssh connection. Throws USAGE. */
export function readOrigin(given: string | undefined): Pick<Params<"guard">, "address" | "port"> {
  const ssh = sshConnection();
  if (given === undefined) {
    if (ssh !== undefined) return ssh.client;
    throw new KnockError("USAGE", "where do you come from? SSH_CONNECTION does not say so", {
      hints: ["--address A: the address from which you will come by ssh"],
    });
  }
  const address = readAddress(given);
  return ssh === undefined ? { address } : { address, port: ssh.client.port };
}

/** How a trial ended; `unknown`: knockd is gone. */
export type End = "confirmed" | "over" | "unknown";

/** Listens from now on, and returns a function that waits for the end of a trial. */
export function watchEnd(daemon: ControlClient): (trial: Result<"guard">) => Promise<End> {
  const stop = new AbortController();
  const ended = new Promise<End>((resolve) => {
    const onEvent = ({ event }: LoggedEntry) => {
      if (event === "guard-confirmed") resolve("confirmed");
      if (event === "guard-over") resolve("over");
    };
    const gone = () => resolve("unknown");
    daemon.watch({ onEvent, onDropped: () => {} }, stop.signal).then(gone, gone);
  });
  return async (trial) => {
    // Events get lost where there are too many; then the daemon is asked.
    let cancel = () => {};
    const late = new Promise<End>((resolve) => {
      const ask = () => askEnd(daemon, trial).then(resolve, () => resolve("unknown"));
      const when = systemClock.now() + trial.remaining + patience;
      cancel = systemClock.wakeAt(when, () => void ask());
    });
    const end = await Promise.race([ended, late]);
    cancel();
    stop.abort();
    return end;
  };
}

async function askEnd(daemon: ControlClient, { services }: Result<"guard">): Promise<End> {
  const { firewall } = await daemon.ask("status", {});
  return services.every((one) => firewall.protects.includes(one)) ? "confirmed" : "over";
}

/** What happens now, and what to do; `options`: what has to be typed behind it. */
export function formatGuarded(
  { services, address, remaining, doors }: Result<"guard">,
  options = "",
): string {
  // The way of the answer has taken some of it.
  const time = humanDuration(Math.ceil(remaining / 1000) * 1000);
  return `\
On trial for ${time}: ${services.join(", ")}
Only ${address}, and whoever knocks (${doors.map(printable).join(", ")}), gets in. Sessions that exist go on.

Now, in a second terminal, make a NEW connection to this server, and type there:

    knockctl guard --confirm${options}

Then it stays so, also after a restart. If nobody does that within ${time}, all is as before:
the kernel sees to that, even if this terminal or knockd dies. Ctrl-C ends only the waiting.
`;
}

export function formatEnd({ services, remaining }: Result<"guard">, end: End): string {
  const names = services.join(", ");
  switch (end) {
    case "confirmed":
      return `\nConfirmed: ${names} stays protected.\n`;
    case "over":
      return `\nNot confirmed: ${names} is as before.\n`;
    case "unknown": {
      const time = humanDuration(Math.ceil(remaining / 1000) * 1000);
      return `\nknockd is gone. Unless somebody has confirmed, ${names} is as before ${time} after the beginning.\n`;
    }
  }
}
