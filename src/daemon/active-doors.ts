import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { PortKey } from "../base/port.ts";
import { portKey } from "../base/port.ts";
import type { WallTime } from "../base/time.ts";
import { later } from "../base/time.ts";
import type { ConfigOptions, DoorConfig } from "../config/config.ts";
import type { LineUse } from "../fleet/single-use.ts";
import type { HostPorts } from "../match/decoys/decoy.ts";
import { Doors } from "./doors.ts";
import { PortsInUse } from "./host/ports-in-use.ts";
import { TargetNames } from "./host/target-names.ts";
import { Targets } from "./host/targets.ts";
import type { OneTimeFiles } from "./state/one-time-files.ts";

/** What the doors of a configuration depend on. */
export interface DoorSettings {
  readonly doors: readonly DoorConfig[];
  readonly options: Pick<ConfigOptions, "knockPorts" | "fwknopPorts">;
}

/** Milliseconds until the date is looked at again. */
const longestWait = 60_000;

export interface ActiveDoorsParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly files: OneTimeFiles;
  /** The name of our table of nftables. */
  readonly table: string;
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
  #config: DoorSettings;
  #doors: Doors;
  #usedSince: WallTime;

  /** Puts these doors in force once their one-time lists are read, or their disk hangs. */
  static async open(config: DoorSettings, parts: ActiveDoorsParts): Promise<ActiveDoors> {
    let active: ActiveDoors | undefined;
    await loadLists(config.doors, parts, (file) => {
      if (active !== undefined) active.#takeList(file);
    });
    active = new ActiveDoors(config, parts);
    return active;
  }

  private constructor(config: DoorSettings, parts: ActiveDoorsParts) {
    this.#parts = parts;
    const { clock, log } = parts;
    this.#targets = new Targets(log);
    this.#targetNames = new TargetNames(this.#targets, clock, () => this.#retarget());
    this.#portsInUse = new PortsInUse(clock, () => this.#avoidPortsInUse(), parts.table);
    this.#config = config;
    this.#usedSince = clock.wall();
    this.#doors = this.#make(config);
  }

  /** When the configuration of the doors was read. */
  get usedSince(): WallTime {
    return this.#usedSince;
  }

  get current(): Doors {
    return this.#doors;
  }

  /** Reads the one-time lists of doors that `use` is to put in force. Takes 2 s at most. */
  load(configs: readonly DoorConfig[]): Promise<void> {
    return loadLists(configs, this.#parts, (file) => this.#takeList(file));
  }

  /** Puts other doors in force. Their lists were loaded. */
  use(config: DoorSettings): void {
    this.#usedSince = this.#parts.clock.wall();
    this.#doors = this.#make(config);
  }

  /** Looks up the host names among the targets, now and from time to time. Takes a second at most. */
  followNames(): Promise<void> {
    return this.#targetNames.follow(this.#config.doors);
  }

  /** Asks the packet filter for forwarded ports, a moment later: decoys avoid them. */
  findForwarded(): void {
    if (this.#config.doors.some(({ decoys }) => decoys > 0)) this.#portsInUse.searchSoon();
  }

  /** As `PortsInUse.isInUse`. */
  isInUse(port: PortKey): boolean {
    return this.#portsInUse.isInUse(port);
  }

  /** Resolves when no mark of a used sequence is under way. */
  marked(): Promise<void> {
    return this.#parts.files.idle();
  }

  /** Takes note of a line of a one-time list that another gateway has used. Waits for no disk. */
  heardUse(use: Omit<LineUse, "kind" | "offset">): void {
    const doors = this.#doors;
    const marked = doors.useUpTo(use);
    if (marked === undefined) return;
    const { onChange } = this.#parts;
    onChange(doors);
    void marked.then(() => {
      if (this.#doors === doors) onChange(doors);
    });
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

  #make(config: DoorSettings): Doors {
    this.#config = config;
    const { clock, log, files } = this.#parts;
    const resolve = this.#targets.networks.bind(this.#targets);
    const doors = new Doors(config.doors, resolve, log, files, this.#hostPorts());
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

  /** Knocks with a key must not touch decoys. */
  #hostPorts(): HostPorts {
    const { taken, local } = this.#portsInUse.read();
    const { knockPorts, fwknopPorts } = this.#config.options;
    const keyPorts = [...knockPorts, ...fwknopPorts].map((port) => portKey(port, "udp"));
    return { taken: new Set([...taken, ...keyPorts]), local };
  }

  #avoidPortsInUse(): void {
    this.#doors.avoid(this.#hostPorts());
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
