import { ownerName } from "../base/access-owner.ts";
import { commandKind, isInKernelOnly } from "../base/command-kind.ts";
import type { Backoff } from "../base/retry-timer.ts";
import { pauseAfter, usualBackoff } from "../base/retry-timer.ts";
import { plural } from "../base/text.ts";
import type { Monotonic } from "../base/time.ts";
import { formatLocalTime } from "../base/time.ts";
import type { Access } from "../firewall/firewall.ts";
import type { ClosingFailure, Failed, Lease } from "./lease.ts";
import { describe } from "./logged-firewall.ts";

/** How often a stop command runs that fails. */
const mostRuns = 8;

/** How often it runs for a lease of an earlier boot, if the boot has undone what it would undo. */
const mostRunsAfterBoot = 4;

/** The shell's, for a program that cannot be run or does not exist, and those of timeout and env. */
const notExecuted: readonly number[] = [124, 125, 126, 127];

/**
 * What iptables returns where it cannot read the rules: for lack of the kernel's support or of privileges,
 * of memory or of the lock.
 */
const iptablesUnavailable: readonly number[] = [3, 4];

/** For a command that fails: its attempts take 55 minutes in all. */
const runBackoff: Backoff = { first: 3000, factor: 3, longest: Number.POSITIVE_INFINITY };

/** Returns the failure after one more attempt has ended with `result`. */
export function nextFailure(
  before: ClosingFailure | undefined,
  result: Failed,
  now: Monotonic,
): ClosingFailure {
  const { attempts = 0, runs = 0, since = now } = before ?? {};
  const ran = result.kind === "not-started" ? 0 : 1;
  return { result, attempts: attempts + 1, runs: runs + ran, since };
}

/** Returns whether no further attempt is made. A command that cannot start is never given up. */
export function hasGivenUp({ result, runs }: ClosingFailure): boolean {
  if (result.kind === "lost") return true;
  return result.kind !== "not-started" && runs >= mostRuns;
}

/**
 * Returns whether a boot has closed a lease: it was opened before, and its stop command changes the kernel
 * alone. The command then fails, since there is nothing to undo. Rules that the host restores at the boot
 * are removed by it as usual.
 */
export function isClosedByBoot({ since, access: { method } }: Lease): boolean {
  // The monotonic clock begins at the boot.
  if (since >= 0 || method.kind !== "command" || method.stop === undefined) return false;
  return isInKernelOnly(method.stop);
}

/** Returns whether a stop command has failed so often that a boot must have undone what it would undo. */
export function confirmsBoot({ method }: Access, result: Failed, runs: number): boolean {
  if (result.kind !== "failed" || notExecuted.includes(result.status)) return false;
  const stop = method.kind === "command" ? (method.stop ?? "") : "";
  const isOfIptables = /^ip6?tables(-|$)/.test(commandKind(stop));
  if (isOfIptables && iptablesUnavailable.includes(result.status)) return false;
  return runs >= mostRunsAfterBoot;
}

/** Returns how long to wait before the next attempt: milliseconds. */
export function pauseBeforeNext({ result, attempts, runs }: ClosingFailure): number {
  return result.kind === "not-started"
    ? pauseAfter(attempts, usualBackoff)
    : pauseAfter(runs, runBackoff);
}

/** Returns what is still open and why, and what to do where no further attempt is made. */
export function describeFailure(access: Access, failure: ClosingFailure): string {
  const { result, attempts } = failure;
  const close = `knockctl close "${ownerName(access.owner)}" ${access.source}`;
  if (result.kind === "lost") {
    return `may still be open: ${describeResult(result)}; ${close} --forget takes it for closed`;
  }
  const what = `may still be open: closing failed ${plural(attempts, "time")}: ${describeResult(result)}`;
  if (!hasGivenUp(failure)) return what;
  return `${what}; given up: ${close} tries again, with --forget it takes it for closed`;
}

/** Returns why a lease could not be closed. */
export function describeResult(result: ClosingFailure["result"]): string {
  if (result.kind !== "lost") return describe(result);
  const end =
    result.ended === undefined
      ? ""
      : `, and it was to end at ${formatLocalTime(new Date(result.ended))}`;
  return `the journal is damaged where it names the door and the source${end}`;
}
