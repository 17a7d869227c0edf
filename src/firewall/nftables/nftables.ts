import type { Address } from "../../base/address.ts";
import { KnockError } from "../../base/errors.ts";
import type { Service } from "../../base/service.ts";
import { loadRuleset } from "./nft-command.ts";
import { defaultTable, protectionRuleset, removalRuleset } from "./nft-ruleset.ts";
import type { OpenElement, TimedElements } from "./nft-sets.ts";
import { NftSets } from "./nft-sets.ts";
import type { Loss } from "./nft-table.ts";
import { NftTable } from "./nft-table.ts";

export interface NftablesOptions {
  /** The services that are dropped unless they are open. Without any nothing is dropped. */
  readonly protect: readonly Service[];
  /**
   * Our table is whole again after somebody else removed something from it, or may have: what was open
   * may be gone, and is to be granted again.
   */
  readonly onFlush: (loss: Loss) => void;
  /** The table could not be made whole; it is tried again every second. */
  readonly onProblem?: (problem: KnockError) => void;
  /** The table's name. Each daemon needs one of its own. Default `sesame`. */
  readonly table?: string;
}

/** Services that are protected for a while. */
export interface RunningTrial {
  readonly services: readonly Service[];
  /** Milliseconds until the kernel takes the protection back; asked for whenever rules are loaded. */
  readonly left: () => number;
}

/**
 * Native doors: a table of our own in nf_tables, whose sets say which source may use which service, and
 * for how long. The kernel closes on time, whether this program lives or not. What others remove from
 * the table is put back. It needs CAP_NET_ADMIN and the program `nft`.
 */
export class Nftables {
  readonly #name: string;
  readonly #table: NftTable;
  readonly #sets: NftSets;
  #protect: readonly Service[];
  #trial: RunningTrial | undefined;

  private constructor({ protect, onFlush, onProblem, table = defaultTable }: NftablesOptions) {
    this.#name = table;
    this.#protect = protect;
    this.#table = new NftTable({
      name: table,
      ruleset: () => this.#ruleset(),
      onRepair: onFlush,
      onProblem: onProblem ?? (() => {}),
    });
    try {
      this.#sets = new NftSets(table, () => this.#table.drain());
      this.#table.trust(this.#sets.port);
    } catch (error) {
      void this.#table.close();
      throw error;
    }
  }

  /** Makes the table, or makes an old one what it should be; what is open stays open. Throws FIREWALL. */
  static async open(options: NftablesOptions): Promise<Nftables> {
    const nftables = new Nftables(options);
    try {
      await nftables.#table.load();
      return nftables;
    } catch (error) {
      await nftables.close();
      throw error;
    }
  }

  /**
   * Opens services for a source, from when this returns. What is open for longer stays so. Where
   * somebody has just removed the table it does nothing, and `onFlush` follows. Throws FIREWALL.
   */
  grant(source: Address, services: readonly Service[], milliseconds: number): void {
    this.grantAll([{ source, services, milliseconds }]);
  }

  /** Many at once, in transactions of some hundreds. Throws FIREWALL; the transactions before it stand. */
  grantAll(grants: readonly TimedElements[]): void {
    this.#check();
    if (!this.#sets.grant(grants)) this.#table.lost("removed");
  }

  /** Closes services for a source; those that are not open stay so. Throws FIREWALL. */
  revoke(source: Address, services: readonly Service[]): void {
    this.#check();
    if (!this.#sets.revoke(source, services)) this.#table.lost("removed");
  }

  /** What the kernel has open. Throws FIREWALL. */
  elements(): OpenElement[] {
    this.#check();
    return this.#sets.list();
  }

  /**
   * From now on protects these services, those of the trial as long as it lasts, and no others. Throws
   * FIREWALL; then all stays as it was.
   */
  async setProtection(services: readonly Service[], trial?: RunningTrial): Promise<void> {
    this.#check();
    const before = [this.#protect, this.#trial] as const;
    [this.#protect, this.#trial] = [services, trial];
    try {
      await this.#table.load();
    } catch (error) {
      [this.#protect, this.#trial] = before;
      throw error;
    }
  }

  /** Drops nothing from now on. What is open is remembered, for the next protection. Throws FIREWALL. */
  async unprotect(): Promise<void> {
    await this.setProtection([]);
  }

  /** Removes the table with all that is open, and closes. Throws FIREWALL. */
  async remove(): Promise<void> {
    this.#check();
    await this.close();
    await loadRuleset(removalRuleset(this.#name), () => {});
  }

  /** Lets go, and leaves everything in the kernel as it is. May be called again. */
  async close(): Promise<void> {
    if (!this.#table.closed) this.#sets.close();
    await this.#table.close();
  }

  #ruleset(): string {
    const milliseconds = this.#trial?.left() ?? 0;
    const trial = this.#trial &&
      milliseconds > 0 && { services: this.#trial.services, milliseconds };
    return protectionRuleset(this.#protect, this.#name, trial || undefined);
  }

  #check(): void {
    if (this.#table.closed) throw new KnockError("FIREWALL", "nftables is closed");
  }
}
