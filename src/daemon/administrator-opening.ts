import { ownerName } from "../base/access-owner.ts";
import type { Clock } from "../base/clock.ts";
import { KnockError } from "../base/errors.ts";
import { later } from "../base/time.ts";
import type { AccessRequest } from "../grant/lease.ts";
import type { LeaseManager } from "../grant/lease-manager.ts";
import type { DoorActivity } from "./door-activity.ts";
import { describeWithOutput } from "./door-activity.ts";

/** How long an administrator waits for the exit code of a command: milliseconds. */
const patience = 5000;

export interface OpeningParts {
  readonly clock: Clock;
  readonly leaseManager: Pick<LeaseManager, "open">;
  readonly activity: DoorActivity;
}

/**
 * Opens a door for an administrator. Resolves to `running` if its command has not ended after five
 * seconds. Throws COMMAND if the door could not be opened, or its command failed.
 */
export async function openForAdministrator(
  request: AccessRequest,
  { clock, leaseManager, activity }: OpeningParts,
): Promise<"opened" | "running"> {
  const { access } = request;
  const opening = activity.follow(access);
  let cancel = () => {};
  try {
    const late = new Promise<"running">((resolve) => {
      cancel = clock.wakeAt(later(clock.now(), patience), () => resolve("running"));
    });
    const isOpen = await Promise.race([leaseManager.open(request), late]);
    if (isOpen === "running") return "running";
    const { result } = opening;
    if (isOpen && (result === undefined || result.kind === "done")) return "opened";
    const who = `"${ownerName(access.owner)}" for ${access.source}`;
    if (result === undefined) {
      const hints = ["the log says why"];
      throw new KnockError("COMMAND", `${who} could not be opened`, { hints });
    }
    const isUndone = isOpen && access.method.kind === "command" && access.method.stop !== undefined;
    const hints = isUndone ? ["its stop command runs all the same: knockctl leases"] : [];
    throw new KnockError("COMMAND", `${who}: ${describeWithOutput(result)}`, { hints });
  } finally {
    cancel();
    opening.stop();
  }
}
