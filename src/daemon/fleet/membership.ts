import { reason } from "../../base/errors.ts";
import type { StatusProblem } from "../../base/status-problem.ts";
import { TaskSequence } from "../../base/task-sequence.ts";
import type { Monotonic } from "../../base/time.ts";
import type { Config, ConfigOptions } from "../../config/config.ts";
import { defaultOptions, isShared } from "../../config/config.ts";
import type { FleetClosing, FleetReport, FleetSummary } from "../../control/fleet-reports.ts";
import type { Board } from "../../fleet/board.ts";
import type { ClaimedUse } from "../../fleet/single-uses.ts";
import type { Lease } from "../../grant/lease.ts";
import type { LeaseWitness } from "../../grant/lease-witness.ts";
import type { LeaseKey } from "../../grant/ledger.ts";
import type { FleetSecrets } from "../state/fleet-file.ts";
import type { ClosedSubject } from "./closed-subject.ts";
import type { FleetFailure } from "./fleet-reports.ts";
import { unjoinedFleet } from "./fleet-reports.ts";
import type { FleetUses, UseVerdict } from "./fleet-uses.ts";
import type { FleetMeasures } from "./measures.ts";
import type { FleetMember } from "./member.ts";
import type { FleetNeighbours } from "./neighbours.ts";
import type { FleetSettings } from "./settings.ts";
import { fingerprintOf, fleetSettings } from "./settings.ts";

export interface MembershipParts {
  /** Those that the fleet reaches. Asked for when there is one. */
  readonly neighbours: () => Omit<FleetNeighbours, "options">;
  /** Reads the secrets of a fleet. Throws CONFIG. */
  readonly readSecrets: (path: string) => Promise<FleetSecrets>;
  /** Stands in for the store of the configuration. */
  readonly connect?: () => Promise<Board>;
  /** Those at the start: knocks may come before `use`. */
  readonly options?: ConfigOptions;
}

/** What a reload finds of the fleet's file. */
export interface FleetFileComparison {
  /** Whether it says something else, or can be read only now. */
  readonly isChanged: boolean;
  /** Why it cannot be read: the one before stays in force. */
  readonly warnings: readonly string[];
}

const sameFile: FleetFileComparison = { isChanged: false, warnings: [] };

/** What was closed, and when. */
interface PendingClosing {
  readonly subject: ClosedSubject;
  readonly at: Monotonic;
}

/** Closings that wait for a fleet, at most. */
const mostClosed = 1_000;

/** Removed devices that wait for a fleet, at most. */
const mostRemoved = 5_000;

/** Whether this gateway is in a fleet, as the configuration in force says. All else waits in vain for no store. */
export class Membership implements LeaseWitness, FleetUses {
  readonly #parts: MembershipParts;
  readonly #uses = new TaskSequence();
  #member: FleetMember | undefined;
  /** Of the fleet that this gateway is in, and a fingerprint of them and its secrets. */
  #current: { readonly settings: FleetSettings; readonly fingerprint: string } | undefined;
  /** Why this gateway is not in the fleet of the configuration, since when. */
  #failure: FleetFailure | undefined;
  #options: ConfigOptions;
  /** Devices that were removed before there was a fleet to tell. */
  readonly #removed = new Set<string>();
  /** What was closed while there was no fleet to tell. */
  #closed: PendingClosing[] = [];
  #isStopped = false;

  constructor(parts: MembershipParts) {
    this.#parts = parts;
    this.#options = parts.options ?? defaultOptions;
  }

  opened(key: LeaseKey, holder: string, due: Monotonic): void {
    this.#member?.witness.opened(key, holder, due);
  }

  ran(key: LeaseKey, holder: string): void {
    this.#member?.witness.ran(key, holder);
  }

  claim(use: ClaimedUse): Promise<UseVerdict> {
    if (this.#member !== undefined) return this.#member.uses.claim(use);
    // It is being joined, or cannot be.
    const { fleet, onFleetLoss } = this.#options;
    const isRefused = fleet !== undefined && onFleetLoss === "refuse";
    return Promise.resolve(isRefused ? "fleet" : "open");
  }

  tell(use: ClaimedUse): void {
    this.#member?.uses.tell(use);
  }

  sharesDoor(name: string): boolean {
    if (this.#member !== undefined) return this.#member.sharesDoor(name);
    if (this.#options.fleet === undefined) return false;
    const { all } = this.#parts.neighbours().doors();
    return all.some(({ config }) => config.name === name && isShared(config));
  }

  /** Tells what the kernel opened `age` milliseconds ago without knockd, for `left` from now. */
  adopted(key: LeaseKey, age: number, left: number): void {
    this.#member?.adopted(key, age, left);
  }

  /** Resolves when the fleet is joined, and after so many milliseconds at the latest; at once without one. */
  async joined(limit: number): Promise<void> {
    await this.#member?.joined(limit);
  }

  /** Compares the fleet's file that a configuration names with the one in force. Never rejects. */
  async compareFile({ options }: Config): Promise<FleetFileComparison> {
    // A fleet that comes or goes is a change of the configuration.
    if (this.#options.fleet === undefined || options.fleet === undefined) return sameFile;
    try {
      const secrets = await this.#parts.readSecrets(options.fleetFile);
      const { settings, fingerprint } = this.#current ?? {};
      const isChanged =
        settings === undefined
          ? this.#failure !== undefined
          : fingerprintOf(settings, secrets) !== fingerprint;
      return { ...sameFile, isChanged };
    } catch (error) {
      return { ...sameFile, warnings: reason(error).split("\n") };
    }
  }

  /** Joins, leaves or changes the fleet as a configuration says. Never rejects. */
  use(config: Config): Promise<void> {
    return this.#uses.run(() => this.#use(config));
  }

  /** Tells what an earlier daemon left. */
  restored(leases: readonly Lease[]): void {
    this.#member?.tell(leases);
  }

  /** Applies what had to be refused, as far as doors and devices allow it now. */
  review(): void {
    this.#member?.review();
  }

  /** Tells the others that a device may open nothing any more. */
  removed(who: string): void {
    if (this.#member !== undefined) this.#member.removed(who);
    else if (this.#removed.size < mostRemoved) this.#removed.add(who);
  }

  /** As in `FleetMember`; at once to undefined without a fleet. */
  close(subject: ClosedSubject): Promise<FleetClosing | undefined> {
    if (this.#member !== undefined) return this.#member.close(subject);
    const isKept = this.#options.fleet !== undefined && this.#closed.length < mostClosed;
    if (isKept) this.#closed.push({ subject, at: this.#now() });
    return Promise.resolve(undefined);
  }

  /** As in `FleetMember`. */
  closedHere(subject: ClosedSubject): void {
    this.#member?.closedHere(subject);
  }

  /** Returns how it goes with the fleet; undefined without one. */
  summarize(): FleetSummary | undefined {
    if (this.#member !== undefined) return this.#member.summarize();
    const failure = this.#failure;
    return failure && unjoinedFleet(failure);
  }

  report(withLeases: boolean): FleetReport | undefined {
    if (this.#member !== undefined) return this.#member.report(withLeases);
    const failure = this.#failure;
    return failure && { ...unjoinedFleet(failure), gateways: [] };
  }

  /** Returns what metrics show; undefined without a fleet. */
  measure(): FleetMeasures | undefined {
    return this.#member?.measure();
  }

  get problems(): readonly StatusProblem[] {
    const message = `fleet: ${this.#failure?.why}`;
    return [
      ...(this.#failure === undefined ? [] : [{ code: "fleet", message } as const]),
      ...(this.#member?.problems ?? []),
    ];
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#leave();
  }

  async #use({ options }: Config): Promise<void> {
    const settings = fleetSettings(options);
    this.#options = options;
    this.#failure = undefined;
    if (settings === undefined) {
      this.#removed.clear();
      this.#closed = [];
      await this.#leave();
      return;
    }
    try {
      const secrets = await this.#parts.readSecrets(options.fleetFile);
      const fingerprint = fingerprintOf(settings, secrets);
      if (fingerprint === this.#current?.fingerprint) return this.review();
      const earlier = await this.#leave();
      const { FleetMember } = await import("./member.ts");
      if (this.#isStopped) return;
      const { neighbours, connect } = this.#parts;
      const own = connect === undefined ? {} : { connect };
      const parts = { ...neighbours(), options: () => this.#options };
      this.#member = new FleetMember({ ...parts, settings, secrets, ...own });
      this.#current = { settings, fingerprint };
      if (earlier !== undefined) this.#member.takeOver(earlier);
      for (const { subject, at } of this.#closed.splice(0)) {
        this.#member.closedBefore(subject, this.#now() - at);
      }
      this.#member.start();
      for (const who of this.#removed) this.#member.removed(who);
    } catch (error) {
      // A gateway that runs goes on as it is.
      const { log, clock } = this.#parts.neighbours();
      const why = reason(error);
      this.#failure = { settings, why, since: clock.wall() };
      const text = `fleet "${settings.name}": ${why}`;
      log.write({ level: "error", event: "fleet-failed", text });
    } finally {
      this.#removed.clear();
    }
  }

  #now(): Monotonic {
    return this.#parts.neighbours().clock.now();
  }

  /** Returns the part in the fleet that has ended. */
  async #leave(): Promise<FleetMember | undefined> {
    const member = this.#member;
    this.#member = undefined;
    this.#current = undefined;
    await member?.stop();
    return member;
  }
}
