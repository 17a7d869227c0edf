import { systemClock } from "../../base/clock.ts";
import { humanDuration, parseDuration } from "../../base/duration.ts";
import { KnockError } from "../../base/errors.ts";
import { plural } from "../../base/text.ts";
import { knockUntilOpen } from "../../client/attempt.ts";
import type { KnockCause } from "../../client/keep.ts";
import { keepOpen } from "../../client/keep.ts";
import { findRoutes } from "../../client/route.ts";
import { sendEverywhere } from "../../client/send.ts";
import { labelWords } from "../words/error.ts";
import { localizeKnock } from "../words/knock-korean.ts";
import type { KnockJob } from "./knock-job.ts";
import { isTerminal, Progress } from "./progress.ts";
import { explain } from "./wait.ts";

/** The counts of a whole run. */
interface KeepStatistics {
  knocks: number;
  failures: number;
  /** How often the address of this machine changed. */
  moves: number;
}

const causes: Readonly<Record<KnockCause, string>> = {
  begin: "knocking",
  lease: "knocking before the lease ends",
  address: "knocking from another address",
  failure: "knocking after a failure",
};

/**
 * Keeps a door open until SIGINT or SIGTERM, or until the command ends. Returns the exit code: 0, or that of the
 * command. Throws `USAGE`, and the error of the first knock if there is a command.
 */
export async function keep(job: KnockJob, command: readonly string[] | undefined): Promise<number> {
  const { profile, line, io } = job;
  const lease = readLease(line.get("keep") ?? "");
  const begin = systemClock.now();
  const stop = new AbortController();
  const counts: KeepStatistics = { knocks: 0, failures: 0, moves: 0 };
  const isSeen = isTerminal() && !line.has("quiet") && !line.has("json") && command === undefined;
  const progress = new Progress(isSeen ? io.stderr : undefined);
  const label = profile.name || profile.host;
  const say = (text: string) => {
    progress.clear();
    if (!line.has("quiet")) io.stderr(`${text}\n`);
  };
  let code = 0;
  let child: Promise<void> | undefined;
  let obstacle: KnockError | undefined;
  const kept = keepOpen(
    { lease, origin: profile, knock: () => knockOnce(job) },
    {
      onKnock(cause) {
        counts.knocks++;
        if (cause === "address") counts.moves++;
        if (line.has("verbose")) say(`${label}: ${localizeKnock(causes[cause])}`);
        progress.show(() => `${label}: ${localizeKnock(causes[cause])}`);
      },
      onKept(sources, next) {
        const due = systemClock.now() + next;
        const left = () => humanDuration(Math.max(due - systemClock.now(), 0));
        const times = plural(counts.knocks, "knock");
        progress.show(() =>
          localizeKnock(
            `${label}: kept open from ${sources.join(", ")}: ${times}, next in ${left()}`,
          ),
        );
        child ??= start(job, command, (ended) => {
          code = ended;
          stop.abort();
        });
      },
      onFailure(error, next) {
        counts.failures++;
        if (command !== undefined && child === undefined) {
          obstacle = error;
          return stop.abort();
        }
        const text = localizeKnock(`${error.message}; again in ${humanDuration(next)}`);
        say(`knock: ${labelWords().warning}: ${text}`);
      },
    },
    systemClock,
    stop.signal,
  );
  // With a command, signals go to it.
  const signals = command === undefined ? (["SIGINT", "SIGTERM"] as const) : [];
  for (const signal of signals) process.once(signal, () => stop.abort());
  // Do not wait for a knock that is under way.
  const stopped = new Promise((resolve) => stop.signal.addEventListener("abort", resolve));
  await Promise.race([kept, stopped]);
  await child;
  progress.clear();
  if (obstacle !== undefined) throw obstacle;
  summarize(job, counts, systemClock.now() - begin, command);
  return code;
}

async function knockOnce({ profile, plan, onStep }: KnockJob): Promise<readonly string[]> {
  const routes = await findRoutes(plan.host, plan.family, profile);
  const { wait, retry = 0 } = profile;
  if (wait === undefined) {
    await sendEverywhere(plan, routes, onStep);
  } else {
    await expectOpen({ plan, routes, wait, retry }, onStep, profile);
  }
  return routes.map(({ address }) => address);
}

async function expectOpen(
  options: Parameters<typeof knockUntilOpen>[0],
  onStep: KnockJob["onStep"],
  profile: KnockJob["profile"],
): Promise<void> {
  const listener = { onStep, onWait: () => {}, onRetry: () => {} };
  const { reply, knocks } = await knockUntilOpen(options, listener, systemClock, Math.random);
  reply.socket?.destroy();
  if (reply.answer !== "open") throw await explain(reply, options.wait.port, knocks, profile);
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
  counts: KeepStatistics,
  milliseconds: number,
  command: readonly string[] | undefined,
): void {
  const { knocks, failures, moves } = counts;
  if (line.has("json")) {
    const seconds = Math.round(milliseconds / 1000);
    io.stdout(`${JSON.stringify({ host: profile.host, knocks, failures, moves, seconds })}\n`);
  } else if (command === undefined && !line.has("quiet")) {
    const more = [
      ...(moves > 0 ? [`${moves} from another address`] : []),
      ...(failures > 0 ? [`${failures} failed`] : []),
    ];
    const how = more.length > 0 ? ` (${more.join(", ")})` : "";
    const text = `${plural(knocks, "knock")} in ${humanDuration(milliseconds)}${how}`;
    io.stderr(`${localizeKnock(text)}\n`);
  }
}

/** A lease of less than a second would make a flood of knocks. */
function readLease(text: string): number {
  const lease = parseDuration(text);
  if (lease !== undefined && lease >= 1_000) return lease;
  throw new KnockError("USAGE", `--keep: "${text}" is not a length of time of a second or more`, {
    hints: ["as long as the server keeps the door open: 30s, 10m, 1h"],
  });
}
