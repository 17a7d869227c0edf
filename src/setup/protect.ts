// The second half of `knockctl init`: proves that the doors open, and protects the services on trial.
import { KnockError } from "../base/errors.ts";
import { formatService } from "../base/service.ts";
import { fixedSteps } from "../config/config.ts";
import type { ControlClient } from "../control/client.ts";
import type { Result } from "../control/methods.ts";
import type { AppliedChanges } from "./apply.ts";
import { describeChanges, rollbackAfter } from "./apply.ts";
import type { InitOptions, PlannedDoor, SetupPlan } from "./plan.ts";
import type { ProbeTarget, Proof } from "./probe.ts";
import { findProblem, probeDoor } from "./probe.ts";
import { ProbeHost } from "./probe-host.ts";
import { withDaemonAt } from "./running-daemon.ts";

/** A door that was tried, and the result. */
export type ProvenDoor = readonly [target: ProbeTarget, proof: Proof];

/**
 * Runs `task` after `apply`, with a probe host if `isProven`; the probe host is removed at the end. If `signal`
 * is aborted, all changes are rolled back. Any other error gets the changes that remain as hints.
 */
export async function withProbeHost<T>(
  { paths }: SetupPlan,
  { record }: AppliedChanges,
  isProven: boolean,
  signal: AbortSignal,
  task: (probeHost: ProbeHost | undefined) => Promise<T>,
): Promise<T> {
  let probeHost: ProbeHost | undefined;
  try {
    probeHost = isProven ? await openProbeHost() : undefined;
    return await task(probeHost);
  } catch (error) {
    if (signal.aborted) await rollbackAfter(error, paths, record, signal);
    if (!(error instanceof KnockError)) throw error;
    const hints = [...error.hints, ...describeChanges(record), "knockctl undo rolls this back"];
    throw new KnockError(error.code, error.message, { cause: error, hints });
  } finally {
    await probeHost?.close();
  }
}

async function openProbeHost(): Promise<ProbeHost> {
  try {
    return await ProbeHost.open();
  } catch (error) {
    if (!(error instanceof KnockError)) throw error;
    const hints = [...error.hints, skipProof];
    throw new KnockError("SYSTEM", error.message, { cause: error, hints });
  }
}

const skipProof = "--no-proof skips this test";

/** Knocks at each door from the probe host. Throws SYSTEM if a door does not open. */
export async function proveOpen(
  plan: SetupPlan,
  probeHost: ProbeHost,
  signal: AbortSignal,
): Promise<readonly ProvenDoor[]> {
  return await proveDoors(plan, probeHost, false, signal);
}

/** Asks the daemon to protect the services on trial. Throws what the daemon answers. */
export async function startTrial(
  daemon: ControlClient,
  { origin, trial }: InitOptions,
  { unprotected }: AppliedChanges,
): Promise<Result<"guard">> {
  const length = trial === undefined ? {} : { forMs: trial };
  return await daemon.ask("guard", { ...origin, services: unprotected, ...length });
}

/**
 * Tries each protected service before and after a knock. Returns whether all of them were seen to be closed
 * before. Throws SYSTEM if one was open without a knock, or stays closed after it.
 */
export async function proveClosed(
  plan: SetupPlan,
  probeHost: ProbeHost,
  { remainingMs }: Result<"guard">,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const proofs = await proveDoors(plan, probeHost, true, signal);
    return proofs.every(([, { before }]) => before === "silent");
  } catch (error) {
    if (!(error instanceof KnockError)) throw error;
    const hints = [
      `do not confirm the trial: it ends by itself within ${Math.ceil(remainingMs / 1000)}s`,
      "knockctl unprotect ends it now",
      ...error.hints,
    ];
    throw new KnockError("SYSTEM", error.message, { cause: error, hints });
  }
}

async function proveDoors(
  plan: SetupPlan,
  probeHost: ProbeHost,
  isProtected: boolean,
  signal: AbortSignal,
): Promise<readonly ProvenDoor[]> {
  const { paths, doors } = plan;
  return await withDaemonAt(paths, async (daemon) => {
    const proofs: ProvenDoor[] = [];
    for (const target of doors.flatMap((one) => targetsOf(one, plan))) {
      const proof = await probeDoor(daemon, probeHost, target, signal);
      const problem = findProblem(proof, isProtected);
      if (problem !== undefined) throw unproven(target, problem);
      proofs.push([target, proof]);
    }
    return proofs;
  });
}

/** The ways in which a door opens: by its sequence, and by the key that this machine has just made. */
function targetsOf({ service, door }: PlannedDoor, plan: SetupPlan): ProbeTarget[] {
  const steps = fixedSteps(door).map((port) => ({ ...port, text: `${port.number}` }));
  const key = plan.device?.enrolment?.key;
  const { knockPort } = plan;
  return [
    ...(steps.length === 0 ? [] : [{ door: door.name, service, knock: { steps } }]),
    ...(key === undefined || knockPort === undefined
      ? []
      : [{ door: door.name, service, knock: { key, knockPort, doors: [door.name] } }]),
  ];
}

function unproven({ door, service, knock }: ProbeTarget, problem: string): KnockError {
  const how = knock.key === undefined ? "" : " by key";
  const message = `this machine knocked at [${door}]${how} from a network namespace: ${problem}`;
  const hints = [
    "knockctl watch shows how knockd handles a knock",
    `does another firewall drop ${formatService(service)}? nft list ruleset shows all rules`,
    skipProof,
  ];
  return new KnockError("SYSTEM", message, { hints });
}
