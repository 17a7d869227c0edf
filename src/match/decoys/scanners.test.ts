import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { address } from "../../../test/support/packets.ts";
import { Address } from "../../base/address.ts";
import { portKey } from "../../base/port.ts";
import { monotonic } from "../../base/time.ts";
import { Scanners } from "./scanners.ts";

const alice = address("192.0.2.7");
const bob = address("2001:db8::b0b");

/** Touches these ports a second apart, from 0 on. */
function touch(scanners: Scanners, ports: readonly number[], source = alice, every = 1000) {
  return ports.map((port, i) => scanners.touch(source, portKey(port, "tcp"), monotonic(i * every)));
}

describe("a source is ignored", () => {
  test("from its third decoy on, for a minute", () => {
    const scanners = new Scanners();
    expect(touch(scanners, [1, 2, 3])).toEqual([false, false, true]);
    expect(scanners.isIgnored(alice, monotonic(2000))).toBe(true);
    expect(scanners.isIgnored(alice, monotonic(61_999))).toBe(true);
    expect(scanners.isIgnored(alice, monotonic(62_000))).toBe(false);
    expect([scanners.touches, scanners.penalties]).toEqual([3, 1]);
  });

  test("and the last touch of any source counts for a minute", () => {
    const scanners = new Scanners();
    expect(scanners.wereTouched(monotonic(0))).toBe(false);
    touch(scanners, [1]);
    expect(scanners.wereTouched(monotonic(59_999))).toBe(true);
    expect(scanners.wereTouched(monotonic(60_000))).toBe(false);
    scanners.forgiveAll(monotonic(30_000));
    expect(scanners.wereTouched(monotonic(30_000))).toBe(false);
  });

  test("and no other", () => {
    const scanners = new Scanners();
    touch(scanners, [1, 2]);
    expect(touch(scanners, [1, 2], bob)).toEqual([false, false]);
    expect(scanners.touch(alice, portKey(3, "tcp"), monotonic(3000))).toBe(true);
    expect(scanners.isIgnored(bob, monotonic(3000))).toBe(false);
    expect(scanners.isIgnored(alice, monotonic(3000))).toBe(true);
  });

  test("not for the same decoys again and again", () => {
    const scanners = new Scanners();
    expect(touch(scanners, [1, 1, 2, 2, 1, 1, 2])).not.toContain(true);
    expect(scanners.isIgnored(alice, monotonic(7000))).toBe(false);
  });

  test("not for three in more than a minute", () => {
    const scanners = new Scanners();
    expect(touch(scanners, [1, 2, 3, 4, 5], alice, 30_000)).not.toContain(true);
    expect(touch(new Scanners(), [1, 2, 3], alice, 29_999)).toContain(true);
  });

  test("for one that it touched long ago, if it has touched it lately, too", () => {
    const scanners = new Scanners();
    const times = [0, 50_000, 70_000, 100_000];
    const told = [1, 2, 1, 3].map((port, i) =>
      scanners.touch(alice, portKey(port, "tcp"), monotonic(times[i] ?? 0)),
    );
    expect(told).toEqual([false, false, false, true]);
  });

  test("longer only for three more, and that is no news", () => {
    const scanners = new Scanners();
    expect(touch(scanners, [1, 2, 3, 4, 5])).toEqual([false, false, true, false, false]);
    expect(scanners.isIgnored(alice, monotonic(61_999))).toBe(true);
    expect(scanners.isIgnored(alice, monotonic(62_000))).toBe(false);
    const more = new Scanners();
    expect(touch(more, [1, 2, 3, 4, 5, 4, 6])).toEqual([
      false,
      false,
      true,
      ...Array(4).fill(false),
    ]);
    expect(more.isIgnored(alice, monotonic(65_999))).toBe(true);
    expect(more.isIgnored(alice, monotonic(66_000))).toBe(false);
    expect(more.penalties).toBe(1);
  });
});

/** The same, without any bounds or cleverness. */
class SlowScanners {
  readonly #since = new Map<string, Map<number, number>>();
  readonly #until = new Map<string, number>();

  touch(source: Address, port: number, now: number): boolean {
    const whose = `${source}`;
    const ports = this.#since.get(whose) ?? new Map<number, number>();
    this.#since.set(whose, ports.set(port, now));
    const lately = [...ports.values()].filter((time) => now - time < 60_000);
    if (lately.length < 3) return false;
    const begins = !this.isIgnored(source, now);
    this.#since.delete(whose);
    this.#until.set(whose, now + 60_000);
    return begins;
  }

  isIgnored(source: Address, now: number): boolean {
    return now < (this.#until.get(`${source}`) ?? 0);
  }
}

test("it says what a slow twin says", () => {
  const touches = fc.array(
    fc.record({
      who: fc.integer({ min: 0, max: 5 }),
      port: fc.integer({ min: 7000, max: 7005 }),
      pause: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 70_000 })),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(touches, (all) => {
      const [scanners, twin] = [new Scanners(), new SlowScanners()];
      let now = 0;
      for (const { who, port, pause } of all) {
        now += pause;
        const source = Address.v4(0xc0000200 + who);
        expect(scanners.isIgnored(source, monotonic(now))).toBe(twin.isIgnored(source, now));
        expect(scanners.touch(source, portKey(port, "tcp"), monotonic(now))).toBe(
          twin.touch(source, port, now),
        );
        expect(scanners.isIgnored(source, monotonic(now))).toBe(twin.isIgnored(source, now));
      }
    }),
    { numRuns: 300 },
  );
});

test("a flood of strangers does not set free who is ignored", () => {
  const scanners = new Scanners();
  touch(scanners, [1, 2, 3]);
  for (let i = 0; i < 200_000; i++)
    scanners.touch(Address.v4(0x0a000000 + i), portKey(i % 7, "tcp"), monotonic(3000 + i / 100));
  expect(scanners.isIgnored(alice, monotonic(10_000))).toBe(true);
  expect(scanners.penalties).toBe(1);
});

describe("the ignored sources", () => {
  const at = monotonic;

  test("are listed, those that end first at the front", () => {
    const scanners = new Scanners();
    touch(scanners, [1, 2, 3]);
    touch(scanners, [1, 2, 3], bob, 2000);
    expect(scanners.ignored(at(5000))).toMatchObject([
      { source: alice, until: 62_000 },
      { source: bob, until: 64_000 },
    ]);
    expect(scanners.ignored(at(62_000))).toMatchObject([{ source: bob }]);
    for (let i = 0; i < 2000; i++) touch(scanners, [1, 2, 3], Address.v4(i), 0);
    expect(scanners.ignored(at(10))).toHaveLength(1000);
  });

  test("can be forgiven, one or all", () => {
    const scanners = new Scanners();
    touch(scanners, [1, 2, 3]);
    touch(scanners, [1, 2, 3], bob);
    expect(scanners.forgive(alice, at(3000))).toBe(true);
    expect(scanners.forgive(alice, at(3000))).toBe(false);
    expect(scanners.isIgnored(alice, at(3000))).toBe(false);
    expect(scanners.isIgnored(bob, at(3000))).toBe(true);
    expect(scanners.touch(alice, portKey(1, "tcp"), at(3000))).toBe(false);
    expect(scanners.forgiveAll(at(3000))).toEqual([bob]);
    expect(scanners.isIgnored(bob, at(3000))).toBe(false);
    expect(scanners.ignored(at(3000))).toEqual([]);
    expect(touch(scanners, [4, 5, 6])).toEqual([false, false, true]);
  });

  test("are worth a line each ten seconds", () => {
    const scanners = new Scanners();
    touch(scanners, [1, 2, 3]);
    const lines = [3000, 12_999, 13_000].map((time) => scanners.takeLine(alice, at(time)));
    expect(lines).toEqual([59_000, undefined, 49_000]);
    expect(scanners.takeLine(bob, at(3000))).toBeUndefined();
  });
});
