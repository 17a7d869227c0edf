import { KnockError } from "../../base/errors.ts";
import type { KnockPlan, Step } from "../../client/plan.ts";
import type { KnockProfile } from "../../client/profile.ts";
import type { Route } from "../../client/route.ts";
import { findRoutes } from "../../client/route.ts";
import { systemReason } from "../../client/system-reason.ts";
import type { Io } from "../program.ts";
import type { KnockCommandLine } from "./command-line.ts";

/** A knock that is to be delivered, and all that says how. */
export interface KnockJob {
  readonly profile: KnockProfile;
  readonly plan: KnockPlan;
  readonly line: KnockCommandLine;
  readonly io: Io;
  /** Whether nothing comes after it: no command, no connection. */
  readonly isAll: boolean;
  /** Names each packet before it is sent, if that is wanted. */
  readonly onStep: (step: Step, route: Route) => void;
}

/** Undefined, and said in the words of knockd's client, if the host has no address. */
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
