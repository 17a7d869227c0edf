// What `knockctl doctor` finds wrong before a knock comes. Pure.
import type { Address } from "../../../base/address.ts";
import { backends } from "../../../base/backends.ts";
import { humanDuration } from "../../../base/duration.ts";
import { plural } from "../../../base/text.ts";
import type { Config } from "../../../config/config.ts";
import type { HostInterface } from "../../../system/interfaces.ts";
import type { DaemonFacts, DoctorFacts } from "./facts.ts";

/** Something wrong, or likely so. */
export interface DoctorFinding {
  /** A warning does not change the exit code. */
  readonly level: "problem" | "warning";
  /** A stable name. */
  readonly code: string;
  readonly message: string;
  /** Where in the configuration, as `/etc/knockd.conf:3`. */
  readonly place?: string;
  /** What helps: a command or a step each. */
  readonly hints: readonly string[];
}

/** What the administrator asks about. */
export interface DoctorQuestion {
  /** The name of a door; `undefined`: all. */
  readonly door: string | undefined;
  /** Where the knock is expected from; `undefined`: anywhere. */
  readonly source: Address | undefined;
  /** Returns a command of knockctl as the administrator has to type it. */
  readonly typed: (command: string) => string;
}

/** Returns what is wrong, problems first, each once. */
export function findFaults(facts: DoctorFacts, question: DoctorQuestion): DoctorFinding[] {
  const all = [
    ...ofConfig(facts, question),
    ...(facts.daemon === undefined
      ? [problem("not-running", "knockd does not run", [facts.startCommand])]
      : ofDaemon(facts.daemon, facts, question)),
    ...ofInterfaces(facts),
    ...ofKernel(facts),
    ...ofClock(facts),
  ];
  const once = new Map<string, DoctorFinding>();
  for (const one of [...all].sort((a, b) => rank(a) - rank(b))) {
    if (!once.has(one.message)) once.set(one.message, one);
  }
  return [...once.values()];
}

/** No command brings a missing interface: what one mends stands before it. */
function rank({ level, code }: DoctorFinding): number {
  if (level === "warning") return 2;
  return code === "interface-missing" ? 1 : 0;
}

function problem(code: string, message: string, hints: readonly string[] = []): DoctorFinding {
  return { level: "problem", code, message, hints };
}

function warning(code: string, message: string, hints: readonly string[] = []): DoctorFinding {
  return { level: "warning", code, message, hints };
}

function ofConfig(
  { checked, unreadable }: DoctorFacts,
  { typed }: DoctorQuestion,
): DoctorFinding[] {
  if (unreadable !== undefined) return [problem("config-unusable", unreadable, [typed("init")])];
  const { file, problems, users, fleet } = checked;
  const ofFile = problems.map(({ severity, line, column, message, hint }) => {
    const hints = hint === undefined ? [] : [hint];
    if (severity === "error") {
      return { ...problem("config-unusable", message, hints), place: `${file}:${line}:${column}` };
    }
    return { ...warning("config", message, hints), place: `${file}:${line}` };
  });
  return [...ofFile, ...ofOtherFile("users", users), ...ofOtherFile("fleet-file", fleet)];
}

/** `code`: of a warning; that of a file that cannot be used has `-unusable` at its end. */
function ofOtherFile(
  code: string,
  checked: { readonly usable: boolean; readonly problems: readonly string[] } | undefined,
): DoctorFinding[] {
  return (checked?.problems ?? []).map((text) => {
    const isFatal = checked?.usable === false;
    const found = isFatal ? problem(`${code}-unusable`, text) : warning(code, text);
    // FILE:LINE:COLUMN: message, and perhaps such a line with a hint.
    const [, place, message, hint] =
      /^(\/.*?(?::\d+)*): (?:warning: |error: )?(.*)(?:\n.*?: hint: (.*))?$/.exec(text) ?? [];
    if (place === undefined || message === undefined) return found;
    return { ...found, place, message, hints: hint === undefined ? [] : [hint] };
  });
}

function ofDaemon(
  daemon: DaemonFacts,
  { checked }: DoctorFacts,
  { door, source, typed }: DoctorQuestion,
): DoctorFinding[] {
  const { status, doors, blocked, isConfigStale, isInThisNetwork } = daemon;
  const { configFile, problems, capture, ignored } = status;
  const found = problems.map(({ code, message, hints = [], door: its }) => {
    // What is wrong with another door is not what was asked about.
    const isOther = door !== undefined && its !== undefined && its !== door;
    return isOther ? warning(code, message, hints) : problem(code, message, hints);
  });
  for (const { message, hints } of blocked) found.push(problem("service-blocked", message, hints));
  if (configFile !== checked.file) {
    const message = `knockd runs with another configuration, ${configFile}, and not ${checked.file}`;
    found.push(problem("other-config", message, [typed("doctor")]));
  } else if (isConfigStale) {
    const message = `${configFile} was changed after knockd read it`;
    found.push(problem("config-changed", message, checked.usable ? [typed("reload")] : []));
  }
  if (!isInThisNetwork) {
    const message =
      "knockd runs in another network namespace: its packets cannot be seen from here";
    found.push(problem("other-network", message, ["run knockctl doctor where knockd runs"]));
  }
  for (const { name, state } of doors.filter((one) => door === undefined || one.name === door)) {
    if (state !== "disabled") continue;
    const message = `[${name}] is disabled: its time has ended, or its sequences are used up`;
    found.push(
      door === undefined ? warning("door-disabled", message) : problem("door-disabled", message),
    );
  }
  for (const { source: address, remainingMs } of ignored) {
    if (source === undefined || !address.equals(source)) continue;
    const message = `${address} is ignored for ${humanDuration(remainingMs)} more: it touched three decoys`;
    found.push(problem("ignored", message, [typed(`forgive ${address}`)]));
  }
  if (capture.dropped > 0) {
    const message = `the kernel dropped ${plural(capture.dropped, "packet")} that came faster than knockd read them`;
    found.push(warning("packets-dropped", message));
  }
  return found;
}

/** Those that are missing are among the problems of the daemon, or of the check. */
function ofInterfaces({ config, survey }: DoctorFacts): DoctorFinding[] {
  const down = listenedInterfaces(config, survey.interfaces).filter(({ isUp }) => !isUp);
  const hints = (name: string) => [`ip link set ${name} up`];
  return config?.options.interfaces === undefined
    ? []
    : down.map(({ name }) =>
        problem("interface-down", `${name} is down: no packet comes in there`, hints(name)),
      );
}

/** Returns the interfaces on which knockd listens, as far as they exist. */
export function listenedInterfaces(
  config: Config | undefined,
  all: readonly HostInterface[],
): readonly HostInterface[] {
  const names = config?.options.interfaces?.map((name) => name.replace(/:.*$/, ""));
  return names === undefined ? all : all.filter(({ name }) => names.includes(name));
}

function ofKernel({ config, survey }: DoctorFacts): DoctorFinding[] {
  const { version, refusal } = survey.nft;
  // The rules of a firewall that can protect are nft's.
  const isNeeded =
    config !== undefined &&
    backends[config.options.firewall].canProtect &&
    config.doors.some(({ action }) => action.kind === "native");
  if (!isNeeded) return [];
  if (version === undefined) {
    return [
      problem("nft-missing", "nft is missing, and native doors need it", ["apt install nftables"]),
    ];
  }
  if (refusal === undefined) return [];
  const message = `the kernel or nft does not take the rules of native doors: ${refusal}`;
  return [problem("rules-refused", message, ["modprobe nf_tables, or a kernel with nftables"])];
}

/** Dates matter to doors that end at one. */
function ofClock({ config, survey }: DoctorFacts): DoctorFinding[] {
  const until = config?.doors.filter((door) => door.until !== undefined) ?? [];
  if (survey.isClockSynchronized !== false || until.length === 0) return [];
  const names = until.map(({ name }) => `[${name}]`).join(", ");
  const message = `the clock is not synchronized, and ${names} ends at a date`;
  return [warning("clock", message, ["apt install systemd-timesyncd, or chrony"])];
}
