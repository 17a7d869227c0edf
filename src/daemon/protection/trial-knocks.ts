import type { AccessOwner } from "../../base/access-owner.ts";
import type { Address } from "../../base/address.ts";
import type { Port, PortKey } from "../../base/port.ts";
import { portKey } from "../../base/port.ts";
import type { Monotonic } from "../../base/time.ts";
import { longAgo, never } from "../../base/time.ts";
import type { Packet } from "../../decode/packet.ts";
import type { NumberedDoor } from "../access-request.ts";

/** The most sources that are remembered: a door of one step opens for forged sources, too. */
const mostSources = 1000;

/** What has come of knocks since a trial of `knockctl guard` began. Outside of a trial it records nothing. */
export class TrialKnocks {
  #expected: Address | undefined;
  #began: Monotonic = never;
  #until: Monotonic = longAgo;
  readonly #packets = new Map<PortKey, number>();
  /** Sources, and the keys of the doors that their knocks opened. */
  readonly #opened = new Map<string, Set<string>>();

  /** Forgets everything and records from `now` until `until`. `expected`: whose packets count; `undefined` means all. */
  begin(expected: Address | undefined, now: Monotonic, until: Monotonic): void {
    this.#expected = expected;
    this.#began = now;
    this.#until = until;
    this.#packets.clear();
    this.#opened.clear();
  }

  /** Forgets what these doors opened: a reload has changed them, so their knocks prove nothing. */
  forget(names: readonly string[]): void {
    for (const doors of this.#opened.values()) {
      for (const key of doors) if (names.includes(nameIn(key))) doors.delete(key);
    }
  }

  end(): void {
    this.#until = longAgo;
  }

  /** Where the knock is expected from; `undefined` means anywhere. */
  get expected(): Address | undefined {
    return this.#expected;
  }

  countPacket({ time, source, port, protocol }: Packet): void {
    if (!this.#covers(time)) return;
    if (this.#expected !== undefined && !this.#expected.equals(source)) return;
    const key = portKey(port, protocol);
    this.#packets.set(key, (this.#packets.get(key) ?? 0) + 1);
  }

  /** Records that a knock, completed at `time`, has opened a door. */
  recordOpening(owner: AccessOwner, source: Address, time: Monotonic): void {
    if (!this.#covers(time) || owner.kind !== "door") return;
    const name = source.toString();
    const doors = this.#opened.get(name) ?? new Set();
    // Last: the oldest is evicted first.
    this.#opened.delete(name);
    this.#opened.set(name, doors.add(keyOf(owner)));
    const [oldest] = this.#opened.keys();
    if (this.#opened.size > mostSources && oldest !== undefined) this.#opened.delete(oldest);
  }

  /** Returns how many packets to this port have come from the expected address. */
  packetsTo({ number, protocol }: Port): number {
    return this.#packets.get(portKey(number, protocol)) ?? 0;
  }

  /** Returns whether a knock from `source` has opened the door since the trial began. */
  hasOpened({ config, nth }: NumberedDoor, source: Address): boolean {
    return this.#opened.get(source.toString())?.has(keyOf({ name: config.name, nth })) ?? false;
  }

  /** Returns the sources whose knocks have opened the door since the trial began, the latest first. */
  sourcesOf({ config, nth }: NumberedDoor): string[] {
    const key = keyOf({ name: config.name, nth });
    const found = [...this.#opened].filter(([, doors]) => doors.has(key));
    return found.map(([source]) => source).reverse();
  }

  #covers(time: Monotonic): boolean {
    return time >= this.#began && time < this.#until;
  }
}

/** Returns the name in a key of `keyOf`. */
function nameIn(key: string): string {
  return key.slice(key.indexOf(" ") + 1);
}

function keyOf({ name, nth }: { readonly name: string; readonly nth: number }): string {
  return `${nth} ${name}`;
}
