import { KnockError } from "../../base/errors.ts";
import { usualPayload } from "../../client/payload.ts";
import type { KnockPlan, Step } from "../../client/plan.ts";
import { formatStep } from "../../client/plan.ts";
import type { KnockProfile } from "../../client/profile.ts";
import { isKeyProfile, toPlan } from "../../client/profile.ts";
import type { Route } from "../../client/route.ts";
import { sendEverywhere } from "../../client/send.ts";
import type { Io } from "../program.ts";
import type { KnockCommandLine } from "./command-line.ts";
import type { KnockJob } from "./knock-job.ts";
import { resolve } from "./knock-job.ts";
import type { KnockTarget } from "./target.ts";

/** Knocks, then waits, connects or runs a command as the options say. Returns the exit code. */
export async function deliver(
  target: KnockTarget,
  line: KnockCommandLine,
  io: Io,
): Promise<number> {
  const { profile, service } = target;
  checkTogether(target, line);
  const command = line.has("json") ? undefined : (target.command ?? profile.command);
  const runs = command !== undefined && command.length > 0;
  // Standard output belongs to the command, the connection or JSON.
  const isLast = !runs && service === undefined;
  const print = isLast && !line.has("json") ? io.stdout : io.stderr;
  const onStep = (step: Step, route: Route) => {
    if (line.has("verbose")) print(`hitting ${formatStep(step, route.address)}\n`);
  };
  const job: KnockJob = {
    profile,
    plan: await planOf(profile, line),
    line,
    io,
    isLast,
    onStep,
  };
  if (service !== undefined) {
    return await (await import("./proxy.ts")).proxy(job, service);
  }
  if (line.has("keep")) {
    // A profile's command is for one knock, not for --keep. An empty command overrides it.
    const during = target.command?.length === 0 ? undefined : target.command;
    return await (await import("./keep.ts")).keep(job, during);
  }
  const address = await reach(job);
  if (address === undefined || !runs) return address === undefined ? 1 : 0;
  const { expand, runChild } = await import("./child.ts");
  const { name, host, wait } = profile;
  const values = { n: name, h: host, a: address, p: String(wait?.port ?? "") };
  return await runChild(target.command ?? expand(command, values), io);
}

/** Knocks, and waits if the profile says so. Returns the address reached, or `undefined` after it has printed the failure. */
async function reach(job: KnockJob): Promise<string | undefined> {
  const { profile, plan, line, onStep } = job;
  if (profile.wait !== undefined || line.has("json")) {
    return await (await import("./wait.ts")).knockAndWait(job);
  }
  const routes = await resolve(job);
  if (routes === undefined) return undefined;
  await sendEverywhere(plan, routes, onStep);
  return routes[0]?.address;
}

async function planOf(profile: KnockProfile, line: KnockCommandLine): Promise<KnockPlan> {
  if (isKeyProfile(profile)) {
    if (line.has("payload")) throw usageError("--payload has no meaning with a key");
    const { keySteps } = await import("../../client/key-steps.ts");
    return toPlan(profile, keySteps(profile), usualPayload);
  }
  const { payload, steps } = profile;
  if (payload === undefined) return toPlan(profile, steps, usualPayload);
  if (line.has("payload") && steps.every(({ protocol }) => protocol === "tcp")) {
    throw usageError("--payload has no meaning without a UDP port");
  }
  const { readPayload } = await import("../../client/payload.ts");
  return toPlan(profile, steps, readPayload(payload));
}

function checkTogether({ profile, service, command }: KnockTarget, line: KnockCommandLine): void {
  const modes = (["keep", "json", "proxy"] as const).filter((name) => line.has(name));
  if (line.has("proxy") && modes.length > 1) {
    throw usageError(`--proxy does not go together with --${modes[0]}`);
  }
  if (line.has("json") && command !== undefined && command.length > 0) {
    throw usageError("--json leaves standard output to no command");
  }
  if (line.has("retry") && profile.wait === undefined && service === undefined) {
    throw usageError("--retry needs --wait, which tells whether a knock worked");
  }
}

function usageError(message: string): KnockError {
  return new KnockError("USAGE", message, { hints: ["--help says how it is used"] });
}
