// Longer than other files: what a packet means is decided here, for every kind of verdict.
import type { Address } from "../base/address.ts";
import type { PortKey } from "../base/port.ts";
import type { Monotonic } from "../base/time.ts";
import { monotonic } from "../base/time.ts";
import type { Packet } from "../decode/packet.ts";
import type { OwnedAttempt } from "./attempts/attempt-table.ts";
import { Attempts } from "./attempts/attempts.ts";
import type { ClearMemory } from "./attempts/table-memory.ts";
import type { Decoy } from "./decoys/decoy.ts";
import { DecoyIndex } from "./decoys/decoy-index.ts";
import type { IgnoredSource } from "./decoys/scanners.ts";
import type { Door } from "./door.ts";
import { sees } from "./door.ts";
import type { Candidate } from "./door-index.ts";
import { DoorIndex } from "./door-index.ts";
import { DuplicateFilter } from "./duplicate-filter.ts";
import { explain } from "./explain.ts";
import type { Attempt } from "./sequence.ts";
import { advance, longest } from "./sequence.ts";
import type { FailedVerdict, Verdict } from "./verdict.ts";
import { longestOfEach } from "./verdict.ts";

export interface MatcherOptions {
  /** The most attempts at once. */
  readonly maxAttempts: number;
  /** Returns whether this host has the address now. */
  readonly isOurs: (address: Address) => boolean;
  /** Returns whether a service of this host has begun to use this decoy. Default: never. */
  readonly isInUse?: (port: PortKey) => boolean;
  /** Frees the memory of a flood. */
  readonly clearMemory?: ClearMemory;
}

const noVerdicts: readonly Verdict[] = [];

/**
 * How long an attempt is kept after its timeout: milliseconds. A packet that arrived in time may still be in
 * the capture ring; its own time stamp decides.
 */
const gracePeriod = 1000;

/** All doors and all attempts at them: packets in, verdicts out. Doors and sources do not affect one another. */
export class Matcher {
  readonly #isOurs: (address: Address) => boolean;
  readonly #attempts: Attempts;
  readonly #duplicates = new DuplicateFilter();
  readonly #decoys: DecoyIndex;
  readonly #doors = new DoorIndex();

  constructor(options: MatcherOptions) {
    const { isOurs, isInUse = () => false } = options;
    this.#isOurs = isOurs;
    this.#decoys = new DecoyIndex({ isOurs, isInUse });
    this.#attempts = new Attempts(options.maxAttempts, options.clearMemory);
  }

  /** Replaces all doors. Attempts at unchanged doors continue. `decoys`: of each door, in the order of the doors. */
  setDoors(doors: readonly Door[], decoys: readonly (readonly Decoy[])[] = []): void {
    this.#doors.set(doors);
    this.#decoys.set(doors, decoys);
  }

  get liveAttempts(): number {
    return this.#attempts.size;
  }

  /** How many attempts are at stage 1, at stage 2, and so on. */
  get attemptsByStage(): readonly number[] {
    return this.#attempts.byStage;
  }

  /** How many attempts were evicted because the table was full. */
  get evictedAttempts(): number {
    return this.#attempts.evicted;
  }

  /** How many times decoys were touched, and how many times a source was ignored for it. */
  get scans(): { readonly touches: number; readonly penalties: number } {
    return this.#decoys.scans;
  }

  /** The sources that are ignored since they touched decoys; of very many only the last. */
  ignored(now: Monotonic): readonly IgnoredSource[] {
    return this.#decoys.ignored(now);
  }

  /** Returns whether a touch of a decoy counts still. */
  wereTouched(now: Monotonic): boolean {
    return this.#decoys.wereTouched(now);
  }

  /** Ignores a source, by default all, no longer. Returns those that were ignored. */
  forgive(source: Address | undefined, now: Monotonic): readonly Address[] {
    return this.#decoys.forgive(source, now);
  }

  /** When to call `expire` next; `undefined` while there are no attempts. */
  get nextExpiry(): Monotonic | undefined {
    const next = this.#attempts.nextExpiry;
    return next === undefined ? undefined : monotonic(next);
  }

  /** Returns what a packet means. Packets that no door sees are ignored. Packets must come in order of time. */
  hit(packet: Packet): readonly Verdict[] {
    const candidates = this.#doors.candidates(packet);
    if (candidates.length === 0) return this.#touch(packet);
    const isOurs = once(() => this.#isOurs(packet.destination));
    const seeing = candidates.filter(({ door }) => sees(door, packet, isOurs));
    const [first] = seeing;
    if (first === undefined) return noVerdicts;
    const { source } = packet;
    if (this.#duplicates.isDuplicate(packet)) {
      return [{ kind: "ignored", why: "retransmission", door: first.door, source }];
    }
    if (this.#decoys.isIgnored(source, packet.time)) return this.#tellIgnored(seeing, packet);
    // Most packets of a flood come from new addresses.
    if (!this.#attempts.has(source)) return this.#start(seeing, packet);
    return this.#continue(seeing, packet, isOurs);
  }

  /** Returns why a packet made no difference to doors that `verdicts`, the result of `hit`, do not mention. */
  explain(packet: Packet, verdicts: readonly Verdict[]): readonly Verdict[] {
    const isOurs = once(() => this.#isOurs(packet.destination));
    return explain(packet, verdicts, { doors: this.#doors, decoys: this.#decoys, isOurs });
  }

  /** Removes at most `most` attempts that are too late. If there are more, `nextExpiry` is not later than `now`. */
  expire(now: Monotonic, most?: number): readonly Verdict[] {
    const late: FailedVerdict[] = [];
    const take = ({ door: id, source, stage }: OwnedAttempt) => {
      const door = this.#doors.get(id);
      if (door !== undefined) late.push({ kind: "failed", why: "late", door, source, stage });
    };
    this.#attempts.expire(now, take, most);
    return this.#doors.repeatsPorts ? longestOfEach(late) : late;
  }

  /** Returns a verdict if an ignored source begins a knock, now and then. */
  #tellIgnored(seeing: readonly Candidate[], { source, time }: Packet): readonly Verdict[] {
    const begun = seeing.find(({ steps }) => steps[0] === 1);
    const left = begun && this.#decoys.takeLine(source, time);
    if (begun === undefined || left === undefined) return noVerdicts;
    return [{ kind: "ignored", why: "scanner", door: begun.door, source, left }];
  }

  /** Handles a hit from a source without attempts. */
  #start(seeing: readonly Candidate[], packet: Packet): readonly Verdict[] {
    const verdicts: Verdict[] = [];
    for (const candidate of seeing) {
      if (candidate.steps[0] === 1) this.#advance(candidate, [], packet, verdicts);
    }
    return verdicts;
  }

  /** Handles a hit from a source with attempts. Attempts at doors that see the packet but lack its port fail. */
  #continue(
    seeing: readonly Candidate[],
    packet: Packet,
    isOurs: () => boolean,
  ): readonly Verdict[] {
    // Removes all before adding any: an attempt that is added may need the slot of another.
    const attempts = this.#take(packet.source, (door) => sees(door, packet, isOurs));
    const advanced: Verdict[] = [];
    for (const candidate of seeing) {
      this.#advance(candidate, attempts.get(candidate.id) ?? [], packet, advanced);
      attempts.delete(candidate.id);
    }
    const failed: Verdict[] = [];
    for (const [id, some] of attempts) this.#fail(id, some, "wrong-port", packet, failed);
    return [...failed, ...advanced];
  }

  /** Handles a packet to a port of no door. A packet to a decoy ends all attempts of its source. */
  #touch(packet: Packet): readonly Verdict[] {
    const door = this.#decoys.doorOf(packet);
    if (door === undefined) return noVerdicts;
    const { source } = packet;
    if (this.#duplicates.isDuplicate(packet)) {
      return [{ kind: "ignored", why: "retransmission", door, source }];
    }
    const verdicts: Verdict[] = [];
    for (const [id, some] of this.#take(source, () => true)) {
      this.#fail(id, some, "decoy", packet, verdicts);
    }
    const scanner = this.#decoys.touch(packet);
    if (scanner) verdicts.push({ kind: "decoy", scanner, door, source });
    return verdicts;
  }

  /** Removes a source's attempts at these doors, and at doors that are gone. Returns the former, by door. */
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

  /** Reports the attempts at a door as failed. */
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
      this.#attempts.add(source, id, stage, start, start + door.timeout + gracePeriod);
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

/** Returns the attempts that are not too late. If all are, adds that verdict. */
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

function once(ask: () => boolean): () => boolean {
  let answer: boolean | undefined;
  return () => {
    answer ??= ask();
    return answer;
  };
}
