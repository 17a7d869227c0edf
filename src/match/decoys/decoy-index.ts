import type { Address } from "../../base/address.ts";
import type { PortKey } from "../../base/port.ts";
import { portKey } from "../../base/port.ts";
import type { Monotonic } from "../../base/time.ts";
import type { Packet } from "../../decode/packet.ts";
import type { Door } from "../door.ts";
import { isTouch } from "../door.ts";
import type { Decoy } from "./decoy.ts";
import type { IgnoredSource } from "./scanners.ts";
import { Scanners } from "./scanners.ts";

/** A door that has a certain decoy; `local` as in `Decoy`. */
interface DecoyDoor {
  readonly door: Door;
  readonly local: boolean;
}

export interface DecoyIndexOptions {
  /** Returns whether this host has the address now. */
  readonly isOurs: (address: Address) => boolean;
  /** Returns whether a service of this host has begun to use this decoy. */
  readonly isInUse: (port: PortKey) => boolean;
}

/** The decoys of all doors, and the sources that touched them. */
export class DecoyIndex {
  readonly #options: DecoyIndexOptions;
  readonly #scanners = new Scanners();
  /** The doors that have a decoy. */
  #byPort = new Map<PortKey, DecoyDoor[]>();

  constructor(options: DecoyIndexOptions) {
    this.#options = options;
  }

  /** How many times decoys were touched, and how many times a source was ignored for it. */
  get scans(): { readonly touches: number; readonly penalties: number } {
    const { touches, penalties } = this.#scanners;
    return { touches, penalties };
  }

  /** Replaces all decoys by those of each door, in the order of the doors. */
  set(doors: readonly Door[], decoys: readonly (readonly Decoy[])[]): void {
    this.#byPort = new Map();
    for (const [i, door] of doors.entries()) {
      for (const { number, protocol, local } of decoys[i] ?? []) {
        const key = portKey(number, protocol);
        const known = this.#byPort.get(key);
        if (known === undefined) this.#byPort.set(key, [{ door, local }]);
        else known.push({ door, local });
      }
    }
  }

  /** Returns the door whose decoy this packet touches. */
  doorOf(packet: Packet): Door | undefined {
    const key = portKey(packet.port, packet.protocol);
    const doors = this.#byPort.get(key);
    if (doors === undefined) return undefined;
    const isOurs = () => this.#options.isOurs(packet.destination);
    const door = doors.find((one) => isTouch(one.door, packet, one.local, isOurs))?.door;
    if (door === undefined) return undefined;
    // A target is another machine: this host's services say nothing about its ports.
    return door.target === undefined && this.#options.isInUse(key) ? undefined : door;
  }

  /** Counts a packet to a decoy. Returns whether this touch started an ignore period. */
  touch({ source, port, protocol, time }: Packet): boolean {
    return this.#scanners.touch(source, portKey(port, protocol), time);
  }

  /** The sources that are ignored, as `Scanners` lists them. */
  ignored(now: Monotonic): readonly IgnoredSource[] {
    return this.#scanners.ignored(now);
  }

  /** As `Scanners.wereTouched`. */
  wereTouched(now: Monotonic): boolean {
    return this.#scanners.wereTouched(now);
  }

  /** As `Scanners.takeLine`. */
  takeLine(source: Address, now: Monotonic): number | undefined {
    return this.#scanners.takeLine(source, now);
  }

  /** Ignores a source, by default all, no longer. Returns those that were ignored. */
  forgive(source: Address | undefined, now: Monotonic): readonly Address[] {
    if (source === undefined) return this.#scanners.forgiveAll(now);
    return this.#scanners.forgive(source, now) ? [source] : [];
  }

  /** Returns whether this source is ignored because it touched too many decoys. */
  isIgnored(source: Address, now: Monotonic): boolean {
    return this.#scanners.isIgnored(source, now);
  }
}
