// What the daemon reports of itself, checked by the client. A later version may add members.
import * as v from "valibot";
import { backendKinds } from "../base/backends.ts";
import { fleetSummary } from "./fleet-reports.ts";
import { address, amount, flag, listOf, moment, port, texts } from "./values.ts";

/** What opens a door: the kernel, which closes it as well, or a command. */
const kind = v.picklist(["native", "command"]);

/** What opened a door: a sequence, a key, an administrator, or the kernel while knockd did not. */
const opener = v.picklist(["knock", "key", "administrator", "kernel"]);

/** The device whose key it was: `alice/laptop`; absent for all others. */
const who = v.exactOptional(v.string());

/** The gateway of the fleet at which that was; absent if at this one. */
const from = v.exactOptional(v.string());

const historySubject = { time: moment, door: v.string(), source: address };

/** Something that happened to a door. */
export const historyReport = v.variant("event", [
  v.object({ ...historySubject, event: v.picklist(["opened", "extended"]), by: opener, who, from }),
  v.object({
    ...historySubject,
    event: v.literal("failed"),
    /** What failed; absent in entries of an earlier version: it was to open. */
    what: v.exactOptional(v.picklist(["open", "close"])),
    reason: v.string(),
  }),
  v.object({
    ...historySubject,
    event: v.literal("forgotten"),
    because: v.picklist(["administrator", "limit"]),
  }),
  v.object({
    ...historySubject,
    event: v.literal("closed"),
    because: v.picklist(["due", "administrator"]),
  }),
]);

export const doorReport = v.object({
  name: v.string(),
  /** Steps of the sequence, whose ports are a secret; 0 if a list of sequences is used up. */
  steps: amount,
  /** The protocols that occur in the sequence. */
  protocols: listOf(v.picklist(["tcp", "udp"])),
  /** The protocol of each step, in their order; absent in answers of an older daemon. */
  stepProtocols: v.exactOptional(listOf(v.picklist(["tcp", "udp"]))),
  /** Ports that are watched for the door to catch scanners. */
  decoys: amount,
  /** From the first step to the last. */
  timeoutMs: amount,
  kind,
  /** What a native door opens, as `tcp/22` or `icmp`; empty for others. */
  opens: texts,
  /** How long it stays open; absent if nothing closes it: what it opened is not tracked. */
  lastsMs: v.exactOptional(amount),
  state: v.picklist(["enabled", "disabled"]),
  /** When it ends and stays closed; absent if it does not end. */
  until: v.exactOptional(moment),
  /** Sources that it is open for now, as far as that is tracked. */
  open: amount,
  /** Since the daemon started. */
  openings: amount,
  /** Also of an earlier daemon; absent if none is known. */
  lastOpening: v.exactOptional(v.object({ time: moment, source: address, by: opener, who })),
  /** How often its command failed since the daemon started; absent if it did not. */
  commandFailures: v.exactOptional(
    v.object({
      count: amount,
      /** The last one. */
      last: v.object({
        time: moment,
        source: address,
        reason: v.string(),
        /** The exit code, if it ended by itself. */
        exitCode: v.exactOptional(amount),
        /** The first line that it wrote to its standard error, shortened. */
        stderr: v.exactOptional(v.string()),
      }),
    }),
  ),
  /** Whether the kernel opens it by itself, also while knockd does not run; `why`: why not, as a clause. Absent if the configuration wants no such doors. */
  kernel: v.exactOptional(v.object({ opens: flag, why: v.exactOptional(v.string()) })),
});

export const leaseReport = v.object({
  door: v.string(),
  source: address,
  /** Those who hold it: devices as `alice/laptop`, `knockctl` for an administrator, `sequence` for a knock; an earlier version has no such member. */
  by: v.exactOptional(texts),
  /** The gateway of the fleet that opened it; absent if this one did. */
  from,
  since: moment,
  /** Until it is closed; 0 if that is overdue. */
  remainingMs: amount,
  kind,
  state: v.picklist(["opening", "open", "closing"]),
  /** Why it could not be closed so far; absent if no attempt failed. It may still be open. */
  failure: v.exactOptional(
    v.object({
      /** How the last attempt ended. */
      reason: v.string(),
      attempts: amount,
      /** The first of them. */
      since: moment,
      /** No further attempt is made. */
      givenUp: flag,
    }),
  ),
  /** Whether the kernel lets the source in now; absent if it is not known, or not the kernel that opens. */
  inKernel: v.exactOptional(flag),
});

/** A key of a device, and what came of its knocks since the daemon started. */
export const keyReport = v.object({
  /** The device, as `alice/laptop`. */
  user: v.string(),
  /** The name of the key in logs. */
  id: v.string(),
  /** The last one that was accepted; absent if none was. */
  lastKnock: v.exactOptional(
    v.object({
      time: moment,
      source: address,
      /** How far the clock of the device was ahead of the daemon's; negative: behind. */
      offsetMs: v.pipe(v.number(), v.integer()),
    }),
  ),
  /** Refused packets, by the name of the check. */
  refusals: v.record(v.string(), amount),
});

/** What was counted in a minute. */
export const minuteReport = v.object({
  /** Its beginning. */
  time: moment,
  /** Packets that passed the kernel's filter and were looked at. */
  packets: amount,
  /** Those of them that were a step of a knock, or a knock by key. */
  steps: amount,
  /** Doors opened by a sequence, a key or the kernel. */
  openings: amount,
  /** Sequences that failed, and refused packets of knocks by key. */
  refusals: amount,
});

const problemReport = v.object({
  /** One of `problemCodes`; a later version may have others. */
  code: v.string(),
  message: v.string(),
  /** What helps: a command or a step each. */
  hints: v.exactOptional(texts),
  door: v.exactOptional(v.string()),
  source: v.exactOptional(address),
});

export const statusReport = v.object({
  /** The version of Sesame. */
  release: v.string(),
  pid: amount,
  /** Since the daemon started. */
  uptimeMs: amount,
  configFile: v.string(),
  /** When the configuration in force was read; absent in answers of an earlier version. */
  configReadAt: v.exactOptional(moment),
  /** Those it listens on; `any` alone means all. */
  interfaces: texts,
  /** Those of them that do not exist now. */
  missingInterfaces: texts,
  /** The network namespace of the daemon, such as `net:[4026531840]`; absent if it is not known. */
  networkNamespace: v.exactOptional(v.string()),
  doorCount: amount,
  leaseCount: amount,
  /** Knocks that are under way: the first number counts those at stage 1, and so on. */
  knocksByStage: listOf(amount),
  /** Sources that touched decoys and are ignored: of very many only the last. */
  ignored: listOf(
    v.object({ source: address, remainingMs: amount, reason: v.picklist(["decoys"]) }),
  ),
  /** Since the daemon started. */
  capture: v.object({
    /** Packets that passed the kernel's filter. */
    received: amount,
    /** Of those, packets that the kernel dropped because the ring was full. */
    dropped: amount,
  }),
  firewall: v.object({
    kind: v.picklist([...backendKinds, "commands"]),
    /** Services that only open sources reach, as `tcp/22`. */
    protects: texts,
    /** Services that are protected for a moment only, unless an administrator confirms it. */
    trial: v.exactOptional(v.object({ services: texts, remainingMs: amount })),
  }),
  journal: v.object({
    path: v.string(),
    /** Why it cannot be written; absent if it can. */
    problem: v.exactOptional(v.string()),
  }),
  /** Absent without `Fleet`. */
  fleet: v.exactOptional(fleetSummary),
  /** What an administrator should look at. */
  problems: listOf(problemReport),
});

/** A step of a sequence, and the packets that have come for it. */
const stepReport = v.object({
  number: port,
  protocol: v.picklist(["tcp", "udp"]),
  packets: amount,
});

export const trialReport = v.object({
  /** What is on trial, as `tcp/22`. */
  services: texts,
  /** Until all is as before. */
  remainingMs: amount,
  /** Where the knock is expected from; absent if packets of all sources count. */
  address: v.exactOptional(address),
  /** Those that open a service on trial, or one that is protected. */
  doors: listOf(
    v.object({
      name: v.string(),
      opens: texts,
      /** Whether it opens a service on trial. */
      onTrial: flag,
      steps: listOf(stepReport),
      /** The devices that may open it by key; absent: none. */
      devices: v.exactOptional(texts),
      /** The sources whose knocks have opened it since the trial began, the latest first: some of them. */
      openedFor: listOf(address),
    }),
  ),
});

export type HistoryReport = v.InferOutput<typeof historyReport>;
export type DoorReport = v.InferOutput<typeof doorReport>;
export type KeyReport = v.InferOutput<typeof keyReport>;
export type LeaseReport = v.InferOutput<typeof leaseReport>;

/** Returns a history entry as JSON has it, or undefined if it is not one. */
export function readHistoryEntry(json: unknown): HistoryReport | undefined {
  const { success, output } = v.safeParse(historyReport, json);
  return success ? output : undefined;
}
