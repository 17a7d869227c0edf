import type { Clock } from "../../base/clock.ts";
import { KnockError, reason } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Service } from "../../base/service.ts";
import { formatService, parseService } from "../../base/service.ts";
import type { Config } from "../../config/config.ts";
import { protectedServices } from "../../config/config.ts";
import { protectionRuleset } from "../../firewall/nftables/nft-ruleset.ts";
import { readIfThere, replaceFile } from "../../system/files.ts";
import type { StateFiles } from "../../system/state-files.ts";
import type { Firewalls } from "../firewalls.ts";

export interface ProtectionParts {
  readonly files: StateFiles;
  /** The name of our table. */
  readonly table: string;
  readonly firewalls: Firewalls;
  readonly clock: Clock;
  readonly log: Log;
}

/** A protection that ends by itself unless somebody confirms it. */
interface RunningTrialState {
  readonly services: readonly Service[];
  /** When it ends: milliseconds on the clock's `now()`. */
  readonly until: number;
  readonly cancelWake: () => void;
}

/**
 * What is protected: the services of doors with `protect = yes`, those that an administrator has
 * confirmed, and those that are on trial. The kernel keeps it, also without this program; a file in
 * the state directory brings it back early in the next boot.
 */
export class Protection {
  readonly #parts: ProtectionParts;
  /** What the configuration says. */
  #configured: readonly Service[] = [];
  #confirmed: readonly Service[];
  /** An administrator has lifted what the configuration says. */
  #lifted = false;
  #trial: RunningTrialState | undefined;
  #bootProblem: string | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** Reads what was confirmed. */
  constructor(parts: ProtectionParts) {
    this.#parts = parts;
    this.#confirmed = this.#recall();
  }

  /** What is protected for good. */
  get services(): readonly Service[] {
    if (this.#isNotOurs) return [];
    return unique([...(this.#lifted ? [] : this.#configured), ...this.#confirmed]);
  }

  /** What is protected for the moment, and for how many milliseconds more. */
  get trial(): { readonly services: readonly Service[]; readonly remaining: number } | undefined {
    if (this.#trial === undefined) return undefined;
    const { services, until } = this.#trial;
    const remaining = until - this.#parts.clock.now();
    return remaining > 0 ? { services, remaining } : undefined;
  }

  /** What an administrator should look at: a sentence each. */
  get problems(): readonly string[] {
    return this.#bootProblem === undefined ? [] : [this.#bootProblem];
  }

  /** Does what a configuration asks for, beside what administrators asked for. What fails is in the log. */
  configure(config: Config): Promise<void> {
    return this.#inTurn(async () => {
      const { firewalls, files } = this.#parts;
      const actions = config.doors.map(({ action }) => action);
      firewalls.expectUsers(actions.flatMap((one) => (one.kind === "command" && one.user) || []));
      this.#configured = protectedServices(config.doors);
      // That there was a protection means that its rules may be in the kernel.
      const needed =
        actions.some(({ kind }) => kind === "native") ||
        this.#confirmed.length > 0 ||
        hasFile(files.boot);
      await firewalls.configure(config.options.firewall, needed);
      try {
        if (!this.#isNotOurs) await this.#apply();
        else if (hasFile(files.boot)) await this.#leave();
      } catch (error) {
        firewalls.fail(error);
      }
    });
  }

  /** Protects what the configuration says, also after `lift`. Throws FIREWALL. */
  protect(): Promise<void> {
    return this.#inTurn(async () => {
      this.#expectNftables();
      const before = this.#lifted;
      this.#lifted = false;
      try {
        await this.#apply();
      } catch (error) {
        this.#lifted = before;
        throw error;
      }
    });
  }

  /**
   * Protects nothing any more, and forgets what was confirmed. What the configuration says counts again
   * from `protect` or the next start on. Throws FIREWALL, SYSTEM.
   */
  lift(): Promise<void> {
    return this.#inTurn(async () => {
      this.#expectNftables();
      const { files, firewalls } = this.#parts;
      this.#lifted = true;
      this.#confirmed = [];
      this.#endTrial("the protection was lifted");
      // The kernel first: whoever asks for this may be locked out.
      await firewalls.lift();
      replaceFile(files.boot, undefined);
      replaceFile(files.guarded, undefined);
      this.#bootProblem = undefined;
    });
  }

  /** Protects these services, too, but only for so many milliseconds, unless they are confirmed. Throws FIREWALL. */
  try(services: readonly Service[], milliseconds: number): Promise<void> {
    return this.#inTurn(async () => {
      this.#expectNftables();
      const { clock, log } = this.#parts;
      const before = this.#trial;
      const until = clock.now() + milliseconds;
      const cancelWake = clock.wakeAt(until, () => void this.#expire());
      this.#trial = { services, until, cancelWake };
      try {
        await this.#apply();
      } catch (error) {
        cancelWake();
        this.#trial = before;
        throw error;
      }
      before?.cancelWake();
      const text = `guard: ${list(services)} is protected on trial for ${milliseconds / 1000} s`;
      log.write({ level: "notice", event: "guard", text });
    });
  }

  /** What is on trial is protected from now on. Throws USAGE if nothing is, FIREWALL, SYSTEM. */
  confirm(): Promise<readonly Service[]> {
    return this.#inTurn(async () => {
      const { log, files } = this.#parts;
      const trial = this.#trial;
      if (trial === undefined || this.trial === undefined) {
        const hints = ["knockctl guard begins a trial"];
        throw new KnockError("USAGE", "nothing is on trial, or its time is over", { hints });
      }
      const before = this.#confirmed;
      const confirmed = unique([...before, ...trial.services]);
      // First of all: what cannot be remembered had better take itself back.
      replaceFile(files.guarded, write(confirmed));
      this.#confirmed = confirmed;
      this.#trial = undefined;
      try {
        await this.#apply();
      } catch (error) {
        this.#confirmed = before;
        this.#trial = trial;
        replaceFile(files.guarded, write(before));
        throw error;
      }
      trial.cancelWake();
      const text = `guard: confirmed, ${list(trial.services)} stays protected`;
      log.write({ level: "notice", event: "guard-confirmed", text });
      return trial.services;
    });
  }

  /** Leaves the kernel as it is. */
  close(): void {
    this.#trial?.cancelWake();
  }

  /** The kernel has taken the protection back; this tidies up, and tells. */
  async #expire(): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#trial === undefined || this.trial !== undefined) return;
      this.#endTrial("nobody has confirmed");
      try {
        await this.#apply();
      } catch (error) {
        this.#parts.firewalls.fail(error);
      }
    });
  }

  #endTrial(why: string): void {
    if (this.#trial === undefined) return;
    const text = `guard: ${why}, ${list(this.#trial.services)} is as before`;
    this.#parts.log.write({ level: "notice", event: "guard-over", text });
    this.#trial.cancelWake();
    this.#trial = undefined;
  }

  /** Tells the kernel and the next boot. Throws FIREWALL; what fails for the boot is a problem in the status. */
  async #apply(): Promise<void> {
    const { firewalls, files, table, clock, log } = this.#parts;
    const { services } = this;
    const trial = this.#trial;
    const left = trial && { services: trial.services, left: () => trial.until - clock.now() };
    await firewalls.protect(services, left);
    try {
      const rules = services.length === 0 ? undefined : protectionRuleset(services, table);
      replaceFile(files.boot, rules);
      this.#bootProblem = undefined;
    } catch (error) {
      const text = `the next boot begins with another protection: ${reason(error)}`;
      this.#bootProblem = text;
      log.write({ level: "error", event: "protect-failed", text });
    }
  }

  /** Another firewall is in use now: ours must keep nobody out. */
  async #leave(): Promise<void> {
    const { firewalls, files } = this.#parts;
    await firewalls.lift();
    replaceFile(files.boot, undefined);
  }

  /** Who keeps people out is the administrator, by rules of his own. */
  get #isNotOurs(): boolean {
    return this.#parts.firewalls.kind === "ipset";
  }

  #expectNftables(): void {
    if (!this.#isNotOurs) return;
    const message = "with Firewall = ipset knockd protects nothing: your iptables rules decide";
    const hints = ["Firewall = nftables has a protection of its own"];
    throw new KnockError("USAGE", message, { hints });
  }

  #recall(): readonly Service[] {
    const { files, log } = this.#parts;
    const complain = (text: string) => log.write({ level: "error", event: "protect-failed", text });
    try {
      const lines = readIfThere(files.guarded)?.toString().split("\n").filter(Boolean) ?? [];
      return lines.flatMap((line) => {
        const service = parseService(line);
        if (service === undefined) complain(`${files.guarded}: "${line}" is no service`);
        return service ?? [];
      });
    } catch (error) {
      complain(`cannot read ${files.guarded}: ${reason(error)}`);
      return [];
    }
  }

  /** One change after another. */
  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(task);
    this.#turn = turn.catch(() => {});
    return turn;
  }
}

export function list(services: readonly Service[]): string {
  return services.map(formatService).join(", ");
}

function write(services: readonly Service[]): string | undefined {
  return services.length === 0 ? undefined : `${services.map(formatService).join("\n")}\n`;
}

/** Each service once. */
export function unique(services: readonly Service[]): Service[] {
  return [...new Map(services.map((service) => [formatService(service), service])).values()];
}

function hasFile(path: string): boolean {
  try {
    return readIfThere(path) !== undefined;
  } catch {
    // There is something, whatever it is.
    return true;
  }
}
