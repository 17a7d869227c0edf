// How fast a page may knock. Measured with Chromium 156 and tcpdump, times from the beginning of a
// request to a port that drops packets:
//
//      0 ms  SYN to the IPv6 address, if the name has one and the machine a route
//    251 ms  SYN from a second socket, if this is the first request to that port
//    301 ms  SYN to the IPv4 address, where IPv6 has not answered
//    551 ms  SYN to it from a second socket
//   1, 2 … s the kernel repeats each of them
//
// Aborting a request does not take back its sockets. So what keeps the steps in order is time alone:
// the next step begins when the browser has sent all it will for this one. That a step comes twice, or
// from two addresses, does no harm; what the kernel repeats has the source port and sequence number of
// its first, and is no knock. At a port that refuses, all of it is over within milliseconds. Each
// request to the same port, also in the next knock, is a new SYN. The name is looked up for each port
// anew, so a slow name server delays all steps alike, but for the first, which may be slower.

/** Milliseconds from step to step. */
export const usualPace = 900;

/** With 150 ms for packets that overtake each other. */
export const shortestPace = 700;

/** The name server may have to ask others first: what comes late must come before the next step. */
const firstStep = 1500;

/** The most of a door's time that a knock should take: the rest is for slow networks. */
const share = 0.8;

/** Milliseconds that each step has before the next one begins. */
export function paces(steps: number, pace: number = usualPace): number[] {
  return Array.from({ length: steps }, (_, i) =>
    i === 0 && pace === usualPace ? firstStep : pace,
  );
}

/** Milliseconds from the first step to the last. */
export function duration(steps: number, pace?: number): number {
  return paces(steps - 1, pace).reduce((sum, time) => sum + time, 0);
}

/**
 * The pace for a door that allows `timeout` milliseconds; undefined: the usual one, `too-slow`: no
 * browser can knock that fast.
 */
export function fitPace(steps: number, timeout: number): number | undefined | "too-slow" {
  const most = timeout * share;
  if (duration(steps) <= most) return undefined;
  const pace = Math.min(usualPace - 1, Math.floor(most / (steps - 1)));
  return pace >= shortestPace ? pace : "too-slow";
}
