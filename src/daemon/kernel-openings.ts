import { keyOfOwner } from "../base/access-owner.ts";
import type { Address } from "../base/address.ts";
import type { Clock } from "../base/clock.ts";
import { KnockError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { later } from "../base/time.ts";
import type { KnockedDoor, KnockedDoors } from "../firewall/backend.ts";
import type { LeaseManager } from "../grant/lease-manager.ts";
import { isAllowed } from "../match/door.ts";
import type { NumberedDoor } from "./access-request.ts";
import { requestAccess } from "./access-request.ts";
import type { Firewalls } from "./firewalls.ts";
import type { Membership } from "./fleet/membership.ts";
import type { DaemonKernelDoors } from "./kernel-doors.ts";
import { listSources } from "./kernel-doors.ts";
import type { PacketCounters } from "./metrics/packet-counters.ts";

export interface KernelOpeningsParts {
  readonly firewalls: Pick<Firewalls, "knocked">;
  readonly leaseManager: Pick<LeaseManager, "adopt" | "leases">;
  readonly counters: Pick<PacketCounters, "countKernelOpening">;
  readonly kernelDoors: Pick<DaemonKernelDoors, "openers">;
  readonly clock: Clock;
  readonly log: Log;
  readonly fleet?: Pick<Membership, "adopted">;
}

/** Milliseconds from a packet to the look at what the kernel opened. */
const lookDelay = 5_000;

/** Milliseconds from a packet to the opening by knockd at most, but for floods. */
const processingTime = 1_000;

/** What the kernel has open and the configuration no longer allows. */
interface LeftOver extends KnockedDoor {
  /** knockd keeps the door open until the lease ends. */
  readonly hasLease: boolean;
}

/** What an administrator closes. */
interface ClosedByAdministrator {
  /** The name of doors; `undefined` means all. */
  readonly name: string | undefined;
  /** `undefined` means all. */
  readonly source: Address | undefined;
}

/**
 * Makes leases of what the kernel opened without knockd: while no daemon ran, by a knock of which the ring lost a
 * packet, or by one that began before this daemon listened.
 */
export class KernelOpenings {
  readonly #parts: KernelOpeningsParts;
  /** How many openings had no room at the last look. */
  #refused = 0;
  #isPending = false;

  constructor(parts: KernelOpeningsParts) {
    this.#parts = parts;
  }

  /**
   * Makes leases of what was opened without this daemon. `youngest`: how long ago, in milliseconds, that was at
   * least; by default so long that knockd is likely to have opened, too, from the same packet.
   */
  adopt(youngest: number = processingTime): void {
    this.#attempt("read", () => this.#adopt(youngest));
  }

  /** Looks some time after a packet, each of which may be of a knock that knockd does not see whole. */
  readonly notice = (): void => {
    if (this.#isPending) return;
    this.#isPending = true;
    const { clock } = this.#parts;
    clock.wakeAt(later(clock.now(), lookDelay), () => {
      this.#isPending = false;
      this.adopt();
    });
  };

  /** Closes what the kernel opened and no lease accounts for, beside what leases did. */
  close({ name, source }: ClosedByAdministrator): void {
    const { firewalls, kernelDoors } = this.#parts;
    const keys = [...kernelDoors.openers()]
      .filter(([, { config }]) => config.name === name)
      .map(([key]) => key);
    const some: KnockedDoors[] = name === undefined ? [{}] : keys.map((door) => ({ door }));
    this.#attempt("close", () => {
      for (const which of some)
        firewalls.knocked?.closeAll({ ...which, ...(source && { source }) });
    });
  }

  #attempt(what: string, task: () => void): void {
    try {
      task();
    } catch (error) {
      if (!(error instanceof KnockError)) throw error;
      const text = `cannot ${what} what the kernel opened: ${error.message}`;
      this.#warn(text);
    }
  }

  #adopt(youngest: number): void {
    const { firewalls, leaseManager, counters, kernelDoors, clock } = this.#parts;
    const openers = kernelDoors.openers();
    const now = clock.now();
    const leftOver: LeftOver[] = [];
    let refused = 0;
    for (const knocked of firewalls.knocked?.list() ?? []) {
      const { source, milliseconds, length } = knocked;
      const door = openers.get(knocked.door);
      const request =
        door && isAllowed(door.config, source) && requestAccess(door, source, undefined);
      if (!request)
        leftOver.push({ ...knocked, hasLease: door !== undefined && this.#hasLease(door, source) });
      else {
        const age = Math.max(0, length - milliseconds);
        if (age < youngest) continue;
        const [since, due] = [later(now, -age), later(now, milliseconds)];
        const adoption = leaseManager.adopt({ ...request, length }, since, due);
        if (adoption === "refused") refused++;
        if (adoption !== "adopted") continue;
        counters.countKernelOpening(door.config.name);
        this.#parts.fleet?.adopted(request.access, age, milliseconds);
      }
    }
    this.#tellRefused(refused);
    this.#closeLeftOver(leftOver);
  }

  #tellRefused(refused: number): void {
    if (refused > this.#refused) {
      const what = refused === 1 ? "a door is" : `${refused} doors are`;
      this.#warn(`${what} open by the kernel alone, without a lease: too many doors are open`);
    }
    this.#refused = refused;
  }

  #hasLease({ config: { name }, nth }: NumberedDoor, source: Address): boolean {
    const owner = keyOfOwner({ kind: "door", name, nth });
    return this.#parts.leaseManager.leases.some(
      ({ access }) => keyOfOwner(access.owner) === owner && access.source.equals(source),
    );
  }

  /** Closes in the kernel what the configuration no longer allows. A lease keeps its door open. */
  #closeLeftOver(leftOver: readonly LeftOver[]): void {
    for (const { door, source } of leftOver)
      this.#parts.firewalls.knocked?.closeAll({ door, source });
    const closed = leftOver.filter(({ hasLease }) => !hasLease);
    if (closed.length === 0) return;
    const text = `closed what the kernel had opened and the doors do not allow: ${listSources(closed)}`;
    this.#parts.log.write({ level: "notice", event: "kernel-closed", text });
  }

  #warn(text: string): void {
    this.#parts.log.write({ level: "warning", event: "kernel-doors", text });
  }
}
