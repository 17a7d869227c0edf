import type { DoorConfig } from "../../config/config.ts";
import { isClosed, isShared } from "../../config/config.ts";
import type { HolderSubject } from "../../fleet/subject.ts";
import type { Doors } from "../doors.ts";

/** A door whose openings are shared. */
export interface SharedDoor {
  readonly live: Doors["all"][number];
  /** Nothing closes it. */
  readonly isPlain: boolean;
}

/** Milliseconds that a closing is kept beyond the longest time of what it closes. */
const closingSlack = 3_600_000;

/** The doors of the configuration in force that all gateways open and close together. */
export class SharedDoors {
  readonly #current: () => Doors;

  constructor(current: () => Doors) {
    this.#current = current;
  }

  /** Returns the door of a holder, unless this gateway has none, or keeps it for itself. */
  find(holder: Pick<HolderSubject, "door" | "nth">): SharedDoor | undefined {
    const live = this.#live(holder);
    if (live === undefined || !isShared(live.config)) return undefined;
    return { live, isPlain: !isClosed(live.config) };
  }

  /** Returns whether this gateway has the door of a holder, and keeps it for itself. */
  keeps(holder: Pick<HolderSubject, "door" | "nth">): boolean {
    const live = this.#live(holder);
    return live !== undefined && !isShared(live.config);
  }

  /** Returns whether a door of this name is shared. */
  has(name: string): boolean {
    return this.#current().all.some(({ config }) => config.name === name && isShared(config));
  }

  /** Returns for how long a closing must be kept: of the doors of this name, or of all. Milliseconds. */
  closingLength(name?: string): number {
    const configs = this.#current().all.map(({ config }) => config);
    const named = configs.filter((config) => name === undefined || config.name === name);
    const lengths = (named.length > 0 ? named : configs).map(longestOf);
    return Math.max(0, ...lengths) + closingSlack;
  }

  #live({ door, nth }: Pick<HolderSubject, "door" | "nth">): SharedDoor["live"] | undefined {
    return this.#current().all.find(
      ({ config, nth: ownNth }) => config.name === door && ownNth === nth,
    );
  }
}

function longestOf({ action, longest = 0 }: DoorConfig): number {
  return Math.max(longest, action.kind === "native" ? action.openFor : action.closeAfter);
}
