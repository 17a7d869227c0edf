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

/** A knock, and what it is to open. */
export interface RetryOptions {
  readonly plan: KnockPlan;
  readonly routes: readonly Route[];
  /** The ways to the service, if it is on another machine than the one that is knocked at. */
  readonly service?: readonly Route[];
  readonly wait: Wait;
  /** How often to knock again. */
  readonly retry: number;
}

/** Who wants to know how it goes on. */
export interface KnockListener {
  readonly onStep: (step: Step, route: Route) => void;
  /** A knock has been sent whole, and what it opens is being waited for. */
  readonly onWait: () => void;
  /** The door stayed shut; the next knock, counted from 1, comes in so many milliseconds. */
  readonly onRetry: (knock: number, pause: number) => void;
}

/** How an errand ended. */
export interface KnockOutcome {
  /** The last of the probes, or what said more before. If it is open, its socket is the caller's to close. */
  readonly reply: Reply;
  /** How often was knocked. */
  readonly knocks: number;
  /** Whether the service was open to us before. */
  readonly openBefore: boolean;
  /** From the end of the last knock to the answer: milliseconds. */
  readonly waited: number;
}

/** Milliseconds that a probe waits for its answer, and that lie between the beginnings of two. */
const probeTimes = [250, 400, 650, 1_000, 1_600, 2_500];
const longestProbe = 4_000;

/** However short the patience: less than this is no answer from anywhere. */
const leastProbe = 20;

/** Milliseconds between two knocks, on the average. */
const longestPause = 30_000;

/** Milliseconds that a daemon may take to open: a probe at once would find a closed door, and cost a round more. */
const openingTime = 30;

/** From the second knock on, milliseconds between steps: packets that overtook each other may be why the first failed. */
const leastDelayAgain = 250;

/**
 * Knocks, and connects until the service answers: with probes that wait longer and longer, and none
 * more after the first that is let in, so that a server sees one connection. If it does not answer within the
 * patience, knocks again, as often as the errand says, after pauses that double and vary by half (`random`: 0 to 1).
 * One probe goes out before the first knock, to know whether the service was open anyway: only its first SYN counts.
 * Throws `SEND` if the last knock could not be sent.
 */
export async function knockUntilOpen(
  errand: RetryOptions,
  listener: KnockListener,
  clock: Clock,
  random: () => number,
): Promise<KnockOutcome> {
  const { plan, routes, service = routes, wait, retry } = errand;
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

/** Sends by every route at once; one that works is enough. False if none did, and this is not the last knock. */
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

/** Probes until one is open, or the patience is over; `early` counts as long as it is under way. */
async function untilOpen(
  routes: readonly Route[],
  { port, patience }: Wait,
  early: Promise<Reply>,
  clock: Clock,
): Promise<Reply> {
  const deadline = clock.now() + patience;
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
