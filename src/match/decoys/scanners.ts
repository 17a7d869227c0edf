import type { Address } from "../../base/address.ts";
import type { PortKey } from "../../base/port.ts";
import type { Monotonic } from "../../base/time.ts";
import { later, longAgo } from "../../base/time.ts";
import { SipHash } from "../attempts/sip-hash.ts";
import { mostTouches, touchWindow } from "./decoy.ts";

/** How long a scanner is ignored: milliseconds. Short, since source addresses can be forged. */
const penalty = 60_000;

/** The table has sets of a few places; a new source replaces the least recently active one of its set. */
const sets = 8192;
const places = 4;

/** How many ignored sources are listed: those whose period began last. */
const mostListed = 1000;

/** How often a knock of an ignored source is worth a line: milliseconds. */
const lineInterval = 10_000;

/** A source that is ignored. */
export interface IgnoredSource {
  readonly source: Address;
  readonly until: Monotonic;
}

/** How many decoys are kept for each source: one fewer than make it a scanner. */
const kept = mostTouches - 1;

/**
 * The sources that touch decoys. A source that touches three different ones within a minute is ignored
 * for a minute. Takes 1.2 MiB from the first touch on; afterwards only the list of
 * ignored sources grows, to a limit. Times
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
  /** By their text, those that end first at the front. */
  readonly #listed = new Map<string, IgnoredSource & { toldAt: Monotonic }>();
  #lastTouch: Monotonic = longAgo;
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
    this.#lastTouch = now;
    const place = this.#find(source) ?? this.#replace(source);
    if (!this.#remember(place, port, now)) return false;
    this.#forget(place);
    const begins = now >= (this.#ignoredUntil[place] ?? 0);
    if (begins) this.#penalties++;
    this.#ignoredUntil[place] = now + penalty;
    this.#lastEnd = now + penalty;
    this.#list(source, later(now, penalty));
    return begins;
  }

  /** Returns the sources that are ignored, those that end first at the front; of very many only the last. */
  ignored(now: Monotonic): readonly IgnoredSource[] {
    return [...this.#listed.values()].filter(({ until }) => until > now);
  }

  /** Returns whether a touch counts still, or a source may be ignored. */
  wereTouched(now: Monotonic): boolean {
    return now - this.#lastTouch < Math.max(touchWindow, penalty);
  }

  /** Returns for how long a source is ignored yet, if it is time for a line about it: milliseconds. */
  takeLine(source: Address, now: Monotonic): number | undefined {
    const listed = this.#listed.get(source.toString());
    if (listed === undefined || now - listed.toldAt < lineInterval) return undefined;
    listed.toldAt = now;
    return listed.until - now;
  }

  /** Ignores a source no longer, and forgets which decoys it has touched. Returns whether it was ignored. */
  forgive(source: Address, now: Monotonic): boolean {
    const wasIgnored = this.isIgnored(source, now);
    const place = this.#find(source);
    if (place !== undefined) {
      this.#ignoredUntil[place] = Number.NEGATIVE_INFINITY;
      this.#forget(place);
    }
    this.#listed.delete(source.toString());
    return wasIgnored;
  }

  /** Ignores no source any longer, and forgets all touches. Returns the sources that were listed. */
  forgiveAll(now: Monotonic): readonly Address[] {
    const forgiven = this.ignored(now).map(({ source }) => source);
    this.#listed.clear();
    this.#lastEnd = Number.NEGATIVE_INFINITY;
    this.#lastTouch = longAgo;
    this.#ignoredUntil.fill(Number.NEGATIVE_INFINITY);
    this.#times.fill(Number.NEGATIVE_INFINITY);
    this.#ports.fill(0);
    return forgiven;
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

  #list(source: Address, until: Monotonic): void {
    const key = source.toString();
    const { toldAt = longAgo } = this.#listed.get(key) ?? {};
    // Added again, it stands behind those that end before it.
    this.#listed.delete(key);
    const [oldest] = this.#listed.size >= mostListed ? this.#listed.keys() : [];
    if (oldest !== undefined) this.#listed.delete(oldest);
    this.#listed.set(key, { source, until, toldAt });
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
