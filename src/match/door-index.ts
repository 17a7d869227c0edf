import type { PortKey } from "../base/port.ts";
import { portKey } from "../base/port.ts";
import type { Packet } from "../decode/packet.ts";
import type { Door } from "./door.ts";
import { isSameDoor } from "./door.ts";

/** A door, and the steps of its sequence, counted from 1, that a port can be. */
export interface Candidate {
  readonly id: number;
  readonly door: Door;
  readonly steps: number[];
}

const noCandidates: readonly Candidate[] = [];

/** The doors by the ports of their sequences. A door keeps its number until it changes. */
export class DoorIndex {
  /** In the order of the configuration. */
  #doors = new Map<number, Door>();
  #byPort = new Map<PortKey, Candidate[]>();
  #repeatsPorts = false;
  #nextId = 1;

  /** Replaces all doors. */
  set(doors: readonly Door[]): void {
    const before = new Map<string, [number, Door][]>();
    for (const [id, door] of this.#doors) {
      const named = before.get(door.name);
      if (named === undefined) before.set(door.name, [[id, door]]);
      else named.push([id, door]);
    }
    this.#doors = new Map();
    this.#byPort = new Map();
    this.#repeatsPorts = false;
    for (const door of doors) {
      const named = before.get(door.name) ?? [];
      const same = named.findIndex(([, other]) => isSameDoor(door, other));
      const [id] = named.splice(same, same < 0 ? 0 : 1)[0] ?? [this.#nextId++];
      this.#doors.set(id, door);
      this.#add(id, door);
    }
  }

  /** Whether a door has a port twice in its sequence. */
  get repeatsPorts(): boolean {
    return this.#repeatsPorts;
  }

  /** Returns `undefined` if the door is gone. */
  get(id: number): Door | undefined {
    return this.#doors.get(id);
  }

  /** Returns the doors that have the port of this packet. */
  candidates({ port, protocol }: Packet): readonly Candidate[] {
    return this.#byPort.get(portKey(port, protocol)) ?? noCandidates;
  }

  #add(id: number, door: Door): void {
    door.sequence.forEach(({ number, protocol }, i) => {
      const key = portKey(number, protocol);
      const candidates = this.#byPort.get(key) ?? [];
      // A door's steps are added together: if this door is there, it is the last.
      const known = candidates.at(-1);
      if (known?.id !== id) candidates.push({ id, door, steps: [i + 1] });
      else {
        known.steps.push(i + 1);
        this.#repeatsPorts = true;
      }
      this.#byPort.set(key, candidates);
    });
  }
}
