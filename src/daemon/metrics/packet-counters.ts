import type { Verdict } from "../../match/verdict.ts";

/** What a packet came to; of several (at several doors) the last of these counts. */
export const outcomes = [
  /** No whole TCP or UDP packet, or IPv6 where that does not count. */
  "unreadable",
  /** Its addresses are such that no other host can have sent it to this one. */
  "martian",
  /** It fits no door, or no knock that is under way. */
  "unrelated",
  "retransmission",
  "failed",
  "repeated",
  "advanced",
  "opened",
] as const;

type PacketOutcome = (typeof outcomes)[number];

const place = Object.fromEntries(outcomes.map((name, i) => [name, i])) as Record<
  PacketOutcome,
  number
>;

const outcomeOf: Readonly<Record<Verdict["kind"], number>> = {
  "not-started": place.unrelated,
  decoy: place.unrelated,
  ignored: place.retransmission,
  failed: place.failed,
  repeat: place.repeated,
  stage: place.advanced,
  open: place.opened,
};

/** How the opening of a door for a source ended. */
export const openingResults = ["opened", "failed", "nothing-to-do"] as const;

type OpeningResult = (typeof openingResults)[number];

/** What the pipeline did, in numbers that only grow. Counting makes no garbage. */
export class PacketCounters {
  readonly #packets = new Float64Array(outcomes.length);
  readonly #openings = new Map<string, Record<OpeningResult, number>>();
  readonly #kernelOpenings = new Map<string, number>();
  /** Knocks that failed since a port of another door, or a wrong one of their own, came in between. */
  wrongPort = 0;
  /** Knocks that failed since a decoy came in between. */
  decoy = 0;
  /** Knocks that were not finished in time. */
  late = 0;
  /** Mistakes of ours. */
  internalErrors = 0;

  /** Is told whenever packets or openings are counted. */
  readonly #onCount: () => void;

  constructor(onCount: () => void = () => {}) {
    this.#onCount = onCount;
  }

  get allPackets(): number {
    return this.#packets.reduce((sum, count) => sum + count, 0);
  }

  /** How many packets came to this. */
  packets(outcome: PacketOutcome): number {
    return this.#packets[place[outcome]] ?? 0;
  }

  countUnreadable(): undefined {
    this.#count(place.unreadable);
  }

  countMartian(): undefined {
    this.#count(place.martian);
  }

  /** A packet, and all that it meant. */
  countPacket(verdicts: readonly Verdict[]): void {
    let best = place.unrelated;
    for (const verdict of verdicts) {
      const isOther = verdict.kind === "ignored" && verdict.why !== "retransmission";
      if (!isOther) best = Math.max(best, outcomeOf[verdict.kind]);
      this.countFailure(verdict);
    }
    this.#count(best);
  }

  /** Counts the verdict if it is that a knock failed. */
  countFailure(verdict: Verdict): void {
    if (verdict.kind !== "failed") return;
    this.#onCount();
    if (verdict.why === "late") this.late++;
    else if (verdict.why === "decoy") this.decoy++;
    else this.wrongPort++;
  }

  countOpening(door: string, result: OpeningResult): void {
    const results = this.#openings.get(door) ?? { opened: 0, failed: 0, "nothing-to-do": 0 };
    results[result]++;
    this.#openings.set(door, results);
    this.#onCount();
  }

  /** Counts an opening by the kernel that the daemon had no part in. */
  countKernelOpening(door: string): void {
    this.#kernelOpenings.set(door, this.kernelOpenings(door) + 1);
    this.#onCount();
  }

  kernelOpenings(door: string): number {
    return this.#kernelOpenings.get(door) ?? 0;
  }

  /** Doors that were opened by a knock, or by the kernel. */
  get doors(): Iterable<string> {
    return [...this.#openings.keys(), ...this.#kernelOpenings.keys()];
  }

  openings(door: string, result: OpeningResult): number {
    return this.#openings.get(door)?.[result] ?? 0;
  }

  #count(at: number): void {
    this.#packets[at] = (this.#packets[at] ?? 0) + 1;
    this.#onCount();
  }
}
