/**
 * What went wrong, for code that has to choose:
 * - `USAGE`: the command line makes no sense
 * - `CONFIG`: the configuration file cannot be used
 * - `CAPTURE`: packets cannot be received (rights, kernel)
 * - `COMMAND`: a door's command could not be started
 * - `FIREWALL`: the kernel's packet filter could not be read or changed
 * - `RESOLVE`: a host or service name is not known
 * - `SEND`: a packet could not be sent
 * - `SYSTEM`: the operating system refused something else
 */
export type ErrorCode =
  | "USAGE"
  | "CONFIG"
  | "CAPTURE"
  | "COMMAND"
  | "FIREWALL"
  | "RESOLVE"
  | "SEND"
  | "SYSTEM";

/**
 * The one error class. Code reads `code`, people read `message` (what was attempted, on what, what
 * was seen; lower case, no full stop), `hints` are advice.
 */
export class KnockError extends Error {
  override readonly name = "KnockError";
  readonly code: ErrorCode;
  readonly hints: readonly string[];

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly hints?: readonly string[] } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hints = options.hints ?? [];
  }
}

/** Returns the advice that anything that was thrown carries. */
export function hintsOf(thrown: unknown): readonly string[] {
  return thrown instanceof KnockError ? thrown.hints : [];
}

/** The text of anything that was thrown, without its stack; what the system said, the way it says it. */
export function reason(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  // Node writes "ENOENT: no such file or directory, open '/x'", strerror(3) "No such file or directory".
  const { message } = thrown;
  const [, first, rest] =
    /^E[A-Z0-9]+: (\w)([^,]*), \w+/.exec(message) ??
    // "listen EADDRINUSE: address already in use 127.0.0.1:80"
    /^listen E[A-Z0-9]+: (\w)([a-z ]*) \S+$/.exec(message) ??
    [];
  if (isErrno(thrown, "EISDIR")) return "Is a directory";
  return first === undefined ? message : `${first.toUpperCase()}${rest}`;
}

/** Returns the text of anything that was thrown and then its hints, for a line of the log. */
export function reasonWithHints(thrown: unknown): string {
  return [reason(thrown), ...hintsOf(thrown)].join("; ");
}

/** Returns whether a system call failed with this code, such as `ENOENT`. */
export function isErrno(thrown: unknown, code: string): boolean {
  return errnoOf(thrown) === code;
}

/** Returns the code of a system call that failed, such as `ENOENT`, or undefined if it was something else. */
export function errnoOf(thrown: unknown): string | undefined {
  return thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined;
}
