import type { AccessOwner } from "../base/access-owner.ts";
import { keyOfOwner, ownerName } from "../base/access-owner.ts";
import type { Address } from "../base/address.ts";
import type { Clock } from "../base/clock.ts";
import type { StatusProblem } from "../base/status-problem.ts";
import { plural } from "../base/text.ts";
import type { WallTime } from "../base/time.ts";
import { formatLocalTime } from "../base/time.ts";
import type { FirewallResult } from "../firewall/firewall.ts";
import type { AccessEvent, AccessOpener } from "../grant/access-event.ts";
import { whoMember } from "../grant/holders.ts";
import { describe } from "../grant/logged-firewall.ts";

/** How many doors whose commands fail the status names one by one. */
const mostNamed = 10;

/** What one door did. Counts begin with the daemon. */
export interface DoorRecord {
  readonly owner: AccessOwner;
  /** How often it was opened; a lease that is extended counts once. */
  readonly openings: number;
  /** Also of an earlier daemon. */
  readonly lastOpening: DoorOpening | undefined;
  /** How often its command failed. */
  readonly failures: number;
  readonly lastFailure: CommandFailure | undefined;
  /** Its command failed, and has not succeeded since. */
  readonly isFailing: boolean;
}

/** When a door was opened, for whom, and by what. */
export interface DoorOpening extends AccessOpener {
  readonly time: WallTime;
  readonly source: Address;
}

export interface CommandFailure {
  readonly time: WallTime;
  readonly source: Address;
  readonly result: FailedResult;
}

type FailedResult = Exclude<FirewallResult, { readonly kind: "done" }>;

/** How an opening ends that is being followed. */
export interface FollowedOpening {
  /** Undefined while its command runs, and if no command runs. */
  readonly result: FirewallResult | undefined;
  readonly stop: () => void;
}

/** Keeps account of when doors were opened, for whom, and whether their commands failed. */
export class DoorActivity {
  readonly #clock: Clock;
  readonly #records = new Map<string, DoorRecord>();
  readonly #listeners = new Set<(event: AccessEvent) => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes an event into account. */
  record(event: AccessEvent): void {
    for (const listener of this.#listeners) listener(event);
    const { owner, source } = event;
    const key = keyOfOwner(owner);
    const before = this.#records.get(key) ?? emptyRecord(owner);
    const time = this.#clock.wall();
    if (event.kind === "opened") {
      const lastOpening = { time, source, by: event.by, ...whoMember(event.who ?? "") };
      this.#records.set(key, { ...before, openings: before.openings + 1, lastOpening });
    } else if (event.kind === "ended" && event.method === "command") {
      this.#records.set(key, afterCommand(before, { time, source, result: event.result }));
    }
  }

  /** Takes what earlier daemons opened last into account, by the name of the door: where it is the name of one door. */
  recall(openings: ReadonlyMap<string, DoorOpening>, names: readonly string[]): void {
    for (const [name, lastOpening] of openings) {
      if (names.filter((one) => one === name).length !== 1) continue;
      const owner = { kind: "door", name, nth: 1 } as const;
      const record = this.#records.get(keyOfOwner(owner)) ?? emptyRecord(owner);
      if (record.lastOpening !== undefined) continue;
      this.#records.set(keyOfOwner(owner), { ...record, lastOpening });
    }
  }

  /** Returns what the `nth` door of this name did; undefined if nothing. */
  of(name: string, nth: number): DoorRecord | undefined {
    return this.#records.get(keyOfOwner({ kind: "door", name, nth }));
  }

  /** Forgets what doors of these names did: the configuration has them no more, or has others. */
  forget(names: readonly string[]): void {
    for (const [key, { owner }] of this.#records) {
      if (names.includes(ownerName(owner))) this.#records.delete(key);
    }
  }

  /** Returns the doors whose command failed when it ran last. */
  get problems(): readonly StatusProblem[] {
    const failing = [...this.#records.values()].filter(({ isFailing }) => isFailing);
    const more = failing.length - mostNamed;
    const message = `the commands of ${plural(more, "more door")} failed: knockctl doors --json`;
    return [
      ...failing.slice(0, mostNamed).flatMap(describeFailing),
      ...(more > 0 ? [{ code: "command-failed", message } as const] : []),
    ];
  }

  /** Follows an opening that is about to be asked for. Call `stop` at its end. */
  follow({ owner, source }: Pick<AccessEvent, "owner" | "source">): FollowedOpening {
    const key = keyOfOwner(owner);
    let result: FirewallResult | undefined;
    const listener = (event: AccessEvent) => {
      if (event.kind !== "ended" || keyOfOwner(event.owner) !== key) return;
      if (event.source.equals(source)) result = event.result;
    };
    this.#listeners.add(listener);
    return {
      get result() {
        return result;
      },
      stop: () => this.#listeners.delete(listener),
    };
  }
}

function emptyRecord(owner: AccessOwner): DoorRecord {
  const nothing = { lastOpening: undefined, lastFailure: undefined };
  return { owner, openings: 0, failures: 0, isFailing: false, ...nothing };
}

function afterCommand(
  before: DoorRecord,
  { result, ...when }: Omit<CommandFailure, "result"> & { readonly result: FirewallResult },
): DoorRecord {
  if (result.kind === "done") return { ...before, isFailing: false };
  const lastFailure = { ...when, result };
  return { ...before, failures: before.failures + 1, lastFailure, isFailing: true };
}

function describeFailing({ owner, failures, lastFailure }: DoorRecord): StatusProblem[] {
  if (lastFailure === undefined) return [];
  const { time, source, result } = lastFailure;
  const door = ownerName(owner);
  const last = `last ${formatLocalTime(new Date(time))} for ${source}`;
  const message = `"${door}": its command failed ${plural(failures, "time")}, ${last}: ${describeWithOutput(result)}`;
  return [{ code: "command-failed", message, door, source }];
}

/** Returns how a command ended, and the first line that it wrote to its standard error. */
export function describeWithOutput(result: FirewallResult): string {
  const stderr = result.kind === "not-started" ? undefined : result.stderr;
  return stderr === undefined ? describe(result) : `${describe(result)}: ${stderr}`;
}
