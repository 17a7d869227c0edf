import { existsSync } from "node:fs";
import { humanDuration } from "../../base/duration.ts";
import type { StatusProblem } from "../../base/status-problem.ts";
import { plural, printable } from "../../base/text.ts";
import { readConfig } from "../../config/load.ts";
import type { Result } from "../../control/methods.ts";
import type { LeaseReport } from "../../control/reports.ts";
import { reportBlockedDoors } from "../../setup/blocked-services.ts";
import { isConfigStale } from "../../setup/config-staleness.ts";
import { findMissingRoot, rootHint } from "../../setup/service-user.ts";
import { networkNamespace } from "../../system/namespaces.ts";
import { fitLines } from "../program.ts";
import type { Screen } from "../screen.ts";
import { paint } from "../screen.ts";
import { formatList } from "../table.ts";
import type { Command } from "./command.ts";
import { print, withDaemon } from "./command.ts";
import { countUntracked, formatDoors, selectDoors } from "./doors.ts";
import { describeFleet } from "./fleet.ts";
import { formatLeases } from "./leases.ts";
import { leasesOf } from "./subject.ts";

/** More leases than fit on a screen are left to `knockctl leases`. */
const mostLeases = 20;

/** How many ignored sources are shown. */
const mostIgnored = 5;

/** The exit code for monitoring: knockd runs, and something is wrong. */
const problemsFound = 3;

export const status: Command = {
  name: "status",
  group: "look",
  summary: "show state and problems of knockd",
  operands: [{ name: "DOOR", isOptional: true }],
  description: `
    Shows the state of knockd: its doors, open leases, attempts and problems. With a door, shows
    only this door and its leases. If there are problems, exits with 3.`,
  asksDaemon: true,
  options: [],
  example: "status --json",
  async run(line, io) {
    const answers = await withDaemon(line, async (daemon) => ({
      status: await daemon.ask("status", {}),
      doors: await daemon.ask("doors", {}),
      leases: await daemon.ask("leases", {}),
    }));
    const [door] = line.operands;
    const doors = selectDoors(door, answers.doors);
    const leases = leasesOf(door === undefined ? {} : { door }, answers.leases);
    const seen = await findSeenProblems(answers.doors, answers.status);
    const problems = [...answers.status.problems, ...seen];
    const found = { doors, leases, status: { ...answers.status, problems } };
    print(line, io, found, (screen) =>
      [
        formatStatus(found.status, screen),
        formatDoors(found.doors, screen),
        formatSome(found.leases, countUntracked(found.doors), screen),
      ].join("\n"),
    );
    return found.status.problems.length === 0 ? 0 : problemsFound;
  },
};

/**
 * Returns the problems that this process sees, where it is on the host of the daemon: a configuration that was
 * changed since, and each service of these doors that another firewall drops.
 */
export async function findSeenProblems(
  doors: Result<"doors">,
  status: Result<"status">,
): Promise<readonly StatusProblem[]> {
  const blocked = await reportBlockedDoors(doors, status);
  return [
    ...findStaleConfig(status),
    ...findNeedsRoot(status),
    ...blocked.map(({ message, hints }) => ({ code: "service-blocked", message, hints }) as const),
  ];
}

function findStaleConfig(status: Result<"status">): readonly StatusProblem[] {
  const { networkNamespace: theirs, configFile, problems } = status;
  // A daemon in a container has another file of this name.
  if (theirs === undefined || theirs !== networkNamespace()) return [];
  const isRefused = problems.some(({ code }) => code === "config-refused");
  if (isRefused || !isConfigStale(status)) return [];
  const message = `${configFile} was changed after knockd read it`;
  return [{ code: "config-stale", message, hints: ["knockctl reload"] }];
}

/** A unit without root runs the commands of doors without root, too. */
function findNeedsRoot({
  networkNamespace: theirs,
  configFile,
}: Result<"status">): readonly StatusProblem[] {
  if (theirs === undefined || theirs !== networkNamespace() || !existsSync(configFile)) return [];
  const parsed = readConfig(configFile, "/");
  if (parsed.config === undefined) return [];
  return findMissingRoot(configFile, parsed.config, parsed).map(({ reason }) => ({
    code: "needs-root",
    message: `${reason}, but knockd.service runs without root`,
    hints: [rootHint],
  }));
}

type FoundProblem = Result<"status">["problems"][number];

function formatStatus(found: Result<"status">, screen: Screen): string {
  const { release, pid, uptimeMs, capture, firewall, journal, problems } = found;
  const protects = firewall.protects.length === 0 ? "nothing" : firewall.protects.join(", ");
  const facts: [name: string, value: string][] = [
    ["knockd", `${release}, process ${pid}, up ${humanDuration(uptimeMs)}`],
    ["configuration", found.configFile],
    ["listening on", describeInterfaces(found)],
    ["firewall", `${firewall.kind}, protects ${protects}`],
    ...describeTrial(firewall),
    ["journal", journal.problem ?? "in order"],
    ["packets", `${capture.received} received, ${capture.dropped} dropped by the kernel`],
    ["knocking", describeAttempts(found.knocksByStage)],
    ...describeIgnored(found.ignored),
    ["open", plural(found.leaseCount, "lease")],
    ...(found.fleet === undefined
      ? []
      : [["fleet", describeFleet(found.fleet)] as [string, string]]),
  ];
  const list = formatList(facts, screen);
  return `${list}${problems.map((problem) => formatStatusProblem(problem, screen)).join("")}`;
}

function describeInterfaces({ interfaces, missingInterfaces }: Result<"status">): string {
  const isMissing = (name: string) => missingInterfaces.includes(name);
  return interfaces.map((name) => (isMissing(name) ? `${name} (missing)` : name)).join(", ");
}

function formatStatusProblem({ message, hints = [] }: FoundProblem, screen: Screen): string {
  const texts = [`problem: ${message}`, ...hints.map((hint) => `hint: ${hint}`)].map(printable);
  const [problem = "", ...rest] = texts.map((text) => fitLines(text, screen));
  return [paint(screen, "red", problem), ...rest].map((text) => `${text}\n`).join("");
}

function describeTrial({ trial }: Result<"status">["firewall"]): [name: string, value: string][] {
  if (trial === undefined) return [];
  const end = `for ${humanDuration(trial.remainingMs)} more, unless confirmed`;
  return [["on trial", `${trial.services.join(", ")} ${end}`]];
}

function describeAttempts(attempts: readonly number[]): string {
  const stages = attempts.flatMap((count, i) =>
    count === 0 ? [] : [`${count} at stage ${i + 1}`],
  );
  return stages.length === 0 ? "none" : stages.join(", ");
}

function describeIgnored(ignored: Result<"status">["ignored"]): [name: string, value: string][] {
  const more = ignored.length - mostIgnored;
  const lines = ignored.slice(-mostIgnored).map(({ source, remainingMs }) => {
    return `${source} for ${humanDuration(remainingMs)} more (touched three decoys)`;
  });
  const all = more > 0 ? [...lines, `and ${more} more: knockctl status --json`] : lines;
  return all.map((line, i) => [i === 0 ? "ignored" : "", line]);
}

function formatSome(leases: readonly LeaseReport[], untracked: number, screen: Screen): string {
  const rest = leases.length - mostLeases;
  const more = rest > 0 ? `and ${rest} more: knockctl leases\n` : "";
  return `${formatLeases(leases.slice(0, mostLeases), untracked, screen)}${more}`;
}
