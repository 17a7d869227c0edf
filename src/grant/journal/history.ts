import { later, latest } from "../../base/time.ts";
import type { ClosingFailure, Lease, LeaseEvent } from "../lease.ts";

/** Returns the shortest history that leads to this lease. */
export function eventsOf({ state, due, ...opened }: Lease): LeaseEvent[] {
  const { id, since, length } = opened;
  const isOpened = state.kind === "open" || state.kind === "closing";
  const planned = later(since, length);
  const usual = isOpened ? latest(planned, due) : planned;
  return [
    { op: "open", ...opened },
    ...(isOpened ? [{ op: "opened", id, due } as const] : []),
    ...(due === usual ? [] : [{ op: "extend", id, due } as const]),
    ...(state.kind === "closing" ? [closingOf(id, state.failure)] : []),
  ];
}

function closingOf(id: number, failure: ClosingFailure | undefined): LeaseEvent {
  return { op: "close", id, ...(failure && { failure }) };
}
