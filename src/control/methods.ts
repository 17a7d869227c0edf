// All that an administrator can ask the daemon for, a row each. Times are milliseconds. From a row follow
// the types, the checks on both sides, the dispatch, and the table in docs/control-protocol.md.
import * as v from "valibot";
import { backendKinds } from "../base/backends.ts";
import {
  address,
  amount,
  doorName,
  flag,
  length,
  listOf,
  moment,
  port,
  services,
  texts,
  yes,
} from "./values.ts";

interface MethodRow<P, R> {
  readonly params: v.GenericSchema<unknown, P>;
  readonly result: v.GenericSchema<unknown, R>;
  /** The daemon logs the request, and who made it. */
  readonly changes: boolean;
}

/** A method without parameters takes no members but `id` and `method`. */
export type NoParams = Readonly<Record<string, never>>;

export const none: v.GenericSchema<unknown, NoParams> = v.strictObject({});

const doorReport = v.object({
  name: v.string(),
  /** Steps of the sequence, whose ports are a secret; 0 if a list of sequences is used up. */
  steps: amount,
  /** The protocols that occur in the sequence. */
  protocols: listOf(v.picklist(["tcp", "udp"])),
  /** Ports that are watched for the door to catch scanners. */
  decoys: amount,
  /** From the first step to the last. */
  timeout: amount,
  /** `native`: the kernel closes it; `lease`: a command does; `command`: nothing does. */
  kind: v.picklist(["native", "lease", "command"]),
  /** What a native door opens, as `tcp/22` or `icmp`; empty for others. */
  opens: texts,
  /** How long it stays open; absent if nothing closes it. */
  lasts: v.exactOptional(amount),
  state: v.picklist(["enabled", "disabled"]),
  /** Sources that it is open for now. */
  open: amount,
});

const leaseReport = v.object({
  door: v.string(),
  source: address,
  since: moment,
  /** Until it is closed; 0 if that is overdue. */
  remaining: amount,
  kind: v.picklist(["native", "command"]),
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

const protection = v.object({
  /** What is protected now, as `tcp/22`. */
  services: texts,
});

export const methods = {
  status: question({
    params: none,
    result: v.object({
      /** Sesame's. */
      version: v.string(),
      pid: amount,
      /** Since the daemon started. */
      uptime: amount,
      configFile: v.string(),
      /** Those it listens on; `any` alone means all. */
      interfaces: texts,
      /** How many there are. */
      doors: amount,
      leases: amount,
      /** Knocks that are under way: the first number counts those at stage 1, and so on. */
      attempts: listOf(amount),
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
        trial: v.exactOptional(v.object({ services: texts, remaining: amount })),
      }),
      journal: v.object({
        path: v.string(),
        /** Why it cannot be written; absent if it can. */
        problem: v.exactOptional(v.string()),
      }),
      /** What an administrator should look at: a sentence each. */
      problems: texts,
    }),
  }),

  doors: question({ params: none, result: listOf(doorReport) }),

  leases: question({ params: none, result: listOf(leaseReport) }),

  /** Closes the leases of a door, of an address, of both at once, or all. */
  close: change({
    params: v.pipe(
      v.strictObject({
        door: v.exactOptional(doorName),
        address: v.exactOptional(address),
        all: v.exactOptional(yes),
        /** End the connections that were made through the door, too. */
        cut: v.exactOptional(flag),
        /** Take for closed what could not be closed, without another attempt: of one door and address. */
        forget: v.exactOptional(yes),
      }),
      v.check(
        ({ door, address, all }) =>
          (all === true) !== (door !== undefined || address !== undefined),
        "expected a door, an address or both, or else all",
      ),
      v.check(
        ({ door, address, forget }) =>
          forget === undefined || (door !== undefined && address !== undefined),
        "forget needs a door and an address",
      ),
    ),
    result: v.object({
      closed: listOf(v.object({ door: v.string(), source: address })),
      /** Connections that were ended. */
      cut: amount,
    }),
  }),

  open: change({
    params: v.strictObject({
      door: doorName,
      address,
      /** How long, instead of what the configuration says. */
      for: v.exactOptional(length),
    }),
    result: v.object({
      /** Absent if nothing closes what was opened. */
      lease: v.exactOptional(leaseReport),
    }),
  }),

  /** From now on the lease lasts at least `for`. It never gets shorter. */
  extend: change({
    params: v.strictObject({ door: doorName, address, for: length }),
    result: leaseReport,
  }),

  reload: change({
    params: none,
    result: v.variant("kind", [
      v.object({
        kind: v.literal("reloaded"),
        file: v.string(),
        /** Names of doors. */
        added: texts,
        removed: texts,
        changed: texts,
        /** Directives of the section [options] that say something else now, as written in the file. */
        options: texts,
        /** A line each, with file and place. */
        warnings: texts,
      }),
      // The old configuration stays.
      v.object({ kind: v.literal("refused"), file: v.string(), problems: texts }),
    ]),
  }),

  protect: change({
    params: v.strictObject({
      /** Protect these for good, as `tcp/22`, without a trial; absent: what the configuration says. */
      services: v.exactOptional(services),
    }),
    result: protection,
  }),

  unprotect: change({ params: none, result: protection }),

  /** Protects services on trial: without `confirm` all is soon as before. */
  guard: change({
    params: v.strictObject({
      /** Where the administrator comes from: open as long as the trial lasts. */
      address,
      /** The far end of the administrator's own connection; absent at the console. */
      port: v.exactOptional(port),
      /** What to protect, as `tcp/22`; absent: all that native doors open. */
      services: v.exactOptional(services),
      /** How long the trial lasts, instead of a minute. */
      for: v.exactOptional(length),
    }),
    result: v.object({
      /** What is on trial, as `tcp/22`. */
      services: texts,
      address,
      /** Until all is as before. */
      remaining: amount,
      /** Names of the doors that open these services. */
      doors: texts,
      /** What the administrator may have overlooked: a sentence each. */
      warnings: texts,
    }),
  }),

  /** A new connection shows that the administrator still gets in; the console needs no such proof. */
  confirm: change({
    params: v.union(
      [v.strictObject({ address, port }), v.strictObject({ console: yes })],
      "expected an address and a port, or else console",
    ),
    result: v.object({
      /** What stays protected, as `tcp/22`. */
      services: texts,
      doors: texts,
      /** The administrator's address, while it is open without a knock, and how long that lasts. */
      address: v.exactOptional(address),
      remaining: v.exactOptional(amount),
    }),
  }),
};

/** What is answered once. There is one more: `watch`, which takes no parameters and has no end. */
export type Method = keyof typeof methods;
export type Params<M extends Method> = v.InferOutput<(typeof methods)[M]["params"]>;
export type Result<M extends Method> = v.InferOutput<(typeof methods)[M]["result"]>;

export type DoorReport = v.InferOutput<typeof doorReport>;
export type LeaseReport = v.InferOutput<typeof leaseReport>;

function question<P, R>(row: Omit<MethodRow<P, R>, "changes">): MethodRow<P, R> {
  return { ...row, changes: false };
}

function change<P, R>(row: Omit<MethodRow<P, R>, "changes">): MethodRow<P, R> {
  return { ...row, changes: true };
}
