import { systemClock } from "../../base/clock.ts";
import { humanDuration } from "../../base/duration.ts";
import { isErrno, KnockError } from "../../base/errors.ts";
import type { KnockOutcome, RetryOptions } from "../../client/attempt.ts";
import { knockUntilOpen } from "../../client/attempt.ts";
import type { Reply } from "../../client/probe.ts";
import { findRoutes } from "../../client/route.ts";
import { sendEverywhere } from "../../client/send.ts";
import type { KnockJob } from "./knock-job.ts";
import { resolve } from "./knock-job.ts";
import { isTerminal, Progress } from "./progress.ts";

/** Knocks and waits, if the profile says for what, and tells how it went, as JSON if that is wanted. The address that was reached; undefined if none was. */
export async function knockAndWait(delivery: KnockJob): Promise<string | undefined> {
  return delivery.line.has("json") ? await forScripts(delivery) : await forPeople(delivery);
}

async function forPeople(delivery: KnockJob): Promise<string | undefined> {
  const { plan, profile } = delivery;
  const routes = await resolve(delivery);
  const { wait, retry = 0 } = profile;
  if (routes === undefined || wait === undefined) return undefined;
  const outcome = await runKnock(delivery, { plan, routes, wait, retry });
  outcome.reply.socket?.destroy();
  return printOutcome(delivery, outcome, wait.port) ? outcome.reply.route.address : undefined;
}

async function forScripts(delivery: KnockJob): Promise<string | undefined> {
  const { plan, profile, io, onStep } = delivery;
  const { wait, retry = 0 } = profile;
  const told = { host: profile.host, ...(profile.name !== "" && { profile: profile.name }) };
  const print = (facts: object) => io.stdout(`${JSON.stringify({ ...told, ...facts })}\n`);
  try {
    const routes = await findRoutes(plan.host, plan.family, profile);
    const addresses = routes.map(({ address }) => address);
    if (wait === undefined) {
      await sendEverywhere(plan, routes, onStep);
      print({ addresses, knocks: 1, result: "sent" });
      return addresses[0];
    }
    const outcome = await runKnock(delivery, { plan, routes, wait, retry });
    const { reply, knocks, openBefore } = outcome;
    const { answer, route, reason } = reply;
    reply.socket?.destroy();
    const service = { service: `tcp/${wait.port}`, address: route.address };
    const waited = Math.round(outcome.waited);
    print({ addresses, knocks, result: answer, ...service, openBefore, waited, reason });
    return answer === "open" ? route.address : undefined;
  } catch (error) {
    if (!(error instanceof KnockError)) throw error;
    print({ result: hasNoWay(error) ? "unreachable" : "failed", reason: error.message });
    return undefined;
  }
}

/** Whether it could not be sent since this system knows no way there. */
function hasNoWay({ code, cause }: KnockError): boolean {
  return code === "SEND" && (isErrno(cause, "ENETUNREACH") || isErrno(cause, "EHOSTUNREACH"));
}

/** Knocks until it is open, with a line on the terminal that says how it goes on. */
export async function runKnock(delivery: KnockJob, errand: RetryOptions): Promise<KnockOutcome> {
  const { plan, profile, line, io, onStep } = delivery;
  const isSeen = isTerminal() && !line.has("quiet") && !line.has("json");
  const progress = new Progress(isSeen ? io.stderr : undefined);
  const who = profile.name || profile.host;
  const times = errand.retry > 0 ? ` of ${errand.retry + 1}` : "";
  let knock = 1;
  let sent = 0;
  const packets = plan.steps.length * errand.routes.length;
  progress.show(() => `${who}: knock ${knock}${times}, packet ${sent} of ${packets}`);
  try {
    return await knockUntilOpen(
      errand,
      {
        onStep(step, route) {
          sent++;
          onStep(step, route);
        },
        onWait() {
          const begin = systemClock.now();
          const passed = () => humanDuration(systemClock.now() - begin);
          progress.show(() => `${who}: waiting for tcp/${errand.wait.port}, ${passed()}`);
        },
        onRetry(next, pause) {
          progress.show(
            () => `${who}: tcp/${errand.wait.port} stays shut, again in ${humanDuration(pause)}`,
          );
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

/** Says how it ended. Whether it is open. */
export function printOutcome(
  { line, io, isAll }: KnockJob,
  outcome: KnockOutcome,
  port: number,
): boolean {
  const { reply, openBefore, waited, knocks } = outcome;
  if (reply.answer !== "open") {
    const { message, hints } = explain(reply, port, knocks);
    if (line.has("quiet")) return false;
    io.stderr(
      `knock: error: ${message}\n${hints.map((hint) => `knock: hint: ${hint}\n`).join("")}`,
    );
    return false;
  }
  if (!line.has("quiet") && (line.has("verbose") || (isAll && isTerminal()))) {
    const how = openBefore
      ? "was open before the knock, too"
      : `is open (${humanDuration(waited)})`;
    io.stderr(`tcp/${port} of ${reply.route.address} ${how}\n`);
  }
  return true;
}

/** Why it is not open, for people. */
export function explain(
  { answer, route, reason }: Reply,
  port: number,
  knocks: number,
): KnockError {
  const service = `tcp/${port} of ${route.address}`;
  const after = knocks > 1 ? ` after ${knocks} knocks` : "";
  const again = "-d 300 pauses between packets, --retry 3 knocks again";
  if (answer === "unreachable") {
    // icmp-host-prohibited and admin-prohibited arrive as if there were no such host.
    const firewall =
      "a firewall that rejects, as firewalld does, may say so, too: the door is closed";
    return new KnockError("SEND", `${service} is unreachable${after}: ${reason}`, {
      hints: [firewall, again],
    });
  }
  if (answer === "refused") {
    const what =
      "is refused: the machine answers, but the door is closed or nothing listens behind it";
    return new KnockError("SEND", `${service} ${what}${after}`, { hints: [again] });
  }
  return new KnockError("SEND", `${service} stays silent${after}: its packets are dropped`, {
    hints: [again],
  });
}
