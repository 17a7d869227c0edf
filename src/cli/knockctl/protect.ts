import type { Result } from "../../control/methods.ts";
import type { Command } from "./command.ts";
import { print, withDaemon } from "./command.ts";

export const protect: Command = {
  name: "protect",
  group: "begin",
  summary: "let only open sources reach protected services",
  operands: [],
  description: `
    Lets only open sources reach the services of doors with "protect = yes", as knockd does at
    its start. Reverts "knockctl unprotect" for these services. Existing sessions continue.`,
  asksDaemon: true,
  options: [],
  example: "protect",
  async run(line, io) {
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
