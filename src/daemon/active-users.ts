import type { Clock } from "../base/clock.ts";
import { KnockError, reason } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { StatusProblem } from "../base/status-problem.ts";
import { later } from "../base/time.ts";
import type { Config } from "../config/config.ts";
import { formatProblem, formatWithHint } from "../config/problem.ts";
import { remainingDevices } from "../config/remaining-devices.ts";
import { findUserTraps } from "../config/traps/users.ts";
import type { Device, ParsedUsers } from "../config/users.ts";
import { parseUsers } from "../config/users.ts";
import { holderOf } from "../grant/holders.ts";
import type { Lease } from "../grant/lease.ts";
import { reopenOf } from "../grant/lease.ts";
import type { LeaseManager } from "../grant/lease-manager.ts";
import { inTime, LateDiskError } from "../system/disk.ts";
import { DiskLane } from "../system/disk-lane.ts";
import type { ActiveFwknopKey, ActiveKey } from "./active-key.ts";
import { fwknopKeysOf, hasLostKey, keysOf } from "./active-key.ts";
import type { LoadedUsers, ReloadedUsers } from "./loaded-users.ts";
import { readUsersFile } from "./state/users-file.ts";

export interface ActiveUsersParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly leaseManager: Pick<LeaseManager, "leases" | "leave" | "curtail" | "dropCommands">;
  /** Makes leases of what the kernel has opened. */
  readonly adopt: () => void;
  /** Told of devices that may open nothing any more, or whose keys are others now. */
  readonly onRemoved?: (who: string) => void;
  readonly read?: (path: string) => Promise<Uint8Array>;
}

type UserSettings = Pick<Config, "doors"> & {
  readonly options: Pick<Config["options"], "usersFile" | "knockPorts" | "fwknopPorts">;
};

/** The devices that may open doors by key, as the users file in force has them. */
export class ActiveUsers {
  readonly #parts: ActiveUsersParts;
  readonly #lane = new DiskLane();
  #devices: ReadonlyMap<string, Device> = new Map();
  /** Devices that have lost a key since `settle`. What they hold may have been opened with it. */
  #revoked: ReadonlySet<string> = new Set();
  /** Whether the devices in force are those of a file. */
  #isRead = false;
  /** Devices that were there before `use`, and may open nothing since. */
  #removed: ReadonlySet<string> = new Set();
  #problems: readonly string[] = [];
  /** Whether a file could be read, or none is needed. */
  #isInForce = false;
  /** As in `ReloadedUsers`. */
  #named: ReadonlySet<string> = new Set();

  constructor(parts: ActiveUsersParts) {
    this.#parts = parts;
  }

  /** Returns the device of this name. */
  find(name: string): Device | undefined {
    return this.#devices.get(name);
  }

  /** All of them, in the order of the file. */
  get devices(): Iterable<Device> {
    return this.#devices.values();
  }

  /** The same, by their names; another object when another file is in force. */
  get byName(): ReadonlyMap<string, Device> {
    return this.#devices;
  }

  get keys(): readonly ActiveKey[] {
    return keysOf(this.#devices.values());
  }

  get fwknopKeys(): readonly ActiveFwknopKey[] {
    return fwknopKeysOf(this.#devices.values());
  }

  /** What is wrong with the file since the start. */
  get problems(): readonly StatusProblem[] {
    return this.#problems.map((message) => ({ code: "users", message }));
  }

  /** Reads the file of a configuration; none where no door has users. Throws CONFIG with every problem. */
  async load(config: UserSettings): Promise<LoadedUsers | undefined> {
    if (!hasUsers(config)) return undefined;
    const { devices, problems } = await this.#parse(config);
    if (problems.length > 0) {
      const lines = problems.map((problem) => formatWithHint(config.options.usersFile, problem));
      throw new KnockError("CONFIG", lines.join("\n"));
    }
    return { devices, warnings: this.#findTraps(config, devices) };
  }

  /** As `load`, but returns the problems of the file with what it leaves of the devices. Throws CONFIG if it cannot be read. */
  async reload(config: UserSettings): Promise<ReloadedUsers | undefined> {
    if (!hasUsers(config)) return undefined;
    const file = await this.#parse(config);
    if (file.problems.length === 0) {
      const { devices } = file;
      const warnings = this.#findTraps(config, devices);
      return { devices, warnings, problems: [], named: new Set() };
    }
    const { usersFile } = config.options;
    const sound = file.devices.map(({ name }) => name);
    return {
      devices: this.#isInForce ? remainingDevices(this.#devices.values(), file) : file.devices,
      warnings: [],
      named: new Set([...file.unsound, ...sound]),
      problems: file.problems.flatMap((problem) => formatWithHint(usersFile, problem).split("\n")),
    };
  }

  async #parse({ options: { usersFile } }: UserSettings): Promise<ParsedUsers> {
    const bytes = await this.#lane
      .run(() => this.#read(usersFile))
      .catch((error: unknown) => {
        if (error instanceof KnockError) throw error;
        throw new KnockError("CONFIG", `users file ${usersFile}: ${reason(error)}`);
      });
    return parseUsers(Buffer.from(bytes).toString(), this.#devices.values());
  }

  /**
   * Puts the file of a configuration in force. What is wrong with it costs its keys alone. Resolves when that
   * is done, or if the disk hangs: then `onLate` is called when it has answered.
   */
  async start(config: UserSettings, onLate: () => void): Promise<void> {
    if (!hasUsers(config)) {
      this.use({ devices: [], isRead: false });
      return;
    }
    const started = this.#startNow(config);
    try {
      await inTime(started, this.#parts.clock);
    } catch (error) {
      if (!(error instanceof LateDiskError)) throw error;
      this.#report([`users file ${config.options.usersFile}: ${error.message}`]);
      void started.then(onLate);
    }
  }

  async #startNow(config: UserSettings): Promise<void> {
    const { usersFile } = config.options;
    try {
      const bytes = await this.#lane.runLater(() => this.#read(usersFile));
      // A reload to a configuration without users may have come first.
      if (this.#isInForce) return;
      const { devices, unsound, problems } = parseUsers(Buffer.from(bytes).toString());
      this.use({ devices, named: unsound });
      for (const text of this.#findTraps(config, devices)) {
        this.#parts.log.write({ level: "warning", event: "warning", text });
      }
      this.#report(problems.map((problem) => formatProblem(usersFile, problem)));
    } catch (error) {
      if (!(error instanceof KnockError)) throw error;
      this.#report([error.message]);
    }
  }

  /** Puts other devices in force. The problems of the start remain if this file has some, too. */
  use(users: Pick<ReloadedUsers, "devices"> & Partial<ReloadedUsers>): void {
    const { devices, problems = [], named = new Set(), isRead = true } = users;
    const revoked = devices.filter((device) => hasLostKey(this.find(device.name), device));
    this.#revoked = new Set([...this.#revoked, ...revoked.map(({ name }) => name)]);
    const before = [...this.#devices.values()].filter(({ disabled }) => !disabled);
    this.#devices = new Map(devices.map((device) => [device.name, device]));
    this.#named = named;
    const removed = before.map(({ name }) => name).filter((name) => this.#isOut(name));
    // Where no door has users, no file says who was removed.
    this.#isRead = isRead;
    this.#removed = isRead ? new Set([...this.#removed, ...removed]) : new Set();
    this.#isInForce = true;
    if (problems.length === 0) this.#problems = [];
  }

  /**
   * Takes devices that are gone, disabled or have expired, or have lost a key, out of the leases and the commands
   * that wait, and lets none outlast its end.
   * Does nothing before a file could be read. Resolves when what that closes is closed.
   */
  async settle(): Promise<void> {
    if (!this.#isInForce) return;
    const { leaseManager, adopt } = this.#parts;
    leaseManager.dropCommands((name) => this.#isOut(name));
    if (leaseManager.leases.some((lease) => devicesOf(lease).length > 0)) adopt();
    const cuts = leaseManager.leases.flatMap((lease) =>
      devicesOf(lease).map((name) => this.#settle(lease, name)),
    );
    const out = leaseManager.leases.flatMap(devicesOf).filter((name) => this.#isOut(name));
    const told = this.#isRead ? [...this.#removed, ...out] : [];
    for (const name of new Set(told)) this.#parts.onRemoved?.(name);
    this.#revoked = new Set();
    this.#removed = new Set();
    await Promise.all(cuts);
  }

  #isOut(name: string): boolean {
    const device = this.find(name);
    if (device === undefined) return !this.#named.has(name);
    return device.disabled || this.#revoked.has(name);
  }

  async #settle(lease: Lease, name: string): Promise<void> {
    const { clock, leaseManager } = this.#parts;
    const device = this.find(name);
    if (this.#isOut(name)) return await leaseManager.leave(lease, name);
    if (device?.expires === undefined) return;
    const due = later(clock.now(), device.expires - clock.wall());
    await leaseManager.curtail(lease, name, due);
  }

  #read(path: string): Promise<Uint8Array> {
    return (this.#parts.read ?? readUsersFile)(path);
  }

  #findTraps(config: UserSettings, devices: readonly Device[]): string[] {
    const traps = findUserTraps(config, devices, this.#parts.clock.wall());
    return traps.map((text) => `warning: ${text}`);
  }

  #report(problems: readonly string[]): void {
    this.#problems = problems;
    for (const text of problems) {
      this.#parts.log.write({ level: "error", event: "users", text });
    }
  }
}

function hasUsers({ doors }: Pick<UserSettings, "doors">): boolean {
  return doors.some(({ users }) => users.length > 0);
}

/** Returns the devices that hold a lease, or wait for it to be closed. */
function devicesOf(lease: Lease): string[] {
  const waiting = reopenOf(lease).map(({ access }) => holderOf(access));
  return [...new Set([...lease.by.keys(), ...waiting])].filter((name) => name.includes("/"));
}
