import { printable } from "../../../base/text.ts";
import { setDirective } from "../../../config/edit/key-users.ts";
import { lastDay, groups as parseGroups } from "../../../config/principals.ts";
import { parseUsers } from "../../../config/users.ts";
import type { Parsed } from "../../../config/values.ts";
import type { CommandLine } from "../command.ts";
import { usageError } from "../command.ts";
import type { UsersText } from "./files.ts";
import { expectSound } from "./files.ts";
import type { NewKey } from "./new-key.ts";

/** What the command line says of a device beside its key. */
interface GivenRights {
  readonly groups: readonly string[] | undefined;
  /** The last day, as it is written. */
  readonly expires: string | undefined;
}

/** Reads --groups and --expires. Throws USAGE. */
export function readRights({ given }: Pick<CommandLine, "given">): GivenRights {
  const [groups, expires] = [given.get("groups"), given.get("expires")];
  const names = groups === undefined ? undefined : readOption("groups", parseGroups(groups));
  const end = expires === undefined ? undefined : readOption("expires", lastDay(expires));
  if (end !== undefined && end <= Date.now()) {
    throw usageError(`--expires: ${printable(expires ?? "")} is over`);
  }
  return { groups: names, expires };
}

function readOption<T>(name: string, parsed: Parsed<T>): T {
  if ("value" in parsed) return parsed.value;
  throw usageError(`--${name}: ${printable(parsed.problem)}`, parsed.hint);
}

/** Returns a users file in which a device has one more key, and these rights. Throws USAGE, and CONFIG if knockd refuses it. */
export function changeUsers(
  { file, text }: UsersText,
  name: string,
  { addTo }: Pick<NewKey, "addTo">,
  { groups, expires }: GivenRights,
): string {
  let after = addTo(text, name);
  if (groups !== undefined) after = setDirective(after, name, "groups", groups.join(", "));
  if (expires !== undefined) after = setDirective(after, name, "expires", expires);
  expectSound({ file, problems: parseUsers(after).problems });
  return after;
}
