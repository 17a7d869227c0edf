import { ownerName } from "../base/access-owner.ts";
import type { Clock } from "../base/clock.ts";
import { KnockError } from "../base/errors.ts";
import { later } from "../base/time.ts";
import type { Result } from "../control/methods.ts";
import type { Lease } from "../grant/lease.ts";
import { failureOf } from "../grant/lease.ts";
import type { LeaseManager } from "../grant/lease-manager.ts";
import { describeOpenLease } from "./reports.ts";

/** How long an administrator waits for a closing that is under way: milliseconds. */
const closingTimeout = 10_000;

export interface CloseLeasesParts {
  readonly leaseManager: LeaseManager;
  readonly clock: Clock;
}

/** Closes leases; waits for closings that are under way, but not for long. */
export async function closeLeases(
  leases: readonly Lease[],
  { leaseManager, clock }: CloseLeasesParts,
): Promise<void> {
  const close = async (lease: Lease) => {
    const closed = leaseManager.close(lease);
    if (lease.state.kind !== "closing" || failureOf(lease) !== undefined) return closed;
    let cancel = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = clock.wakeAt(later(clock.now(), closingTimeout), resolve);
    });
    await Promise.race([closed, late]);
    cancel();
  };
  await Promise.all(leases.map(close));
}

/** Throws COMMAND if one of these leases is not closed. */
export function expectClosed(leases: readonly Lease[], leaseManager: LeaseManager): void {
  const ids = new Set(leases.map(({ id }) => id));
  const left = leaseManager.leases.filter(
    (lease) =>
      ids.has(lease.id) && (lease.state.kind === "closing" || failureOf(lease) !== undefined),
  );
  const failed = left.find((lease) => failureOf(lease) !== undefined);
  if (failed !== undefined) {
    const hints = ["the log has the attempts", "knockctl leases lists what could not be closed"];
    throw new KnockError("COMMAND", describeOpenLease(failed), { hints });
  }
  const [late] = left;
  if (late === undefined) return;
  const { door, source } = nameLease(late);
  const why = leaseManager.describeClosing(late);
  const message = `"${door}" for ${source} is still being closed: ${why}`;
  const hints = ["knockd closes it as soon as that ends", "knockctl leases lists what is closing"];
  throw new KnockError("COMMAND", message, { hints });
}

/** Returns what a lease is called in an answer. */
export function nameLease({ access: { owner, source } }: Lease): Result<"close">["closed"][number] {
  return { door: ownerName(owner), source };
}
