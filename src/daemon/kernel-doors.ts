import { randomInt } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { ConfigOptions } from "../config/config.ts";
import type { KernelDoorsResult, KnockedDoor } from "../firewall/backend.ts";
import type {
  KernelDoor,
  KernelDoorState,
  KernelDoors,
} from "../firewall/nftables/kernel-doors.ts";
import { compiledDoors, selectDoors } from "../firewall/nftables/kernel-doors.ts";
import type { Ruleset, TableContents } from "../firewall/nftables/nft-ruleset.ts";
import { rulesetsFor } from "../firewall/nftables/nft-ruleset.ts";
import type { NumberedDoor } from "./access-request.ts";
import type { KernelInterfaces } from "./configured-kernel-doors.ts";
import { kernelDoorsOf, wantsKernelDoors } from "./configured-kernel-doors.ts";
import type { Doors } from "./doors.ts";
import type { Rehearsal } from "./rehearsal.ts";
import type { DeviceLookup } from "./services-behind.ts";

export interface DaemonKernelDoorsParts {
  /** Those in force. */
  readonly doors: () => Pick<Doors, "all">;
  /** IPv6 packets do not count. */
  readonly onlyIpv4: boolean;
  readonly deviceOf: DeviceLookup;
  readonly clock: Clock;
  readonly rehearsal: Pick<Rehearsal, "until">;
  /** Returns whether sources have touched decoys lately. */
  readonly wereTouched: () => boolean;
  readonly log: Log;
}

/** Milliseconds by which a pause of the kernel is longer than that of knockd: the kernel rounds times down. */
const pauseReserve = 1_000;

/** The options of a configuration on which doors in the kernel depend. */
type KernelOptions = Pick<ConfigOptions, "firewall" | "interfaces" | "kernelDoors">;

/** The doors that the kernel is to open by itself, and what came of it. */
export class DaemonKernelDoors {
  readonly #parts: DaemonKernelDoorsParts;
  #options: KernelOptions;
  /** What was loaded last, without what differs each time. */
  #loaded = "";
  /** What `take` returned last, in the form of `#loaded`. */
  #taken = "";
  #result: KernelDoorsResult | undefined;
  #logged: string | undefined;
  readonly #seed = randomInt(2 ** 32);

  constructor(options: KernelOptions, parts: DaemonKernelDoorsParts) {
    this.#options = options;
    this.#parts = parts;
  }

  configure(options: KernelOptions): void {
    this.#options = options;
  }

  /** Returns what is to be loaded, `undefined` if there is nothing; `record` follows once it is. */
  take(): KernelDoors | undefined {
    const doors = this.#current;
    this.#taken = this.#text;
    if (doors === undefined) return undefined;
    const { clock, rehearsal, wereTouched } = this.#parts;
    const { until } = rehearsal;
    const pause = until === undefined ? 0 : until - clock.now() + pauseReserve;
    return { ...doors, pause, wereTouched: wereTouched() };
  }

  /** Whether the doors have changed since they were loaded. */
  get areStale(): boolean {
    return this.#text !== this.#loaded;
  }

  /** Records what became of what `take` returned. A refusal is in the log once. */
  record(result: KernelDoorsResult): void {
    this.#loaded = this.#taken;
    this.#result = result;
    if (result.closed.length > 0) {
      const text = `closed what the kernel had opened by doors that are gone: ${listSources(result.closed)}`;
      this.#parts.log.write({ level: "notice", event: "kernel-closed", text });
    }
    const { problem } = this;
    if (problem !== undefined && problem !== this.#logged) {
      this.#parts.log.write({ level: "warning", event: "kernel-doors", text: problem });
    }
    this.#logged = problem;
  }

  /** Returns why the kernel opens no doors although it should, or `undefined` if it does. */
  get problem(): string | undefined {
    const refusal = this.#result?.refusal;
    if (refusal === undefined || this.#current === undefined) return undefined;
    return `doors open only while knockd runs: ${refusal.message}`;
  }

  /** Returns the rules for the next boot that open doors; `undefined` if there are none. */
  bootRuleset(
    contents: Pick<TableContents, "services" | "behind">,
    table: string,
  ): Ruleset | undefined {
    if (this.problem !== undefined) return undefined;
    const all = { ...contents, doors: this.#current, seed: this.#seed };
    return rulesetsFor(all, table).find(({ doors }) => doors.length > 0);
  }

  /**
   * Returns for each door whether the kernel opens it now, in the order of the doors; `undefined` where the
   * configuration wants none to be.
   */
  states(): readonly KernelDoorState[] | undefined {
    if (!wantsKernelDoors(this.#options)) return undefined;
    const { doors, onlyIpv4 } = this.#parts;
    const why = this.#obstacle;
    return selectDoors(kernelDoorsOf(doors(), this.#devices, onlyIpv4)).map((state) =>
      state.opens && why !== undefined ? { opens: false, why } : state,
    );
  }

  /** Returns the doors that the kernel may have opened, by their keys in the kernel. */
  openers(): ReadonlyMap<string, NumberedDoor> {
    const { all } = this.#parts.doors();
    const kernel = kernelDoorsOf({ all }, this.#devices, this.#parts.onlyIpv4);
    const find = ({ name, nth }: KernelDoor) =>
      all.find((door) => door.config.name === name && door.nth === nth);
    return new Map(
      compiledDoors(kernel).flatMap((door) => {
        const found = find(door);
        return found === undefined ? [] : [[door.key, found] as const];
      }),
    );
  }

  /** Why the kernel opens none of the doors that it could open. */
  get #obstacle(): string | undefined {
    if (this.problem !== undefined) return "the kernel or nft refuses the rules for it";
    if (!this.#result?.areLoaded) return "nothing is protected";
    return this.#parts.rehearsal.until === undefined ? undefined : "a dry run is under way";
  }

  get #text(): string {
    return JSON.stringify([this.#current, this.#parts.rehearsal.until]);
  }

  /** The interfaces whose packets count; one that does not exist has the name by which it may come. */
  get #devices(): KernelInterfaces {
    const { interfaces } = this.#options;
    const devices = interfaces?.map(
      (name) => this.#parts.deviceOf(name) ?? { name, master: undefined },
    );
    const port = devices?.find(({ master }) => master !== undefined);
    // What comes in on other ports of the master would count, too.
    const obstacle = port && `interface ${port.name} is a port of ${port.master}`;
    return { interfaces: devices?.map(({ name }) => name), obstacle };
  }

  get #current(): KernelDoors | undefined {
    const { doors, onlyIpv4 } = this.#parts;
    if (!wantsKernelDoors(this.#options)) return undefined;
    return kernelDoorsOf(doors(), this.#devices, onlyIpv4);
  }
}

/** The most sources that a line names. */
const mostNamed = 5;

/** Such as `192.0.2.7, 192.0.2.8 and 3 more`. */
export function listSources(knocked: readonly KnockedDoor[]): string {
  const sources = [...new Set(knocked.map(({ source }) => `${source}`))];
  const named = sources.slice(0, mostNamed).join(", ");
  const more = sources.length - mostNamed;
  return more > 0 ? `${named} and ${more} more` : named;
}
