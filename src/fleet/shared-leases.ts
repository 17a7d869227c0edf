import { HolderIndex } from "./holder-index.ts";
import type { FleetKnowledge, HolderChange, LivingHolder } from "./knowledge.ts";
import type { FleetOpening } from "./lease-history.ts";
import {
  emptyHistory,
  isSameHistory,
  lastOpening,
  mergeHistories,
  movedHistory,
  stampOf,
} from "./lease-history.ts";
import type { FleetStamp, FleetTime } from "./stamp.ts";
import {
  closingStamp,
  fleetTime,
  latestTime,
  movedTime,
  newest,
  noStamp,
  openingStamp,
} from "./stamp.ts";
import type { FleetSubject, HolderSubject } from "./subject.ts";
import { keyOfSubject, scopesOf } from "./subject.ts";

/** A record with more openings is malformed. */
export const mostOpenings = 16;

/** Before every moment: a stamp at it is the next one after those that are known. */
const beginning = fleetTime(0);

/** All that this gateway knows of the leases of the fleet: its own and those of the others, merged. Pure. */
export class SharedLeases {
  readonly #gateway: string;
  readonly #known = new Map<string, FleetKnowledge>();
  readonly #holders = new HolderIndex();

  /** `gateway`: the name of this one. */
  constructor(gateway: string) {
    this.#gateway = gateway;
  }

  get size(): number {
    return this.#known.size;
  }

  /** How many holders are known. */
  get holders(): number {
    return this.#holders.size;
  }

  /** Returns what is known of a subject. */
  get(subject: FleetSubject): FleetKnowledge | undefined {
    return this.#known.get(keyOfSubject(subject));
  }

  values(): IterableIterator<FleetKnowledge> {
    return this.#known.values();
  }

  /**
   * Adds what records say. Returns what they change, taken together: a record that opens and one that closes
   * change nothing, whichever comes first.
   */
  merge(news: Iterable<FleetKnowledge>): HolderChange[] {
    const touched = new Map<string, Omit<HolderChange, "after">>();
    for (const one of news) {
      const { subject, origin } = one;
      for (const holder of this.#holdersIn(subject)) {
        const key = keyOfSubject(holder);
        const { before } = touched.get(key) ?? { before: this.lastOpeningOf(holder) };
        touched.set(key, { holder, before, origin });
      }
      this.add(one);
    }
    return [...touched.values()]
      .map((one) => ({ ...one, after: this.lastOpeningOf(one.holder) }))
      .filter(({ before, after }) => before?.end !== after?.end);
  }

  /** Forgets all, and knows this instead. */
  replace(known: Iterable<FleetKnowledge>): void {
    for (const { subject } of [...this.#known.values()]) this.#delete(subject);
    for (const one of known) this.add(one);
  }

  /** Adds what is known of a subject. Returns what is known then. */
  add({ subject, history, until, origin }: FleetKnowledge): FleetKnowledge {
    const key = keyOfSubject(subject);
    const before = this.#known.get(key);
    const merged = {
      subject,
      history: mergeHistories(before?.history ?? emptyHistory, history),
      until: latestTime(before?.until ?? until, until),
      origin,
    };
    const isNews =
      before === undefined ||
      before.until !== merged.until ||
      !isSameHistory(before.history, merged.history);
    if (!isNews) return before;
    this.#known.set(key, merged);
    if (before === undefined && subject.kind === "holder") this.#holders.add(subject);
    return merged;
  }

  /** Takes note of an opening here at `now`. Returns what is known then. */
  open(holder: HolderSubject, now: FleetTime, end: FleetTime): FleetKnowledge {
    return this.#open(holder, now, { stamp: openingStamp(now, this.#stampAbove(holder)), end });
  }

  /**
   * Takes note of what the kernel opened at `since` while no daemon ran. Its stamp says when, not when the gateway
   * looked: a closing that was told since then is newer. Returns what is known then.
   */
  adopt(holder: HolderSubject, now: FleetTime, since: FleetTime, end: FleetTime): FleetKnowledge {
    return this.#open(holder, now, { stamp: openingStamp(since, noStamp), end });
  }

  /**
   * Takes note of a closing here at `now`, newer than all that is known of what it closes. It is kept until the
   * end of that, and for `length` milliseconds at least: openings may be on their way. Returns what is known then.
   */
  close(subject: FleetSubject, now: FleetTime, length: number): FleetKnowledge {
    const until = this.#holdersIn(subject)
      .map((holder) => this.get(holder)?.until ?? now)
      .reduce(latestTime, (now + length) as FleetTime);
    const closed = closingStamp(now, this.#stampAbove(subject));
    const history = { closed, openings: [] };
    return this.add({ subject, history, until, origin: this.#gateway });
  }

  /** Returns the living opening of a holder that ends last, or undefined if none lives. Its end may have passed. */
  lastOpeningOf(holder: HolderSubject): FleetOpening | undefined {
    const known = this.get(holder);
    return known === undefined ? undefined : lastOpening(known.history, this.#closedAbove(holder));
  }

  /** Returns until when a holder stays, or undefined if no opening lives. The end may have passed. */
  endOf(holder: HolderSubject): FleetTime | undefined {
    return this.lastOpeningOf(holder)?.end;
  }

  /** Returns the latest end of the living openings that a closing of `subject` would close, or `now`. */
  endIn(subject: FleetSubject, now: FleetTime): FleetTime {
    return this.#holdersIn(subject)
      .map((holder) => this.endOf(holder) ?? now)
      .reduce(latestTime, now);
  }

  /** Returns the holders for whom a door is open at `now`. */
  living(now: FleetTime): LivingHolder[] {
    return [...this.#known.values()].flatMap(({ subject, origin }) => {
      const opening = subject.kind === "holder" ? this.lastOpeningOf(subject) : undefined;
      const isLiving = opening !== undefined && opening.end > now;
      return subject.kind === "holder" && isLiving ? [{ holder: subject, opening, origin }] : [];
    });
  }

  /** Moves all ends, not their order: the clock that they are told by has jumped. */
  moveEnds(milliseconds: number): void {
    const moved = [...this.#known.values()].map(({ history, until, ...one }) => ({
      ...one,
      history: movedHistory(history, 0, milliseconds),
      until: movedTime(until, milliseconds),
    }));
    this.replace(moved);
  }

  /**
   * Replaces the openings of a holder up to `stamp` by one that ends at `end`, with the next stamp: what is newer
   * keeps its effect. Returns what is known then.
   */
  renew(holder: HolderSubject, { stamp, end }: FleetOpening): FleetKnowledge {
    const closed = closingStamp(beginning, stamp);
    const openings = [{ stamp: openingStamp(beginning, closed), end }];
    const history = { closed, openings };
    return this.add({ subject: holder, history, until: end, origin: this.#gateway });
  }

  /** Returns the highest stamp known of a holder and of the scopes that contain it. */
  stampOf(holder: HolderSubject): FleetStamp {
    return this.#stampAbove(holder);
  }

  /** Drops what has no more effect at `now`. */
  expire(now: FleetTime): void {
    for (const { subject, until } of [...this.#known.values()]) {
      if (until <= now) this.#delete(subject);
    }
  }

  #open(subject: HolderSubject, now: FleetTime, opening: FleetOpening): FleetKnowledge {
    const until = opening.end;
    const add = (closed: FleetStamp, ...openings: readonly FleetOpening[]) =>
      this.add({ subject, history: { closed, openings }, until, origin: this.#gateway });
    const known = add(noStamp, opening);
    if (known.history.openings.length <= mostOpenings) return known;
    // A closing of a scope that contains the holder is one of the holder's own, too.
    add(this.#closedAbove(subject));
    const last = this.lastOpeningOf(subject);
    if (last === undefined) return this.get(subject) ?? known;
    return add(noStamp, { ...last, stamp: openingStamp(now, this.#stampAbove(subject)) });
  }

  #holdersIn(subject: FleetSubject): readonly HolderSubject[] {
    return subject.kind === "holder" ? [subject] : this.#holders.in(subject);
  }

  #delete(subject: FleetSubject): void {
    this.#known.delete(keyOfSubject(subject));
    if (subject.kind === "holder") this.#holders.delete(subject);
  }

  /** Returns the highest stamp known of a subject, of what it contains, and of the scopes that contain it. */
  #stampAbove(subject: FleetSubject): FleetStamp {
    const stampOfSubject = (one: FleetSubject) => stampOf(this.get(one)?.history ?? emptyHistory);
    const own = stampOfSubject(subject);
    if (subject.kind === "holder") return newest(own, this.#closedAbove(subject));
    return this.#holders.in(subject).map(stampOfSubject).reduce(newest, own);
  }

  /** Returns the stamp of the last closing of a scope that contains a holder. */
  #closedAbove(holder: HolderSubject): FleetStamp {
    return scopesOf(holder)
      .map((scope) => this.get(scope)?.history.closed ?? noStamp)
      .reduce(newest, noStamp);
  }
}
