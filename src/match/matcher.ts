import type { Address } from "../base/address.ts";
import type { Packet } from "../decode/packet.ts";
import type { OwnedAttempt } from "./attempts/attempt-table.ts";
import { Attempts } from "./attempts/attempts.ts";
import type { Decoy } from "./decoys/choose.ts";
import { DecoyIndex } from "./decoys/decoy-index.ts";
import type { Door } from "./door.ts";
import { flagsFit, isWelcome, sees } from "./door.ts";
import type { Candidate } from "./door-index.ts";
import { DoorIndex } from "./door-index.ts";
import { DuplicateFilter } from "./duplicate-filter.ts";
import type { Attempt } from "./sequence.ts";
import { advance } from "./sequence.ts";
import type { Verdict } from "./verdict.ts";

export interface MatcherOptions {
  /** How many attempts may be under way at once. */
  readonly maxAttempts: number;
  /** Is this an address of this host, now? */
  readonly isOurs: (address: Address) => boolean;
  /** Has something begun to use this decoy of this host (`portKey`) meanwhile? Absent: nothing ever does. */
  readonly isInUse?: (port: number) => boolean;
}

/** An attempt that was not completed in time. */
type Late = Verdict & { readonly kind: "failed" };

const nothing: readonly Verdict[] = [];

/**
 * How long an attempt is kept beyond its time: milliseconds. A packet that came in time may still be
 * on its way through a ring that is behind; whether it did is decided by its own time, not by ours.
 */
const grace = 1000;

/** All doors and who stands before them: packets in, verdicts out. Doors and sources do not affect one another. */
export class Matcher {
  readonly #isOurs: (address: Address) => boolean;
  readonly #attempts: Attempts;
  readonly #repeats = new DuplicateFilter();
  readonly #bait: DecoyIndex;
  readonly #doors = new DoorIndex();

  constructor(options: MatcherOptions) {
    const { isOurs, isInUse = () => false } = options;
    this.#isOurs = isOurs;
    this.#bait = new DecoyIndex({ isOurs, isInUse });
    this.#attempts = new Attempts(options.maxAttempts);
  }

  /**
   * Replaces all doors. Attempts at doors that are the same as before go on. `decoys`: those of each
   * door, in the order of the doors.
   */
  setDoors(doors: readonly Door[], decoys: readonly (readonly Decoy[])[] = []): void {
    this.#doors.set(doors);
    this.#bait.set(doors, decoys);
  }

  get liveAttempts(): number {
    return this.#attempts.size;
  }

  /** How many attempts are at stage 1, at stage 2, and so on. */
  get attemptsByStage(): readonly number[] {
    return this.#attempts.byStage;
  }

  /** How many attempts had to go before their time, for want of room. */
  get evictedAttempts(): number {
    return this.#attempts.evicted;
  }

  /** How many times decoys were touched, and how many times a source was ignored for it. */
  get scans(): { readonly touches: number; readonly penalties: number } {
    return this.#bait.scans;
  }

  /** When to call `expire` next: milliseconds; undefined while nothing is under way. */
  get nextExpiry(): number | undefined {
    return this.#attempts.nextExpiry;
  }

  /**
   * What a packet means. Nothing, unless it fits one door completely: all other packets do not
   * exist. Packets must come in the order of their time.
   */
  hit(packet: Packet): readonly Verdict[] {
    const candidates = this.#doors.candidates(packet);
    if (candidates.length === 0) return this.#touch(packet);
    const isOurs = once(() => this.#isOurs(packet.destination));
    const seeing = candidates.filter(({ door }) => sees(door, packet, isOurs));
    const [first] = seeing;
    if (first === undefined) return nothing;
    const { source } = packet;
    if (this.#repeats.isRepeat(packet)) {
      return [{ kind: "ignored", why: "retransmission", door: first.door, source }];
    }
    if (this.#bait.isIgnored(source, packet.time)) return nothing;
    // Most packets of a flood come from addresses that were never seen before.
    if (!this.#attempts.has(source)) return this.#begin(seeing, packet);
    return this.#goOn(seeing, packet, isOurs);
  }

  /**
   * Why a packet made no difference to the doors that have its port and of which `hit` had nothing
   * to say: `verdicts` is what it said.
   */
  explain(packet: Packet, verdicts: readonly Verdict[]): readonly Verdict[] {
    // A retransmission is said once, and is one for every door.
    if (verdicts.some((one) => one.kind === "ignored")) return nothing;
    const candidates = this.#doors.candidates(packet);
    const isOurs = once(() => this.#isOurs(packet.destination));
    const { source } = packet;
    const bait = this.#bait.doorOf(packet);
    if (bait !== undefined && !verdicts.some(({ kind }) => kind === "decoy")) {
      return [{ kind: "decoy", scanner: false, door: bait, source }];
    }
    const isIgnored = this.#bait.isIgnored(source, packet.time);
    return candidates
      .filter(({ door }) => !verdicts.some((verdict) => verdict.door === door))
      .map(({ door, steps: [step = 0] }) => {
        if (!sees(door, packet, isOurs)) {
          return { kind: "ignored", why: whyUnseen(door, packet), door, source };
        }
        if (isIgnored) return { kind: "ignored", why: "scanner", door, source };
        return { kind: "not-started", step, door, source };
      });
  }

  /**
   * What the time that has gone by means: attempts that are too late now, at most so many of them. There
   * are more if `nextExpiry` is not later than `now`.
   */
  expire(now: number, most?: number): readonly Verdict[] {
    const late: Late[] = [];
    const take = ({ door: id, source, stage }: OwnedAttempt) => {
      const door = this.#doors.get(id);
      if (door !== undefined) late.push({ kind: "failed", why: "late", door, source, stage });
    };
    this.#attempts.expire(now, take, most);
    return this.#doors.repeatsPorts ? longestOfEach(late) : late;
  }

  /** A hit from somebody who has no attempt anywhere. */
  #begin(seeing: readonly Candidate[], packet: Packet): readonly Verdict[] {
    const verdicts: Verdict[] = [];
    for (const candidate of seeing) {
      if (candidate.steps[0] === 1) this.#advance(candidate, [], packet, verdicts);
    }
    return verdicts;
  }

  /** A hit from somebody who has attempts: those at the doors that it was not meant for are over. */
  #goOn(seeing: readonly Candidate[], packet: Packet, isOurs: () => boolean): readonly Verdict[] {
    // All are taken out before any is put back: what is put back may need the room of another.
    const attempts = this.#take(packet.source, (door) => sees(door, packet, isOurs));
    const verdicts: Verdict[] = [];
    for (const [id, some] of attempts) {
      if (seeing.some((candidate) => candidate.id === id)) continue;
      this.#fail(id, some, "wrong-port", packet, verdicts);
    }
    for (const candidate of seeing) {
      this.#advance(candidate, attempts.get(candidate.id) ?? [], packet, verdicts);
    }
    return verdicts;
  }

  /** A packet for none of the doors' ports: on a decoy it ends all attempts of its source. */
  #touch(packet: Packet): readonly Verdict[] {
    const door = this.#bait.doorOf(packet);
    if (door === undefined) return nothing;
    const { source } = packet;
    if (this.#repeats.isRepeat(packet)) {
      return [{ kind: "ignored", why: "retransmission", door, source }];
    }
    const verdicts: Verdict[] = [];
    for (const [id, some] of this.#take(source, () => true)) {
      this.#fail(id, some, "decoy", packet, verdicts);
    }
    const scanner = this.#bait.touch(packet);
    if (scanner) verdicts.push({ kind: "decoy", scanner, door, source });
    return verdicts;
  }

  /** Takes out a source's attempts at these doors, and at those that are gone: by door, without the latter. */
  #take(source: Address, from: (door: Door) => boolean): Map<number, Attempt[]> {
    const found = new Map<number, Attempt[]>();
    const taken = this.#attempts.take(source, ({ door: id }) => {
      const door = this.#doors.get(id);
      return door === undefined || from(door);
    });
    for (const attempt of taken) {
      const some = found.get(attempt.door);
      if (some !== undefined) some.push(attempt);
      else if (this.#doors.get(attempt.door) !== undefined) found.set(attempt.door, [attempt]);
    }
    return found;
  }

  /** Attempts at a door are over. */
  #fail(
    id: number,
    attempts: readonly Attempt[],
    why: "wrong-port" | "decoy",
    packet: Packet,
    verdicts: Verdict[],
  ): void {
    const door = this.#doors.get(id);
    if (door === undefined) return;
    const { source } = packet;
    const stage = longest(aliveOf(door, attempts, packet, verdicts));
    if (stage > 0) verdicts.push({ kind: "failed", why, door, source, stage });
  }

  #advance(
    { id, door, steps }: Candidate,
    attempts: readonly Attempt[],
    packet: Packet,
    verdicts: Verdict[],
  ): void {
    const { source, time } = packet;
    const length = door.sequence.length;
    const alive = aliveOf(door, attempts, packet, verdicts);
    const before = longest(alive);
    const next = advance(length, steps, alive, time);
    if (next === "open") {
      verdicts.push({ kind: "stage", door, source, stage: length }, { kind: "open", door, source });
      return;
    }
    for (const { stage, start } of next) {
      this.#attempts.add(source, id, stage, start, start + door.timeout + grace);
    }
    const after = longest(next);
    if (after > 0 && after === before && !steps.includes(after + 1)) {
      verdicts.push({ kind: "repeat", door, source, stage: after });
    } else {
      if (after <= before && before > 0) {
        verdicts.push({ kind: "failed", why: "wrong-port", door, source, stage: before });
      }
      if (after > 0) verdicts.push({ kind: "stage", door, source, stage: after });
    }
  }
}

/** Those attempts that are not too late; if all are, that is a verdict. */
function aliveOf(
  door: Door,
  attempts: readonly Attempt[],
  packet: Packet,
  verdicts: Verdict[],
): readonly Attempt[] {
  if (attempts.length === 0) return attempts;
  const alive = attempts.filter(({ start }) => packet.time - start < door.timeout);
  if (alive.length === 0) {
    const stage = longest(attempts);
    verdicts.push({ kind: "failed", why: "late", door, source: packet.source, stage });
  }
  return alive;
}

function longest(attempts: readonly Attempt[]): number {
  return attempts.reduce((stage, attempt) => Math.max(stage, attempt.stage), 0);
}

/** A door with repeated ports may hold several attempts of one source: people see the longest. */
function longestOfEach(late: readonly Late[]): readonly Late[] {
  const found = new Map<Door, Map<string, Late>>();
  for (const verdict of late) {
    const { w0, w1, w2, w3 } = verdict.source;
    const source = `${w0},${w1},${w2},${w3}`;
    const ofDoor = found.get(verdict.door) ?? new Map<string, Late>();
    found.set(verdict.door, ofDoor);
    if ((ofDoor.get(source)?.stage ?? 0) < verdict.stage) ofDoor.set(source, verdict);
  }
  return [...found.values()].flatMap((ofDoor) => [...ofDoor.values()]);
}

function whyUnseen(door: Door, packet: Packet): "flags" | "source" | "destination" {
  if (!flagsFit(door, packet)) return "flags";
  return isWelcome(door, packet.source) ? "destination" : "source";
}

function once(ask: () => boolean): () => boolean {
  let answer: boolean | undefined;
  return () => {
    answer ??= ask();
    return answer;
  };
}
