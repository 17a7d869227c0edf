import type { Socket } from "node:net";
import { connect } from "node:net";
import type { Route } from "./route.ts";
import { systemReason } from "./system-reason.ts";

/**
 * What a TCP port says to somebody who connects:
 * - `open`: the handshake was completed
 * - `refused`: there is a machine, and it, or its firewall, says no
 * - `silent`: no answer at all
 * - `unreachable`: the network, or this system, says that packets cannot get there
 */
type ProbeAnswer = "open" | "refused" | "silent" | "unreachable";

/** What came of a probe. */
export interface Reply {
  readonly answer: ProbeAnswer;
  readonly route: Route;
  /** What the system said, where the answer is `refused` or `unreachable`. */
  readonly reason?: string;
  /** The connection, paused, where the answer is `open`. Whoever takes the reply closes it. */
  readonly socket?: Socket;
}

/** Connects once by each route, all at the same time, for `timeout` milliseconds at most: the first that is open, or what says most. */
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
    // Of two that are open at the same moment one stays.
    if (settled.signal.aborted) return silent(route, reply.socket);
    settled.abort();
    return reply;
  });
  return (await Promise.all(replies)).reduce((best, reply) => moreTelling(reply, best, places));
}

/** A machine that refuses tells more than one that keeps silent, and that more than a family that leads nowhere. */
const places: readonly ProbeAnswer[] = ["open", "refused", "silent", "unreachable"];

/** In a row of probes of the same routes, one that is cut short is silent: what others were told counts more. */
const times: readonly ProbeAnswer[] = ["open", "refused", "unreachable", "silent"];

/** What is known after one more probe of the same routes. */
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
      clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
      if (reply.answer !== "open") socket.destroy();
      resolve(reply);
    };
    const giveUp = () => end({ answer: "silent", route });
    const socket = connect({ host, port, ...from, autoSelectFamily: false, allowHalfOpen: true });
    const timer = setTimeout(giveUp, timeout);
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

/** ETIMEDOUT: the kernel itself has given up. ECONNRESET: some firewalls let one in and then reset. */
function answerTo(code: string | undefined): ProbeAnswer {
  if (code === "ETIMEDOUT") return "silent";
  return code === "ECONNRESET" ? "refused" : "unreachable";
}

function silent(route: Route, socket: Socket | undefined): Reply {
  socket?.destroy();
  return { answer: "silent", route };
}
