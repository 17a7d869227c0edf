import { getSystemErrorMap } from "node:util";
import { reason } from "../base/errors.ts";

/** Returns `network is unreachable` instead of `connect ENETUNREACH 192.0.2.1:7 - Local (0.0.0.0:0)`. */
export function systemReason(thrown: unknown): string {
  const { errno } = thrown as NodeJS.ErrnoException;
  return (errno !== undefined && getSystemErrorMap().get(errno)?.[1]) || reason(thrown);
}
