import { systemClock } from "../../base/clock.ts";
import { humanDuration } from "../../base/duration.ts";
import { isErrno, KnockError } from "../../base/errors.ts";
import type { KnockOutcome, RetryOptions } from "../../client/attempt.ts";
import { knockUntilOpen } from "../../client/attempt.ts";
import type { Reply } from "../../client/probe.ts";
import type { KnockProfile } from "../../client/profile.ts";
import { isKeyProfile } from "../../client/profile.ts";
import { findRoutes } from "../../client/route.ts";
import { sendEverywhere } from "../../client/send.ts";
import { formatError } from "../words/error.ts";
import { knockWords } from "../words/knock.ts";
import type { KnockJob } from "./knock-job.ts";
import { resolve } from "./knock-job.ts";
import { isTerminal, Progress } from "./progress.ts";

/** Knocks, waits for the service of the profile, and prints the result. Returns the address reached, or `undefined`. */
export async function knockAndWait(job: KnockJob): Promise<string | undefined> {
  return job.line.has("json") ? await forScripts(job) : await forPeople(job);
}

async function forPeople(job: KnockJob): Promise<string | undefined> {
  const { plan, profile } = job;
  const routes = await resolve(job);
  const { wait, retry = 0 } = profile;
  if (routes === undefined || wait === undefined) return undefined;
  const outcome = await runKnock(job, { plan, routes, wait, retry });
  outcome.reply.socket?.destroy();
  const isOpen = await printOutcome(job, outcome, wait.port);
  return isOpen ? outcome.reply.route.address : undefined;
}

async function forScripts(job: KnockJob): Promise<string | undefined> {
  const { plan, profile, io, onStep } = job;
  const { wait, retry = 0 } = profile;
  const target = { host: profile.host, ...(profile.name !== "" && { profile: profile.name }) };
  const print = (facts: object) => io.stdout(`${JSON.stringify({ ...target, ...facts })}\n`);
  try {
    const routes = await findRoutes(plan.host, plan.family, profile);
    const addresses = routes.map(({ address }) => address);
    if (wait === undefined) {
      await sendEverywhere(plan, routes, onStep);
      print({ addresses, knocks: 1, result: "sent" });
      return addresses[0];
    }
    const outcome = await runKnock(job, { plan, routes, wait, retry });
    const { reply, knocks, openBefore } = outcome;
    const { answer, route, reason } = reply;
    reply.socket?.destroy();
    const service = { service: `tcp/${wait.port}`, address: route.address };
    const waited = Math.round(outcome.waited);
    print({ addresses, knocks, result: answer, ...service, openBefore, waited, reason });
    return answer === "open" ? route.address : undefined;
  } catch (error) {
    if (!(error instanceof KnockError)) throw error;
    print({ result: hasNoRoute(error) ? "unreachable" : "failed", reason: error.message });
    return undefined;
  }
}

/** Returns whether this system has no route to the host. */
function hasNoRoute({ code, cause }: KnockError): boolean {
  return code === "SEND" && (isErrno(cause, "ENETUNREACH") || isErrno(cause, "EHOSTUNREACH"));
}

/** Knocks until the service is open, with a progress line on the terminal. */
export async function runKnock(job: KnockJob, options: RetryOptions): Promise<KnockOutcome> {
  const { plan, profile, line, io, onStep } = job;
  const isSeen = isTerminal() && !line.has("quiet") && !line.has("json");
  const progress = new Progress(isSeen ? io.stderr : undefined);
  const label = profile.name || profile.host;
  const words = knockWords();
  const service = `tcp/${options.wait.port}`;
  let knock = 1;
  let sent = 0;
  const packets = plan.steps.length * options.routes.length;
  progress.show(() => {
    const times = options.retry > 0 ? words.of(`${knock}`, `${options.retry + 1}`) : `${knock}`;
    return words.sending(label, times, words.of(`${sent}`, `${packets}`));
  });
  try {
    return await knockUntilOpen(
      options,
      {
        onStep(step, route) {
          sent++;
          onStep(step, route);
        },
        onWait() {
          const begin = systemClock.now();
          const passed = () => humanDuration(systemClock.now() - begin);
          progress.show(() => words.waiting(label, service, passed()));
        },
        onRetry(next, pause) {
          progress.show(() => words.again(label, service, humanDuration(pause)));
          knock = next;
          sent = 0;
        },
      },
      systemClock,
      Math.random,
    );
  } finally {
    progress.clear();
  }
}

/** Prints the result. Returns whether the service is open. */
export async function printOutcome(
  { profile, line, io, isLast }: KnockJob,
  outcome: KnockOutcome,
  port: number,
): Promise<boolean> {
  const { reply, openBefore, waited, knocks } = outcome;
  if (reply.answer !== "open") {
    const { message, hints } = await explain(reply, port, knocks, profile);
    if (line.has("quiet")) return false;
    io.stderr(formatError("knock", { message, hints }, (text) => text));
    return false;
  }
  if (!line.has("quiet") && (line.has("verbose") || (isLast && isTerminal()))) {
    const words = knockWords();
    const service = words.service(`tcp/${port}`, reply.route.address);
    const how = openBefore ? words.wasOpen(service) : words.isOpen(service, humanDuration(waited));
    io.stderr(`${how}\n`);
  }
  return true;
}

/** Returns an error that explains why the service is not open. */
export async function explain(
  { answer, route, reason }: Reply,
  port: number,
  knocks: number,
  profile: KnockProfile,
): Promise<KnockError> {
  const words = knockWords();
  const service = words.service(`tcp/${port}`, route.address);
  const after = knocks > 1 ? words.afterKnocks(`${knocks}`) : "";
  const again = await hintsFor(profile);
  if (answer === "unreachable") {
    // The kernel reports icmp-host-prohibited and admin-prohibited as an unreachable host.
    const message = words.unreachable(service, after, String(reason));
    return new KnockError("SEND", message, { hints: [words.rejected, ...again] });
  }
  if (answer === "refused") {
    return new KnockError("SEND", words.refused(service, after), { hints: again });
  }
  return new KnockError("SEND", words.silent(service, after), { hints: again });
}

async function hintsFor(profile: KnockProfile): Promise<readonly string[]> {
  if (!isKeyProfile(profile)) return [knockWords().slower];
  const { keyHints } = await import("./key-hints.ts");
  const { localizeKnock } = await import("../words/knock-korean.ts");
  return keyHints(profile, new Date(systemClock.wall())).map(localizeKnock);
}
