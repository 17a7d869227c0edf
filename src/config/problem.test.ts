import { expect, test } from "vitest";
import type { Problem } from "./problem.ts";
import { formatProblem, formatWithHint } from "./problem.ts";

const error: Problem = { severity: "error", line: 3, column: 14, message: 'port "x" is invalid' };

test.each<[Problem, string, string]>([
  [error, '/k.conf:3:14: port "x" is invalid', '/k.conf:3:14: port "x" is invalid'],
  [
    { ...error, severity: "warning", hint: "a port is a number" },
    '/k.conf:3:14: warning: port "x" is invalid',
    '/k.conf:3:14: warning: port "x" is invalid\n/k.conf:3:14: hint: a port is a number',
  ],
])("%o is printed the way compilers do", (problem, alone, withHint) => {
  expect(formatProblem("/k.conf", problem)).toBe(alone);
  expect(formatWithHint("/k.conf", problem)).toBe(withHint);
});
