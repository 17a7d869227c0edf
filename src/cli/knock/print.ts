import { plural, printable } from "../../base/text.ts";
import type { KnockProfile } from "../../client/profile.ts";
import { formatProfile } from "../../client/profile-edit.ts";
import type { SecretText } from "../../client/secret-text.ts";
import type { Io } from "../program.ts";
import { localizeKnock } from "../words/knock-korean.ts";
import type { KnockCommandLine } from "./command-line.ts";
import { mustFind } from "./target.ts";

/** Prints the merged settings of a profile as a `Host` of knock.conf; secrets only with --secrets. */
export async function print(line: KnockCommandLine, io: Io): Promise<number> {
  const profile = await mustFind(line.get("print") ?? "", line, io);
  const lines = formatProfile(profile);
  const shown = line.has("secrets") ? lines : await hideSecrets(lines, profile);
  const text = shown.map(printable);
  io.stdout(`${text.join("\n")}\n`);
  return 0;
}

async function hideSecrets(lines: readonly string[], profile: KnockProfile): Promise<string[]> {
  const id = profile.key === undefined ? "" : await describeKey(profile.key);
  return lines.map((line) => localizeHidden(hide(line, profile, id)));
}

/** Returns the key's id, by which the server's log and `knockctl user` name it. */
async function describeKey(key: SecretText): Promise<string> {
  const { readKeyId } = await import("../../knock/keys.ts");
  return readKeyId(key.reveal()) ?? "damaged";
}

/** A line of the profile itself is for `knock` to read again. */
function localizeHidden(text: string): string {
  return text.includes("# ") ? localizeKnock(text) : text;
}

function hide(text: string, { steps = [] }: KnockProfile, keyId: string): string {
  if (/^ *Key /.test(text)) return `    # Key ${keyId}: --secrets shows it`;
  if (/^ *Sequence /.test(text))
    return `    # Sequence: ${plural(steps.length, "port")}, --secrets shows them`;
  if (/^ *Payload /.test(text)) return "    # Payload: --secrets shows it";
  return text;
}
