import { setTimeout as sleep } from "node:timers/promises";
import { KnockError } from "../base/errors.ts";
import type { ControlClient } from "../control/client.ts";
import type { Result } from "../control/methods.ts";

/** Milliseconds between two looks at a trial. */
const interval = 1000;

/** A running trial. */
export type TrialReport = NonNullable<Result<"trial">["trial"]>;

/** How a trial ended: what stays protected and what does not; `unknown`: the connection to knockd broke. */
export type TrialEnd =
  | { readonly kind: "over"; readonly kept: readonly string[]; readonly lost: readonly string[] }
  | { readonly kind: "unknown" };

/** Calls `onReport` about once a second until the trial of `services` ends. */
export async function watchTrial(
  daemon: ControlClient,
  services: readonly string[],
  onReport: (report: TrialReport) => void,
): Promise<TrialEnd> {
  try {
    for (;;) {
      const { trial } = await daemon.ask("trial", {});
      if (trial === undefined) break;
      onReport(trial);
      await sleep(Math.min(interval, trial.remainingMs + 1));
    }
    const { protects } = (await daemon.ask("status", {})).firewall;
    const isKept = (service: string) => protects.includes(service);
    const lost = services.filter((service) => !isKept(service));
    return { kind: "over", kept: services.filter(isKept), lost };
  } catch (error) {
    if (error instanceof KnockError) return { kind: "unknown" };
    throw error;
  }
}
