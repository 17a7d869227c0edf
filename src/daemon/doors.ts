import type { Network } from "../base/address.ts";
import { reason } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { formatPort } from "../base/port.ts";
import type { Sequence } from "../base/sequence.ts";
import type { WatchedPorts } from "../capture/source.ts";
import type { DoorConfig } from "../config/config.ts";
import type { Door } from "../match/door.ts";
import type { OneTimeList } from "../match/one-time.ts";
import type { OneTimeFiles } from "./one-time-file.ts";
import { markedFiles } from "./one-time-file.ts";

/** A door of the configuration and what opens it now. */
interface LiveDoor {
  readonly config: DoorConfig;
  /** Which of the doors of this name, counted from 1. */
  readonly nth: number;
  /** What the matcher compares packets with; undefined: no sequence is left, the door is disabled. */
  door: Door | undefined;
}

/** Turns the networks and names of a door's targets into networks. */
type Resolve = (targets: readonly (Network | string)[]) => readonly Network[];

/** The doors of a configuration as they are at this moment: sequences used up, names resolved. */
export class Doors {
  readonly #log: Log;
  readonly #resolve: Resolve;
  readonly #files: OneTimeFiles;
  readonly #live: readonly LiveDoor[];

  constructor(
    configs: readonly DoorConfig[],
    resolve: Resolve,
    log: Log,
    files: OneTimeFiles = markedFiles,
  ) {
    this.#log = log;
    this.#resolve = resolve;
    this.#files = files;
    const seen = new Map<string, number>();
    this.#live = configs.map((config) => {
      const nth = (seen.get(config.name) ?? 0) + 1;
      seen.set(config.name, nth);
      return { config, nth, door: this.#open(config) };
    });
  }

  /** Those that can be opened now, in the order of the configuration. */
  get matchable(): readonly Door[] {
    return this.#live.flatMap(({ door }) => door ?? []);
  }

  /** All of them, in the order of the configuration. */
  get all(): readonly Readonly<LiveDoor>[] {
    return this.#live;
  }

  /** What belongs to a door that was matched. */
  find(door: Door): Readonly<LiveDoor> | undefined {
    return this.#live.find((live) => live.door === door);
  }

  /** Every port that could be a hit. */
  get ports(): WatchedPorts {
    const ports = { tcp: new Set<number>(), udp: new Set<number>() };
    for (const { sequence } of this.matchable) {
      for (const { number, protocol } of sequence) ports[protocol].add(number);
    }
    return ports;
  }

  /** Takes the addresses that the targets' names stand for now. */
  retarget(): void {
    for (const live of this.#live) {
      if (live.door === undefined || live.config.target === undefined) continue;
      live.door = { ...live.door, target: this.#resolve(live.config.target) };
    }
  }

  /** The door was opened. True if it has another sequence now, or none: it was a one-time sequence. */
  used(door: Door): boolean {
    const live = this.#live.find((other) => other.door === door);
    if (live === undefined || !("file" in live.config.sequence)) return false;
    const { file } = live.config.sequence;
    try {
      live.door = this.#next(live.config, this.#files.markUsed(file, door.sequence));
    } catch (error) {
      // Better a door that stays shut than a sequence that opens it twice.
      live.door = undefined;
      this.#warn(live.config, `${reason(error)} --> disabling the door`);
    }
    return true;
  }

  #open(config: DoorConfig): Door | undefined {
    const { sequence } = config;
    if (!("file" in sequence)) return this.#door(config, sequence);
    try {
      const list = this.#files.read(sequence.file);
      for (const { line, problem } of list.malformed) {
        this.#warn(config, `${sequence.file}:${line}: ${problem}, the line is skipped`);
      }
      return this.#next(config, list);
    } catch (error) {
      this.#warn(config, `${reason(error)} --> disabling the door`);
      return undefined;
    }
  }

  #next(config: DoorConfig, list: OneTimeList): Door | undefined {
    const [next] = list.unused;
    if (next === undefined) {
      const file = "one time sequences file";
      const text = `no more sequences left in the ${file} for door ${config.name} --> disabling the door`;
      this.#log.write({ level: "error", event: "sequences-exhausted", text, door: config.name });
      return undefined;
    }
    const steps = next.sequence.map(formatPort).join(",");
    const text = `new sequence for door ${config.name}: ${steps}`;
    this.#log.write({ level: "debug", event: "sequence", text, door: config.name });
    return this.#door(config, next.sequence);
  }

  #door(config: DoorConfig, sequence: Sequence): Door {
    const { name, timeout, flags, allow, deny } = config;
    const target = config.target === undefined ? undefined : this.#resolve(config.target);
    return { name, sequence, timeout, flags, target, allow, deny };
  }

  #warn({ name }: DoorConfig, what: string): void {
    const text = `warning: door ${name}: ${what}`;
    this.#log.write({ level: "warning", event: "one-time", text, door: name });
  }
}
