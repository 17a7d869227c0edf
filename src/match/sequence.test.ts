import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Attempt } from "./sequence.ts";
import { advance } from "./sequence.ts";

/** Plays hits (port, time) at a door with these steps, and tells at which of them it opened. */
function openings(sequence: string, hits: string): number[] {
  let attempts: readonly Attempt[] = [];
  return [...hits].flatMap((port, at) => {
    const steps = [...sequence].flatMap((other, i) => (other === port ? [i + 1] : []));
    const next = advance(sequence.length, steps, attempts, at);
    attempts = next === "open" ? [] : next;
    return next === "open" ? [at] : [];
  });
}

describe("a door with sequence", () => {
  test.each<[string, string, number[]]>([
    ["a", "a", [0]],
    ["a", "baa", [1, 2]],
    ["abc", "abc", [2]],
    ["abc", "aabbbc", [5]],
    ["abc", "abxc", []],
    ["abc", "acb", []],
    ["abc", "xxabc", [4]],
    ["abc", "ababc", [4]],
    ["abc", "abcc", [2]],
    ["abc", "abcbc", [2]],
    ["abc", "abcabc", [2, 5]],
    ["ab", "aab", [2]],
    ["aa", "a", []],
    ["aa", "aaaa", [1, 3]],
    ["aab", "ab", []],
    ["aab", "aaab", [3]],
    ["aba", "ababa", [2]],
    ["abab", "ababab", [3]],
    ["abac", "ababac", [5]],
    ["abb", "abbb", [2]],
    ["abcabd", "abcabcabd", [8]],
  ])("%s and hits %s opens at hits %j", (sequence, hits, opened) => {
    expect(openings(sequence, hits)).toEqual(opened);
  });
});

test("it opens when the hits since the last opening end in s1+ s2+ … sn, for all sequences and hits", () => {
  const ports = fc.integer({ min: 0, max: 2 }).map((i) => "abc".charAt(i));
  const text = (most: number) =>
    fc.array(ports, { minLength: 1, maxLength: most }).map((list) => list.join(""));
  fc.assert(
    fc.property(text(6), text(30), (sequence, hits) => {
      const steps = [...sequence];
      const last = steps.pop() ?? "";
      const pattern = new RegExp(`${steps.map((port) => `${port}+`).join("")}${last}$`);
      const expected: number[] = [];
      let since = "";
      [...hits].forEach((hit, at) => {
        since += hit;
        if (!pattern.test(since)) return;
        expected.push(at);
        since = "";
      });
      expect(openings(sequence, hits)).toEqual(expected);
    }),
    { numRuns: 3000 },
  );
});

test("there is never more than one attempt a stage, and each is at a step of the hit", () => {
  const ports = fc.constantFrom("a", "b");
  fc.assert(
    fc.property(
      fc.array(ports, { minLength: 2, maxLength: 32 }),
      fc.array(ports, { maxLength: 60 }),
      (sequence, hits) => {
        let attempts: readonly Attempt[] = [];
        hits.forEach((hit, at) => {
          const steps = sequence.flatMap((port, i) => (port === hit ? [i + 1] : []));
          const next = advance(sequence.length, steps, attempts, at);
          attempts = next === "open" ? [] : next;
          const stages = attempts.map(({ stage }) => stage);
          expect(new Set(stages).size).toBe(stages.length);
          expect(stages.every((stage) => steps.includes(stage))).toBe(true);
        });
      },
    ),
  );
});

test("a first step that comes again restarts the time, a later one does not", () => {
  const first = advance(3, [1], [{ stage: 1, start: 10 }], 20);
  expect(first).toEqual([{ stage: 1, start: 20 }]);
  const second = advance(3, [2], [{ stage: 2, start: 10 }], 20);
  expect(second).toEqual([{ stage: 2, start: 10 }]);
});

test("of two attempts at one step the one that began later goes on", () => {
  const attempts = [
    { stage: 1, start: 10 },
    { stage: 2, start: 5 },
  ];
  expect(advance(4, [2], attempts, 20)).toEqual([{ stage: 2, start: 10 }]);
  expect(advance(4, [2], attempts.toReversed(), 20)).toEqual([{ stage: 2, start: 10 }]);
});
