import { KnockError } from "../../base/errors.ts";
import { printable } from "../../base/text.ts";
import type { Config } from "../../config/config.ts";
import { readFleetFile } from "../../daemon/state/fleet-file.ts";
import { stateOwner } from "../../system/state-files.ts";

/** What was found in the fleet file of a configuration. */
export interface CheckedFleet {
  readonly file: string;
  /** knockd joins the fleet with it. */
  readonly usable: boolean;
  /** Lines with file and place. */
  readonly problems: readonly string[];
}

/** Reads the fleet file of a configuration; none without `Fleet`. */
export async function checkFleet({ options }: Config): Promise<CheckedFleet | undefined> {
  if (options.fleet === undefined) return undefined;
  const file = options.fleetFile;
  try {
    await readFleetFile(file, stateOwner(options.stateDir));
    return { file, usable: true, problems: [] };
  } catch (error) {
    if (!(error instanceof KnockError)) throw error;
    // A problem a line; its hint follows it.
    const hints = error.hints.map((hint) => `${file}: hint: ${hint}`);
    const problems = [error.message.replace(/^fleet file /, ""), ...hints].join("\n");
    return { file, usable: false, problems: problems.split(/\n(?!.*: hint: )/) };
  }
}

/** Returns the line about it, for people. */
export function formatCheckedFleet({ file, usable }: CheckedFleet): string {
  return `${printable(file)}: ${usable ? "fleet OK" : "cannot be used: knockd goes on alone"}\n`;
}
