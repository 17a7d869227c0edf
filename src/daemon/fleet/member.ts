// Loaded with the first configuration that has a fleet, and all of src/fleet with it.
import { reason } from "../../base/errors.ts";
import type { StatusProblem } from "../../base/status-problem.ts";
import { formatStore } from "../../base/store-address.ts";
import type { WallTime } from "../../base/time.ts";
import { later } from "../../base/time.ts";
import type { FleetClosing, FleetReport, FleetSummary } from "../../control/fleet-reports.ts";
import type { Board } from "../../fleet/board.ts";
import { Fleet } from "../../fleet/fleet.ts";
import { RedisBoard } from "../../fleet/redis-board.ts";
import { FleetSeal } from "../../fleet/seal.ts";
import type { Lease } from "../../grant/lease.ts";
import type { LeaseWitness } from "../../grant/lease-witness.ts";
import type { LeaseKey } from "../../grant/ledger.ts";
import { Histogram } from "../metrics/histogram.ts";
import type { FleetSecrets } from "../state/fleet-file.ts";
import { Alike } from "./alike.ts";
import type { BeginWork } from "./begin-work.ts";
import type { ClosedSubject } from "./closed-subject.ts";
import { scopeOf } from "./closed-subject.ts";
import { fleetProblems } from "./fleet-problems.ts";
import type { ReportedFleet } from "./fleet-reports.ts";
import { reportClosing, reportFleet, summarizeFleet } from "./fleet-reports.ts";
import { MemberUses } from "./fleet-uses.ts";
import { subjectOf } from "./holder-subject.ts";
import type { FleetMeasures } from "./measures.ts";
import { delayBounds } from "./measures.ts";
import type { FleetNeighbours } from "./neighbours.ts";
import { RemoteChanges } from "./remote-changes.ts";
import type { FleetSettings } from "./settings.ts";
import { storeAccess } from "./settings.ts";
import { SharedDoors } from "./shared-doors.ts";
import { ToldOpenings } from "./told-openings.ts";

export interface FleetMemberParts extends FleetNeighbours {
  readonly settings: FleetSettings;
  readonly secrets: FleetSecrets;
  /** Connects to the store. Throws a `BoardError`. */
  readonly connect?: () => Promise<Board>;
}

/** This gateway as a member of its fleet: what is done here is told, and what is done elsewhere is done here. */
export class FleetMember {
  readonly witness: LeaseWitness;
  readonly uses: MemberUses;
  readonly #parts: FleetMemberParts;
  readonly #fleet: Fleet;
  readonly #doors: SharedDoors;
  readonly #told: ToldOpenings;
  readonly #changes: RemoteChanges;
  readonly #alike = new Alike();
  readonly #delays = new Histogram(delayBounds);
  readonly #begin: BeginWork = (work) => void work.catch((error) => this.#noteMistake(error));
  #noteJoined = () => {};
  readonly #joined = new Promise<void>((resolve) => {
    this.#noteJoined = resolve;
  });
  #since: WallTime;
  #ended: Promise<void> | undefined;

  constructor(parts: FleetMemberParts) {
    const { settings, secrets, clock, version } = parts;
    this.#parts = parts;
    this.#since = clock.wall();
    this.#doors = new SharedDoors(parts.doors);
    this.#fleet = new Fleet({
      ...{ gateway: settings.gateway, version, clock },
      seal: new FleetSeal(settings.name, secrets.keys),
      connect:
        parts.connect ?? (() => RedisBoard.open(settings.name, storeAccess(settings, secrets))),
      openLeases: () => parts.leaseManager.leases.length,
      onDelay: (milliseconds) => this.#delays.observe(milliseconds / 1000),
      configuration: () => {
        const [options, doors] = [parts.options(), parts.doors()];
        return this.#alike.of({ options, doors, devices: parts.users.byName });
      },
      onChange: (changes) => {
        this.#told.flush();
        return this.#changes.apply(changes);
      },
      onStamped: (stamped) => this.#told.mark(stamped),
      onUsed: (uses) => this.uses.hear(uses),
      onDoubleUse: (use) => this.uses.reportDouble(use),
      onJoined: () => {
        this.#noteJoined();
        this.#turn("notice", "fleet-up", `joined by the store ${formatStore(settings.store)}`);
      },
      onMistake: (error) => this.#noteMistake(error),
      onLost: (why) => this.#turn("warning", "fleet-down", `this gateway goes on alone: ${why}`),
    });
    const common = { ...parts, fleet: this.#fleet, doors: this.#doors, begin: this.#begin };
    this.#told = new ToldOpenings(common);
    this.witness = this.#told;
    this.uses = new MemberUses({ ...common, onLoss: settings.onLoss });
    const onFull = () =>
      this.#log(
        "warning",
        "fleet-full",
        "too much is open: openings of other gateways are refused",
      );
    this.#changes = new RemoteChanges({ ...common, onFull });
  }

  /** Returns whether a door of this name is shared. */
  sharesDoor(name: string): boolean {
    return this.#doors.has(name);
  }

  /** Tells what the kernel opened without knockd; closes it if the fleet has closed it since. */
  adopted(key: LeaseKey, age: number, left: number): void {
    const holder = subjectOf(key, "");
    if (holder === undefined || this.#doors.find(holder) === undefined) return;
    const stamp = this.#fleet.adopted(holder, age, left);
    if (stamp !== undefined) this.#told.mark([{ holder, stamp }]);
    const lease = this.#parts.leaseManager.find(key);
    const isClosed = this.#fleet.state.isJoined && this.#fleet.endOf(holder) === undefined;
    if (isClosed && lease !== undefined) this.#begin(this.#parts.leaseManager.leave(lease, ""));
  }

  /** Resolves when the fleet is joined, and after so many milliseconds at the latest. */
  joined(limit: number): Promise<void> {
    const { clock } = this.#parts;
    return new Promise((resolve) => {
      const cancel = clock.wakeAt(later(clock.now(), limit), resolve);
      void this.#joined.then(() => {
        cancel();
        resolve();
      });
    });
  }

  /** Tells what is open here, and takes part from now on. */
  start(): void {
    this.tell(this.#parts.leaseManager.leases);
    this.#ended = this.#fleet.run();
  }

  /** Tells what an earlier daemon left, or what is open without a fleet. */
  tell(leases: readonly Lease[]): void {
    this.#told.tell(leases);
  }

  /** Leaves the fleet. Resolves when that is done. */
  async stop(): Promise<void> {
    this.#told.flush();
    this.#fleet.stop();
    await this.#ended;
  }

  /** Tells what it kept for itself, and applies what it had to refuse, as far as doors and devices allow it now. */
  review(): void {
    this.#told.flush();
    this.#told.review();
    this.#changes.review();
  }

  get problems(): readonly StatusProblem[] {
    const { state, roster } = this.#fleet;
    const wall = this.#parts.clock.wall();
    return fleetProblems({ ...this.#reported, state, gateways: roster.gateways(), wall });
  }

  summarize(): FleetSummary {
    return summarizeFleet(this.#reported);
  }

  report(withLeases: boolean): FleetReport {
    return reportFleet(this.#reported, withLeases);
  }

  /** Returns what metrics show. */
  measure(): FleetMeasures {
    const { state, roster } = this.#fleet;
    return {
      ...{ state, gateways: roster.gateways(), remote: this.#changes.counts },
      delays: this.#delays,
    };
  }

  /** Tells the others that a device may open nothing any more. */
  removed(who: string): void {
    this.#told.flush();
    this.#fleet.closed({ kind: "who", who }, this.#doors.closingLength());
  }

  /**
   * Closes at all other gateways what is closed here: of a door, of a source, of both, or all. Resolves when they have
   * done so, within 5 s; at once to undefined if this gateway shares no such door.
   */
  async close({ door, source }: ClosedSubject): Promise<FleetClosing | undefined> {
    if (door !== undefined && !this.#doors.has(door)) return undefined;
    // What was opened before is closed, too.
    this.#told.flush();
    const length = this.#doors.closingLength(door);
    return reportClosing(await this.#fleet.closeEverywhere(scopeOf({ door, source }), length));
  }

  /** As `close`, for what was closed `age` milliseconds ago. Waits for nothing. */
  closedBefore({ door, source }: ClosedSubject, age: number): void {
    if (door !== undefined && !this.#doors.has(door)) return;
    const left = this.#doors.closingLength(door);
    this.#fleet.closedBefore({ subject: scopeOf({ door, source }), age, left });
  }

  /** Tells the closings that another part in the same fleet could not tell. */
  takeOver(other: FleetMember): void {
    if (other.#parts.settings.name !== this.#parts.settings.name) return;
    for (const closing of other.#fleet.untoldClosings()) this.#fleet.closedBefore(closing);
  }

  /** Takes note of what is closed here alone. */
  closedHere({ door, source }: ClosedSubject): void {
    this.#told.flush();
    this.#changes.closedHere(scopeOf({ door, source }));
  }

  get #reported(): ReportedFleet {
    const { settings, leaseManager } = this.#parts;
    return { settings, leaseManager, fleet: this.#fleet, since: this.#since };
  }

  #noteMistake(error: unknown): void {
    const text = `internal error in the fleet: ${reason(error)}`;
    this.#parts.log.write({ level: "error", event: "internal-error", text });
  }

  #turn(level: "notice" | "warning", event: string, text: string): void {
    this.#since = this.#parts.clock.wall();
    this.#log(level, event, text);
  }

  #log(level: "notice" | "warning", event: string, text: string): void {
    const { settings, log } = this.#parts;
    log.write({ level, event, text: `fleet "${settings.name}": ${text}` });
  }
}
