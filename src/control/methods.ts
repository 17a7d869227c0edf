// Longer than other files: all that an administrator can ask the daemon for, a row each. Lengths of time are
// milliseconds. From a row follow the types, the checks on both sides, the dispatch, and the table in docs/control-protocol.md.
import * as v from "valibot";
import { fleetClosing, fleetReport } from "./fleet-reports.ts";
import {
  doorReport,
  historyReport,
  keyReport,
  leaseReport,
  minuteReport,
  statusReport,
  trialReport,
} from "./reports.ts";
import {
  address,
  amount,
  count,
  deviceName,
  doorName,
  flag,
  length,
  listOf,
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

const protection = v.object({
  /** What is protected now, as `tcp/22`. */
  services: texts,
});

export const methods = {
  status: question({ params: none, result: statusReport }),

  doors: question({ params: none, result: listOf(doorReport) }),

  leases: question({ params: none, result: listOf(leaseReport) }),

  /** Who opened what, the oldest first. */
  history: question({
    params: v.strictObject({
      door: v.exactOptional(doorName),
      address: v.exactOptional(address),
      /** Of the time that has passed since, by default as far back as is known. */
      sinceMs: v.exactOptional(length),
      /** The newest of so many, by default 1000. */
      most: v.exactOptional(count),
    }),
    result: listOf(historyReport),
  }),

  /** The minutes of the last day in which packets were counted, the oldest first. */
  traffic: question({ params: none, result: listOf(minuteReport) }),

  /** The keys of the users file in force. */
  keys: question({ params: none, result: listOf(keyReport) }),

  /** The fleet of this gateway. */
  fleet: question({
    params: v.strictObject({
      /** List the leases that the fleet knows of, too. */
      leases: v.exactOptional(yes),
    }),
    result: v.object({
      /** Absent without `Fleet`. */
      fleet: v.exactOptional(fleetReport),
    }),
  }),

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
        /** Close at this gateway alone, and not in the whole fleet. */
        here: v.exactOptional(yes),
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
      /** How many connections were ended. */
      connectionsCut: amount,
      /** Absent if nothing was closed elsewhere: without `Fleet`, with `here`, or for a door that is not shared. */
      fleet: v.exactOptional(fleetClosing),
    }),
  }),

  open: change({
    params: v.strictObject({
      door: doorName,
      address,
      /** How long, instead of what the configuration says. */
      forMs: v.exactOptional(length),
    }),
    result: v.object({
      /** Absent if nothing closes what was opened. */
      lease: v.exactOptional(leaseReport),
      /** Its command has not ended yet. */
      running: v.exactOptional(yes),
    }),
  }),

  /** From now on the lease lasts at least `forMs`. It never gets shorter. */
  extend: change({
    params: v.strictObject({ door: doorName, address, forMs: length }),
    result: leaseReport,
  }),

  /** Ignores an address, or none at all, no longer. */
  forgive: change({
    params: v.union(
      [v.strictObject({ address }), v.strictObject({ all: yes })],
      "expected an address, or else all",
    ),
    result: v.object({
      /** Those that were ignored. */
      forgiven: listOf(address),
    }),
  }),

  reload: change({
    params: v.strictObject({
      /** Read the users file alone, for the configuration in force. */
      users: v.exactOptional(yes),
    }),
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
      /** Where the administrator's knock is expected from; absent: from anywhere. */
      address: v.exactOptional(address),
      /** The far end of the administrator's own connection; absent at the console. */
      port: v.exactOptional(port),
      /** What to protect, as `tcp/22`; absent: all that native doors open. */
      services: v.exactOptional(services),
      /** How long the trial lasts, instead of three minutes. */
      forMs: v.exactOptional(length),
    }),
    result: v.object({
      /** What is on trial, as `tcp/22`. */
      services: texts,
      address: v.exactOptional(address),
      /** Until all is as before. */
      remainingMs: amount,
      /** Names of the doors that open these services. */
      doors: texts,
      /** What the administrator may have overlooked: a sentence each. */
      warnings: texts,
    }),
  }),

  /** What is on trial, and what has come of the knock. It has sequences in it: not for logs. */
  trial: question({
    params: none,
    result: v.object({ trial: v.exactOptional(trialReport) }),
  }),

  /** For so long, knocks are matched and logged, and open nothing; what is open stays open. */
  rehearse: change({
    params: v.union(
      [
        v.strictObject({
          /** Whose knocks; absent: those of all sources. */
          address: v.exactOptional(address),
          forMs: length,
        }),
        v.strictObject({ end: yes }),
      ],
      "expected forMs, or else end",
    ),
    result: v.object({
      /** Until knocks open again; 0: now. */
      remainingMs: amount,
    }),
  }),

  /** For so long, the log tells of each refused packet of one device, also of one whose clock is far off. */
  watchUser: change({
    params: v.union(
      [
        v.strictObject({ user: deviceName, forMs: length }),
        v.strictObject({ user: deviceName, end: yes }),
      ],
      "expected a user and forMs, or else a user and end",
    ),
    result: v.object({
      /** Until it ends; 0: now. */
      remainingMs: amount,
      /** The UDP ports at which knocks by key arrive. */
      ports: listOf(port),
    }),
  }),

  /** A new connection from where a knock came shows that the administrator still gets in; the console needs no such proof. */
  confirm: change({
    params: v.union(
      [
        v.strictObject({
          address,
          port,
          /** Also what the doors open at which no knock has come. */
          all: v.exactOptional(yes),
        }),
        v.strictObject({ console: yes }),
      ],
      "expected an address and a port, or else console",
    ),
    result: v.object({
      /** What stays protected, as `tcp/22`. */
      services: texts,
      /** Names of the doors that open what was on trial. */
      doors: texts,
      /** Those of them that no knock of the address has opened; at the console, no knock of any source. */
      unproven: v.exactOptional(texts),
      /** What is still on trial. */
      trial: v.exactOptional(v.object({ services: texts, remainingMs: amount })),
    }),
  }),
};

/** What is answered once. There is one more: `watch`, which takes no parameters and has no end. */
export type Method = keyof typeof methods;
export type Params<M extends Method> = v.InferOutput<(typeof methods)[M]["params"]>;
export type Result<M extends Method> = v.InferOutput<(typeof methods)[M]["result"]>;

function question<P, R>(row: Omit<MethodRow<P, R>, "changes">): MethodRow<P, R> {
  return { ...row, changes: false };
}

function change<P, R>(row: Omit<MethodRow<P, R>, "changes">): MethodRow<P, R> {
  return { ...row, changes: true };
}
