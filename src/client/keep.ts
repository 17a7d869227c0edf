import { createSocket } from "node:dgram";
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../base/clock.ts";
import { KnockError } from "../base/errors.ts";
import { deadline } from "./deadline.ts";
import type { Route, RouteOrigin } from "./route.ts";
import { routeFrom } from "./route.ts";
import { socketTypeFor } from "./socket-type.ts";

/** How to keep a door open. */
export interface KeepOptions {
  /** Milliseconds that a knock opens the door. */
  readonly lease: number;
  readonly origin: RouteOrigin;
  /** Knocks, and returns the addresses that it knocked at. Throws `KnockError` if the knock failed. */
  readonly knock: () => Promise<readonly string[]>;
}

/** Why to knock: the first time, before the lease ends, from a new address, or after a failure. */
export type KnockCause = "begin" | "lease" | "address" | "failure";

/** Callbacks for the progress of `keepOpen`. */
export interface KeepListener {
  readonly onKnock: (cause: KnockCause) => void;
  /** The knock succeeded, as far as it was checked; the next one comes after `next` milliseconds. */
  readonly onKept: (addresses: readonly string[], next: number) => void;
  readonly onFailure: (error: KnockError, next: number) => void;
}

/** Milliseconds between two checks of this machine's addresses. */
const checkInterval = 3_000;

/** The part of a lease after which to knock again. Two fit into it, so that one may get lost. */
const renewal = 0.45;

/** Milliseconds from a failed knock to the next: they double. */
const firstRetry = 2_000;
const longestRetry = 60_000;

/**
 * Keeps a door open until `signal` is aborted: knocks twice in each lease, when the source address of packets
 * changes, and after a failure. A change of the public address behind a router goes unnoticed. Rethrows errors
 * that are not a `KnockError`.
 */
export async function keepOpen(
  { lease, origin, knock }: KeepOptions,
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
    // The interval starts before the knock: a slow knock must not widen the gaps.
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
      await sleep(Math.min(checkInterval, left()), undefined, { signal }).catch(() => {});
      const now = await sources(addresses, origin);
      // Between two networks there is no address for a moment: a knock could not be sent.
      if (now.includes("") || now.every((one, i) => one === leaving[i])) continue;
      cause = "address";
      break;
    }
  }
}

/** Returns the source address of packets to each address, or an empty text if there is no route now. */
async function sources(addresses: readonly string[], origin: RouteOrigin): Promise<string[]> {
  return await Promise.all(addresses.map((address) => sourceOf(address, origin)));
}

/** Connects a UDP socket, which sends nothing, and reads its address. */
async function sourceOf(address: string, origin: RouteOrigin): Promise<string> {
  const route = tryRoute(address, origin);
  if (route === undefined) return "";
  const { source } = route;
  const socket = createSocket(socketTypeFor(address));
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

/** Returns `undefined` while the origin does not exist. */
function tryRoute(address: string, origin: RouteOrigin): Route | undefined {
  try {
    return routeFrom(origin, address);
  } catch (error) {
    if (!(error instanceof KnockError)) throw error;
    return undefined;
  }
}
