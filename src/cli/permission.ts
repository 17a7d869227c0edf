import { isErrno, KnockError } from "../base/errors.ts";

/** Returns the error with a hint to become root, if the system denied something to another user and there is no hint. */
export function withPermissionHint(error: KnockError, program: string): KnockError {
  if (error.hints.length > 0 || process.geteuid?.() === 0 || !isDenied(error)) return error;
  const { code, message, cause } = error;
  return new KnockError(code, message, { cause, hints: [`run ${program} as root`] });
}

function isDenied(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return isErrno(error, "EACCES") || isErrno(error, "EPERM") || isDenied(error.cause);
}
