/** Something wrong, or dangerous, at one place of a configuration file. */
export interface Problem {
  readonly severity: "error" | "warning";
  /** Counted from 1. */
  readonly line: number;
  /** In characters, counted from 1. */
  readonly column: number;
  readonly message: string;
  readonly hint?: string;
}

/** `/etc/knockd.conf:3:14: port "x" is invalid`, the way compilers say it. */
export function formatProblem(file: string, { severity, line, column, message }: Problem): string {
  return `${file}:${line}:${column}: ${severity === "warning" ? "warning: " : ""}${message}`;
}

/** The same, with the hint on a line of its own. */
export function formatWithHint(file: string, problem: Problem): string {
  const { line, column, hint } = problem;
  const message = formatProblem(file, problem);
  return hint === undefined ? message : `${message}\n${file}:${line}:${column}: hint: ${hint}`;
}
