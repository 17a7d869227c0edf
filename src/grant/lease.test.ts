import { expect, test } from "vitest";
import { byCommands, byKernel } from "../../test/support/accesses.ts";
import { monotonic } from "../base/time.ts";
import type { AccessRequest, Lease, LeaseEvent, LeaseState, LeaseStep } from "./lease.ts";
import { advance, begin, reopenOf } from "./lease.ts";

const access = byCommands();
const request: AccessRequest = { access, length: 1000, again: "extend" };
const failure = {
  result: { kind: "failed", status: 1 },
  attempts: 1,
  runs: 1,
  since: monotonic(0),
} as const;

const states = {
  queued: { kind: "queued" },
  starting: { kind: "starting" },
  "to close": { kind: "starting", closeWhenStarted: {} },
  "to close and reopen": { kind: "starting", closeWhenStarted: { reopen: [request] } },
  open: { kind: "open" },
  orphaned: { kind: "orphaned", wait: "waiting" },
  overdue: { kind: "orphaned", wait: "overdue" },
  "orphaned, to reopen": { kind: "orphaned", wait: "waiting", reopen: [request] },
  "overdue, to reopen": { kind: "orphaned", wait: "overdue", reopen: [request] },
  closing: { kind: "closing" },
  "closing, to reopen": { kind: "closing", reopen: [request] },
  failing: { kind: "closing", failure },
  "failed early": { kind: "starting", closeWhenStarted: { failure } },
  "failed early, to reopen": { kind: "starting", closeWhenStarted: { failure, reopen: [request] } },
  "orphaned, failed early": { kind: "orphaned", wait: "waiting", failure },
  "overdue, failed early": { kind: "orphaned", wait: "overdue", failure },
  "orphaned, failed early, to reopen": {
    ...{ kind: "orphaned", wait: "waiting" },
    ...{ failure, reopen: [request] },
  },
  "overdue, failed early, to reopen": {
    ...{ kind: "orphaned", wait: "overdue" },
    ...{ failure, reopen: [request] },
  },
  "failing, to reopen": { kind: "closing", failure, reopen: [request] },
} as const satisfies Record<string, LeaseState>;

type StateName = keyof typeof states;
const names = Object.keys(states) as StateName[];

const events = {
  start: { op: "start", id: 1 },
  opened: { op: "opened", id: 1, due: monotonic(2000) },
  close: { op: "close", id: 1 },
  closeWhenStarted: { op: "closeWhenStarted", id: 1 },
  overdue: { op: "overdue", id: 1 },
  reopen: { op: "reopen", id: 1, requests: [request] },
  failed: { op: "close", id: 1, failure },
  closedEarly: { op: "closedEarly", id: 1 },
  failedEarly: { op: "closedEarly", id: 1, failure },
} as const satisfies Record<string, LeaseEvent | LeaseStep>;

function lease(state: LeaseState): Lease {
  const due = monotonic(1000);
  return {
    id: 1,
    access,
    length: 1000,
    since: monotonic(0),
    marks: new Map(),
    by: new Map([["", due]]),
    due,
    state,
  };
}

test("a lease of commands begins in the queue, a native one with its opening", () => {
  const opening = { op: "open", id: 1, length: 1000, since: monotonic(5) } as const;
  expect(begin({ ...opening, access })).toMatchObject({ due: 1005, state: { kind: "queued" } });
  expect(begin({ ...opening, access: byKernel() }).state).toEqual({ kind: "starting" });
});

/** Every change of state that there is: all else must change nothing. */
const changes: Readonly<Record<keyof typeof events, Partial<Record<StateName, StateName>>>> = {
  start: { queued: "starting" },
  opened: {
    // The journal does not record the start.
    ...{ queued: "open", starting: "open", "to close": "open", "to close and reopen": "open" },
    ...{ "failed early": "open", "failed early, to reopen": "open" },
  },
  close: {
    ...{ queued: "closing", starting: "closing", "to close": "closing", open: "closing" },
    ...{ "to close and reopen": "closing, to reopen", orphaned: "closing", overdue: "closing" },
    ...{ "orphaned, to reopen": "closing, to reopen", "overdue, to reopen": "closing, to reopen" },
    // An early closing that failed is none of the attempts of this one.
    ...{ "failed early": "closing", "failed early, to reopen": "closing, to reopen" },
    ...{ "orphaned, failed early": "closing", "overdue, failed early": "closing" },
    "orphaned, failed early, to reopen": "closing, to reopen",
    "overdue, failed early, to reopen": "closing, to reopen",
  },
  closeWhenStarted: { starting: "to close" },
  overdue: {
    ...{ orphaned: "overdue", "orphaned, to reopen": "overdue, to reopen" },
    "orphaned, failed early": "overdue, failed early",
    "orphaned, failed early, to reopen": "overdue, failed early, to reopen",
  },
  reopen: {
    ...{ "to close": "to close and reopen", orphaned: "orphaned, to reopen" },
    ...{ overdue: "overdue, to reopen", closing: "closing, to reopen" },
    failing: "failing, to reopen",
    "failed early": "failed early, to reopen",
    "orphaned, failed early": "orphaned, failed early, to reopen",
    "overdue, failed early": "overdue, failed early, to reopen",
  },
  failed: {
    ...{ queued: "failing", starting: "failing", "to close": "failing", open: "failing" },
    ...{ orphaned: "failing", overdue: "failing", closing: "failing" },
    ...{ "orphaned, to reopen": "failing, to reopen", "overdue, to reopen": "failing, to reopen" },
    "to close and reopen": "failing, to reopen",
    "closing, to reopen": "failing, to reopen",
    ...{ "failed early": "failing", "failed early, to reopen": "failing, to reopen" },
    ...{ "orphaned, failed early": "failing", "overdue, failed early": "failing" },
    "orphaned, failed early, to reopen": "failing, to reopen",
    "overdue, failed early, to reopen": "failing, to reopen",
  },
  closedEarly: {
    ...{ "failed early": "to close", "failed early, to reopen": "to close and reopen" },
    ...{ "orphaned, failed early": "orphaned", "overdue, failed early": "overdue" },
    "orphaned, failed early, to reopen": "orphaned, to reopen",
    "overdue, failed early, to reopen": "overdue, to reopen",
  },
  failedEarly: {
    ...{ "to close": "failed early", "to close and reopen": "failed early, to reopen" },
    ...{ orphaned: "orphaned, failed early", overdue: "overdue, failed early" },
    "orphaned, to reopen": "orphaned, failed early, to reopen",
    "overdue, to reopen": "overdue, failed early, to reopen",
  },
};

for (const [name, event] of Object.entries(events)) {
  const allowed = changes[name as keyof typeof events];
  test.each(names)(`${name}: %s`, (from) => {
    const after = advance(lease(states[from]), event);
    expect(after?.state).toEqual(states[allowed[from] ?? from]);
  });
}

test.each(names)("closed ends it, whatever it was: %s", (name) => {
  expect(advance(lease(states[name]), { op: "closed", id: 1 })).toBeUndefined();
});

test.each(names)("what a later knock asked for is carried out at the end: %s", (name) => {
  const expected = name.endsWith("reopen") ? [request] : [];
  expect(reopenOf(lease(states[name]))).toEqual(expected);
});
