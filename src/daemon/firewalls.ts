import type { Clock } from "../base/clock.ts";
import { reason } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Service } from "../base/service.ts";
import { formatService } from "../base/service.ts";
import { CommandFirewall } from "../firewall/commands/command.ts";
import type { Access, Firewall, FirewallResult } from "../firewall/firewall.ts";
import { IpsetFirewall } from "../firewall/ipset/ipset.ts";
import { NativeFirewall } from "../firewall/nftables/native.ts";
import { loadRuleset } from "../firewall/nftables/nft-command.ts";
import { liftRuleset } from "../firewall/nftables/nft-ruleset.ts";
import type { Loss } from "../firewall/nftables/nft-table.ts";
import type { RunningTrial } from "../firewall/nftables/nftables.ts";
import { Nftables } from "../firewall/nftables/nftables.ts";
import type { TableLock } from "../firewall/nftables/table-lock.ts";
import { takeTableLock } from "../firewall/nftables/table-lock.ts";
import { runtimeDirectory } from "../system/state-files.ts";
import { Users } from "../system/users.ts";

const unavailable = "native doors are not available: see the log at the start";

/** The ways to open a door, each made ready when the configuration needs it. */
export class Firewalls implements Firewall {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #table: string;
  readonly #onLoss: () => void;
  readonly #users: Users;
  readonly #command = new CommandFirewall((name) => this.#users.find(name));
  #native: Firewall | undefined;
  #nftables: Nftables | undefined;
  #lock: TableLock | undefined;
  #wanted: "nftables" | "ipset" | undefined;
  #told = "nothing";
  #problem: string | undefined;

  /** `onLoss`: what is open is not open any more where native doors are made now, and must be opened again. */
  constructor(table: string, clock: Clock, log: Log, onLoss: () => void) {
    this.#table = table;
    this.#clock = clock;
    this.#log = log;
    this.#onLoss = onLoss;
    this.#users = new Users(clock);
  }

  /** The configuration names these users. */
  expectUsers(names: readonly string[]): void {
    this.#users.expect(names);
  }

  /** What native doors are made of. */
  get kind(): "nftables" | "ipset" | "commands" {
    if (this.#wanted === "ipset") return "ipset";
    return this.#nftables === undefined ? "commands" : "nftables";
  }

  /** What keeps doors from opening: a sentence each. */
  get problems(): readonly string[] {
    return this.#problem === undefined ? [] : [this.#problem];
  }

  /**
   * Makes ready what the configuration asks for; `needed`: there are native doors, or something of ours
   * may be in the kernel. nftables waits for the next `protect`. What fails is told in the log: other
   * doors work all the same.
   */
  async configure(kind: "nftables" | "ipset", needed: boolean): Promise<void> {
    this.#problem = undefined;
    if (kind === "ipset") await this.#useIpset(needed);
    else if (this.#nftables === undefined) {
      this.#native = undefined;
      this.#wanted = needed ? "nftables" : undefined;
    }
  }

  /** Native doors cannot be opened, or not as they should be. */
  fail(error: unknown): void {
    const text = `native doors stay shut: ${reason(error)}`;
    this.#problem = text;
    this.#log.write({ level: "error", event: "firewall-failed", text });
  }

  /** From now on these services are protected, those on trial as long as it lasts, and no others. Throws FIREWALL. */
  async protect(services: readonly Service[], trial?: RunningTrial): Promise<void> {
    const nothing = services.length === 0 && trial === undefined;
    if (this.#nftables === undefined && this.#wanted !== "nftables" && nothing) return;
    if (this.#nftables === undefined) await this.#open(services);
    else if (trial === undefined) await this.#nftables.setProtection(services);
    if (trial !== undefined) await this.#nftables?.setProtection(services, trial);
    const told = services.map(formatService).join(", ") || "nothing";
    if (told === this.#told) return;
    this.#told = told;
    this.#log.write({ level: "notice", event: "protect", text: `protected: ${told}` });
  }

  /** Protects nothing, also if it is not we who protected it. Throws FIREWALL. */
  async lift(): Promise<void> {
    if (this.#nftables !== undefined) return await this.protect([]);
    const lock = takeTableLock(runtimeDirectory, this.#table);
    try {
      await loadRuleset(liftRuleset(this.#table), () => {});
    } finally {
      lock.release();
    }
  }

  open(access: Access, length: number, hold?: number): Promise<FirewallResult> {
    return this.#for(access)?.open(access, length, hold) ?? notStarted();
  }

  close(access: Access): Promise<FirewallResult> {
    return this.#for(access)?.close(access) ?? notStarted();
  }

  /** Lets go. What is open stays open until its time is over. */
  async shutDown(): Promise<void> {
    await this.#nftables?.close();
    this.#unlock();
  }

  #for({ method }: Access): Firewall | undefined {
    return method.kind === "command" ? this.#command : this.#native;
  }

  async #useIpset(needed: boolean): Promise<void> {
    this.#wanted = "ipset";
    try {
      if (this.#nftables !== undefined) await this.lift();
      await this.#nftables?.close();
      this.#nftables = undefined;
      this.#unlock();
      if (!needed) this.#native = undefined;
      else {
        if (this.#native instanceof IpsetFirewall) await this.#native.renew();
        else this.#native = await IpsetFirewall.open(this.#clock);
        // At a reload: by nftables before, or in sets that somebody may have destroyed.
        this.#onLoss();
      }
    } catch (error) {
      this.fail(error);
    }
  }

  async #open(services: readonly Service[]): Promise<void> {
    this.#lock = takeTableLock(runtimeDirectory, this.#table);
    try {
      this.#nftables = await Nftables.open({
        protect: services,
        table: this.#table,
        onFlush: (loss) => this.#restore(loss),
        onProblem: ({ message: text }) =>
          this.#log.write({ level: "error", event: "firewall-failed", text }),
      });
    } catch (error) {
      this.#unlock();
      throw error;
    }
    this.#native = new NativeFirewall(this.#nftables);
    this.#problem = undefined;
    // By ipset, if this was a reload.
    this.#onLoss();
  }

  #unlock(): void {
    this.#lock?.release();
    this.#lock = undefined;
  }

  #restore(loss: Loss): void {
    const table = `table inet ${this.#table}`;
    if (loss === "removed") {
      const text = `somebody removed rules from ${table}: they are put back`;
      this.#log.write({ level: "warning", event: "firewall-restored", text });
    } else {
      const text = `more changes of the firewall than the kernel can tell: ${table} is made anew, to be sure`;
      this.#log.write({ level: "notice", event: "firewall-renewed", text });
    }
    this.#onLoss();
  }
}

function notStarted(): Promise<FirewallResult> {
  return Promise.resolve({ kind: "not-started", reason: unavailable });
}
