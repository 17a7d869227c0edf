import { humanDuration } from "../../base/duration.ts";
import type { Entry, Level } from "../../base/log.ts";
import { formatPort } from "../../base/port.ts";
import type { FlagTest } from "../../base/tcp-flags.ts";
import { formatFlagTest } from "../../base/tcp-flags.ts";
import type { WallTime } from "../../base/time.ts";
import { formatLocalTime } from "../../base/time.ts";
import type { Packet } from "../../decode/packet.ts";
import type { Verdict } from "../../match/verdict.ts";
import type { LogPriority } from "./log-rate-limiter.ts";

/** The level of a line about a verdict. */
export function levelOf(verdict: Verdict): Level {
  switch (verdict.kind) {
    case "stage":
    case "open":
      return "notice";
    case "repeat":
      return "info";
    case "failed":
      return verdict.why === "late" ? "notice" : "info";
    case "decoy":
      return verdict.scanner ? "notice" : "debug";
    case "not-started":
      return "debug";
    case "ignored":
      if (verdict.left !== undefined) return "notice";
      return verdict.why === "retransmission" ? "info" : "debug";
  }
}

/** The priority of a line about a verdict, or undefined if the source has just opened the door. */
export function priorityOf(verdict: Verdict): LogPriority | undefined {
  switch (verdict.kind) {
    case "open":
      return undefined;
    case "stage":
      // The last stage is told together with the opening.
      if (verdict.stage === verdict.door.sequence.length) return undefined;
      return verdict.stage > 1 ? "high" : "low";
    case "repeat":
    case "failed":
      return verdict.stage > 1 ? "high" : "low";
    case "decoy":
    case "not-started":
    case "ignored":
      return "low";
  }
}

/** The entry about a verdict. Pure. */
export function reportVerdict(verdict: Verdict): Entry {
  const { door, source } = verdict;
  const level = levelOf(verdict);
  const who = { door: door.name, source };
  const line = (what: string) => `${source}: ${door.name}: ${what}`;
  switch (verdict.kind) {
    case "stage": {
      const detail = { stage: verdict.stage, steps: door.sequence.length, reason: "next-step" };
      const text = line(`Stage ${verdict.stage}`);
      return { level, event: "stage", text, ...who, detail };
    }
    case "open": {
      const detail = { reason: "sequence-complete" };
      return { level, event: "open", text: line("OPEN SESAME"), ...who, detail };
    }
    case "repeat": {
      const detail = { stage: verdict.stage, reason: "same-step-again" };
      const text = line(`Stage ${verdict.stage} again`);
      return { level, event: "repeat", text, ...who, detail };
    }
    case "failed": {
      const detail = { stage: verdict.stage, reason: verdict.why };
      if (verdict.why === "late") {
        const text = line(`sequence timeout (stage ${verdict.stage})`);
        return { level, event: "failed", text, ...who, detail };
      }
      const between = verdict.why === "decoy" ? "a decoy" : "another port";
      const text = line(`knock failed at stage ${verdict.stage}: ${between} came in between`);
      return { level, event: "failed", text, ...who, detail };
    }
    case "decoy": {
      if (!verdict.scanner) {
        const text = line("touched a decoy");
        return { level, event: "decoy", text, ...who, detail: { reason: "decoy" } };
      }
      const text = `${source}: touched three decoys within a minute, ignored for a minute`;
      return { level, event: "decoy", text, ...who, detail: { reason: "scanner" } };
    }
    case "not-started": {
      const { step } = verdict;
      const [first] = door.sequence;
      const begins = first === undefined ? "" : `: it begins with ${formatPort(first)}`;
      const text = line(`step ${step} of the sequence, but no knock is under way${begins}`);
      const detail = { step, steps: door.sequence.length, reason: "not-started" };
      return { level, event: "seen", text, ...who, detail };
    }
    case "ignored": {
      if (verdict.left !== undefined) {
        const detail = { reason: verdict.why, remainingMs: Math.round(verdict.left) };
        const text = `${source}: knocks, but is ignored for ${humanDuration(verdict.left)} more`;
        return { level, event: "ignored", text, ...who, detail };
      }
      const text = ignored[verdict.why](door.flags);
      return { level, event: "ignored", text, ...who, detail: { reason: verdict.why } };
    }
  }
}

const ignored = {
  retransmission: () => "packet was seen before, ignoring...",
  source: () => "packet is not from an allowed source, ignoring...",
  destination: () => "packet is not for this host or the door's target, ignoring...",
  scanner: () => "packet is from a source that scans, ignoring...",
  flags: (flags: FlagTest) => `packet is not ${formatFlagTest(flags).join(",")}, ignoring...`,
};

/** The flags of a TCP packet: `SYN,ACK`. */
export function formatFlags(flags: number): string {
  return formatFlagTest({ mask: flags, value: flags }).join(",");
}

/** What -D says of every packet that came through the filter; `wall`: when it arrived. */
export function reportPacket(packet: Packet, wall: WallTime): Entry {
  const time = formatLocalTime(new Date(wall));
  const { protocol, source, sourcePort, destination, port, length } = packet;
  const route = `${source}:${sourcePort} -> ${destination}:${port}`;
  const text = `${time}: ${protocol}: ${route} ${length} bytes`;
  return { level: "debug", event: "packet", text, source };
}
