import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { lastLine, outcomesOf } from "../runner/outcome.ts";
import { alone, long, scheduleOf, seconds } from "../runner/schedule.ts";

const live = readdirSync(join(import.meta.dirname, "../live")).filter((name) =>
  name.endsWith(".test.ts"),
);

describe("the schedule of the live tests", () => {
  test("has each file once", () => {
    const schedule = scheduleOf(live);
    expect([...schedule.beside, ...schedule.alone].sort()).toEqual(live.sort());
  });

  test("names only files that are there", () => {
    for (const name of [...alone, ...long, ...Object.keys(seconds)]) {
      expect(live).toContain(`${name}.test.ts`);
    }
  });

  test("leaves the long ones out of a short run alone", () => {
    const { beside, alone } = scheduleOf(live, true);
    const left = long.map((name) => `${name}.test.ts`);
    expect([...beside, ...alone, ...left].sort()).toEqual(live.sort());
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
  const report = (files: readonly unknown[]) => JSON.stringify({ testResults: files });

  test.each<[string, string | undefined, number, string[]]>([
    ["tests that pass", report([results("passed", "passed")]), 0, []],
    ["one that fails", report([results("passed", "failed")]), 1, ["test 1"]],
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
      ["test 1: Error: no"],
    ],
    [
      "a file that cannot be loaded",
      report([{ ...results(), status: "failed" }]),
      1,
      ["cannot be loaded"],
    ],
    ["a file that was left out", report([]), 0, ["was not run"]],
    [
      "a world that died",
      undefined,
      137,
      ["the test runner ended with code 137 and left no report"],
    ],
    [
      "a report that was cut short",
      '{"numPassedTests": 2',
      0,
      ["the test runner ended with code 0 and left no report"],
    ],
    [
      "an error outside any test",
      report([results("passed", "passed")]),
      1,
      ["the test runner ended with code 1, though no test failed"],
    ],
  ])("of %s", (_, text, code, failures) => {
    const outcomes = outcomesOf(text, code, ["/a.test.ts"]);
    expect(outcomes.flatMap((one) => one.failures)).toEqual(failures);
  });

  test("is told for each file", () => {
    const text = report([results("passed", "todo"), { ...results("failed"), name: "/b.test.ts" }]);
    expect(outcomesOf(text, 1, ["/a.test.ts", "/b.test.ts", "/c.test.ts"])).toEqual([
      { file: "/a.test.ts", passed: 1, skipped: 1, failures: [] },
      { file: "/b.test.ts", passed: 0, skipped: 0, failures: ["test 0"] },
      { file: "/c.test.ts", passed: 0, skipped: 0, failures: ["was not run"] },
    ]);
  });

  test("ends with the sum of all files", () => {
    const parts = [
      { file: "/a.test.ts", passed: 2, skipped: 0, failures: ["a"] },
      { file: "/b.test.ts", passed: 3, skipped: 1, failures: [] },
    ];
    expect(lastLine(parts)).toBe("5 passed, 1 failed, 1 skipped");
    expect(lastLine(parts.slice(0, 1))).toBe("2 passed, 1 failed");
  });
});
