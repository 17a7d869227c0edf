import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../base/clock.ts";
import { KnockError } from "../base/errors.ts";
import { deadline } from "./deadline.ts";
import type { Route, RouteOrigin } from "./route.ts";
import { routeFrom } from "./route.ts";

/** What keeps a door open. */
export interface Keeping {
  /** How long a knock opens the door: milliseconds. */
  readonly lease: number;
  readonly origin: RouteOrigin;
  /** Knocks, and returns the addresses that it knocked at. A `KnockError` is a knock that failed. */
  readonly knock: () => Promise<readonly string[]>;
}

/** Why a knock comes: the first, one before the lease ends, one from a new address, one after a failure. */
export type KnockCause = "begin" | "lease" | "address" | "failure";

/** Who wants to know how it goes on. */
export interface KeepListener {
  readonly onKnock: (cause: KnockCause) => void;
  /** The knock was sent, and it worked as far as anybody looked; the next comes in so many milliseconds. */
  readonly onKept: (addresses: readonly string[], next: number) => void;
  readonly onFailure: (error: KnockError, next: number) => void;
}

/** Milliseconds between two looks at this machine's addresses. */
const lookEvery = 3_000;

/** Part of a lease after which to knock again: two of them fit into it, so that one may get lost unseen. */
const renewal = 0.45;

/** Milliseconds from a knock that failed to the next: more and more. */
const firstRetry = 2_000;
const longestRetry = 60_000;

/**
 * Knocks, and again twice before the lease ends, when the address that packets leave from is another one, and
 * after a failure, until `signal` is aborted. The address behind which a router hides this
 * machine cannot be seen. Throws only what is no `KnockError`.
 */
export async function keepOpen(
  { lease, origin, knock }: Keeping,
  listener: KeepListener,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  let cause: KnockCause = "begin";
  let failures = 0;
  while (!signal.aborted) {
    listener.onKnock(cause);
    let next: number;
    let addresses: readonly string[] = [];
    let leaving: readonly string[] = [];
    // A knock that takes its time must not make the leases further apart.
    const renewIn = deadline(clock, lease * renewal);
    try {
      addresses = await knock();
      leaving = await sources(addresses, origin);
      failures = 0;
      next = Math.max(renewIn(), 0);
      listener.onKept(leaving, next);
    } catch (error) {
      if (!(error instanceof KnockError)) throw error;
      next = Math.min(firstRetry * 2 ** failures++, longestRetry, lease * renewal);
      listener.onFailure(error, next);
    }
    const left = deadline(clock, next);
    cause = failures > 0 ? "failure" : "lease";
    while (!signal.aborted && left() > 0) {
      await sleep(Math.min(lookEvery, left()), undefined, { signal }).catch(() => {});
      const now = await sources(addresses, origin);
      // Between two networks there is none for a moment: a knock would not get out.
      if (now.includes("") || now.every((one, i) => one === leaving[i])) continue;
      cause = "address";
      break;
    }
  }
}

/** The address that packets leave from on each route; empty if there is no way now. */
async function sources(addresses: readonly string[], origin: RouteOrigin): Promise<string[]> {
  return await Promise.all(addresses.map((address) => sourceOf(address, origin)));
}

/** A connected UDP socket knows its own address; connecting it sends nothing. */
async function sourceOf(address: string, origin: RouteOrigin): Promise<string> {
  const route = tryRoute(address, origin);
  if (route === undefined) return "";
  const { source } = route;
  const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
  try {
    return await new Promise<string>((resolve) => {
      socket.on("error", () => resolve(""));
      socket.on("connect", () => resolve(socket.address().address));
      if (source === undefined) socket.connect(9, address);
      else socket.bind(0, source, () => socket.connect(9, address));
    });
  } finally {
    socket.close();
  }
}

/** Undefined if the origin is not there at the moment. */
function tryRoute(address: string, origin: RouteOrigin): Route | undefined {
  try {
    return routeFrom(origin, address);
  } catch (error) {
    if (!(error instanceof KnockError)) throw error;
    return undefined;
  }
}
