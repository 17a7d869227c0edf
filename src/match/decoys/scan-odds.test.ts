// Scans in random order, simulated: how often they open a door, beside how often they should.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../../test/differential/random.ts";
import { tries } from "../../../test/support/effort.ts";
import { doorOf, probe, us, usualDecoys, withDecoys } from "../../../test/support/scans.ts";
import { Address } from "../../base/address.ts";
import type { Port } from "../../base/port.ts";
import { formatPort } from "../../base/port.ts";
import { parseSequence } from "../../base/sequence.ts";
import { monotonic } from "../../base/time.ts";
import type { Packet } from "../../decode/packet.ts";

interface Shape {
  readonly sequence: string;
  readonly decoys?: number;
  /** How long a scan of all ports takes: milliseconds. */
  readonly length?: number;
  /** How often each port is tried, in a new order each time. */
  readonly passes?: number;
  /** Every packet is sent, also those of which nothing can come. */
  readonly isWhole?: boolean;
}

/** In how many of so many scans, each by a source of its own, the door opens at least once. */
function opened(scans: number, shape: Shape, seed: number): number {
  const { sequence, decoys = usualDecoys, length = 20_000, passes = 1 } = shape;
  const isWhole = shape.isWhole ?? length * passes > 60_000;
  const steps = parseSequence(sequence);
  if ("problem" in steps) throw new Error(steps.problem);
  const {
    matcher,
    decoys: [own = []],
  } = withDecoys([doorOf(steps)], decoys);
  const ports = [...new Map([...steps, ...own].map((port) => [formatPort(port), port])).values()];
  let count = 0;
  for (let scan = 0; scan < scans; scan++) {
    const source = Address.v4(0x0a000000 + scan);
    const begin = scan * length * passes;
    const random = new SeededRandom(seed, scan);
    let isOpen = false;
    for (const { port, time } of inAnyOrder(ports, length, passes, random)) {
      const verdicts = matcher.hit(probe(port, begin + time, { source, destination: us }));
      isOpen ||= verdicts.some(({ kind }) => kind === "open");
      // The rest of a short scan is ignored: a test below plays it all the same.
      if (!isWhole && verdicts.some(({ kind }) => kind === "decoy")) break;
    }
    matcher.expire(monotonic(begin));
    if (isOpen) count++;
  }
  return count;
}

/**
 * Of all 65,535 ports those that matter, each at some moment of the scan. Each is drawn when it is asked
 * for, since few scans are played to their end: the least of n moments that are left is spread like the
 * n-th root of one.
 */
function* inAnyOrder(
  ports: readonly Port[],
  length: number,
  passes: number,
  random: SeededRandom,
): Generator<{ readonly port: Port; readonly time: Packet["time"] }> {
  for (let pass = 0; pass < passes; pass++) {
    const left = [...ports];
    let rest = 1;
    while (left.length > 0) {
      rest *= (random.from(1, 1_000_000) / 1_000_000) ** (1 / left.length);
      const [port] = left.splice(random.from(0, left.length - 1), 1);
      if (port !== undefined) yield { port, time: monotonic((pass + 1 - rest) * length) };
    }
  }
}

/** How often a fast scan of all ports opens a door: its ports come right after one another, and before the third decoy. */
function odds(ports: number, decoys: number): number {
  let orders = 1;
  for (let i = 1; i <= ports; i++) orders *= decoys + i;
  return Math.min(3, decoys + 1) / orders;
}

describe("of many port scans in random order", () => {
  test("fewer than one in 5,000 opens a door with three ports", () => {
    const scans = tries(50_000);
    const count = opened(scans, { sequence: "7003,9140,8455" }, 5);
    const expected = scans * odds(3, usualDecoys);
    expect(count).toBeLessThan(scans / 5000);
    expect(Math.abs(count - expected)).toBeLessThan(4 * Math.sqrt(expected));
  });

  const scans = tries(30_000);

  test.each([
    ["three ports that ascend", { sequence: "7000,8000,9000" }],
    ["three neighbours", { sequence: "7001,7000,7002" }],
    ["TCP and UDP", { sequence: "7003,9140:udp,8455" }],
    ["a port that comes again, each tried twice", { sequence: "7003,9140,7003,8455", passes: 2 }],
  ])("fewer than one in 5,000 opens a door with %s", (_, shape) => {
    expect(opened(scans, shape, 5)).toBeLessThan(scans / 5000);
  });

  test("as many open a door of two ports as chance wants", () => {
    const expected = scans * odds(2, usualDecoys);
    const count = opened(scans, { sequence: "7003,9140" }, 5);
    // Four standard deviations: the seed is fixed, so this cannot fail by chance.
    expect(Math.abs(count - expected)).toBeLessThan(4 * Math.sqrt(expected));
    expect(expected).toBeGreaterThan(70);
  });

  test("with a few decoys, too", () => {
    const expected = scans * odds(3, 6);
    const count = opened(scans, { sequence: "7003,9140,8455", decoys: 6 }, 5);
    expect(Math.abs(count - expected)).toBeLessThan(4 * Math.sqrt(expected));
  });
});

test("the odds of three ports are better than one in 5,000", () => {
  expect(1 / odds(3, usualDecoys)).toBeCloseTo(13_090);
});

/** Which ports nmap scans by default: the 1,000 that are most often open. */
const nmapServices = "/usr/share/nmap/nmap-services";

function portsOfNmap(): ReadonlySet<number> {
  const lines = readFileSync(nmapServices, "latin1").matchAll(/^\S+\t(\d+)\/tcp\t([\d.]+)/gm);
  const ports = [...lines].map(([, port, openness]) => [Number(port), Number(openness)] as const);
  ports.sort(([, a], [, b]) => b - a);
  return new Set(ports.slice(0, 1000).map(([port]) => port));
}

// docs/security.md has these numbers.
test.skipIf(!existsSync(nmapServices)).each([
  ["7000,8000,9000", 12, 910],
  ["7000,8000", 10, 44],
])(
  "nmap's usual ports have those of %s, %i decoys, and open it once in %i scans",
  (text, ...wanted) => {
    const steps = parseSequence(text);
    if ("problem" in steps) throw new Error(steps.problem);
    const {
      decoys: [own = []],
    } = withDecoys([doorOf(steps)], usualDecoys);
    const scanned = portsOfNmap();
    expect(steps.filter(({ number }) => !scanned.has(number))).toEqual([]);
    const decoys = own.filter(({ number, protocol }) => protocol === "tcp" && scanned.has(number));
    expect([decoys.length, Math.round(1 / odds(steps.length, decoys.length))]).toEqual(wanted);
  },
);

test("a scan that goes on after its third decoy opens no more", () => {
  const shape = { sequence: "7003,9140", length: 20_000 };
  const scans = tries(10_000);
  expect(opened(scans, { ...shape, isWhole: true }, 3)).toBe(opened(scans, shape, 3));
});

// Slower ones are not ignored all the time, but a knock has its time, too.
test("a scan of ten minutes opens no more", () => {
  const shape = { sequence: "7003,9140,8455", length: 600_000 };
  const scans = tries(10_000);
  expect(opened(scans, shape, 3)).toBeLessThanOrEqual(scans / 5000);
});
