import { later, latest } from "../../base/time.ts";
import { holderOf, whoMember } from "../holders.ts";
import type { ClosingFailure, Lease, LeaseEvent } from "../lease.ts";

/** Returns the shortest history that leads to this lease. */
export function eventsOf({ state, due: _, by, marks, ...opened }: Lease): LeaseEvent[] {
  const { id, since, length, access } = opened;
  const isOpened = state.kind === "open" || state.kind === "closing";
  const opener = holderOf(access);
  const planned = later(since, length);
  const due = by.get(opener) ?? planned;
  const usual = isOpened ? latest(planned, due) : planned;
  const mark = marks.get(opener);
  const isMarked = mark === undefined || mark.origin === access.origin;
  const isUsual = by.size === 1 && by.get(opener) === usual && isMarked;
  // A version that knows no holders takes the last end for that of the lease.
  const holders = [...by].sort(([, a], [, b]) => a - b);
  return [
    { op: "open", ...opened, ...(mark !== undefined && { stamp: mark.stamp }) },
    ...(isOpened ? [{ op: "opened", id, due } as const] : []),
    ...(isUsual ? [] : holders).map(
      ([holder, due]) =>
        ({ op: "extend", id, due, ...whoMember(holder), ...marks.get(holder) }) as const,
    ),
    ...(by.has(opener) ? [] : [{ op: "leave", id, who: opener } as const]),
    ...(state.kind === "closing" ? [closingOf(id, state.failure)] : []),
  ];
}

function closingOf(id: number, failure: ClosingFailure | undefined): LeaseEvent {
  return { op: "close", id, ...(failure && { failure }) };
}
