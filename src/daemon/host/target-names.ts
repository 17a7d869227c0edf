import { once } from "node:events";
import type { Clock } from "../../base/clock.ts";
import { later } from "../../base/time.ts";
import type { DoorConfig } from "../../config/config.ts";
import type { Targets } from "./targets.ts";

/** How long the names of targets may keep a start or a reload: milliseconds. */
const lookUpTimeout = 1000;

/** How often the names of targets are looked up again: milliseconds. Only if there are any. */
const interval = 60_000;

/** Keeps the host names that doors name as targets in step with the name servers. */
export class TargetNames {
  readonly #targets: Targets;
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #names: readonly string[] = [];
  #cancel: (() => void) | undefined;
  /** Counts look-ups, and the end: one that was overtaken must not arrange for the next. */
  #turns = 0;

  /** `onChange`: some names stand for other addresses now. */
  constructor(targets: Targets, clock: Clock, onChange: () => void) {
    this.#targets = targets;
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /**
   * Follows the names of these doors. Fulfilled when they were looked up, or soon after: a name server
   * that does not answer must not delay a start; its doors stay closed until it does.
   */
  async follow(doors: readonly DoorConfig[]): Promise<void> {
    this.#names = namesOf(doors);
    await Promise.race([this.#lookUp(), once(AbortSignal.timeout(lookUpTimeout), "abort")]);
  }

  close(): void {
    this.#cancel?.();
    this.#turns++;
  }

  /** Now, and from time to time. */
  async #lookUp(): Promise<void> {
    this.#cancel?.();
    const turn = ++this.#turns;
    if (this.#names.length === 0) return;
    if (await this.#targets.refresh(this.#names)) this.#onChange();
    if (turn !== this.#turns) return;
    this.#cancel = this.#clock.wakeAt(
      later(this.#clock.now(), interval),
      () => void this.#lookUp(),
    );
  }
}

/** The names among the targets of doors. */
export function namesOf(doors: readonly DoorConfig[]): readonly string[] {
  return doors.flatMap(({ target }) => target ?? []).filter((one) => typeof one === "string");
}
