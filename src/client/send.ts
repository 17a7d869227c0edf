import type { Socket as DatagramSocket } from "node:dgram";
import type { Socket } from "node:net";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { KnockError } from "../base/errors.ts";
import { firstSynTime } from "./first-syn.ts";
import type { KnockPlan, Step } from "./plan.ts";
import { formatStep } from "./plan.ts";
import type { Route } from "./route.ts";
import { socketTypeFor } from "./socket-type.ts";
import { systemReason } from "./system-reason.ts";

/**
 * Sends the steps of `plan` by `route`, one packet each, in order: a packet has left, or waits in the kernel for
 * neighbour discovery, before the next step starts. Calls `onStep` before each step. Ignores answers, except that
 * a `full` plan waits for them. If this system refuses to send a packet, the others are still sent; at the end it
 * throws `SEND` with all refused packets, and the first error as its cause.
 */
export async function sendPlan(
  plan: KnockPlan,
  route: Route,
  onStep: (step: Step) => void,
): Promise<void> {
  const refused: { readonly text: string; readonly cause: unknown }[] = [];
  for (const [i, step] of plan.steps.entries()) {
    const pause = step.pause ?? plan.delay;
    if (i > 0 && pause > 0) await sleep(pause);
    onStep(step);
    try {
      await sendStep(step, route, plan);
    } catch (cause) {
      refused.push({ text: `${formatStep(step, route.address)}: ${systemReason(cause)}`, cause });
    }
  }
  const [first] = refused;
  if (first === undefined) return;
  const all = refused.map(({ text }) => text).join(", to ");
  throw new KnockError("SEND", `cannot send to ${all}`, { cause: first.cause });
}

/**
 * Sends the plan by all routes at the same time. A route that fails is not an error while another works: a machine
 * without IPv6 may ask for both families. If all fail, throws the error of the first.
 */
export async function sendEverywhere(
  plan: KnockPlan,
  routes: readonly Route[],
  onStep: (step: Step, route: Route) => void,
): Promise<void> {
  const sent = await Promise.allSettled(
    routes.map((route) => sendPlan(plan, route, (step) => onStep(step, route))),
  );
  const [first] = sent;
  if (first?.status === "rejected" && sent.every(({ status }) => status === "rejected")) {
    throw first.reason;
  }
}

async function sendStep(step: Step, route: Route, plan: KnockPlan): Promise<void> {
  if (step.seal !== undefined) await sendSealed(step.number, route, step.seal);
  else if (step.protocol === "udp") await sendDatagram(step.number, route, plan.payload);
  else if (plan.full) await sendFully(step.number, route);
  else await sendSyn(step.number, route);
}

/** Sends one SYN: closes the socket before the kernel can send a second. */
async function sendSyn(port: number, route: Route): Promise<void> {
  const socket = begin(port, route);
  // For an address, net.connect() calls connect(2) in the next tick. This tick comes after that one, and before
  // any answer of the network is read: an error seen now comes from this system.
  await new Promise((resolve) => process.nextTick(resolve));
  socket.destroy();
  if (socket.errored !== null) throw socket.errored;
}

/**
 * Makes a whole connection, if the other side accepts it. A proxy that answers for the server, and only then
 * connects to it, would give up at a reset. So the connection ends with a FIN, whose answer is not awaited.
 */
async function sendFully(port: number, route: Route): Promise<void> {
  const socket = begin(port, route);
  await new Promise((resolve) => process.nextTick(resolve));
  if (socket.errored !== null) throw socket.errored;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      socket.destroy();
      resolve();
    }, firstSynTime);
    const answered = () => {
      timer.unref();
      resolve();
    };
    socket
      .resume()
      .once("connect", () => socket.end())
      .once("connect", answered);
    socket.once("close", answered);
  });
}

function begin(port: number, { address, source }: Route): Socket {
  const from = source === undefined ? {} : { localAddress: source };
  const socket = connect({ host: address, port, ...from, autoSelectFamily: false });
  return socket.on("error", () => {});
}

/** Sends from a connected socket: only that knows the address that its packets leave from. */
async function sendSealed(
  port: number,
  { address, source }: Route,
  seal: (source: string) => Uint8Array,
): Promise<void> {
  const socket = await openSocket(address);
  try {
    await new Promise<void>((resolve, reject) => {
      const connectThere = () => socket.connect(port, address);
      socket.on("error", reject).once("connect", resolve);
      if (source === undefined) connectThere();
      else socket.bind(0, source, connectThere);
    });
    const packet = seal(socket.address().address);
    await new Promise<void>((resolve, reject) => {
      socket.send(packet, (error) => (error ? reject(error) : resolve()));
    });
  } finally {
    socket.close();
  }
}

async function sendDatagram(port: number, route: Route, payload: Uint8Array): Promise<void> {
  const socket = await openSocket(route.address);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.on("error", reject);
      const send = () =>
        socket.send(payload, port, route.address, (error) => (error ? reject(error) : resolve()));
      if (route.source === undefined) send();
      else socket.bind(0, route.source, send);
    });
  } finally {
    socket.close();
  }
}

/** Opens a UDP socket of the family of `address`. Most knocks are TCP, and need no module for it. */
async function openSocket(address: string): Promise<DatagramSocket> {
  const { createSocket } = await import("node:dgram");
  return createSocket(socketTypeFor(address));
}
