import { printable } from "../../base/text.ts";
import type { Result } from "../../control/methods.ts";
import { grantFiles } from "../../setup/service-user.ts";
import type { Screen } from "../screen.ts";
import { formatList } from "../table.ts";
import type { Command } from "./command.ts";
import { print, withDaemon } from "./command.ts";

export const reload: Command = {
  name: "reload",
  group: "act",
  summary: "reload configuration, and show changes",
  operands: [],
  description: `
    Makes knockd reload its configuration, and shows the changes. If the configuration has
    errors, lists all of them, and the old one stays.`,
  asksDaemon: true,
  options: [],
  example: "reload",
  async run(line, io) {
    // Another socket is that of a daemon that is not the service.
    if (!line.given.has("socket")) await grantFiles();
    const result = await withDaemon(line, (daemon) => daemon.ask("reload", {}));
    const notes = result.kind === "refused" ? result.problems : result.warnings;
    for (const note of notes) io.stderr(`${printable(note)}\n`);
    print(line, io, result, (screen) => format(result, screen));
    return result.kind === "refused" ? 1 : 0;
  },
};

function format(result: Result<"reload">, screen: Screen): string {
  if (result.kind === "refused") return "the old configuration stays\n";
  const { file, added, removed, changed, options } = result;
  const changes = Object.entries({ added, removed, changed, options })
    .filter(([, names]) => names.length > 0)
    .map(([what, names]) => [what, names.join(", ")] as const);
  const rest = changes.length === 0 ? "nothing changed\n" : formatList(changes, screen);
  return `${printable(file)} is in use\n${rest}`;
}
