import type { Address } from "./address.ts";

/**
 * Stable names of what `knockctl status` finds wrong, for monitoring. docs/control-protocol.md says what
 * each means.
 */
export const problemCodes = [
  "config-refused",
  "config-stale",
  "journal",
  "history",
  "users",
  "knock-journal",
  "clock",
  "network",
  "interface-missing",
  "interface-port",
  "firewall",
  "kernel-doors",
  "not-protected",
  "protection-not-stored",
  "unreachable",
  "command-failed",
  "close-failed",
  "commands-waiting",
  "commands-beside",
  "service-blocked",
  "door-full",
  "program-not-started",
  "needs-root",
  "fleet",
  "fleet-differs",
] as const;

type ProblemCode = (typeof problemCodes)[number];

/** Those that `knockctl` finds by itself. */
const foundOutside: readonly ProblemCode[] = ["config-stale", "service-blocked"];

/** Those that the daemon finds. */
export const daemonProblemCodes: readonly ProblemCode[] = problemCodes.filter(
  (code) => !foundOutside.includes(code),
);

/** Something that is wrong now, which an administrator should look at. */
export interface StatusProblem {
  readonly code: ProblemCode;
  /** A sentence, without the steps that mend it. */
  readonly message: string;
  /** Commands or steps that mend it. */
  readonly hints?: readonly string[];
  /** The door that it is about. */
  readonly door?: string;
  /** The source that it is about. */
  readonly source?: Address;
}
