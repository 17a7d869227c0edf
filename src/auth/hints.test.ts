import fc from "fast-check";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { tries } from "../../test/support/effort.ts";
import { KnockDevice } from "../../test/support/knock-device.ts";
import { monotonic, wallTime } from "../base/time.ts";
import { hintsOf } from "../knock/hint.ts";
import type { Lock } from "../knock/keys.ts";
import { knockMinute } from "../knock/packet.ts";
import { LiveHints } from "./hints.ts";

const keys = ["alice", "bob"].map((name) => new KnockDevice(name));
const minute = (number: number) => wallTime(number * 60_000 + 17_000);

/** The two words of a hint. */
function words(lock: Lock, at: number, slot: number): [number, number] {
  const hints = hintsOf(lock.keys, knockMinute(at));
  return [hints.readUInt32BE(8 * slot), hints.readUInt32BE(8 * slot + 4)];
}

describe("live hints", () => {
  test("are those of the minutes around, whichever way the clock goes", () => {
    const walk = fc.array(fc.integer({ min: 100, max: 120 }), { minLength: 1, maxLength: 12 });
    const freshness = fc.constantFrom(10_000, 60_000, 60_001, 120_000, 600_000);
    fc.assert(
      fc.property(walk, freshness, (minutes, fresh) => {
        const hints = new LiveHints(fresh);
        hints.setKeys(keys);
        for (const now of minutes) {
          for (let at = now - 12; at <= now + 12; at++) {
            for (const key of keys) {
              const found = hints.find(...words(key.lock, at, at & 3), minute(now));
              const isLive = Math.abs(at - now) <= Math.ceil(fresh / 60_000);
              expect(found?.key).toBe(isLive ? key : undefined);
              if (isLive) expect(found?.minute).toBe(at);
            }
          }
          expect(hints.size).toBe(2 * 4 * (2 * Math.ceil(fresh / 60_000) + 1));
        }
      }),
      { numRuns: tries(10) },
    );
  });

  test("keep their tries while they are live, also over a reload, and not longer", () => {
    const hints = new LiveHints(120_000);
    const [alice] = keys;
    if (alice === undefined) expect.unreachable();
    const find = (now: number) => hints.find(...words(alice.lock, 100, 1), minute(now));
    const takeAll = (now: number) => {
      let count = 0;
      while (find(now)?.takeTry(monotonic(0))) count++;
      return count;
    };
    hints.setKeys(keys);
    expect(takeAll(100)).toBe(20);
    expect(takeAll(102)).toBe(0);
    hints.setKeys([{ lock: alice.lock }]);
    expect(takeAll(101)).toBe(0);
    expect(find(103)).toBeUndefined();
    expect(takeAll(99)).toBe(20);
  });

  test("are of the key as it is configured now", () => {
    const hints = new LiveHints(120_000);
    const [alice, bob] = keys;
    if (alice === undefined || bob === undefined) expect.unreachable();
    hints.setKeys([alice]);
    hints.find(0, 0, minute(100));
    const other = { lock: alice.lock };
    hints.setKeys([other, bob]);
    expect(hints.find(...words(alice.lock, 100, 0), minute(100))?.key).toBe(other);
    hints.setKeys([bob]);
    expect(hints.find(...words(alice.lock, 100, 0), minute(100))).toBeUndefined();
  });

  test("end in the minute after a key expires, until the clock goes back", () => {
    const hints = new LiveHints(120_000);
    const { lock } = new KnockDevice("carol");
    hints.setKeys([{ lock, expires: wallTime(101 * 60_000) }]);
    const isFound = (wall: number) => hints.find(...words(lock, 101, 0), wallTime(wall));
    expect(isFound(101 * 60_000 - 1)).toBeDefined();
    expect(isFound(101 * 60_000)).toBeUndefined();
    expect(hints.size).toBe(0);
    expect(isFound(101 * 60_000 - 1)).toBeDefined();
    expect(hints.size).toBe(20);
  });

  test("of two equal hints the first is found", () => {
    const hints = new LiveHints(120_000);
    const { lock } = new KnockDevice("carol");
    const first = { lock };
    hints.setKeys([first, { lock }]);
    expect(hints.find(...words(lock, 100, 2), minute(100))?.key).toBe(first);
    expect(hints.size).toBe(20);
  });

  test("cost what a new minute changes, not what there is", () => {
    const hints = new LiveHints(600_000);
    hints.setKeys(keys);
    hints.find(0, 0, minute(100));
    const set = vi.spyOn(Map.prototype, "set");
    onTestFinished(() => set.mockRestore());
    hints.find(0, 0, minute(101));
    // Of each key one minute with four hints.
    expect(set).toHaveBeenCalledTimes(2 * 5);
  });

  test("are told apart where their first bytes are equal, also when one of them ends", () => {
    const around = 12_000;
    const hints = new LiveHints(around * 60_000);
    const { lock } = new KnockDevice("carol");
    hints.setKeys([{ lock }]);
    const all = Array.from({ length: 3 * around }, (_, at) => hintsOf(lock.keys, knockMinute(at)));
    const firstBytes = all.flatMap((bytes) =>
      [0, 8, 16, 24].map((at) => bytes.readUInt32BE(at) >>> 1),
    );
    expect(new Set(firstBytes).size).toBeLessThan(firstBytes.length - 1);
    for (const now of [around, around + 9_000, around + 5]) {
      hints.find(0, 0, minute(now));
      const wrong = all.findIndex((bytes, at) => {
        const isLive = Math.abs(at - now) <= around;
        return [0, 8, 16, 24].some((slot) => {
          const found = hints.find(
            bytes.readUInt32BE(slot),
            bytes.readUInt32BE(slot + 4),
            minute(now),
          );
          return found?.minute !== (isLive ? at : undefined);
        });
      });
      expect(wrong).toBe(-1);
    }
  });
});
