import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { PortKey } from "../base/port.ts";
import { later } from "../base/time.ts";
import type { DoorConfig } from "../config/config.ts";
import { Doors } from "./doors.ts";
import { PortsInUse } from "./host/ports-in-use.ts";
import { TargetNames } from "./host/target-names.ts";
import { Targets } from "./host/targets.ts";
import type { OneTimeFiles } from "./state/one-time-files.ts";

/** Milliseconds until the date is looked at again. */
const longestWait = 60_000;

export interface ActiveDoorsParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly files: OneTimeFiles;
  /** Called when `current` has other targets or decoys, not by `use`. */
  readonly onChange: (doors: Doors) => void;
}

/** The doors of the configuration in force, in step with host names and with the services of this host. */
export class ActiveDoors {
  readonly #parts: ActiveDoorsParts;
  readonly #targets: Targets;
  readonly #targetNames: TargetNames;
  readonly #portsInUse: PortsInUse;
  #cancelEnd: (() => void) | undefined;
  #configs: readonly DoorConfig[] = [];
  #doors: Doors;

  /** Puts these doors in force once their one-time lists are read, or their disk hangs. */
  static async open(configs: readonly DoorConfig[], parts: ActiveDoorsParts): Promise<ActiveDoors> {
    let active: ActiveDoors | undefined;
    await loadLists(configs, parts, (file) => {
      if (active !== undefined) active.#takeList(file);
    });
    active = new ActiveDoors(configs, parts);
    return active;
  }

  private constructor(configs: readonly DoorConfig[], parts: ActiveDoorsParts) {
    this.#parts = parts;
    const { clock, log } = parts;
    this.#targets = new Targets(log);
    this.#targetNames = new TargetNames(this.#targets, clock, () => this.#retarget());
    this.#portsInUse = new PortsInUse(clock, () => this.#avoidPortsInUse());
    this.#doors = this.#make(configs);
  }

  get current(): Doors {
    return this.#doors;
  }

  /** Reads the one-time lists of doors that `use` is to put in force. Takes 2 s at most. */
  load(configs: readonly DoorConfig[]): Promise<void> {
    return loadLists(configs, this.#parts, (file) => this.#takeList(file));
  }

  /** Puts other doors in force. Their lists were loaded. */
  use(configs: readonly DoorConfig[]): void {
    this.#doors = this.#make(configs);
  }

  /** Looks up the host names among the targets, now and from time to time. Takes a second at most. */
  followNames(): Promise<void> {
    return this.#targetNames.follow(this.#configs);
  }

  /** Asks the packet filter for forwarded ports, a moment later: decoys avoid them. */
  findForwarded(): void {
    if (this.#configs.some(({ decoys }) => decoys > 0)) this.#portsInUse.searchSoon();
  }

  /** As `PortsInUse.isInUse`. */
  isInUse(port: PortKey): boolean {
    return this.#portsInUse.isInUse(port);
  }

  /** Resolves when no mark of a used sequence is under way. */
  marked(): Promise<void> {
    return this.#parts.files.idle();
  }

  /** Logs which used sequences the next daemon does not know. */
  reportUnmarked(): void {
    for (const file of this.#parts.files.behind()) {
      const text = `a used sequence is not marked in ${file}: the next daemon may accept it again`;
      this.#parts.log.write({ level: "error", event: "one-time", text });
    }
  }

  /** Ends all look-ups. */
  close(): void {
    this.#cancelEnd?.();
    this.#targetNames.close();
    this.#portsInUse.close();
  }

  #make(configs: readonly DoorConfig[]): Doors {
    this.#configs = configs;
    const { clock, log, files } = this.#parts;
    const resolve = this.#targets.networks.bind(this.#targets);
    const doors = new Doors(configs, resolve, log, files, this.#portsInUse.read());
    doors.end(clock.wall());
    this.#awaitEnd(doors);
    return doors;
  }

  /** Waits for the next date at which a door ends. The date may be set meanwhile, and does not stand still in a suspended machine. */
  #awaitEnd(doors: Doors): void {
    const { clock, onChange } = this.#parts;
    this.#cancelEnd?.();
    this.#cancelEnd = undefined;
    const { nextEnd } = doors;
    if (nextEnd === undefined) return;
    const wait = Math.min(Math.max(nextEnd - clock.wall(), 0), longestWait);
    this.#cancelEnd = clock.wakeAt(later(clock.now(), wait), () => {
      const hasEnded = doors.end(clock.wall());
      this.#awaitEnd(doors);
      if (hasEnded) onChange(doors);
    });
  }

  /** Enables the doors whose list was not known before its disk answered. */
  #takeList(file: string): void {
    if (this.#doors.takeList(file)) this.#parts.onChange(this.#doors);
  }

  #retarget(): void {
    this.#doors.retarget();
    this.#parts.onChange(this.#doors);
  }

  #avoidPortsInUse(): void {
    this.#doors.avoid(this.#portsInUse.read());
    this.#parts.onChange(this.#doors);
  }
}

async function loadLists(
  configs: readonly DoorConfig[],
  { files, log }: ActiveDoorsParts,
  onAnswer: (file: string) => void,
): Promise<void> {
  const names = configs.flatMap(({ sequence }) =>
    sequence.kind === "one-time" ? sequence.file : [],
  );
  for (const problem of await files.load(names, onAnswer)) {
    const text = `warning: ${problem}: what was read before counts`;
    log.write({ level: "warning", event: "one-time", text });
  }
}
