import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../../test/differential/random.ts";
import { tries } from "../../../test/support/effort.ts";
import { doorOf, openings, probe, usualDecoys, withDecoys } from "../../../test/support/scans.ts";
import type { Port, Protocol } from "../../base/port.ts";
import { formatPort, portKey } from "../../base/port.ts";
import type { Sequence } from "../../base/sequence.ts";
import { parseSequence } from "../../base/sequence.ts";
import { monotonic } from "../../base/time.ts";
import { chooseDecoys } from "./choose.ts";
import type { HostPorts } from "./decoy.ts";
import { unknownHost } from "./decoy.ts";
import { isShielded } from "./shield.ts";

function sequence(text: string): Sequence {
  const steps = parseSequence(text);
  if ("problem" in steps) throw new Error(steps.problem);
  return steps;
}

const keyOf = ({ number, protocol }: Port) => portKey(number, protocol);
const keysOf = (ports: readonly Port[]) => new Set(ports.map(keyOf));

/** The decoys of one door: numbers for TCP, `7000:udp`. */
function decoysOf(text: string, decoys: number = usualDecoys, host = unknownHost) {
  const [found = []] = chooseDecoys([{ sequence: sequence(text), decoys }], host);
  return found.map((port) => (port.protocol === "tcp" ? port.number : formatPort(port)));
}

function taken(...ports: readonly string[]): HostPorts {
  return { ...unknownHost, taken: new Set(ports.map((text) => keyOf(sequence(text)[0] as Port))) };
}

describe("the first decoys of a door are", () => {
  test.each([
    ["between its steps, then around the first", "7000,9000", 4, [7001, 6999, 6998, 7002]],
    ["those a scan downwards meets", "9000,7000", 2, [8999, 9001]],
    ["three on each side of neighbours", "7000,7001", 6, [6999, 7002, 6998, 7003, 6997, 7004]],
    ["around a port that is both TCP and UDP", "7000:udp,7000", 2, ["6999:udp", "7001:udp"]],
    ["below 1024 for a door that is there", "100,200", 3, [101, 99, 98]],
    ["among local ports for a door that is there", "40000,40100", 3, [40001, 39999, 39998]],
    ["on the side where there are ports", "1,2", 4, [3, 4, 5]],
    ["not beyond the last port", "65535,65534", 4, [65533, 65532, 65531]],
  ])("%s", (_, text, count, expected) =>
    expect(decoysOf(text, count).slice(0, expected.length)).toEqual(expected),
  );

  test("not those that are taken", () => {
    const host = taken("7001", "6999", "6998:udp");
    expect(decoysOf("7000,9000", 3, host)).toEqual([7002, 6998, 6997]);
  });
});

test("a door without decoys has none", () => {
  const [none, some] = chooseDecoys(
    [
      { sequence: sequence("7000,7002"), decoys: 0 },
      { sequence: sequence("7001,9000"), decoys: 3 },
    ],
    unknownHost,
  );
  expect(none).toEqual([]);
  expect(some?.map(({ number }) => number)).toEqual([7003, 6999, 6998]);
});

test("the derived ones are the same each time, others for another door, and where nobody expects anything", () => {
  const derived = (text: string) => decoysOf(text).slice(18);
  expect(derived("7000,9000,8000")).toHaveLength(14);
  expect(derived("7000,9000,8000")).toEqual(derived("7000,9000,8000"));
  expect(derived("7000,9000,8000")).not.toEqual(derived("7000,8000,9000"));
  for (const port of derived("7000,9000,8000").map(Number)) {
    expect(port).toBeGreaterThanOrEqual(1024);
    expect(port < 32768 || port > 60999).toBe(true);
  }
  expect(decoysOf("7000:udp,9000:udp,8000:udp").every((port) => /udp$/.test(`${port}`))).toBe(true);
});

const port = fc.oneof(
  fc.integer({ min: 1, max: 65535 }),
  fc.integer({ min: 1, max: 40 }),
  fc.integer({ min: 65500, max: 65535 }),
  fc.integer({ min: 1010, max: 1040 }),
  fc.integer({ min: 7000, max: 7020 }),
);
const step = fc.record({
  number: port,
  protocol: fc.constantFrom<Protocol>("tcp", "tcp", "tcp", "udp"),
});
/** Neighbours, upwards or downwards: the worst there is. */
const run = fc
  .tuple(
    port,
    fc.integer({ min: 2, max: 8 }),
    fc.constantFrom(1, -1),
    fc.integer({ min: 1, max: 3 }),
  )
  .map(([first, length, direction, stride]) =>
    Array.from({ length }, (_, i): Port => {
      const number = Math.min(65535, Math.max(1, first + i * direction * stride));
      return { number, protocol: "tcp" };
    }),
  );
const steps = fc.oneof(
  fc.array(step, { minLength: 2, maxLength: 8 }),
  fc
    .array(step, { minLength: 2, maxLength: 8 })
    .map((all) => all.toSorted((a, b) => a.number - b.number)),
  run,
);

test("never a port of a door, nor one that is taken, nor more than wanted or than there are to be", () => {
  const doors = fc.array(fc.record({ sequence: steps, decoys: fc.integer({ min: 0, max: 128 }) }), {
    maxLength: 40,
  });
  const someTaken = fc.uniqueArray(step.map(keyOf), { maxLength: 50 });
  fc.assert(
    fc.property(doors, someTaken, (wishes, keys) => {
      const own = new Set(wishes.flatMap((wish) => [...wish.sequence].map(({ number }) => number)));
      const chosen = chooseDecoys(wishes, { ...unknownHost, taken: new Set(keys) });
      const all = keysOf(chosen.flat());
      expect(all.size).toBeLessThanOrEqual(1024);
      expect(keys.filter((key) => all.has(key))).toEqual([]);
      chosen.forEach((found, i) => {
        expect(found.length).toBeLessThanOrEqual(wishes[i]?.decoys ?? 0);
        expect(keysOf(found).size).toBe(found.length);
      });
      for (const { number } of chosen.flat()) {
        expect(own.has(number)).toBe(false);
        expect(number).toBeGreaterThanOrEqual(1);
        expect(number).toBeLessThanOrEqual(65535);
      }
    }),
    { numRuns: tries(100) },
  );
});

/** In what order a scan goes through all ports. */
const scan = fc.record({
  direction: fc.constantFrom(1, -1),
  protocols: fc.constantFrom("tcp", "udp", "tcp then udp", "udp then tcp", "each tcp and udp"),
  /** Milliseconds for a port, with all tries: from 300,000 ports a second to one in four seconds. */
  pace: fc.constantFrom(0.003, 0.1, 1, 20, 300, 1000, 4000),
  /** A port without an answer is tried again so many times: at once, or after so many ports. */
  tries: fc.integer({ min: 1, max: 3 }),
  batch: fc.constantFrom(1, 8, 10, 64, 500),
  /** By the scanner, which makes a new packet, or by its system, which sends the same one. */
  again: fc.constantFrom("new", "same"),
  /** SYN, FIN, none, ACK, SYN with ACK, RST: the TCP flags of its packets. */
  flags: fc.constantFrom(2, 2, 2, 1, 0, 16, 18, 4),
});
type RandomScan = typeof scan extends fc.Arbitrary<infer T> ? T : never;

/** The packets of a scan to some ports. */
function packetsOf(ports: readonly Port[], { direction, protocols, pace, ...rest }: RandomScan) {
  const { tries, again, flags } = rest;
  // A batch that is tried again after its minute is over is a new scan that begins in the middle.
  const batch = rest.batch * pace < 40_000 ? rest.batch : 1;
  const passes: readonly (readonly Protocol[])[] = {
    tcp: [["tcp"]],
    udp: [["udp"]],
    "tcp then udp": [["tcp"], ["udp"]],
    "udp then tcp": [["udp"], ["tcp"]],
    "each tcp and udp": [["tcp", "udp"]],
  }[protocols] as readonly (readonly Protocol[])[];
  return passes
    .flatMap((pass, nth) =>
      ports
        .filter(({ protocol }) => pass.includes(protocol))
        .flatMap((port) => {
          const place = direction === 1 ? port.number - 1 : 65535 - port.number;
          const first = probe(port, 0, port.protocol === "tcp" ? { flags } : {});
          return Array.from({ length: tries }, (_, round) => {
            const at = Math.floor(place / batch) * batch * tries + round * batch + (place % batch);
            const within = pass.indexOf(port.protocol) * 0.4;
            const time = monotonic(((nth * 65536 * tries + at + within) * pace) / tries);
            const { fingerprint } = again === "same" ? first : probe(port, 0);
            return { ...first, fingerprint, time };
          });
        }),
    )
    .sort((a, b) => a.time - b.time);
}

/** What becomes of a door in scans of all kinds. */
function scanned(steps: Sequence) {
  let opened = 0;
  let shielded = false;
  for (const direction of [1, -1] as const) {
    for (const protocols of ["tcp then udp", "udp then tcp", "each tcp and udp"] as const) {
      const { matcher, decoys } = withDecoys([doorOf(steps)]);
      shielded = isShielded(steps, keysOf(decoys.flat()));
      const ports = [...steps, ...decoys.flat()];
      const unique = [...new Map(ports.map((one) => [keyOf(one), one])).values()];
      const how = { direction, protocols, pace: 1, tries: 2, batch: 1, again: "new" } as const;
      opened += openings(matcher, packetsOf(unique, { ...how, flags: 2 }));
    }
  }
  return { shielded, opened };
}

/** None, as knockd's default is; `syn`; `syn,!ack`; `fin`. */
const tcpflags = fc.constantFrom(
  { mask: 0, value: 0 },
  { mask: 2, value: 2 },
  { mask: 18, value: 2 },
  { mask: 1, value: 1 },
);
/** Among the ports of the system's own connections nobody can tell such packets from answers. */
const mayBeAnswer = ({ flags }: RandomScan) => (flags & (16 | 4)) !== 0;
const isNearLocal = ({ number }: Port) => number >= 32768 - 12 && number <= 60999 + 12;

describe("a scan in the order of the ports", () => {
  test("opens none of some doors, at any speed, unless a warning says that it may", () => {
    let shielded = 0;
    const doors = fc.array(steps, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(doors, scan, tcpflags, (sequences, how, flags) => {
        const all = sequences.map((one) => doorOf(one, flags));
        const { matcher, decoys } = withDecoys(all);
        const keys = keysOf(decoys.flat());
        const exposed = all.filter(
          ({ sequence }) =>
            !isShielded(sequence, keys) || (mayBeAnswer(how) && sequence.some(isNearLocal)),
        );
        const ports = [...sequences.flat(), ...decoys.flat()];
        const unique = [...new Map(ports.map((one) => [keyOf(one), one])).values()];
        const opened = packetsOf(unique, how)
          .flatMap((packet) => matcher.hit(packet))
          .flatMap((verdict) => (verdict.kind === "open" ? [verdict.door] : []));
        expect(opened.filter((door) => !exposed.includes(door))).toEqual([]);
        shielded += all.length - exposed.length;
      }),
      { numRuns: tries(500) },
    );
    // The warning is the exception.
    expect(shielded).toBeGreaterThan(250);
  });

  test.each([
    "7000,7001",
    "7000,7001,7002",
    "7002,7001,7000",
    "7000,8000,9000",
    "100,200",
    "100,101",
    "40000,40100",
    "40000,40001",
    "1023,1024,1025",
    "32767,32768",
    "1,3",
    "4,5",
    "65532,65531",
    "65533,65535",
    "7000:udp,7001:udp",
    "7000,7000:udp",
    "7000:udp,8000",
    "7000,7000",
  ])("leaves %s shut", (text) => {
    const { shielded, opened } = scanned(sequence(text));
    expect([shielded, opened]).toEqual([true, 0]);
  });

  test.each(["1,2", "2,3,4", "65534,65533", "1:udp,2:udp"])("may open %s, as is said", (text) => {
    const { shielded, opened } = scanned(sequence(text));
    expect(shielded).toBe(false);
    expect(opened).toBeGreaterThan(0);
  });

  test("opens an ascending door without decoys", () => {
    const steps = sequence("7000,8000,9000");
    const { matcher } = withDecoys([doorOf(steps)], 0);
    expect(
      openings(
        matcher,
        steps.map((port, i) => probe(port, i * 1000)),
      ),
    ).toBe(1);
  });
});

describe("a scan of round numbers alone does not open", () => {
  const stride = (by: number) =>
    Array.from({ length: Math.floor(65535 / by) }, (_, i): Port => {
      return { number: (i + 1) * by, protocol: "tcp" };
    });

  test.each([
    ["7000,8000,9000", 1000],
    ["7000,8000,9000", 500],
    ["9000,8000,7000", 1000],
    ["5500,6000", 500],
    ["7000,9000", 1000],
  ])("%s, by %d, upwards or downwards", (text, by) => {
    for (const ports of [stride(by), stride(by).reverse()]) {
      const { matcher } = withDecoys([doorOf(sequence(text))]);
      const packets = ports.map((port, i) => probe(port, i * 100));
      expect(openings(matcher, packets)).toBe(0);
    }
  });
});

test("a thousand doors share what there is, and none opens to a scan in order", () => {
  const random = new SeededRandom(4);
  const all = Array.from({ length: 1000 }, () =>
    doorOf([1, 2].map(() => ({ number: random.from(1, 65535), protocol: "tcp" }))),
  );
  const { decoys } = withDecoys(all);
  const keys = keysOf(decoys.flat());
  expect(Math.min(...decoys.map((found) => found.length))).toBeGreaterThan(0);
  const exposed = all.filter((door) => !isShielded(door.sequence, keys));
  expect(exposed).toEqual([]);
});
