import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../base/clock.ts";
import { KnockError } from "../base/errors.ts";
import { firstSynTime } from "./first-syn.ts";
import type { KnockPlan, Step } from "./plan.ts";
import type { Reply } from "./probe.ts";
import { probe, summary } from "./probe.ts";
import type { Route } from "./route.ts";
import { sendEverywhere } from "./send.ts";
import type { Wait } from "./wait.ts";

/** A knock, and the service that it opens. */
export interface RetryOptions {
  readonly plan: KnockPlan;
  readonly routes: readonly Route[];
  /** The routes to the service, if it is on another machine than the knock goes to. */
  readonly service?: readonly Route[];
  readonly wait: Wait;
  /** How many times to knock again. */
  readonly retry: number;
}

/** Callbacks for the progress of a knock. */
export interface KnockListener {
  readonly onStep: (step: Step, route: Route) => void;
  /** All packets of a knock are sent, and the service is being tried. */
  readonly onWait: () => void;
  /** The door stayed closed; the next knock, counted from 1, comes after a pause (milliseconds). */
  readonly onRetry: (knock: number, pause: number) => void;
}

/** The result of `knockUntilOpen`. */
export interface KnockOutcome {
  /** The most telling reply. If it is open, the caller must close its socket. */
  readonly reply: Reply;
  /** How many knocks were sent. */
  readonly knocks: number;
  /** Whether the service was open before the knock. */
  readonly openBefore: boolean;
  /** Milliseconds from the end of the last knock to the answer. */
  readonly waited: number;
}

/** Milliseconds that each probe waits for its answer, and from the start of one to the next. */
const probeTimes = [250, 400, 650, 1_000, 1_600, 2_500];
const longestProbe = 4_000;

/** Milliseconds that any answer needs: a probe waits no less. */
const leastProbe = 20;

/** The longest average pause between two knocks: milliseconds. */
const longestPause = 30_000;

/** Milliseconds that a daemon needs to open: an earlier probe would find a closed door, and cost a round. */
const openingTime = 30;

/** Milliseconds between steps from the second knock on: the first may have failed by reordered packets. */
const leastDelayAgain = 250;

/**
 * Knocks, and probes the service until it answers. Probes wait longer and longer, and stop at the first
 * connection, so that a server sees only one. If the service does not answer in time, knocks again up to `retry`
 * times, after pauses that double and vary by half (`random`: 0 to 1). One probe before the first knock tells
 * whether the service was open already: only its first SYN counts. Throws `SEND` if the last knock cannot be sent.
 */
export async function knockUntilOpen(
  options: RetryOptions,
  listener: KnockListener,
  clock: Clock,
  random: () => number,
): Promise<KnockOutcome> {
  const { plan, routes, service = routes, wait, retry } = options;
  const over = new AbortController();
  const early = probe(service, wait.port, firstSynTime, over.signal);
  let reply: Reply | undefined;
  try {
    for (let knocks = 1; ; knocks++) {
      const last = knocks > retry;
      const sent = await trySend(knocks === 1 ? plan : slower(plan), routes, listener, last);
      const begin = clock.now();
      if (sent) {
        listener.onWait();
        const seen = await untilOpen(service, wait, early, clock);
        if (seen.answer === "open" || last) {
          reply = seen;
          const openBefore = reply === (await Promise.race([early, undefined]));
          return { reply, knocks, openBefore, waited: clock.now() - begin };
        }
      }
      const pause = Math.min(1_000 * 2 ** (knocks - 1), longestPause) * (0.5 + random());
      listener.onRetry(knocks + 1, pause);
      await sleep(pause);
    }
  } finally {
    over.abort();
    const first = await early;
    if (first !== reply) first.socket?.destroy();
  }
}

/** Sends by all routes at once; one that works is enough. Returns false if none did and this is not the last knock. */
async function trySend(
  plan: KnockPlan,
  routes: readonly Route[],
  listener: KnockListener,
  last: boolean,
): Promise<boolean> {
  try {
    await sendEverywhere(plan, routes, listener.onStep);
    return true;
  } catch (error) {
    if (last || !(error instanceof KnockError)) throw error;
    return false;
  }
}

function slower(plan: KnockPlan): KnockPlan {
  const atLeast = (pause: number) => Math.max(pause, leastDelayAgain);
  const steps = plan.steps.map((step) =>
    step.pause === undefined ? step : { ...step, pause: atLeast(step.pause) },
  );
  return { ...plan, delay: atLeast(plan.delay), steps };
}

/** Probes until a probe is open or the time is over; `early` counts while it runs. */
async function untilOpen(
  routes: readonly Route[],
  { port, timeout }: Wait,
  early: Promise<Reply>,
  clock: Clock,
): Promise<Reply> {
  const deadline = clock.now() + timeout;
  const openEarly = new Promise<Reply>((resolve) => {
    void early.then((reply) => reply.answer === "open" && resolve(reply));
  });
  let known = await Promise.race([openEarly, sleep(openingTime, undefined)]);
  for (let round = 0; known?.answer !== "open"; round++) {
    const begin = clock.now();
    const left = deadline - begin;
    if (known !== undefined && left <= 0) break;
    const time = Math.min(probeTimes[round] ?? longestProbe, Math.max(left, leastProbe));
    const stop = new AbortController();
    const next = probe(routes, port, time, stop.signal);
    const first = await Promise.race([openEarly, next]);
    stop.abort();
    if (first !== (await next)) (await next).socket?.destroy();
    if (first.answer === "open") return first;
    known = summary(known, first);
    const rest = Math.min(begin + time, deadline) - clock.now();
    if (rest > 0) await Promise.race([openEarly, sleep(rest)]);
  }
  return known;
}
