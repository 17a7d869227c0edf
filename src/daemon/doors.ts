// Longer than other files: a sequence that is used up, its mark and the decoys change a door together.

import type { Network } from "../base/address.ts";
import { reason } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Port, PortKey, PortSets } from "../base/port.ts";
import { formatPort, portKey } from "../base/port.ts";
import type { Sequence } from "../base/sequence.ts";
import { sameSequence } from "../base/sequence.ts";
import type { WallTime } from "../base/time.ts";
import { formatLocalTime, wallTime } from "../base/time.ts";
import type { DoorConfig } from "../config/config.ts";
import { namedServices } from "../config/config.ts";
import type { LineUse } from "../fleet/single-use.ts";
import { chooseDecoys } from "../match/decoys/choose.ts";
import type { Decoy, DecoyRequest, HostPorts } from "../match/decoys/decoy.ts";
import { unknownHost } from "../match/decoys/decoy.ts";
import { isShieldable, isShielded } from "../match/decoys/shield.ts";
import type { Door } from "../match/door.ts";
import type { OneTimeList, OneTimeSequence } from "../match/one-time.ts";
import type { OneTimeFiles } from "./state/one-time-files.ts";
import { markedFiles } from "./state/one-time-files.ts";

/** A door of the configuration and what opens it now. */
interface LiveDoor {
  readonly config: DoorConfig;
  /** Which of the doors of this name, counted from 1. */
  readonly nth: number;
  /** What the matcher compares packets with; undefined: no sequence is left or its date has passed, the door is disabled. */
  door: Door | undefined;
  /** The ports that are watched for its sake to catch scanners. */
  decoys: readonly Decoy[];
  /** Used sequences whose mark failed, or is late: the door is disabled. */
  readonly unmarked: Set<Sequence>;
  /** Its date has passed. */
  isOver: boolean;
}

/** The line of a one-time list that was used. */
export interface UsedLine {
  /** Where it begins: bytes. */
  readonly offset: number;
  readonly sequence: string;
  /** Those after it that are not used yet. */
  readonly unused: readonly { readonly offset: number; readonly sequence: string }[];
}

/** What became of the sequence that opened a door. */
interface UsedSequence {
  /** The door has another sequence, or none. */
  readonly changed: boolean;
  /** Undefined where none of a list was used. */
  readonly line: UsedLine | undefined;
  /** Undefined where nothing is to be marked. */
  readonly marked: Promise<boolean> | undefined;
  /** Resolves when the disk has answered, however late, to whether the door has changed by that. */
  readonly answered: Promise<boolean> | undefined;
}

/** How many doors a warning names. */
const mostNames = 5;

/** Turns the networks and names of a door's targets into networks. */
type Resolve = (targets: readonly (Network | string)[]) => readonly Network[];

/** The doors of a configuration as they are at this moment: sequences used up, names resolved. */
export class Doors {
  readonly #log: Log;
  readonly #resolve: Resolve;
  readonly #files: OneTimeFiles;
  readonly #live: readonly LiveDoor[];
  #host: HostPorts;
  /** The doors of which was said that scans in the order of the ports open them. */
  readonly #exposed = new Set<LiveDoor>();

  constructor(
    configs: readonly DoorConfig[],
    resolve: Resolve,
    log: Log,
    files: OneTimeFiles = markedFiles(),
    host: HostPorts = unknownHost,
  ) {
    this.#log = log;
    this.#resolve = resolve;
    this.#files = files;
    this.#host = host;
    const seen = new Map<string, number>();
    this.#live = configs.map((config) => {
      const nth = (seen.get(config.name) ?? 0) + 1;
      seen.set(config.name, nth);
      return {
        config,
        nth,
        door: this.#open(config),
        decoys: [],
        unmarked: new Set(),
        isOver: false,
      };
    });
    this.#chooseDecoys();
  }

  /** Those that can be opened now, in the order of the configuration. */
  get matchable(): readonly Door[] {
    return this.#live.flatMap(({ door }) => door ?? []);
  }

  /** Those of each of `matchable`, in the same order. */
  get decoys(): readonly (readonly Decoy[])[] {
    return this.#live.flatMap(({ door, decoys }) => (door === undefined ? [] : [decoys]));
  }

  /** All of them, in the order of the configuration. */
  get all(): readonly Readonly<LiveDoor>[] {
    return this.#live;
  }

  /** What belongs to a door that was matched. */
  find(door: Door): Readonly<LiveDoor> | undefined {
    return this.#live.find((live) => live.door === door);
  }

  /** Returns the one-time list of a door, or undefined if it has none, or none that can be read. */
  listOf({ config: { sequence } }: Readonly<LiveDoor>): OneTimeList | undefined {
    if (sequence.kind !== "one-time") return undefined;
    try {
      return this.#files.read(sequence.file);
    } catch {
      return undefined; // The log has said so when the door was read.
    }
  }

  /** Every port that could be a hit, and the decoys. */
  get ports(): PortSets {
    const ports = { tcp: new Set<number>(), udp: new Set<number>() };
    for (const { door, decoys } of this.#live) {
      const all = [...(door?.sequence ?? []), ...decoys];
      for (const { number, protocol } of all) ports[protocol].add(number);
    }
    return ports;
  }

  /** The earliest date after which another door stays closed; `undefined` if there is none. */
  get nextEnd(): WallTime | undefined {
    const ends = this.#live.flatMap(({ isOver, config }) => (isOver ? [] : (config.until ?? [])));
    return ends.length === 0 ? undefined : wallTime(Math.min(...ends));
  }

  /** Disables the doors whose date has passed. Returns whether there were any. */
  end(now: WallTime): boolean {
    const past = this.#live.filter(({ config: { until } }) => until !== undefined && until <= now);
    const over = past.filter((live) => isOpenable(live));
    for (const live of past) live.isOver = true;
    for (const live of over) {
      live.door = undefined;
      const { name, until = now } = live.config;
      const text = `door ${name} ended at ${formatLocalTime(new Date(until))} --> disabling the door`;
      this.#log.write({ level: "notice", event: "door-ended", text, door: name });
    }
    if (over.length > 0) this.#chooseDecoys();
    return over.length > 0;
  }

  /** Takes other decoys where the host, as it is known now, does not allow those there are. */
  avoid(host: HostPorts): void {
    this.#host = host;
    this.#chooseDecoys();
  }

  /** Takes the addresses that the targets' names stand for now. */
  retarget(): void {
    for (const live of this.#live) {
      if (live.door === undefined || live.config.target === undefined) continue;
      live.door = { ...live.door, target: this.#resolve(live.config.target) };
    }
  }

  /**
   * Uses a sequence of a door up if it is a one-time sequence: the door has the next one then, or none.
   * `marked` resolves when it is marked on the disk; to false if that failed or is late, and the door is
   * disabled. A mark that is late enables it again.
   */
  use(door: Door): UsedSequence {
    const live = this.#live.find((other) => other.door === door);
    const used = live && this.#use(live, door.sequence);
    return used ?? { changed: false, line: undefined, marked: undefined, answered: undefined };
  }

  /**
   * Uses up a line of a one-time list that another gateway has used, and those before it: lists are used in their
   * order. A line that is not there was used before, or is of another list.
   */
  useUpTo({ door, nth, sequence }: Omit<LineUse, "kind" | "offset">): Promise<boolean> | undefined {
    const live = this.#live.find(({ config, nth: own }) => config.name === door && own === nth);
    const { unused = [] } = (live && this.listOf(live)) ?? {};
    const at = unused.findIndex((one) => formatSequence(one.sequence) === sequence);
    const uses = unused.slice(0, at + 1).map((one) => live && this.#use(live, one.sequence));
    const last = uses.at(-1);
    return last && (last.answered ?? Promise.resolve(false)).then(() => true);
  }

  #use(live: LiveDoor, sequence: Sequence): UsedSequence | undefined {
    if (live.config.sequence.kind !== "one-time") return undefined;
    const line = this.listOf(live)?.unused.find((one) => sameSequence(one.sequence, sequence));
    const { left, mark } = this.#files.markUsed(live.config.sequence.file, sequence);
    live.door = this.#next(live.config, left);
    this.#chooseDecoys();
    const answered = mark?.ended.then(
      (now) => this.#continue(live, sequence, now),
      () => false,
    );
    const marked = mark?.inTime.then(
      () => true,
      (error: unknown) => this.#disable(live, sequence, error),
    );
    return { changed: true, line: line && usedLine(line, left), marked, answered };
  }

  /** Goes on with the list as it is now that a sequence is marked. Returns whether the door has changed. */
  #continue(live: LiveDoor, marked: Sequence, left: OneTimeList): boolean {
    const wasLate = live.unmarked.delete(marked);
    if (live.unmarked.size > 0 || live.isOver) return false;
    const [next] = left.unused;
    const before = live.door?.sequence;
    const isSame =
      next === undefined ? before === undefined : before && sameSequence(before, next.sequence);
    if (isSame) return false;
    if (wasLate) {
      const { name } = live.config;
      const text = `door ${name}: the disk has answered, the used sequence is marked --> enabling the door`;
      this.#log.write({ level: "notice", event: "one-time", text, door: name });
    }
    live.door = this.#next(live.config, left);
    this.#chooseDecoys();
    return true;
  }

  /** Better a door that stays closed than a sequence that opens it twice. */
  #disable(live: LiveDoor, unmarked: Sequence, error: unknown): false {
    live.unmarked.add(unmarked);
    live.door = undefined;
    this.#warn(live.config, `${reason(error)} --> disabling the door`);
    this.#chooseDecoys();
    return false;
  }

  /** Enables doors whose list could not be read before its disk answered. Returns whether there are any. */
  takeList(file: string): boolean {
    const waiting = this.#live.filter(({ config: { sequence }, door, unmarked, isOver }) => {
      const isItsList = sequence.kind === "one-time" && sequence.file === file;
      return isItsList && door === undefined && unmarked.size === 0 && !isOver;
    });
    for (const live of waiting) {
      const { name } = live.config;
      const text = `door ${name}: the disk has answered, its list is read`;
      this.#log.write({ level: "notice", event: "one-time", text, door: name });
      live.door = this.#open(live.config);
    }
    if (waiting.length > 0) this.#chooseDecoys();
    return waiting.length > 0;
  }

  /** Those of a door depend on the ports of all others. */
  #chooseDecoys(): void {
    const taken = new Set(this.#host.taken);
    for (const service of this.#live.flatMap(({ config }) => namedServices(config))) {
      if (service.protocol !== "icmp") taken.add(portKey(service.port, service.protocol));
    }
    const chosen = chooseDecoys(this.#live.map(decoyRequest), { ...this.#host, taken });
    this.#live.forEach((live, i) => {
      live.decoys = chosen[i] ?? [];
    });
    this.#warnExposed();
  }

  /** What is so with a sequence on any host was said when the configuration was read. */
  #warnExposed(): void {
    const all = keysOf(this.#live.flatMap(({ decoys }) => decoys));
    const exposed = this.#live.filter((live) => {
      const { sequence, decoys } = decoyRequest(live);
      if (decoys === 0 || sequence.length < 2 || this.#exposed.has(live)) return false;
      return !isShielded(sequence, all) && isShieldable(sequence, decoys);
    });
    if (exposed.length === 0) return;
    for (const live of exposed) this.#exposed.add(live);
    const names = exposed.slice(0, mostNames).map(({ config }) => `'${config.name}'`);
    const more = exposed.length > names.length ? ` and ${exposed.length - names.length} more` : "";
    const text = `warning: a port scan may open ${names.join(", ")}${more}: too few ports near by are free to be decoys`;
    this.#log.write({ level: "warning", event: "decoys", text });
  }

  #open(config: DoorConfig): Door | undefined {
    const { sequence } = config;
    if (sequence.kind === "none") return undefined;
    if (sequence.kind === "fixed") return this.#door(config, sequence.steps);
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

/** Returns whether a knock, by sequence or by key, can open a door now. */
export function isOpenable({ door, config, isOver }: Readonly<LiveDoor>): boolean {
  return !isOver && (door !== undefined || config.users.length > 0);
}

function usedLine(line: OneTimeSequence, left: OneTimeList): UsedLine {
  const [used, ...unused] = [line, ...left.unused].map(({ offset, sequence }) => ({
    ...{ offset, sequence: formatSequence(sequence) },
  }));
  return { offset: line.offset, sequence: used?.sequence ?? "", unused };
}

function formatSequence(sequence: Sequence): string {
  return sequence.map(formatPort).join(",");
}

function decoyRequest({ door, config }: LiveDoor): DecoyRequest {
  return { sequence: door?.sequence ?? [], decoys: door === undefined ? 0 : config.decoys };
}

function keysOf(ports: readonly Port[]): ReadonlySet<PortKey> {
  return new Set(ports.map(({ number, protocol }) => portKey(number, protocol)));
}
