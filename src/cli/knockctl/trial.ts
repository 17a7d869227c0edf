import { humanDuration } from "../../base/duration.ts";
import { KnockError } from "../../base/errors.ts";
import { printable } from "../../base/text.ts";
import type { Params, Result } from "../../control/methods.ts";
import type { TrialEnd } from "../../setup/watch-trial.ts";
import { readAddress } from "./command.ts";
import { sshConnection } from "./ssh-connection.ts";

/** Returns the administrator's address: as given, else that of the ssh connection. Throws USAGE. */
export function readOrigin(given: string | undefined): Pick<Params<"guard">, "address" | "port"> {
  const ssh = sshConnection();
  if (given === undefined) {
    if (ssh !== undefined) return ssh.client;
    throw new KnockError("USAGE", "cannot determine your address (SSH_CONNECTION is not set)", {
      hints: ["--address A: the address from which you will come by ssh"],
    });
  }
  const address = readAddress(given);
  return ssh === undefined ? { address } : { address, port: ssh.client.port };
}

/** Explains a trial that has begun; `options`: appended to the command to type. */
export function formatGuarded(
  { services, address, remaining, doors }: Result<"guard">,
  options = "",
): string {
  // Some of the time has passed since the answer was sent.
  const time = humanDuration(Math.ceil(remaining / 1000) * 1000);
  return `\
On trial for ${time}: ${services.join(", ")}
Only ${address}, and sources that knock (${doors.map(printable).join(", ")}), get in. Existing sessions continue.

Now, in a second terminal, make a NEW connection to this server, and type there:

    knockctl guard --confirm${options}

Then the protection stays, also after a restart. Without that command within ${time}, the kernel
removes it, even if this terminal or knockd ends. Ctrl-C only stops waiting.
`;
}

export function formatEnd({ services, remaining }: Result<"guard">, end: TrialEnd): string {
  const names = services.join(", ");
  switch (end) {
    case "confirmed":
      return `\nConfirmed: ${names} stays protected.\n`;
    case "over":
      return `\nNot confirmed: ${names} is as before.\n`;
    case "unknown": {
      const time = humanDuration(Math.ceil(remaining / 1000) * 1000);
      return `\nThe connection to knockd is lost. Unless it was confirmed, ${names} is as before ${time} after the start.\n`;
    }
  }
}
