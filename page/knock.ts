import { isBadPort } from "../src/invitation/bad-ports.ts";
import { duration, paces } from "../src/invitation/pace.ts";
import type { PageProfile } from "../src/invitation/profile.ts";
import type { RequestOutcome } from "./request.ts";
import { ask, knockAt, room } from "./request.ts";

/** What the service did; `barred`: a port that browsers refuse. */
export type ServiceSight = RequestOutcome | "barred";

/** Milliseconds to wait for a service that was opened: the kernel repeats a SYN after 1, 2 and 3 seconds. */
const patience = 4000;

/**
 * Milliseconds that a knock may take to go out. Each step has its own look-up of the name, and a request
 * that is aborted before its end sends nothing.
 */
const latest = 10_000;

/** Milliseconds for a look before a knock of a single step. */
const glance = 1200;

/** Milliseconds between two looks at a service that ends requests at once. */
const pause = 700;

/** Whether the browser would send all of these knocks now, or still waits for earlier ones. */
export function canKnock({ host, ports }: PageProfile): boolean {
  return ports.every((port) => ports.filter((other) => other === port).length <= room(host, port));
}

/** Knocks at each port in turn, telling its index as its turn comes. */
export async function knock(
  { host, ports, pace }: PageProfile,
  onStep: (index: number) => void,
): Promise<void> {
  const times = paces(ports.length, pace);
  for (const [index, port] of ports.entries()) {
    onStep(index);
    // What becomes of it is not waited for: the steps keep to their time.
    void knockAt(host, port, latest);
    await sleep(times[index] ?? 0);
  }
}

/** Looks at the port that the knock will open, until its last step begins: call it right before `knock`. */
export async function lookBefore(
  { host, ports, pace }: PageProfile,
  service: number,
): Promise<ServiceSight> {
  const time = ports.length === 1 ? glance : duration(ports.length, pace) - 100;
  return await look(host, service, time);
}

/**
 * Looks at the port that the knock should have opened. What it was like before decides how long: a
 * command that opens the door takes its time, and meanwhile a firewall may refuse.
 */
export async function lookAfter(
  host: string,
  port: number,
  before: ServiceSight,
): Promise<ServiceSight> {
  const end = performance.now() + patience;
  for (;;) {
    const sight = await look(host, port, Math.max(pause, end - performance.now()));
    if (sight !== "end" || before !== "end" || performance.now() + pause > end) return sight;
    await sleep(pause);
  }
}

async function look(host: string, port: number, time: number): Promise<ServiceSight> {
  return isBadPort(port) ? "barred" : await ask(host, port, time);
}

function sleep(time: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, time));
}
