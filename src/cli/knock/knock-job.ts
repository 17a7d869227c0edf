import { KnockError } from "../../base/errors.ts";
import type { KnockPlan, Step } from "../../client/plan.ts";
import type { KnockProfile } from "../../client/profile.ts";
import type { Route } from "../../client/route.ts";
import { findRoutes } from "../../client/route.ts";
import { systemReason } from "../../client/system-reason.ts";
import type { Io } from "../program.ts";
import type { KnockCommandLine } from "./command-line.ts";

/** A knock to send, and how. */
export interface KnockJob {
  readonly profile: KnockProfile;
  readonly plan: KnockPlan;
  readonly line: KnockCommandLine;
  readonly io: Io;
  /** Whether no command and no connection follows. */
  readonly isLast: boolean;
  /** Called before each packet. */
  readonly onStep: (step: Step, route: Route) => void;
}

/** Finds the routes. If the host has no address, prints the message of knockd's client and returns `undefined`. */
export async function resolve({
  plan,
  profile,
  line,
  io,
}: KnockJob): Promise<readonly Route[] | undefined> {
  try {
    return await findRoutes(plan.host, plan.family, profile);
  } catch (error) {
    if (!(error instanceof KnockError) || error.code !== "RESOLVE") throw error;
    if (line.has("quiet")) return undefined;
    const port = plan.steps[0]?.text;
    io.stderr(`Failed to resolve hostname '${plan.host}' on port ${port}\n`);
    io.stderr(`getaddrinfo: ${systemReason(error.cause)}\n`);
    return undefined;
  }
}
