import { stripVTControlCharacters } from "node:util";

/** What became of the tests of a file. */
export interface Outcome {
  /** The file; of a run that left no report all its files. */
  readonly file: string;
  readonly passed: number;
  readonly skipped: number;
  /** Each failure: the name of the test and the first line of its error, or what became of the file. */
  readonly failures: readonly string[];
}

/** The part of vitest's JSON report that counts. */
interface VitestReport {
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
export function outcomesOf(
  report: string | undefined,
  code: number,
  files: readonly string[],
): Outcome[] {
  const failed = (file: string, text: string) => ({
    file,
    passed: 0,
    skipped: 0,
    failures: [text],
  });
  const parsed = report === undefined ? undefined : parse(report);
  if (parsed === undefined) {
    const text = `the test runner ended with code ${code} and left no report`;
    return files.map((file) => failed(file, text));
  }
  const seen = parsed.testResults.map(({ name }) => name);
  const outcomes: Outcome[] = [
    ...parsed.testResults.map(({ name, status, assertionResults: tests }): Outcome => {
      const count = (...of: string[]) => tests.filter((test) => of.includes(test.status)).length;
      const failures = tests
        .filter((test) => test.status === "failed")
        .map((test) => `${test.fullName}${reasonOf(test)}`);
      if (failures.length === 0 && status === "failed") return failed(name, "cannot be loaded");
      const skipped = count("pending", "skipped", "todo");
      return { file: name, passed: count("passed"), skipped, failures };
    }),
    ...files.filter((file) => !seen.includes(file)).map((file) => failed(file, "was not run")),
  ];
  if (code !== 0 && outcomes.every(({ failures }) => failures.length === 0)) {
    const text = `the test runner ended with code ${code}, though no test failed`;
    outcomes.push(...files.map((file) => failed(file, text)));
  }
  return outcomes;
}

/** Returns the last line of a run, such as `3251 passed, 0 failed, 10 skipped`. */
export function lastLine(outcomes: readonly Outcome[]): string {
  const sum = (of: (one: Outcome) => number) => outcomes.reduce((all, one) => all + of(one), 0);
  const skipped = sum((one) => one.skipped);
  const line = `${sum((one) => one.passed)} passed, ${sum((one) => one.failures.length)} failed`;
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
