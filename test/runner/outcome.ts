import { stripVTControlCharacters } from "node:util";

/** What became of tests. */
export interface Outcome {
  readonly passed: number;
  readonly skipped: number;
  /** Each failure, for a list at the end. */
  readonly failures: readonly string[];
}

/** The part of vitest's JSON report that counts. */
interface VitestReport {
  readonly numPassedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly VitestResult[];
  }[];
}

interface VitestResult {
  readonly status: string;
  readonly fullName: string;
  readonly failureMessages?: readonly string[];
}

/**
 * Returns what a run of vitest came to, by its JSON report (`undefined` if it wrote none), its exit code,
 * and the files that it was to run.
 *
 * vitest counts tests only. A file that could not be loaded has none, and an error outside any test or a
 * run that was cut short shows in nothing but the exit code: each counts as one failure.
 */
export function outcomeOf(
  report: string | undefined,
  code: number,
  files: readonly string[],
): Outcome {
  const what = files.length === 1 ? files[0] : `${files.length} files`;
  const parsed = report === undefined ? undefined : parse(report);
  if (parsed === undefined) {
    const failures = [`${what}: the test runner ended with code ${code} and left no report`];
    return { passed: 0, skipped: 0, failures };
  }
  const failures = parsed.testResults.flatMap(({ name, status, assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status === "failed");
    if (failed.length === 0) return status === "failed" ? [`${name}: cannot be loaded`] : [];
    return failed.map((test) => `${name}: ${test.fullName}${reasonOf(test)}`);
  });
  const seen = parsed.testResults.map(({ name }) => name);
  const missing = files.filter((file) => !seen.includes(file));
  failures.push(...missing.map((file) => `${file}: was not run`));
  if (code !== 0 && failures.length === 0) {
    failures.push(`${what}: the test runner ended with code ${code}, though no test failed`);
  }
  const skipped = parsed.numPendingTests + parsed.numTodoTests;
  return { passed: parsed.numPassedTests, skipped, failures };
}

/** Returns the sum of all outcomes. That nothing passed and nothing failed is a failure. */
export function sumOf(outcomes: readonly Outcome[]): Outcome {
  const sum = (of: (one: Outcome) => number) => outcomes.reduce((all, one) => all + of(one), 0);
  const passed = sum((one) => one.passed);
  const failures = outcomes.flatMap((one) => one.failures);
  if (passed === 0 && failures.length === 0) failures.push("no test ran");
  return { passed, skipped: sum((one) => one.skipped), failures };
}

/** Returns the last line of a run, such as `3251 passed, 0 failed, 10 skipped`. */
export function lastLine({ passed, failures, skipped }: Outcome): string {
  const line = `${passed} passed, ${failures.length} failed`;
  return skipped > 0 ? `${line}, ${skipped} skipped` : line;
}

/** The first line of what a test failed with, after a colon. */
function reasonOf({ failureMessages: [message = ""] = [] }: VitestResult): string {
  const [line = ""] = stripVTControlCharacters(message).split("\n", 1);
  return line === "" ? "" : `: ${line.slice(0, 200)}`;
}

function parse(report: string): VitestReport | undefined {
  try {
    return JSON.parse(report);
  } catch {
    return undefined; // Cut short.
  }
}
