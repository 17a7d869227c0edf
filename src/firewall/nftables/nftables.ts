import { randomInt } from "node:crypto";
import type { Address } from "../../base/address.ts";
import { KnockError } from "../../base/errors.ts";
import type { OpenedService, Service } from "../../base/service.ts";
import { isRouted } from "../../base/service.ts";
import { Nfnetlink } from "../../ffi/nfnetlink.ts";
import { runtimeDirectory } from "../../system/state-files.ts";
import type {
  BackendParts,
  KnockedControl,
  KnockedDoor,
  OpenElement,
  ProtectingBackend,
  RunningTrial,
} from "../backend.ts";
import { nothingBehind } from "../behind.ts";
import type { FirewallResult, NativeAccess } from "../firewall.ts";
import { DoorSets } from "./door-sets.ts";
import { doorKey } from "./kernel-doors.ts";
import { groupId } from "./nft-element.ts";
import { readLeftProtection, readProtection } from "./nft-protection.ts";
import type { Ruleset } from "./nft-ruleset.ts";
import { rulesetsFor } from "./nft-ruleset.ts";
import { NftSets } from "./nft-sets.ts";
import { NftTable } from "./nft-table.ts";
import { removeTable, unprotectTable } from "./nft-unprotect.ts";
import { attempt, OpeningQueue } from "./opening-queue.ts";
import type { TableLock } from "./table-lock.ts";
import { takeTableLock } from "./table-lock.ts";

export type NftablesParts = Pick<BackendParts, "table" | "onLoss" | "onProblem"> &
  Partial<Pick<BackendParts, "behind" | "kernelDoors" | "onKernelDoors">>;

/**
 * Native doors: a table of our own in nf_tables, whose sets say which source may use which service, and
 * for how long. The kernel closes on time, whether this program lives or not. What others remove from
 * the table is put back. It needs CAP_NET_ADMIN and the program `nft`.
 */
export class NftablesFirewall implements ProtectingBackend {
  readonly #name: string;
  readonly #lock: TableLock;
  readonly #table: NftTable;
  readonly #kernel: Nfnetlink;
  readonly #sets: NftSets;
  readonly #doorSets: DoorSets;
  readonly #openings: OpeningQueue;
  readonly #parts: NftablesParts;
  #services: readonly Service[];
  #trial: RunningTrial | undefined;
  /** What was loaded last. */
  #loaded: Ruleset | undefined;
  /** Why better rules could not be loaded. */
  #refusal: KnockError | undefined;
  /** What the kernel had opened by itself before the first rules were loaded. */
  #left: readonly KnockedDoor[] = [];

  private constructor(parts: NftablesParts, services: readonly Service[], lock: TableLock) {
    const { table: name, onLoss, onProblem } = parts;
    this.#parts = parts;
    this.#name = name;
    this.#services = services;
    this.#lock = lock;
    this.#table = new NftTable({
      name,
      rulesets: () => this.#rulesets(),
      onLoad: (loaded, refusal) => this.#setLoaded(loaded, refusal),
      onRepair: onLoss,
      onProblem,
    });
    try {
      this.#kernel = new Nfnetlink();
      this.#table.trust(this.#kernel.port);
    } catch (error) {
      void this.#table.close();
      throw error;
    }
    const written = () => this.#table.drain();
    this.#sets = new NftSets(name, this.#kernel, written);
    this.#doorSets = new DoorSets(name, this.#kernel, written);
    this.#openings = new OpeningQueue((elements) => {
      this.#expectOpen();
      if (!this.#sets.open(elements)) this.#table.lost("removed");
    });
  }

  /** Makes the table, or makes an old one what it should be; what is open stays open. Throws FIREWALL. */
  static async start(
    parts: NftablesParts,
    services: readonly Service[],
  ): Promise<NftablesFirewall> {
    const lock = takeTableLock(runtimeDirectory, parts.table);
    let firewall: NftablesFirewall | undefined;
    try {
      firewall = new NftablesFirewall(parts, services, lock);
      await firewall.#table.load();
      return firewall;
    } catch (error) {
      await firewall?.release();
      lock.release();
      throw error;
    }
  }

  static listLeft(table: string): readonly Service[] {
    const kernel = new Nfnetlink();
    try {
      return readLeftProtection(kernel, table);
    } finally {
      kernel.close();
    }
  }

  static async unprotect(table: string): Promise<void> {
    const lock = takeTableLock(runtimeDirectory, table);
    try {
      await unprotectTable(table);
    } finally {
      lock.release();
    }
  }

  static remove(table: string): Promise<boolean> {
    return removeTable(table);
  }

  /**
   * What is open for longer stays so. Where the table has just been removed this opens nothing, and
   * `onLoss` follows.
   */
  open({ source, method }: NativeAccess, length: number): Promise<FirewallResult> {
    const services = method.services.filter((service) => this.#hasSet(service));
    return this.#openings.add({ source, services, milliseconds: length });
  }

  close({ owner, source, method }: NativeAccess): Promise<FirewallResult> {
    const close = () => {
      this.#expectOpen();
      const services = method.services.filter((service) => this.#hasSet(service));
      if (!this.#sets.close(source, services)) this.#table.lost("removed");
      if (owner.kind === "door") this.#doorSets.close(doorKey(owner, method.services), source);
    };
    return Promise.resolve(attempt(close));
  }

  renew(): Promise<void> {
    return this.#table.load();
  }

  async listOpen(): Promise<readonly OpenElement[]> {
    this.#expectOpen();
    const services = new Map(
      this.#loaded?.doors.map(({ key, opening }) => [key, opening.services]),
    );
    const knocked = this.#doorSets
      .list()
      .flatMap(({ door, source, milliseconds }) =>
        (services.get(door) ?? []).map((service) => ({ source, service, milliseconds })),
      );
    return [...this.#sets.list(this.#loaded?.behind.groups), ...knocked];
  }

  get knocked(): KnockedControl {
    this.#expectOpen();
    return this.#doorSets;
  }

  listProtected(): readonly Service[] {
    this.#expectOpen();
    return this.#loaded === undefined ? [] : readProtection(this.#kernel, this.#name, this.#loaded);
  }

  cut(source: Address, services: readonly Service[] | undefined): void {
    this.#expectOpen();
    const hasHosts = (this.#loaded?.behind.groups.length ?? 0) > 0;
    if (hasHosts && (services?.some(isRouted) ?? true)) this.#sets.cut(source);
    const own = (services ?? [...this.#services, ...(this.#trial?.services ?? [])]).filter(
      (service) => service.protocol === "udp" && !isRouted(service),
    );
    if (own.length > 0) this.#sets.endFlows(source, own);
  }

  get problems(): readonly string[] {
    const wants = (this.#parts.behind?.().forwards.length ?? 0) > 0;
    const isForwarding = this.#loaded?.behind.chains.has("forwarded") ?? false;
    const why = this.#refusal?.message ?? "its rules are not loaded";
    const problem = wants && !isForwarding ? [`no port is forwarded: ${why}`] : [];
    return [...this.#table.problems, ...problem];
  }

  async protect(services: readonly Service[], trial?: RunningTrial): Promise<void> {
    this.#expectOpen();
    const before = [this.#services, this.#trial] as const;
    [this.#services, this.#trial] = [services, trial];
    try {
      await this.#table.load();
    } catch (error) {
      [this.#services, this.#trial] = before;
      throw error;
    }
  }

  async release(): Promise<void> {
    if (!this.#table.closed) this.#kernel.close();
    await this.#table.close();
    this.#lock.release();
  }

  #rulesets(): readonly Ruleset[] {
    const milliseconds = this.#trial?.left() ?? 0;
    const trial = this.#trial &&
      milliseconds > 0 && { services: this.#trial.services, milliseconds };
    if (this.#loaded === undefined) this.#left = this.#doorSets.list();
    const contents = {
      services: this.#services,
      trial: trial || undefined,
      behind: this.#parts.behind?.() ?? nothingBehind,
      doors: this.#parts.kernelDoors?.(),
      // Another one each time: what tells sources apart is worth less the longer it is used.
      seed: randomInt(2 ** 32),
    };
    return rulesetsFor(contents, this.#name, this.#kernel.listSets(this.#name));
  }

  /** Nothing that would have to be opened is shut where no rule is for these hosts, as those of a door that is gone. */
  #hasSet(service: OpenedService): boolean {
    if (!isRouted(service)) return true;
    const id = groupId(service.hosts);
    return this.#loaded?.behind.groups.some((group) => group.id === id) ?? false;
  }

  #setLoaded(loaded: Ruleset, refusal: KnockError | undefined): void {
    const keys = new Set(loaded.doors.map(({ key }) => key));
    // Rules that are loaded in place of refused ones leave the sets of doors as they are.
    const closed = refusal === undefined ? this.#left.filter(({ door }) => !keys.has(door)) : [];
    this.#left = [];
    this.#loaded = loaded;
    this.#refusal = refusal;
    this.#parts.onKernelDoors?.({ areLoaded: keys.size > 0, refusal, closed });
  }

  #expectOpen(): void {
    if (this.#table.closed) throw new KnockError("FIREWALL", "nftables is closed");
  }
}
