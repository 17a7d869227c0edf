import { resolve } from "node:path";
import { KnockError } from "../../base/errors.ts";
import { defaultConfigFile } from "../../base/paths.ts";
import { printable } from "../../base/text.ts";
import { formatLocalTime } from "../../base/time.ts";
import { defaultOptions } from "../../config/config.ts";
import { readLenient } from "../../setup/lenient-config.ts";
import { setupPaths } from "../../setup/paths.ts";
import { readRecords } from "../../setup/record.ts";
import { planRestore } from "../../setup/restore-config.ts";
import type { RollbackResult } from "../../setup/rollback.ts";
import { rollback } from "../../setup/rollback.ts";
import type { Command } from "./command.ts";
import { print } from "./command.ts";

/** The printed result. */
interface Undone extends RollbackResult {
  readonly config: string;
  /** When the `init` was run. */
  readonly at: string;
  /** How many more can be rolled back. */
  readonly left: number;
}

export const undo: Command = {
  name: "undo",
  group: "begin",
  summary: "roll back last init",
  operands: [],
  description: `
    Rolls back the last "knockctl init". First it removes the protection: all sources reach the
    services again, unless ufw blocked them before. Then it restores the configuration, to the
    byte. knockd reloads it, or stops if "init" started it. If knockd.service ran as root before,
    it does so again. undo also removes a key that "init" gave to a device from the users file. If
    the configuration has changed since, undo shows the differences. It then changes nothing
    without --force.`,
  asksDaemon: true,
  options: [
    {
      long: "force",
      help: "restore a changed configuration, too; keep the current one beside it",
    },
    { long: "config", argument: "FILE", help: `restore this configuration [${defaultConfigFile}]` },
  ],
  example: "undo",
  async run(line, io) {
    const config = resolve(line.given.get("config") ?? defaultConfigFile);
    const { options = defaultOptions } = readLenient(config);
    const paths = setupPaths(config, options, line.given.get("socket"));
    const records = readRecords(paths.state.init);
    const record = records.at(-1);
    if (record === undefined) {
      const hints = ["knockctl unprotect removes any protection, and nothing else"];
      const message = `there is nothing to undo for ${printable(config)}`;
      throw new KnockError("SYSTEM", `${message}: no init, or it was rolled back`, { hints });
    }
    const plan = await planRestore(paths, record);
    if (plan.kind === "changed" && !line.given.has("force")) {
      io.stderr(`restoring it would do this:\n${plan.diff}\n`);
      const hints = [
        "--force restores it all the same, and keeps a copy",
        "knockctl unprotect removes only the protection",
      ];
      const message = `${printable(config)} has changed since, so nothing was rolled back`;
      throw new KnockError("SYSTEM", message, { hints });
    }
    const result = await rollback(paths, record, plan);
    for (const text of result.warnings) io.stderr(`knockctl: warning: ${printable(text)}\n`);
    const undone = { config, at: record.at, ...result, left: records.length - 1 };
    print(line, io, undone, () => format(undone));
    return 0;
  },
};

function format({
  config,
  at,
  unprotected,
  blocked,
  restored,
  removed,
  kept,
  knockd,
  serviceUser,
  left,
}: Undone): string {
  const reached = unprotected.filter((service) => !blocked.includes(service));
  const lines = [
    `rolled back: the init of ${formatLocalTime(new Date(at))}`,
    ...(blocked.length === 0 ? [] : [`${blocked.join(", ")}: ufw blocks it again`]),
    ...(reached.length === 0 ? [] : [`${reached.join(", ")}: all sources reach it again`]),
    ...(restored ? [`${config} is as it was before`] : []),
    ...(removed === undefined ? [] : [`${removed} has lost the key that init gave it`]),
    ...(kept === undefined ? [] : [`copy of the changed file: ${kept}`]),
    ...(knockd === "as it was" ? [] : [`knockd: ${knockd}`]),
    ...(serviceUser === undefined ? [] : [`knockd.service runs as ${serviceUser} again`]),
    ...(left === 0 ? [] : [`${left} more can be rolled back`]),
  ];
  return lines.map((line) => `${printable(line)}\n`).join("");
}
