import { plural, printable } from "../../base/text.ts";
import type { KnockProfile } from "../../client/profile.ts";
import { formatProfile } from "../../client/profile-edit.ts";
import type { Io } from "../program.ts";
import type { KnockCommandLine } from "./command-line.ts";
import { mustFind } from "./target.ts";

/** Prints the merged settings of a profile as a `Host` of knock.conf; secrets only with --secrets. */
export async function print(line: KnockCommandLine, io: Io): Promise<number> {
  const profile = await mustFind(line.get("print") ?? "", line, io);
  const text = formatProfile(profile).map((one) =>
    printable(line.has("secrets") ? one : hide(one, profile)),
  );
  io.stdout(`${text.join("\n")}\n`);
  return 0;
}

function hide(text: string, { steps }: KnockProfile): string {
  if (/^ *Sequence /.test(text))
    return `    # Sequence: ${plural(steps.length, "port")}, --secrets shows them`;
  if (/^ *Payload /.test(text)) return "    # Payload: --secrets shows it";
  return text;
}
