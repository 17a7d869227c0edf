// How `knockctl init` makes ufw let a service pass that knockd keeps shut from then on.
import { KnockError } from "../../../base/errors.ts";
import { formatService } from "../../../base/service.ts";
import { printable } from "../../../base/text.ts";
import type { AppliedChanges } from "../../../setup/apply.ts";
import { formatBlocked, reportBlocked } from "../../../setup/blocked-services.ts";
import type { InitOptions, SetupPlan } from "../../../setup/plan.ts";
import { startTrial } from "../../../setup/protect.ts";
import { withDaemonAt } from "../../../setup/running-daemon.ts";
import { allowByUfw, isForUfw, ufwCommand, withdrawUnconfirmed } from "../../../setup/ufw.ts";
import { wrap } from "../../help.ts";
import type { Io } from "../../program.ts";
import { localize } from "../../words/korean.ts";
import type { CommandLine } from "../command.ts";
import { warnAll } from "../follow-trial.ts";

/**
 * Returns the services that ufw blocks, and is to let pass. Throws SYSTEM if another firewall blocks one of them,
 * unless the test of the doors is skipped.
 */
export async function findForUfw(
  { given }: CommandLine,
  io: Io,
  { services }: InitOptions,
): Promise<string[]> {
  const blocked = await reportBlocked(services, services.map(formatService));
  for (const one of blocked.filter((other) => !isForUfw(other))) {
    const hints = [...one.hints, "then run knockctl init again; --no-proof ignores it"];
    if (!given.has("no-proof")) throw new KnockError("SYSTEM", one.message, { hints });
    warnAll([formatBlocked(one)], io);
  }
  const found = blocked.filter(isForUfw);
  const names = found.map(({ service }) => service);
  const waits = !given.has("dry-run") && !given.has("protect-now");
  if (names.length > 0 && given.has("json") && waits) {
    const hints = [
      ...names.map((name) => `sudo ${ufwCommand(name)}`),
      "--protect-now protects without a trial",
    ];
    const message = `ufw blocks ${names.join(", ")}, and --json does not wait until it may pass`;
    throw new KnockError("SYSTEM", message, { hints });
  }
  if (!given.has("json"))
    for (const { message } of found) io.stdout(wrap(printable(localize(message))));
  return names;
}

export interface UfwParts {
  readonly io: Io;
  readonly plan: SetupPlan;
  readonly options: InitOptions;
  readonly changes: AppliedChanges;
  /** Prints a line, unless JSON is wanted. */
  readonly say: (text: string) => void;
}

/**
 * Runs `task` while ufw lets the services of the plan pass that it blocks. They are protected before, and ufw blocks
 * them again unless they stay so: at no time do all sources reach them.
 */
export async function withUfw(parts: UfwParts, task: () => Promise<number>): Promise<number> {
  const { plan, options, changes, say } = parts;
  const { paths, ufw } = plan;
  if (ufw.length === 0) return await task();
  try {
    if (changes.unprotected.length > 0) {
      await withDaemonAt(paths, (daemon) => startTrial(daemon, options, changes));
    }
    await allowByUfw(ufw);
    for (const service of ufw) say(localize(`ufw lets ${service} pass (${ufwCommand(service)})`));
    return await task();
  } finally {
    await blockAgain(parts);
  }
}

/** Makes ufw block again what is not protected for good. A failure is a warning: `task` may have failed, too. */
async function blockAgain({ plan, changes, say, io }: UfwParts): Promise<void> {
  try {
    const withdrawn = await withdrawUnconfirmed(plan.paths, changes.record);
    if (withdrawn.length > 0) say(localize(`ufw blocks ${withdrawn.join(", ")} again`));
  } catch (error) {
    if (!(error instanceof KnockError)) throw error;
    warnAll([`ufw still lets ${plan.ufw.join(", ")} pass: ${error.message}`], io);
  }
}
