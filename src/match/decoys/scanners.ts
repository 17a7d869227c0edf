import type { Address } from "../../base/address.ts";
import type { PortKey } from "../../base/port.ts";
import type { Monotonic } from "../../base/time.ts";
import { SipHash } from "../attempts/sip-hash.ts";
import { mostTouches, touchWindow } from "./decoy.ts";

/** How long a scanner is ignored: milliseconds. Short, since source addresses can be forged. */
const penalty = 60_000;

/** The table has sets of a few places; a new source replaces the least recently active one of its set. */
const sets = 8192;
const places = 4;

/** How many decoys are kept for each source: one fewer than make it a scanner. */
const kept = mostTouches - 1;

/**
 * The sources that touch decoys. A source that touches three different ones within a minute is ignored
 * for a minute. Takes 1.2 MiB from the first touch on, and allocates nothing afterwards. Times
 * must not go back.
 */
export class Scanners {
  readonly #hash = new SipHash(4);
  #tags = new Int32Array();
  #ports = new Int32Array();
  #times = new Float64Array();
  #ignoredUntil = new Float64Array();
  /** From this time on no source is ignored. */
  #lastEnd = Number.NEGATIVE_INFINITY;
  #touches = 0;
  #penalties = 0;

  /** How many times a decoy was touched. */
  get touches(): number {
    return this.#touches;
  }

  /** How many ignore periods have started. */
  get penalties(): number {
    return this.#penalties;
  }

  /** Counts a touch of a decoy. Returns whether this touch started an ignore period. */
  touch(source: Address, port: PortKey, now: Monotonic): boolean {
    if (this.#tags.length === 0) this.#allocate();
    this.#touches++;
    const place = this.#find(source) ?? this.#replace(source);
    if (!this.#remember(place, port, now)) return false;
    this.#forget(place);
    const begins = now >= (this.#ignoredUntil[place] ?? 0);
    if (begins) this.#penalties++;
    this.#ignoredUntil[place] = now + penalty;
    this.#lastEnd = now + penalty;
    return begins;
  }

  isIgnored(source: Address, now: Monotonic): boolean {
    if (now >= this.#lastEnd) return false;
    const place = this.#find(source);
    return place !== undefined && now < (this.#ignoredUntil[place] ?? 0);
  }

  /** Returns whether the source has touched enough different decoys now. */
  #remember(place: number, port: PortKey, now: Monotonic): boolean {
    let oldest = place * kept;
    let different = 1;
    for (let at = place * kept; at < (place + 1) * kept; at++) {
      if (this.#ports[at] === port) {
        // The same one again counts as one.
        this.#times[at] = now;
        return false;
      }
      if (now - (this.#times[at] ?? 0) < touchWindow) different++;
      if ((this.#times[at] ?? 0) < (this.#times[oldest] ?? 0)) oldest = at;
    }
    this.#ports[oldest] = port;
    this.#times[oldest] = now;
    return different === mostTouches;
  }

  #forget(place: number): void {
    for (let at = place * kept; at < (place + 1) * kept; at++) {
      this.#ports[at] = 0;
      this.#times[at] = Number.NEGATIVE_INFINITY;
    }
  }

  #find(source: Address): number | undefined {
    const first = this.#firstPlace(source);
    for (let place = first; place < first + places; place++) {
      if (this.#tags[place] === this.#hash.high) return place;
    }
    return undefined;
  }

  #replace(source: Address): number {
    const first = this.#firstPlace(source);
    let stalest = first;
    for (let place = first + 1; place < first + places; place++) {
      if (this.#lastUse(place) < this.#lastUse(stalest)) stalest = place;
    }
    this.#tags[stalest] = this.#hash.high;
    this.#ignoredUntil[stalest] = Number.NEGATIVE_INFINITY;
    this.#forget(stalest);
    return stalest;
  }

  /** An ignored source counts as active until its period ends. */
  #lastUse(place: number): number {
    let last = this.#ignoredUntil[place] ?? 0;
    for (let at = place * kept; at < (place + 1) * kept; at++) {
      last = Math.max(last, this.#times[at] ?? 0);
    }
    return last;
  }

  /** Returns the first place of the source's set; the other half of the hash is the source's tag there. */
  #firstPlace(source: Address): number {
    this.#hash.put(source);
    this.#hash.compute();
    return (this.#hash.low & (sets - 1)) * places;
  }

  /** Called on the first touch: most daemons see none for days. */
  #allocate(): void {
    this.#tags = new Int32Array(sets * places);
    this.#ports = new Int32Array(sets * places * kept);
    this.#times = new Float64Array(sets * places * kept).fill(Number.NEGATIVE_INFINITY);
    this.#ignoredUntil = new Float64Array(sets * places).fill(Number.NEGATIVE_INFINITY);
  }
}
