import { systemClock } from "../../base/clock.ts";
import { humanDuration, parseDuration } from "../../base/duration.ts";
import { KnockError } from "../../base/errors.ts";
import { plural } from "../../base/text.ts";
import { knockUntilOpen } from "../../client/attempt.ts";
import type { KnockCause } from "../../client/keep.ts";
import { keepOpen } from "../../client/keep.ts";
import { findRoutes } from "../../client/route.ts";
import { sendEverywhere } from "../../client/send.ts";
import type { KnockJob } from "./knock-job.ts";
import { isTerminal, Progress } from "./progress.ts";
import { explain } from "./wait.ts";

/** How it went, in all. */
interface KeepStatistics {
  knocks: number;
  failures: number;
  /** How often an address of this machine was another one. */
  moves: number;
}

const causes: Readonly<Record<KnockCause, string>> = {
  begin: "knocking",
  lease: "knocking before the lease ends",
  address: "knocking from another address",
  failure: "knocking after a failure",
};

/**
 * Keeps a door open until SIGINT or SIGTERM, or until the command that it is kept open for has ended. The exit
 * code: 0, or that of the command. Throws `USAGE`, and what makes the first knock before a command fail.
 */
export async function keep(
  delivery: KnockJob,
  command: readonly string[] | undefined,
): Promise<number> {
  const { profile, line, io } = delivery;
  const lease = readLease(line.get("keep") ?? "");
  const begin = systemClock.now();
  const stop = new AbortController();
  const account: KeepStatistics = { knocks: 0, failures: 0, moves: 0 };
  const isSeen = isTerminal() && !line.has("quiet") && !line.has("json") && command === undefined;
  const progress = new Progress(isSeen ? io.stderr : undefined);
  const who = profile.name || profile.host;
  const say = (text: string) => {
    progress.clear();
    if (!line.has("quiet")) io.stderr(`${text}\n`);
  };
  let code = 0;
  let child: Promise<void> | undefined;
  let obstacle: KnockError | undefined;
  const kept = keepOpen(
    { lease, origin: profile, knock: () => knockOnce(delivery) },
    {
      onKnock(cause) {
        account.knocks++;
        if (cause === "address") account.moves++;
        if (line.has("verbose")) say(`${who}: ${causes[cause]}`);
        progress.show(() => `${who}: ${causes[cause]}`);
      },
      onKept(sources, next) {
        const due = systemClock.now() + next;
        const left = () => humanDuration(Math.max(due - systemClock.now(), 0));
        const times = plural(account.knocks, "knock");
        progress.show(
          () => `${who}: kept open from ${sources.join(", ")}: ${times}, next in ${left()}`,
        );
        child ??= start(delivery, command, (ended) => {
          code = ended;
          stop.abort();
        });
      },
      onFailure(error, next) {
        account.failures++;
        if (command !== undefined && child === undefined) {
          obstacle = error;
          return stop.abort();
        }
        say(`knock: warning: ${error.message}; again in ${humanDuration(next)}`);
      },
    },
    systemClock,
    stop.signal,
  );
  // With a command, signals are for that.
  const signals = command === undefined ? (["SIGINT", "SIGTERM"] as const) : [];
  for (const signal of signals) process.once(signal, () => stop.abort());
  // A knock that is being waited for keeps nobody who wants to go.
  const stopped = new Promise((resolve) => stop.signal.addEventListener("abort", resolve));
  await Promise.race([kept, stopped]);
  await child;
  progress.clear();
  if (obstacle !== undefined) throw obstacle;
  summarize(delivery, account, systemClock.now() - begin, command);
  return code;
}

async function knockOnce({ profile, plan, onStep }: KnockJob): Promise<readonly string[]> {
  const routes = await findRoutes(plan.host, plan.family, profile);
  const { wait, retry = 0 } = profile;
  if (wait === undefined) {
    await sendEverywhere(plan, routes, onStep);
  } else {
    await expectOpen({ plan, routes, wait, retry }, onStep);
  }
  return routes.map(({ address }) => address);
}

async function expectOpen(
  errand: Parameters<typeof knockUntilOpen>[0],
  onStep: KnockJob["onStep"],
): Promise<void> {
  const listener = { onStep, onWait: () => {}, onRetry: () => {} };
  const { reply, knocks } = await knockUntilOpen(errand, listener, systemClock, Math.random);
  reply.socket?.destroy();
  if (reply.answer !== "open") throw explain(reply, errand.wait.port, knocks);
}

async function start(
  { io }: KnockJob,
  command: readonly string[] | undefined,
  onEnd: (code: number) => void,
): Promise<void> {
  if (command === undefined) return;
  const { runChild } = await import("./child.ts");
  onEnd(await runChild(command, io));
}

function summarize(
  { profile, line, io }: KnockJob,
  account: KeepStatistics,
  milliseconds: number,
  command: readonly string[] | undefined,
): void {
  const { knocks, failures, moves } = account;
  if (line.has("json")) {
    const seconds = Math.round(milliseconds / 1000);
    io.stdout(`${JSON.stringify({ host: profile.host, knocks, failures, moves, seconds })}\n`);
  } else if (command === undefined && !line.has("quiet")) {
    const more = [
      ...(moves > 0 ? [`${moves} from another address`] : []),
      ...(failures > 0 ? [`${failures} failed`] : []),
    ];
    const how = more.length > 0 ? ` (${more.join(", ")})` : "";
    io.stderr(`${plural(knocks, "knock")} in ${humanDuration(milliseconds)}${how}\n`);
  }
}

/** Less than a second would be a flood. */
function readLease(text: string): number {
  const lease = parseDuration(text);
  if (lease !== undefined && lease >= 1_000) return lease;
  throw new KnockError("USAGE", `--keep: "${text}" is not a length of time of a second or more`, {
    hints: ["as long as the server keeps the door open: 30s, 10m, 1h"],
  });
}
