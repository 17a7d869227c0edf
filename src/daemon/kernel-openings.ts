import type { Clock } from "../base/clock.ts";
import { KnockError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { formatService } from "../base/service.ts";
import { later } from "../base/time.ts";
import type { Source } from "../capture/source.ts";
import type { OpenElement } from "../firewall/backend.ts";
import type { LeaseManager } from "../grant/lease-manager.ts";
import { isAllowed } from "../match/door.ts";
import type { NumberedDoor } from "./access-request.ts";
import { requestAccess } from "./access-request.ts";
import type { Firewalls } from "./firewalls.ts";
import type { DaemonKernelDoors } from "./kernel-doors.ts";
import type { PacketCounters } from "./metrics/packet-counters.ts";

export interface KernelOpeningsParts {
  readonly firewalls: Pick<Firewalls, "listKnocked">;
  readonly leaseManager: Pick<LeaseManager, "adopt">;
  readonly counters: Pick<PacketCounters, "countKernelOpening">;
  readonly source: Pick<Source, "counters">;
  readonly kernelDoors: Pick<DaemonKernelDoors, "openers">;
  readonly clock: Clock;
  readonly log: Log;
}

/** Milliseconds from a packet to the look at whether the ring has lost some. */
const lossDelay = 5_000;

/** Milliseconds from a packet to the opening by knockd at most, but for floods. */
const processingTime = 1_000;

/** Milliseconds by which the two times of one opening may differ, here and in the kernel. */
const slack = 500;

/** Finds what the kernel opened without knockd, and makes leases of it. */
export class KernelOpenings {
  readonly #parts: KernelOpeningsParts;
  #lost = 0;
  #isPending = false;

  constructor(parts: KernelOpeningsParts) {
    this.#parts = parts;
  }

  /** Makes leases of what was opened while no daemon ran. */
  adoptAll(): void {
    this.#adopt(0, true);
  }

  /**
   * Makes leases of what was opened without this daemon. `youngest`: how long ago, in milliseconds, that was at
   * least; by default so long that knockd is likely to have opened, too, from the same packet.
   */
  adopt(youngest: number = processingTime): void {
    this.#adopt(youngest, false);
  }

  /** Takes note of a packet. Some time after it lost packets are looked for, each of which may be of a knock. */
  readonly notice = (): void => {
    if (this.#isPending) return;
    this.#isPending = true;
    const { clock } = this.#parts;
    clock.wakeAt(later(clock.now(), lossDelay), () => this.#look());
  };

  #look(): void {
    this.#isPending = false;
    const { dropped } = this.#parts.source.counters();
    if (dropped > this.#lost) this.adopt();
    this.#lost = dropped;
  }

  #adopt(youngest: number, tellsOthers: boolean): void {
    const { firewalls, leaseManager, counters, kernelDoors, clock, log } = this.#parts;
    let elements: readonly OpenElement[];
    try {
      elements = firewalls.listKnocked();
    } catch (error) {
      if (!(error instanceof KnockError)) throw error;
      const text = `cannot read what the kernel opened: ${error.message}`;
      log.write({ level: "warning", event: "kernel-doors", text });
      return;
    }
    const { openings, others } = findOpenings(elements, kernelDoors.openers());
    const now = clock.now();
    for (const { door, element } of openings) {
      const { source, milliseconds, length = milliseconds } = element;
      const age = Math.max(0, length - milliseconds);
      const request = requestAccess(door, source, undefined);
      if (request === undefined || age < youngest) continue;
      const [since, due] = [later(now, -age), later(now, milliseconds)];
      const isNew = leaseManager.adopt({ ...request, length }, since, due);
      if (isNew) counters.countKernelOpening(door.config.name);
    }
    for (const { source, service, milliseconds } of tellsOthers ? others : []) {
      const text = `${source}: ${formatService(service)}: opened by the kernel for a door that is gone (${seconds(milliseconds)} s left)`;
      log.write({ level: "notice", event: "kernel-opened", text, source });
    }
  }
}

interface AdoptableOpening {
  readonly door: NumberedDoor;
  /** That of the first service of the door. */
  readonly element: OpenElement;
}

/**
 * Returns which doors the kernel opened, and what it opened for doors that are gone. Of several doors that a
 * service fits, it is the one with the time of the opening, and else the first.
 */
export function findOpenings(
  elements: readonly OpenElement[],
  doors: readonly NumberedDoor[],
): { readonly openings: readonly AdoptableOpening[]; readonly others: readonly OpenElement[] } {
  const bySource = new Map<string, OpenElement[]>();
  for (const element of elements) {
    const key = `${element.source}`;
    bySource.set(key, [...(bySource.get(key) ?? []), element]);
  }
  const openings: AdoptableOpening[] = [];
  const others: OpenElement[] = [];
  for (const all of bySource.values()) {
    const left = new Map(all.map((element) => [formatService(element.service), element]));
    for (const isExact of [true, false]) {
      for (const door of doors) {
        const element = elementOf(door, left, isExact);
        if (element !== undefined) openings.push({ door, element });
      }
    }
    others.push(...left.values());
  }
  return { openings, others };
}

/** Takes the elements of a door out of `left`, if all of them are there, and returns the one that ends first. */
function elementOf(
  { config }: NumberedDoor,
  left: Map<string, OpenElement>,
  isExact: boolean,
): OpenElement | undefined {
  const { action } = config;
  if (action.kind !== "native") return undefined;
  const names = action.services.map(formatService);
  const found = names.flatMap((name) => left.get(name) ?? []);
  const [first] = [...found].sort((a, b) => a.milliseconds - b.milliseconds);
  if (first === undefined || found.length < names.length) return undefined;
  if (!isAllowed(config, first.source)) return undefined;
  const isOfDoor = ({ length }: OpenElement) =>
    length !== undefined && Math.abs(length - action.openFor) < slack;
  if (isExact && !found.every(isOfDoor)) return undefined;
  for (const name of names) left.delete(name);
  return first;
}

function seconds(milliseconds: number): number {
  return Math.round(milliseconds / 1000);
}
