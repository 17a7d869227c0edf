import { runBeside } from "../../system/run-beside.ts";
import type { User } from "../../system/users.ts";

const file = "setpriv";

/** Any user will do to see whether the program knows the options. */
const root: User = { name: "root", uid: 0, gid: 0, groups: [0], home: "/", shell: "/bin/sh" };

let works: Promise<boolean> | undefined;

/**
 * Returns how to run a program as this user, with all groups of the user: setpriv(1) of util-linux and
 * its arguments. `undefined` if this process is not root, or there is no such setpriv.
 */
export async function setUser(
  user: User,
  program: readonly string[],
): Promise<readonly [file: string, ...args: string[]] | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  works ??= runBeside([file, ...asUser(root, ["true"])]).then(({ code }) => code === 0);
  return (await works) ? [file, ...asUser(user, program)] : undefined;
}

function asUser({ uid, gid, groups }: User, program: readonly string[]): string[] {
  const all = [...new Set([gid, ...groups])].join(",");
  return [`--reuid=${uid}`, `--regid=${gid}`, `--groups=${all}`, "--", ...program];
}
