import { humanDuration } from "../../../base/duration.ts";
import { plural, printable } from "../../../base/text.ts";
import type { FleetClosing } from "../../../control/fleet-reports.ts";

/** Milliseconds: a gateway that was heard of more recently is not away, but slow. */
const recently = 15_000;

/** Returns whether all gateways have closed it. Without a fleet none was asked. */
export function isClosedEverywhere(closing: FleetClosing | undefined): boolean {
  return closing?.told === true && closing.missing.length === 0;
}

/** `at 5 of 6 gateways; gw-4 not heard of for 3m: its lease ends by itself in 4m 12s`. `isOne`: of one lease. */
export function describeClosing(closing: FleetClosing, isOne: boolean): string {
  const { told, closedAt, missing, remainingMs } = closing;
  const count = closedAt.length + missing.length;
  const at = `at ${closedAt.length} of ${plural(count, "gateway")}`;
  const what = isOne ? "its lease" : "what it has open";
  const end = remainingMs === 0 ? "" : `: ${what} ends by itself in ${humanDuration(remainingMs)}`;
  const store = told ? "" : "; the store does not answer: the others hear of it when it is back";
  const names = missing.map(({ gateway, seenMs }) => {
    const why =
      seenMs < recently ? "has not answered" : `not heard of for ${humanDuration(seenMs)}`;
    return `; ${printable(gateway)} ${why}${end}`;
  });
  return `${at}${store}${names.join("")}`;
}
