import { resolve } from "node:path";
import { KnockError } from "../../base/errors.ts";
import { defaultConfigFile } from "../../base/paths.ts";
import { printable } from "../../base/text.ts";
import { readLenient, setupPaths } from "../../setup/paths.ts";
import { readRecords } from "../../setup/record.ts";
import { planRestoring } from "../../setup/restore-config.ts";
import type { TakenBack } from "../../setup/rollback.ts";
import { takeBack } from "../../setup/rollback.ts";
import type { Command } from "./command.ts";
import { clientOptions, clientUsage, expectOperands, print } from "./command.ts";
import { formatDate } from "./leases.ts";

const usage = `usage: knockctl undo [options]

Takes back what the last "knockctl init" did: the protection first, so that everybody reaches
the services again, then the configuration, to the byte, then knockd, which reads it again, or
is stopped if "init" started it. A configuration that somebody changed since is shown, and
nothing is done without --force.

  --force        restore the configuration all the same; the one of now is kept beside it
  --config FILE  the configuration (default: ${defaultConfigFile})
${clientUsage}`;

/** What is printed. */
interface Undone extends TakenBack {
  readonly config: string;
  /** When it was done that was taken back. */
  readonly at: string;
  /** So many can still be taken back. */
  readonly left: number;
}

export const undo: Command = {
  name: "undo",
  summary: "take back what the last init did",
  usage,
  options: [{ long: "force" }, { long: "config", argument: "FILE" }, ...clientOptions],
  async run(line, io) {
    expectOperands(line, 0, 0);
    const config = resolve(line.given.get("config") ?? defaultConfigFile);
    const place = setupPaths(config, readLenient(config).options, line.given.get("socket"));
    const records = readRecords(place.state.init);
    const record = records.at(-1);
    if (record === undefined) {
      const hints = ["knockctl unprotect takes back the protection alone, whoever made it"];
      const message = `there is nothing to undo for ${printable(config)}`;
      throw new KnockError("SYSTEM", `${message}: no init, or it was taken back`, { hints });
    }
    const restoring = await planRestoring(place, record);
    if (restoring.kind === "changed" && !line.given.has("force")) {
      io.stderr(`restoring it would do this:\n${restoring.diff}\n`);
      const hints = [
        "--force restores it all the same, and keeps the one of now",
        "knockctl unprotect takes back the protection alone",
      ];
      const message = `${printable(config)} was changed since, so nothing was taken back`;
      throw new KnockError("SYSTEM", message, { hints });
    }
    const taken = await takeBack(place, record, restoring);
    for (const text of taken.warnings) io.stderr(`knockctl: warning: ${printable(text)}\n`);
    const undone = { config, at: record.at, ...taken, left: records.length - 1 };
    print(line, io, undone, () => format(undone));
    return 0;
  },
};

function format({ config, at, unprotected, restored, kept, knockd, left }: Undone): string {
  const lines = [
    `taken back: the init of ${formatDate(new Date(at))}`,
    ...(unprotected.length === 0 ? [] : [`${unprotected.join(", ")}: everybody reaches it again`]),
    ...(restored ? [`${config} is as it was before`] : []),
    ...(kept === undefined ? [] : [`as it was until now: ${kept}`]),
    ...(knockd === "as it was" ? [] : [`knockd: ${knockd}`]),
    ...(left === 0 ? [] : [`${left} more can be taken back`]),
  ];
  return lines.map((line) => `${printable(line)}\n`).join("");
}
