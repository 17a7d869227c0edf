// How fast a page may knock. Measured with Chromium 156 and tcpdump, as times since the start of a
// request to a port that drops packets:
//
//      0 ms  SYN to the IPv6 address, if the name has one and the machine a route
//    251 ms  SYN from a second socket, if this is the first request to that port
//    301 ms  SYN to the IPv4 address, where IPv6 has not answered
//    551 ms  SYN to it from a second socket
//   1, 2 … s the kernel repeats each of them
//
// Aborting a request does not close its sockets. So only time keeps the steps in order: the next step
// starts when the browser has sent all packets of this one. A step that comes twice, or from two
// addresses, does no harm; a retransmission has the source port and sequence number of the first packet,
// and is ignored. A port that refuses ends the request within milliseconds. Each request to the same port,
// also in the next knock, is a new SYN. The browser resolves the name for each port, so a slow name server
// delays all steps alike, except the first, which may be slower.

/** Milliseconds from step to step. */
export const usualPace = 900;

/** Milliseconds, including 150 for packets that overtake each other. */
export const shortestPace = 700;

/** The first step has more time: the name server may have to ask other servers. */
const firstStep = 1500;

/** The part of a door's timeout that a knock may take: the rest is for slow networks. */
const share = 0.8;

/** Returns the milliseconds from each step to the next. */
export function paces(steps: number, pace: number = usualPace): number[] {
  return Array.from({ length: steps }, (_, i) =>
    i === 0 && pace === usualPace ? firstStep : pace,
  );
}

/** Returns the milliseconds from the first step to the last. */
export function duration(steps: number, pace?: number): number {
  return paces(steps - 1, pace).reduce((sum, time) => sum + time, 0);
}

/**
 * Returns the pace for a door with this timeout (milliseconds). `undefined` means the usual pace, `too-slow`
 * that browsers cannot knock that fast.
 */
export function fitPace(steps: number, timeout: number): number | undefined | "too-slow" {
  const most = timeout * share;
  if (duration(steps) <= most) return undefined;
  const pace = Math.min(usualPace - 1, Math.floor(most / (steps - 1)));
  return pace >= shortestPace ? pace : "too-slow";
}
