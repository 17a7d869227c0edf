import type { Result } from "../../control/methods.ts";
import type { Command } from "./command.ts";
import { clientOptions, clientUsage, expectOperands, print, withDaemon } from "./command.ts";

const usage = `usage: knockctl protect [options]

Lets only open sources reach the services of doors with "protect = yes", as from the start of
knockd on. Undoes "knockctl unprotect" as far as these go. Sessions that exist go on.

${clientUsage}`;

export const protect: Command = {
  name: "protect",
  summary: "let only open sources reach the protected services",
  usage,
  options: clientOptions,
  async run(line, io) {
    expectOperands(line, 0, 0);
    const result = await withDaemon(line, (daemon) => daemon.ask("protect", {}));
    print(line, io, result, () => formatProtection(result));
    if (result.services.length === 0) {
      io.stderr('knockctl: hint: no door has "protect = yes"; knockctl guard needs none\n');
    }
    return 0;
  },
};

export function formatProtection({ services }: Result<"protect">): string {
  return services.length === 0 ? "nothing is protected\n" : `protected: ${services.join(", ")}\n`;
}
