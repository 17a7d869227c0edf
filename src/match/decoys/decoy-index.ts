import type { Address } from "../../base/address.ts";
import { portKey } from "../../base/port.ts";
import type { Packet } from "../../decode/packet.ts";
import type { Door } from "../door.ts";
import { isTouch } from "../door.ts";
import type { Decoy } from "./choose.ts";
import { Scanners } from "./scanners.ts";

/** A door for whose sake a decoy is watched; `local` as in `Decoy`. */
interface DecoyDoor {
  readonly door: Door;
  readonly local: boolean;
}

export interface DecoyIndexOptions {
  /** Is this an address of this host, now? */
  readonly isOurs: (address: Address) => boolean;
  /** Has something begun to use this decoy of this host (`portKey`) meanwhile? */
  readonly isInUse: (port: number) => boolean;
}

/** The decoys of all doors, and who touched them. */
export class DecoyIndex {
  readonly #options: DecoyIndexOptions;
  readonly #scanners = new Scanners();
  /** The doors that have a decoy, by its key. */
  #byPort = new Map<number, DecoyDoor[]>();

  constructor(options: DecoyIndexOptions) {
    this.#options = options;
  }

  /** How many times decoys were touched, and how many times a source was ignored for it. */
  get scans(): { readonly touches: number; readonly penalties: number } {
    const { touches, penalties } = this.#scanners;
    return { touches, penalties };
  }

  /** From now on these are the decoys; those of each door, in the order of the doors. */
  set(doors: readonly Door[], decoys: readonly (readonly Decoy[])[]): void {
    this.#byPort = new Map();
    for (const [i, door] of doors.entries()) {
      for (const { number, protocol, local } of decoys[i] ?? []) {
        const key = portKey(number, protocol);
        const baited = this.#byPort.get(key);
        if (baited === undefined) this.#byPort.set(key, [{ door, local }]);
        else baited.push({ door, local });
      }
    }
  }

  /** The door whose decoy this packet touches. */
  doorOf(packet: Packet): Door | undefined {
    const key = portKey(packet.port, packet.protocol);
    const baited = this.#byPort.get(key);
    if (baited === undefined) return undefined;
    const isOurs = () => this.#options.isOurs(packet.destination);
    const door = baited.find((one) => isTouch(one.door, packet, one.local, isOurs))?.door;
    if (door === undefined) return undefined;
    // What goes to a target goes to another machine.
    return door.target === undefined && this.#options.isInUse(key) ? undefined : door;
  }

  /** This packet touched a decoy. True if its source is ignored from now on, and was not before. */
  touch({ source, port, protocol, time }: Packet): boolean {
    return this.#scanners.touch(source, portKey(port, protocol), time);
  }

  /** Is this source ignored, since it touched too many? */
  isIgnored(source: Address, now: number): boolean {
    return this.#scanners.isIgnored(source, now);
  }
}
