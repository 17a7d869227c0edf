import type { Carrier } from "../../auth/judgement.ts";
import type { Address } from "../../base/address.ts";
import type { WallTime } from "../../base/time.ts";
import type { KeyId } from "../../knock/keys.ts";
import { Histogram } from "../metrics/histogram.ts";

/** How a packet came, in metrics. */
type KnockFormat = "sesame" | "stun" | "fwknop";

export const knockFormats: readonly KnockFormat[] = ["sesame", "stun", "fwknop"];

/** What became of a packet: it was accepted, or the check of docs/knock-packet.md or docs/from-fwknop.md that refused it. */
export const knockResults: readonly string[] = [
  ...["accepted", "form", "hint", "repeated", "repeated-elsewhere", "budget", "tag", "clock"],
  ...["replay", "start", "rate", "signature", "journal", "disabled", "expired", "source"],
  ...["address", "door", "hmac", "cipher", "fields", "type", "user", "full", "service"],
  ...["claimed", "fleet"],
];

/** What is known of one key since the start. */
export interface KeyActivity {
  /** The last accepted knock. */
  readonly last:
    | {
        readonly wall: WallTime;
        readonly source: Address;
        /** How much the clock of the device was ahead: milliseconds. */
        readonly offset: number;
      }
    | undefined;
  /** Refused packets by the name of the check. */
  readonly refusals: ReadonlyMap<string, number>;
}

interface MutableActivity {
  last: KeyActivity["last"];
  readonly refusals: Map<string, number>;
}

/** One sync of a disk, in seconds. */
const commitBounds = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2];

/** What became of knock packets, in numbers that only grow. */
export class KnockCounters {
  /** How long accepted packets waited for the disk. */
  readonly commits: Histogram = new Histogram(commitBounds);
  readonly #packets: Readonly<Record<KnockFormat, Map<string, number>>> = {
    sesame: new Map(),
    stun: new Map(),
    fwknop: new Map(),
  };
  readonly #keys = new Map<KeyId, MutableActivity>();

  readonly #onCount: () => void;

  /** `onCount` is told whenever a packet is counted. */
  constructor(onCount: () => void = () => {}) {
    this.#onCount = onCount;
  }

  /** Packets of all formats. */
  get totals(): { readonly accepted: number; readonly refused: number } {
    let accepted = 0;
    let refused = 0;
    for (const format of knockFormats) {
      for (const [result, count] of this.#packets[format]) {
        if (result === "accepted") accepted += count;
        else refused += count;
      }
    }
    return { accepted, refused };
  }

  count(carrier: Carrier, result: string): void {
    this.#onCount();
    increment(this.#packets[carrier === "udp" ? "sesame" : carrier], result);
  }

  countRefusal(key: KeyId, check: string): void {
    increment(this.#activity(key).refusals, check);
  }

  noteAccepted(key: KeyId, last: NonNullable<KeyActivity["last"]>): void {
    this.#activity(key).last = last;
  }

  packets(format: KnockFormat, result: string): number {
    return this.#packets[format].get(result) ?? 0;
  }

  activity(key: KeyId): KeyActivity | undefined {
    return this.#keys.get(key);
  }

  #activity(key: KeyId): MutableActivity {
    let activity = this.#keys.get(key);
    if (activity === undefined) {
      activity = { last: undefined, refusals: new Map() };
      this.#keys.set(key, activity);
    }
    return activity;
  }
}

function increment(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
