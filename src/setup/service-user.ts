import { existsSync } from "node:fs";
import { join } from "node:path";
import { KnockError } from "../base/errors.ts";
import { defaultConfigFile } from "../base/paths.ts";
import type { Config } from "../config/config.ts";
import type { ParsedConfig } from "../config/parse.ts";
import type { RootNeed } from "../config/traps/root-needs.ts";
import { findRootNeeds } from "../config/traps/root-needs.ts";
import { complaint, runProgram } from "../system/run-program.ts";

/** The script of the packages that says as which user knockd.service runs. */
const script = "/usr/lib/sesame-knock/service-user";

/** Where that script puts what makes the unit run without root. */
const dropIn = "etc/systemd/system/knockd.service.d/user.conf";

/** How an administrator makes the unit run as root. */
export const rootHint: string = `${script} root`;

/** Returns what a configuration needs root for that knockd.service, which reads it, does not have. */
export function findMissingRoot(
  configFile: string,
  config: Config,
  parsed: Pick<ParsedConfig, "optionSections" | "doorSections">,
  root = "/",
): readonly RootNeed[] {
  const isWithoutRoot = configFile === defaultConfigFile && existsSync(join(root, dropIn));
  return isWithoutRoot ? findRootNeeds(config, parsed) : [];
}

/** Returns whether `chooseServiceUser` may change the user of knockd.service. */
export function runsAsRoot(): boolean {
  return existsSync(script) && !existsSync(join("/", dropIn));
}

/**
 * Makes knockd.service run without root, unless its configuration needs root. Does nothing where knockd
 * does not come from a package with that unit. Throws SYSTEM.
 */
export async function chooseServiceUser(): Promise<void> {
  if (existsSync(script)) await runScript("auto");
}

/** Makes knockd.service run as root again, and returns whether it did not. Throws SYSTEM. */
export async function restoreRoot(): Promise<boolean> {
  if (!runsWithoutRoot()) return false;
  await runScript("root");
  return true;
}

/**
 * Lets a knockd.service without root read its configuration and its secrets, which an editor or a copy may have
 * made root's again. `systemctl reload` does the same. Does nothing for other users than root.
 */
export async function grantFiles(): Promise<void> {
  if (process.geteuid?.() !== 0 || !runsWithoutRoot()) return;
  // What it cannot change, as on a read-only file system, knockd tells of if that matters.
  await runProgram([script, "grant"], { isShielded: true });
}

function runsWithoutRoot(): boolean {
  return existsSync(script) && !runsAsRoot();
}

async function runScript(user: "auto" | "root"): Promise<void> {
  // An interruption must not leave half of the change.
  const result = await runProgram([script, user], { isShielded: true });
  if (result.code === 0) return;
  throw new KnockError("SYSTEM", `${script}: ${complaint(result)}`);
}
