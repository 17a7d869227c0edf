import { createSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { connect, isIPv6 } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { getSystemErrorMap } from "node:util";
import { KnockError, reason } from "../base/errors.ts";
import type { Family, Plan, Step } from "./plan.ts";
import { formatStep } from "./plan.ts";

/** The first address of `host`, as the system's resolver orders them. Throws `RESOLVE`. */
export async function resolveHost(host: string, family: Family): Promise<string> {
  try {
    return (await lookup(host, { family })).address;
  } catch (cause) {
    throw new KnockError("RESOLVE", systemReason(cause), { cause });
  }
}

/**
 * Sends the steps of `plan` to `address`, one packet each, in order: the packet of a step has left
 * (or waits in the kernel for its neighbour to be found) before the next is begun. `onStep` hears of
 * each step before it is sent. What the other side answers, if anything, is of no interest. A packet
 * that this system refuses to send keeps none of the others back; throws `SEND` with all of them at the end.
 */
export async function sendPlan(
  plan: Plan,
  address: string,
  onStep: (step: Step) => void,
): Promise<void> {
  const refused: string[] = [];
  for (const [i, step] of plan.steps.entries()) {
    if (i > 0 && plan.delay > 0) await sleep(plan.delay);
    onStep(step);
    try {
      await sendStep(step, address);
    } catch (error) {
      refused.push(`${formatStep(step, address)}: ${systemReason(error)}`);
    }
  }
  if (refused.length > 0) throw new KnockError("SEND", `cannot send to ${refused.join(", to ")}`);
}

async function sendStep(step: Step, address: string): Promise<void> {
  if (step.protocol === "tcp") await sendSyn(step.number, address);
  else await sendDatagram(step.number, address);
}

/** One SYN: the socket is closed before the kernel could send a second. */
async function sendSyn(port: number, address: string): Promise<void> {
  const socket = connect({ host: address, port, autoSelectFamily: false });
  socket.on("error", () => {});
  // For an address, net.connect() leaves connect(2) to the next tick; this tick comes after that one,
  // and before anything that the network answers is read. So an error seen now is this system's own.
  await new Promise((resolve) => process.nextTick(resolve));
  socket.destroy();
  if (socket.errored !== null) throw socket.errored;
}

async function sendDatagram(port: number, address: string): Promise<void> {
  const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
  try {
    await new Promise<void>((resolve, reject) => {
      socket.on("error", reject);
      // One zero byte, as knockd's client sends.
      socket.send(new Uint8Array(1), port, address, (error) => (error ? reject(error) : resolve()));
    });
  } finally {
    socket.close();
  }
}

/** `network is unreachable` rather than `connect ENETUNREACH 192.0.2.1:7 - Local (0.0.0.0:0)`. */
function systemReason(thrown: unknown): string {
  const { errno } = thrown as NodeJS.ErrnoException;
  return (errno !== undefined && getSystemErrorMap().get(errno)?.[1]) || reason(thrown);
}
