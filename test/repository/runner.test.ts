import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { lastLine, outcomeOf, sumOf } from "../runner/outcome.ts";
import { alone, scheduleOf, seconds } from "../runner/schedule.ts";

const live = readdirSync(join(import.meta.dirname, "../live")).filter((name) =>
  name.endsWith(".test.ts"),
);

describe("the schedule of the live tests", () => {
  test("has each file once", () => {
    const schedule = scheduleOf(live);
    expect([...schedule.beside, ...schedule.alone].sort()).toEqual(live.sort());
  });

  test("names only files that are there", () => {
    for (const name of [...alone, ...Object.keys(seconds)]) {
      expect(live).toContain(`${name}.test.ts`);
    }
  });

  test("begins with the longest, and has room for a new one", () => {
    const files = ["clients", "new", "bench", "story", "journal"].map((name) => `${name}.test.ts`);
    expect(scheduleOf(files)).toEqual({
      beside: ["story.test.ts", "clients.test.ts", "new.test.ts", "journal.test.ts"],
      alone: ["bench.test.ts"],
    });
  });
});

describe("the outcome of a run", () => {
  const results = (...statuses: string[]) => {
    const tests = statuses.map((status, i) => ({ status, fullName: `test ${i}` }));
    return { name: "/a.test.ts", status: "passed", assertionResults: tests };
  };
  const report = (files: readonly unknown[], passed = 2, skipped = 0) =>
    JSON.stringify({
      numPassedTests: passed,
      numPendingTests: skipped,
      numTodoTests: 0,
      testResults: files,
    });

  test.each<[string, string | undefined, number, string[]]>([
    ["tests that pass", report([results("passed", "passed")]), 0, []],
    ["one that fails", report([results("passed", "failed")]), 1, ["/a.test.ts: test 1"]],
    [
      "one that fails with a message",
      report([
        {
          ...results(),
          assertionResults: [
            {
              status: "failed",
              fullName: "test 1",
              failureMessages: ["Error: \u001b[31mno\n    at x"],
            },
          ],
        },
      ]),
      1,
      ["/a.test.ts: test 1: Error: no"],
    ],
    [
      "a file that cannot be loaded",
      report([{ ...results(), status: "failed" }]),
      1,
      ["/a.test.ts: cannot be loaded"],
    ],
    ["a file that was left out", report([]), 0, ["/a.test.ts: was not run"]],
    [
      "a world that died",
      undefined,
      137,
      ["/a.test.ts: the test runner ended with code 137 and left no report"],
    ],
    [
      "a report that was cut short",
      '{"numPassedTests": 2',
      0,
      ["/a.test.ts: the test runner ended with code 0 and left no report"],
    ],
    [
      "an error outside any test",
      report([results("passed", "passed")]),
      1,
      ["/a.test.ts: the test runner ended with code 1, though no test failed"],
    ],
  ])("of %s", (_, text, code, failures) => {
    expect(outcomeOf(text, code, ["/a.test.ts"]).failures).toEqual(failures);
  });

  test("is the sum of its parts", () => {
    const parts = [
      { passed: 2, skipped: 0, failures: ["a"] },
      { passed: 3, skipped: 1, failures: [] },
    ];
    expect(lastLine(sumOf(parts))).toBe("5 passed, 1 failed, 1 skipped");
    expect(lastLine(sumOf(parts.slice(1)))).toBe("3 passed, 0 failed, 1 skipped");
  });

  test("of nothing is a failure", () => {
    expect(sumOf([]).failures).toEqual(["no test ran"]);
    expect(sumOf([{ passed: 0, skipped: 4, failures: [] }]).failures).toEqual(["no test ran"]);
  });
});
