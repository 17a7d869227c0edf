import type { Port, PortKey, Protocol } from "../../base/port.ts";
import type { Sequence } from "../../base/sequence.ts";
import type { Decoy, DecoyRequest, HostPorts } from "./decoy.ts";
import { keyOf, mostTouches, neighbours } from "./decoy.ts";

/** The most decoys of all doors together: each makes the filter pass packets of the whole Internet. */
const mostDecoys = 1024;

/**
 * When the doors have this many decoys, no more are scattered. Each scattered port is a range of its own
 * in the kernel's filter, which has room for 300; neighbours only widen the range of their port.
 */
const enough = 256;

/** Clients expect services below it. */
const firstUnprivileged = 1024;

/**
 * Returns the decoys of each door, in the order of the doors; doors may share some. First come those that a
 * scan in the order of the ports must touch: between two steps, and the three on each side of the first.
 * Then come the neighbours of the other steps, round numbers if the steps are round, and ports derived
 * from the sequence. If there are many doors, each gets its first ones. No decoy is a port of a door, or
 * taken.
 */
export function chooseDecoys(doors: readonly DecoyRequest[], host: HostPorts): Decoy[][] {
  // Of either protocol: a client that mixes them up is not a scanner.
  const own = new Set(doors.flatMap(({ sequence }) => sequence.map(({ number }) => number)));
  const isFree = (port: Port) => !own.has(port.number) && !host.taken.has(keyOf(port));
  const all = new Set<PortKey>();
  const chosen = doors.map((): Map<PortKey, Port> => new Map());
  const needsMore = () => all.size < enough;
  const queues = doors.map(({ sequence }) => candidates(sequence, isFree, needsMore, host.local));
  const mostRounds = doors.reduce((most, { decoys }) => Math.max(most, decoys), 0);
  for (let round = 0; round < mostRounds; round++) {
    for (const [i, { decoys }] of doors.entries()) {
      const [queue, found] = [queues[i], chosen[i]];
      if (all.size === mostDecoys || queue === undefined || found === undefined) break;
      const port = round < decoys ? nextOf(queue, found) : undefined;
      if (port === undefined) continue;
      all.add(keyOf(port));
      found.set(keyOf(port), port);
    }
  }
  return chosen.map((found) =>
    [...found.values()].map((port) => ({ ...port, local: isLocal(port, host.local) })),
  );
}

/** Yields the candidates for a door, the most useful first; a port may come more than once. */
function* candidates(
  sequence: Sequence,
  isFree: (port: Port) => boolean,
  needsMore: () => boolean,
  local: HostPorts["local"],
): Generator<Port, undefined> {
  for (const [i, step] of sequence.entries()) {
    const next = sequence[i + 1];
    if (next === undefined || next.protocol !== step.protocol) continue;
    const between = Math.abs(next.number - step.number) - 1;
    const side = neighbours(step, Math.sign(next.number - step.number));
    const breaker = side.slice(0, Math.max(0, between)).find(isFree);
    if (breaker !== undefined) yield breaker;
  }
  for (const steps of [sequence.slice(0, 1), sequence.slice(1)]) {
    const sides = steps.flatMap((step) =>
      [-1, 1].map((way) => neighbours(step, way).filter(isFree)),
    );
    for (let distance = 0; distance < mostTouches; distance++) {
      for (const side of sides) {
        const port = side[distance];
        if (port !== undefined) yield port;
      }
    }
  }
  for (const port of scattered(sequence)) {
    if (!needsMore()) break;
    if (port.number >= firstUnprivileged && !isLocal(port, local) && isFree(port)) yield port;
  }
  return undefined;
}

/** Returns the next candidate that the door does not have yet. */
function nextOf(
  queue: Generator<Port, undefined>,
  found: ReadonlyMap<PortKey, Port>,
): Port | undefined {
  let port = queue.next().value;
  while (port !== undefined && found.has(keyOf(port))) port = queue.next().value;
  return port;
}

function* scattered(sequence: Sequence): Generator<Port> {
  yield* inStride(sequence);
  yield* derived(sequence);
}

/** Steps with a common divisor of this size were chosen by a person: 7000, 8000, 9000. */
const stride = 50;

/**
 * Returns the ports that a scan of round numbers touches: three strides before and after the first step, and
 * one beside each other step. None if the steps have no stride in common.
 */
function inStride(sequence: Sequence): Port[] {
  const distance = sequence.reduce((common, { number }) => greatestDivisor(common, number), 0);
  if (distance < stride) return [];
  return sequence.flatMap(({ number, protocol }, i) =>
    [1, 2, 3]
      .slice(0, i === 0 ? mostTouches : 1)
      .flatMap((times) =>
        [-1, 1]
          .map((way) => ({ number: number + way * times * distance, protocol }))
          .filter((port) => port.number <= 65535),
      ),
  );
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** The most derived ports that are tried: a host with so many ports taken gets fewer decoys. */
const mostTries = 2000;

/** Yields ports that depend on the sequence alone, of its steps' protocols in turn: xorshift32 (Marsaglia, 2003). */
function* derived(sequence: Sequence): Generator<Port> {
  let state = sequence
    .map(keyOf)
    .reduce((sum, key) => Math.imul(sum ^ key, 0x01000193), 0x811c9dc5);
  for (let i = 0; i < mostTries; i++) {
    state = state === 0 ? 1 : state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const protocol: Protocol = sequence[i % sequence.length]?.protocol ?? "tcp";
    yield { number: (state >>> 0) % 65536, protocol };
  }
}

function isLocal({ number }: Port, [first, last]: HostPorts["local"]): boolean {
  return number >= first && number <= last;
}
