// The end of `knockctl doctor`: whether all is well, and what to do next. Pure.
import { humanDuration } from "../../../base/duration.ts";
import { defaultConfigFile } from "../../../base/paths.ts";
import type { Port } from "../../../base/port.ts";
import { plural, printable } from "../../../base/text.ts";
import type { Advice, AdviceParts } from "./explain.ts";
import { explainSilence, explainTrace, knockCommand } from "./explain.ts";
import { explainKeyKnocks } from "./explain-keys.ts";
import type { DoctorFacts } from "./facts.ts";
import type { DoctorFinding, DoctorQuestion } from "./findings.ts";
import type { CompleteKnock, SessionResult } from "./session.ts";

/** `isGood`: the knock is right and nothing is wrong; else the exit code is 3. */
export interface DoctorVerdict extends Advice {
  readonly isGood: boolean;
  /** A stable name of what the verdict is about: a finding, or what a knock lacks. */
  readonly code: string;
}

export interface VerdictParts extends AdviceParts {
  readonly facts: DoctorFacts;
  readonly findings: readonly DoctorFinding[];
  readonly question: DoctorQuestion;
  /** `undefined`: nothing was listened for. */
  readonly session: SessionResult | undefined;
  readonly isDry: boolean;
  /** The sequences of the doors that were asked about. */
  readonly sequences: readonly (readonly Port[])[];
}

/** Findings without which no knock can open anything, whatever comes. */
const fatal = ["config-unusable", "not-running", "other-network", "other-config"];

export function judge(parts: VerdictParts): DoctorVerdict {
  const { session, question } = parts;
  if (session === undefined) return judgeFindings(parts);
  if (session.hasLostDaemon) {
    const message = "knockd ended while this command listened";
    return { isGood: false, code: "not-running", message, next: parts.facts.startCommand };
  }
  if (session.complete !== undefined) return judgeComplete(session.complete, parts);
  const knockPorts = parts.facts.config?.options.knockPorts ?? [];
  const byKey = explainKeyKnocks(session.keyKnocks, { ...parts, knockPorts });
  if (byKey !== undefined) return { isGood: false, ...byKey };
  const [trace] = session.traces;
  if (trace !== undefined) {
    const advice = explainTrace(trace, parts);
    return { isGood: false, code: trace.diagnose().kind, ...advice };
  }
  const first = problemsOf(parts).find(({ code }) => fatal.includes(code));
  if (first !== undefined) return ofFinding(first, parts);
  const silence = explainSilence(question.source, parts.sequences, { ...parts, knockPorts });
  return { isGood: false, code: "silence", ...silence };
}

function problemsOf({ findings }: VerdictParts): readonly DoctorFinding[] {
  return findings.filter(({ level }) => level === "problem");
}

function ofFinding(
  { code, message, place, hints }: DoctorFinding,
  { typed, facts }: VerdictParts,
): DoctorVerdict {
  if (place === undefined) {
    return { isGood: false, code, message, next: hints[0] ?? typed("status") };
  }
  // A fault in the file seldom comes alone, and its hint says little without the line.
  const { file } = facts.checked;
  const next = typed(file === defaultConfigFile ? "check" : `check ${printable(file)}`);
  return { isGood: false, code, message: `${place}: ${message}`, next };
}

function judgeFindings(parts: VerdictParts): DoctorVerdict {
  const [first, ...others] = problemsOf(parts);
  const { typed, question } = parts;
  if (first !== undefined) {
    const verdict = ofFinding(first, parts);
    const more = others.length === 0 ? "" : ` (and ${plural(others.length, "problem")} more)`;
    return { ...verdict, message: `${verdict.message}${more}` };
  }
  const door = question.door === undefined ? "" : ` ${question.door}`;
  const message = "this machine is in order; whether a knock arrives was not tested";
  return { isGood: true, code: "in-order", message, next: typed(`doctor${door}`) };
}

function judgeComplete(knock: CompleteKnock, parts: VerdictParts): DoctorVerdict {
  const { typed, facts, isDry } = parts;
  const { door, source, end } = knock;
  const right = `the knock of ${source} at [${door}] is right`;
  const bad = (code: string, message: string, next: string) => {
    return { isGood: false, code, message, next };
  };
  switch (end.kind) {
    case "matched": {
      const [first] = problemsOf(parts);
      const would =
        facts.daemon === undefined || !isDry ? right : `${right}; it would open the door`;
      if (first === undefined) {
        return { isGood: true, code: "matched", message: would, next: typed(`doctor ${door}`) };
      }
      const verdict = ofFinding(first, parts);
      return { ...verdict, message: `${right}, but ${first.message}` };
    }
    case "ignored": {
      const message = `${right}, but knockd ignores ${source}: it touched three decoys`;
      return bad("ignored", message, typed(`forgive ${source}`));
    }
    case "unheard": {
      const [first] = problemsOf(parts);
      if (first !== undefined) {
        const { message, next } = ofFinding(first, parts);
        return bad("unheard", `${right}, but knockd did not take it: ${message}`, next);
      }
      const why = "it may run with an older configuration, or have lost packets";
      return bad("unheard", `${right}, but knockd did not take it: ${why}`, typed("reload"));
    }
    case "running": {
      const message = `${right}; its command still runs after 5s`;
      return bad("running", message, typed("status"));
    }
    case "not-in-kernel": {
      const message = `${right}, and knockd opened the door, but the kernel does not know of it`;
      return bad("not-in-kernel", message, typed("reload"));
    }
    case "failed": {
      const message = `${right}, but its command failed: ${end.reason}`;
      return bad("command-failed", message, typed(`open ${door} ${source}`));
    }
    case "opened":
      return judgeOpened(knock, end.lease?.remainingMs, parts);
  }
}

function judgeOpened(
  { door, source }: CompleteKnock,
  remainingMs: number | undefined,
  parts: VerdictParts,
): DoctorVerdict {
  const { facts, typed } = parts;
  const report = facts.daemon?.doors.find(({ name }) => name === door);
  const opens = report?.opens ?? [];
  const what = opens.length === 0 ? "" : `: ${opens.join(", ")}`;
  const time = remainingMs === undefined ? "" : ` for ${humanDuration(remainingMs)}`;
  const message = `the knock of ${source} opened [${door}]${what}${time}`;
  const blocked = facts.daemon?.blocked.find(({ service }) => opens.includes(service));
  if (blocked !== undefined) {
    const next = blocked.hints[0] ?? typed("status");
    const text = `${message}, but ${blocked.message}`;
    return { isGood: false, code: "service-blocked", message: text, next };
  }
  const [first] = problemsOf(parts);
  if (first === undefined) {
    return { isGood: true, code: "opened", message, next: typed(`history ${door}`) };
  }
  return { ...ofFinding(first, parts), message: `${message}; but ${first.message}` };
}

/** Returns the lines that clients type to knock at these doors. */
export function knockLines(
  doors: readonly { readonly name: string; readonly sequence: readonly Port[] }[],
  host: string,
): string[] {
  return doors.map(({ sequence }) => knockCommand(sequence, host));
}
