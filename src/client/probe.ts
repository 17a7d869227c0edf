import type { Socket } from "node:net";
import { connect } from "node:net";
import { expireAt, systemClock } from "../base/clock.ts";
import { later } from "../base/time.ts";
import type { Route } from "./route.ts";
import { systemReason } from "./system-reason.ts";

/**
 * The answer of a TCP port to a connection:
 * - `open`: the handshake is complete
 * - `refused`: the machine, or its firewall, refuses it
 * - `silent`: there is no answer
 * - `unreachable`: the network, or this system, reports that there is no route
 */
type ProbeAnswer = "open" | "refused" | "silent" | "unreachable";

/** The result of a probe. */
export interface Reply {
  readonly answer: ProbeAnswer;
  readonly route: Route;
  /** The system's error, if the answer is `refused` or `unreachable`. */
  readonly reason?: string;
  /** The paused connection, if the answer is `open`. The caller must close it. */
  readonly socket?: Socket;
}

/** Connects once by each route, at the same time, for at most `timeout` milliseconds. Returns the first open reply, else the most telling one. */
export async function probe(
  routes: readonly Route[],
  port: number,
  timeout: number,
  signal: AbortSignal,
): Promise<Reply> {
  const settled = new AbortController();
  const either = AbortSignal.any([signal, settled.signal]);
  const replies = routes.map(async (route) => {
    const reply = await probeOne(route, port, timeout, either);
    if (reply.answer !== "open") return reply;
    // If two open at the same moment, one is closed.
    if (settled.signal.aborted) return silent(route, reply.socket);
    settled.abort();
    return reply;
  });
  return (await Promise.all(replies)).reduce((best, reply) => moreTelling(reply, best, places));
}

/** Replies of different routes, the most telling first: one of the families may lead nowhere. */
const places: readonly ProbeAnswer[] = ["open", "refused", "silent", "unreachable"];

/** Replies of successive probes, the most telling first: a probe that is cut short is silent. */
const times: readonly ProbeAnswer[] = ["open", "refused", "unreachable", "silent"];

/** Returns the more telling of two replies of the same routes. */
export function summary(known: Reply | undefined, next: Reply): Reply {
  return known === undefined ? next : moreTelling(next, known, times);
}

function moreTelling(one: Reply, other: Reply, order: readonly ProbeAnswer[]): Reply {
  return order.indexOf(one.answer) < order.indexOf(other.answer) ? one : other;
}

function probeOne(
  route: Route,
  port: number,
  timeout: number,
  signal: AbortSignal,
): Promise<Reply> {
  const { address: host, source } = route;
  const from = source === undefined ? {} : { localAddress: source };
  return new Promise((resolve) => {
    const end = (reply: Reply) => {
      relax();
      signal.removeEventListener("abort", giveUp);
      if (reply.answer !== "open") socket.destroy();
      resolve(reply);
    };
    const giveUp = () => end({ answer: "silent", route });
    const socket = connect({ host, port, ...from, autoSelectFamily: false, allowHalfOpen: true });
    const relax = expireAt(systemClock, later(systemClock.now(), timeout), giveUp);
    signal.addEventListener("abort", giveUp);
    socket.pause();
    socket.once("connect", () => end({ answer: "open", route, socket }));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      const answer = error.code === "ECONNREFUSED" ? "refused" : answerTo(error.code);
      end({ answer, route, reason: systemReason(error) });
    });
    if (signal.aborted) giveUp();
  });
}

/** ETIMEDOUT: the kernel has given up. ECONNRESET: some firewalls accept a connection and then reset it. */
function answerTo(code: string | undefined): ProbeAnswer {
  if (code === "ETIMEDOUT") return "silent";
  return code === "ECONNRESET" ? "refused" : "unreachable";
}

function silent(route: Route, socket: Socket | undefined): Reply {
  socket?.destroy();
  return { answer: "silent", route };
}
