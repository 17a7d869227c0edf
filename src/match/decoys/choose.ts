// Which ports are watched only to catch scanners: no door wants them, so nobody who knocks touches them.
import type { Port, PortRange, Protocol } from "../../base/port.ts";
import { defaultLocalPorts, portKey } from "../../base/port.ts";
import type { Sequence } from "../../base/sequence.ts";

/** What is to be known of a host before a port of it is made a decoy. */
export interface HostPorts {
  /** By `portKey`: something listens there, or is forwarded from there, or a door opens it. */
  readonly taken: ReadonlySet<number>;
  /** From which the system takes ports for its own connections. */
  readonly local: PortRange;
}

/** A host of which nothing is known. */
export const unknownHost: HostPorts = { taken: new Set(), local: defaultLocalPorts };

/** A port that is watched only to catch scanners. */
export interface Decoy extends Port {
  /** The system takes such ports for its own connections: a packet with ACK may be an answer. */
  readonly local: boolean;
}

/** A door that wants decoys. */
export interface DecoyRequest {
  readonly sequence: Sequence;
  /** How many at most. */
  readonly decoys: number;
}

/** How many distinct decoys make a scanner of a source, and in which time: milliseconds. */
export const mostTouches = 3;
export const touchWindow = 60_000;

/** Over all doors: each is a port on which the whole Internet can make us look at packets. */
const mostDecoys = 1024;

/**
 * With so many there are enough for everybody, and no more are scattered: each of those is a range of
 * its own to the kernel's filter, which has room for 300, while neighbours widen the range of their port.
 */
const enough = 256;

/** How far from a port of a door its neighbours may be. */
const reach = 12;

/** Below it people expect services. */
const firstUnprivileged = 1024;

/**
 * The decoys of each door, in the order of the doors; doors may share some. First come those that a
 * scan in the order of the ports must touch: between two steps, and the three on each side of the
 * first; then the neighbours of the others, then round numbers where the steps are round, and ports
 * derived from the sequence. Where there are
 * many doors each gets its first ones. Never a port of any door, nor one that is taken.
 */
export function chooseDecoys(doors: readonly DecoyRequest[], host: HostPorts): Decoy[][] {
  // Of either protocol: who mixes them up is no scanner.
  const own = new Set(doors.flatMap(({ sequence }) => sequence.map(({ number }) => number)));
  const isFree = (port: Port) => !own.has(port.number) && !host.taken.has(keyOf(port));
  const all = new Set<number>();
  const chosen = doors.map((): Map<number, Port> => new Map());
  const wantsMore = () => all.size < enough;
  const wishes = doors.map(({ sequence }) => candidates(sequence, isFree, wantsMore, host.local));
  const mostRounds = doors.reduce((most, { decoys }) => Math.max(most, decoys), 0);
  for (let round = 0; round < mostRounds; round++) {
    for (const [i, { decoys }] of doors.entries()) {
      const [wish, found] = [wishes[i], chosen[i]];
      if (all.size === mostDecoys || wish === undefined || found === undefined) break;
      const port = round < decoys ? nextOf(wish, found) : undefined;
      if (port === undefined) continue;
      all.add(keyOf(port));
      found.set(keyOf(port), port);
    }
  }
  return chosen.map((found) =>
    [...found.values()].map((port) => ({ ...port, local: isLocal(port, host.local) })),
  );
}

/**
 * Does a scan of all ports, upwards or downwards, leave a door with this sequence shut? So it does
 * if it touches a decoy between two steps, or three before it comes to the first; a scan that takes
 * more than four seconds for a port is not thought of. `decoys`: by `portKey`.
 */
export function isShielded(sequence: Sequence, decoys: ReadonlySet<number>): boolean {
  return staysShut(sequence, 1, decoys) && staysShut(sequence, -1, decoys);
}

/** Could decoys do that for a door that is alone on a host of which nothing is known? */
export function isShieldable(sequence: Sequence, decoys: number): boolean {
  // Those that matter come first: between the steps, and around the first.
  const some = Math.min(decoys, sequence.length + 2 * mostTouches);
  const [chosen = []] = chooseDecoys([{ sequence, decoys: some }], unknownHost);
  return isShielded(sequence, new Set(chosen.map(keyOf)));
}

function staysShut(sequence: Sequence, direction: 1 | -1, decoys: ReadonlySet<number>): boolean {
  const isDecoy = (port: Port) => decoys.has(keyOf(port));
  const [first] = sequence;
  if (first === undefined || around(first, -direction).filter(isDecoy).length >= mostTouches) {
    return true;
  }
  return sequence.some((step, i) => {
    const next = sequence[i + 1];
    if (next === undefined || next.protocol !== step.protocol) return false;
    const ahead = (next.number - step.number) * direction;
    return (
      ahead < 0 ||
      around(step, direction)
        .slice(0, Math.max(0, ahead - 1))
        .some(isDecoy)
    );
  });
}

/** What a door wants, most of all first; a port may come more than once. */
function* candidates(
  sequence: Sequence,
  isFree: (port: Port) => boolean,
  wantsMore: () => boolean,
  local: HostPorts["local"],
): Generator<Port, undefined> {
  for (const [i, step] of sequence.entries()) {
    const next = sequence[i + 1];
    if (next === undefined || next.protocol !== step.protocol) continue;
    const between = Math.abs(next.number - step.number) - 1;
    const way = around(step, Math.sign(next.number - step.number));
    const breaker = way.slice(0, Math.max(0, between)).find(isFree);
    if (breaker !== undefined) yield breaker;
  }
  for (const steps of [sequence.slice(0, 1), sequence.slice(1)]) {
    const sides = steps.flatMap((step) => [-1, 1].map((way) => around(step, way).filter(isFree)));
    for (let distance = 0; distance < mostTouches; distance++) {
      for (const side of sides) {
        const port = side[distance];
        if (port !== undefined) yield port;
      }
    }
  }
  for (const port of scattered(sequence)) {
    if (!wantsMore()) break;
    if (port.number >= firstUnprivileged && !isLocal(port, local) && isFree(port)) yield port;
  }
  return undefined;
}

/** The next one that the door does not have yet. */
function nextOf(
  wish: Generator<Port, undefined>,
  found: ReadonlyMap<number, Port>,
): Port | undefined {
  let port = wish.next().value;
  while (port !== undefined && found.has(keyOf(port))) port = wish.next().value;
  return port;
}

/** The ports on one side of a port, the nearest first. */
function around({ number, protocol }: Port, direction: number): Port[] {
  const length = Math.min(reach, direction < 0 ? number - 1 : 65535 - number);
  return Array.from({ length }, (_, i) => ({ number: number + direction * (i + 1), protocol }));
}

/** Steps that have such a number in common were chosen by a person: 7000, 8000, 9000. */
const stride = 50;

/**
 * What a scan of round numbers alone touches: the ports three strides before the first step and after
 * it, then those beside the other steps; none if the steps have no stride in common.
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

function* scattered(sequence: Sequence): Generator<Port> {
  yield* inStride(sequence);
  yield* derived(sequence);
}

/** How many derived ports are tried: a host with so much taken does without. */
const mostTries = 2000;

/** Ports that are the same for the same sequence, of the protocols of its steps in turn: xorshift32 (Marsaglia, 2003). */
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

function keyOf({ number, protocol }: Port): number {
  return portKey(number, protocol);
}
