import { systemClock } from "../base/clock.ts";
import { later } from "../base/time.ts";
import type { ControlClient } from "../control/client.ts";
import type { Result } from "../control/methods.ts";
import type { LoggedEntry } from "../control/protocol.ts";

/** Milliseconds after the end of a trial until its event must have arrived. */
const eventDelay = 2000;

/** How a trial ended; `unknown`: the connection to knockd broke. */
export type TrialEnd = "confirmed" | "over" | "unknown";

/**
 * Subscribes to the events of the daemon, before a trial starts. Returns a function that waits for the end
 * of a trial.
 */
export function watchTrial(daemon: ControlClient): (trial: Result<"guard">) => Promise<TrialEnd> {
  const stop = new AbortController();
  const ended = new Promise<TrialEnd>((resolve) => {
    const onEvent = ({ event }: LoggedEntry) => {
      if (event === "guard-confirmed") resolve("confirmed");
      if (event === "guard-over") resolve("over");
    };
    const gone = () => resolve("unknown");
    daemon.watch({ onEvent, onDropped: () => {} }, stop.signal).then(gone, gone);
  });
  return async (trial) => {
    // The daemon drops events when there are too many; then its status tells.
    let cancel = () => {};
    const late = new Promise<TrialEnd>((resolve) => {
      const ask = () => askEnd(daemon, trial).then(resolve, () => resolve("unknown"));
      const when = later(systemClock.now(), trial.remaining + eventDelay);
      cancel = systemClock.wakeAt(when, () => void ask());
    });
    const end = await Promise.race([ended, late]);
    cancel();
    stop.abort();
    return end;
  };
}

async function askEnd(daemon: ControlClient, { services }: Result<"guard">): Promise<TrialEnd> {
  const { firewall } = await daemon.ask("status", {});
  return services.every((one) => firewall.protects.includes(one)) ? "confirmed" : "over";
}
