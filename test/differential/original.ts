// A model of knockd 0.8, made from observations of what it does. Each of its shortcomings can be
// cured alone, to see which of them kept a door shut.
import type { Batch, BatchOpening } from "./batch.ts";
import { timeOf } from "./batch.ts";
import type { RandomDoor } from "./doors.ts";
import { flagBits } from "./doors.ts";
import type { Knock } from "./streams.ts";
import { addresses } from "./streams.ts";

/** What knockd gets wrong, and what it is called in the report. */
export const shortcomings = {
  clients: "another client's failure or completion",
  doors: "an attempt on another door",
  again: "a first step that comes again",
  repeat: "a repeat of the step before",
  retransmission: "a retransmission",
  clock: "whole seconds instead of milliseconds",
  address: "an address that came later",
} as const;

export type Shortcoming = keyof typeof shortcomings;

interface OriginalAttempt {
  readonly door: RandomDoor;
  readonly source: string;
  /** Milliseconds. */
  readonly start: number;
  stage: number;
  over: boolean;
}

export class Original {
  readonly #doors: readonly RandomDoor[];
  readonly #cured: ReadonlySet<Shortcoming>;
  /** The oldest first. */
  #attempts: OriginalAttempt[] = [];
  readonly #known = new Set<string>();
  readonly #leeway: number;

  /** `leeway`: with its clock cured, it takes every seq_timeout to be longer by so many milliseconds. */
  constructor(doors: readonly RandomDoor[], cured: Iterable<Shortcoming> = [], leeway = 0) {
    this.#doors = doors;
    this.#leeway = leeway;
    this.#cured = new Set(cured);
  }

  /** Whether the packet passes the filter, which is made of the doors: nothing else is ever seen. */
  sees(knock: Knock): boolean {
    return this.#doors.some(
      (door) =>
        door.steps.some((step) => isStep(step, knock)) &&
        this.#isAddressed(door, knock) &&
        flagsFit(door, knock),
    );
  }

  /** The doors that a packet opens, in their order; `time`: milliseconds. */
  take(knock: Knock, time: number): RandomDoor[] {
    if (!this.sees(knock) || this.#isRetransmission(knock)) return [];
    this.#clean(time);
    const opened: RandomDoor[] = [];
    const mine = this.#attempts.filter(
      ({ source, door }) => source === knock.source && this.#isAddressed(door, knock),
    );
    for (const attempt of mine) {
      if (attempt.over || !flagsFit(attempt.door, knock)) continue;
      if (this.#advance(attempt, knock)) opened.push(attempt.door);
    }
    for (const door of this.#doors) {
      if (opened.includes(door) || !this.#mayStart(door, mine, knock)) continue;
      const over = door.steps.length === 1;
      this.#attempts.push({ door, source: knock.source, start: time, stage: 1, over });
      if (over) opened.push(door);
    }
    this.#merge(knock.source);
    return opened;
  }

  /** Of attempts that cannot be told apart one is enough: else repeated steps would double them each time. */
  #merge(source: string): void {
    const known = new Set<string>();
    this.#attempts = this.#attempts.filter((attempt) => {
      if (attempt.source !== source || attempt.over) return true;
      const identity = [attempt.door.name, attempt.stage, attempt.start].join();
      if (known.has(identity)) return false;
      known.add(identity);
      return true;
    });
  }

  /** True if this was the last step. */
  #advance(attempt: OriginalAttempt, knock: Knock): boolean {
    const { door, source, stage } = attempt;
    const repeats = this.#cured.has("repeat") && isStep(door.steps[stage - 1], knock);
    if (isStep(door.steps[stage], knock)) {
      // Where a port follows itself, the packet may be either: both are pursued.
      if (repeats) this.#attempts.push({ ...attempt });
      attempt.stage++;
      if (attempt.stage < door.steps.length) return false;
      for (const other of this.#attempts) {
        if (other.source === source && other.door === door) other.over = true;
      }
      return true;
    }
    attempt.over = !repeats;
    return false;
  }

  /** `mine`: what the source had under way. */
  #mayStart(door: RandomDoor, mine: readonly OriginalAttempt[], knock: Knock): boolean {
    const isFirst = isStep(door.steps[0], knock);
    if (!isFirst || !this.#isAddressed(door, knock) || !flagsFit(door, knock)) return false;
    return mine.every((attempt) => this.#cured.has(attempt.door === door ? "again" : "doors"));
  }

  /** Removes what is over or too late; with the oldest attempt of all, everything goes. */
  #clean(time: number): void {
    for (const attempt of [...this.#attempts]) {
      if (!attempt.over && !this.#isLate(attempt, time)) continue;
      const isOldest = attempt === this.#attempts[0];
      this.#attempts = this.#attempts.filter(
        (other) => other !== attempt && !(isOldest && this.#pulls(attempt, other)),
      );
    }
  }

  /** Whether the end of the oldest attempt is the end of this one, too. */
  #pulls(oldest: OriginalAttempt, other: OriginalAttempt): boolean {
    if (oldest.source !== other.source) return !this.#cured.has("clients");
    if (oldest.door !== other.door) return !this.#cured.has("doors");
    return !this.#cured.has("again") && !this.#cured.has("repeat");
  }

  #isLate({ door, start }: OriginalAttempt, now: number): boolean {
    if (this.#cured.has("clock")) return now - start >= door.timeout * 1_000 + this.#leeway;
    return Math.floor(now / 1_000) - Math.floor(start / 1_000) >= door.timeout;
  }

  #isAddressed({ target }: RandomDoor, { destination }: Knock): boolean {
    if (target !== undefined) return destination === target;
    return [addresses[4], addresses[6]].some(
      ({ first, second, later }) =>
        destination === first ||
        destination === second ||
        (this.#cured.has("address") && destination === later),
    );
  }

  #isRetransmission({ protocol, source, sourcePort, number, sequenceNumber }: Knock): boolean {
    if (!this.#cured.has("retransmission") || protocol === "udp") return false;
    const identity = [source, sourcePort, number, sequenceNumber].join();
    const known = this.#known.has(identity);
    this.#known.add(identity);
    return known;
  }
}

/** All that the model opens in a batch; `leeway` as above. */
export function play(batch: Batch, cured: Iterable<Shortcoming> = [], leeway = 0): BatchOpening[] {
  const original = new Original(batch.doors, cured, leeway);
  return batch.knocks.flatMap((knock, at) =>
    original
      .take(knock, timeOf(batch, at))
      .map(({ name }) => ({ at, source: knock.source, door: name })),
  );
}

function isStep(
  step: RandomDoor["steps"][number] | undefined,
  { number, protocol }: Knock,
): boolean {
  return step?.number === number && step.protocol === protocol;
}

function flagsFit({ flags }: RandomDoor, knock: Knock): boolean {
  if (knock.protocol === "udp") return true;
  return flags.every((flag) => {
    const [unwanted, bit] = flag.startsWith("!") ? [true, flag.slice(1)] : [false, flag];
    return ((knock.flags & flagBits[bit as keyof typeof flagBits]) === 0) === unwanted;
  });
}
