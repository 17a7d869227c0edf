import type { WallTime } from "../base/time.ts";

/** The most that is remembered of a key. */
const mostAccepted = 1024;
const mostNetworks = 8;

/** What a window remembers. */
export interface FwknopWindowState {
  /** Seconds since 1970. */
  readonly floor: number;
  /** Digests of accepted packets, and their times in seconds. */
  readonly accepted: readonly (readonly [digest: string, time: number])[];
  /** Of the sources of accepted packets, the latest last: `192.0.2.0/24`. */
  readonly networks: readonly string[];
}

/** The packets of fwknop that were accepted from one key: none of them is new again. */
export class FwknopWindow {
  #floor = 0;
  readonly #accepted = new Map<string, number>();
  #networks: readonly string[] = [];

  /** Returns whether a packet was never accepted, and is not so old that this is unknown. */
  isNew(digest: string, time: number): boolean {
    return time > this.#floor && !this.#accepted.has(digest);
  }

  /** Returns whether there is no room for a packet more. */
  get isFull(): boolean {
    return this.#accepted.size >= mostAccepted;
  }

  /** Notes that a packet is accepted. */
  record(digest: string, time: number): void {
    if (this.isNew(digest, time)) this.#accepted.set(digest, time);
  }

  /** Notes the network of an accepted packet. Returns those that are forgotten for it. */
  recordNetwork(network: string): readonly string[] {
    const networks = [...this.#networks.filter((one) => one !== network), network];
    this.#networks = networks.slice(-mostNetworks);
    return networks.slice(0, -mostNetworks);
  }

  /** Refuses all packets up to this time, in seconds, from now on. */
  raiseFloor(floor: number): void {
    if (floor <= this.#floor) return;
    this.#floor = floor;
    for (const [digest, time] of this.#accepted) if (time <= floor) this.#accepted.delete(digest);
  }

  /**
   * Forgets the packets that have not been fresh for long. The floor rises to the latest of them, and no further:
   * a clock that was ahead refuses nothing once it is right. `freshness`: milliseconds.
   */
  forgetOld(wall: WallTime, freshness: number): void {
    const oldest = (wall - 2 * freshness) / 1000;
    const old = [...this.#accepted.values()].filter((time) => time < oldest);
    this.raiseFloor(Math.max(0, ...old));
  }

  /** The latest accepted time in seconds, or 0. */
  get newest(): number {
    return Math.max(this.#floor, ...this.#accepted.values());
  }

  /** As in its state. */
  get networks(): readonly string[] {
    return this.#networks;
  }

  get state(): FwknopWindowState {
    return { floor: this.#floor, accepted: [...this.#accepted], networks: this.#networks };
  }
}
