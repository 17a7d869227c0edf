// What `knockctl` says of other firewalls of this host that drop a service, also after a knock.
import type { DoorService } from "../base/service.ts";
import { formatService, openedAs, parseDoorService } from "../base/service.ts";
import type { Result } from "../control/methods.ts";
import type { DoorReport } from "../control/reports.ts";
import type { BlockedService } from "../firewall/foreign/blocks.ts";
import { findBlockedServices } from "../firewall/foreign/blocks.ts";
import type { Remedy } from "../firewall/foreign/remedy.ts";
import { networkNamespace } from "../system/namespaces.ts";

/** A service that another firewall drops. */
export interface BlockedReport {
  /** As `tcp/22`. */
  readonly service: string;
  /** What is wrong, in a sentence. */
  readonly message: string;
  /** What to type, a line each. */
  readonly hints: readonly string[];
  /** Whether rules name sources that reach it all the same. */
  readonly hasExceptions: boolean;
  readonly remedies: readonly Remedy[];
}

/**
 * Returns those of the services that another firewall of this host drops for certain. `protects`: what
 * knockd protects, as far as that is known. Takes 2 s at most.
 */
export async function reportBlocked(
  services: readonly DoorService[],
  protects: readonly string[],
): Promise<BlockedReport[]> {
  const found = await findBlockedServices(services);
  return found.map((one) => {
    return describeBlocked(one, protects.includes(formatService(openedAs(one.service))));
  });
}

/** As `reportBlocked`, of services of the daemon with this status, such as `tcp/22`. */
export async function reportBlockedServices(
  services: readonly string[],
  { networkNamespace: theirs, firewall: { protects, trial } }: Result<"status">,
): Promise<BlockedReport[]> {
  // In another network, such as that of a container, this process sees other rules.
  if (theirs === undefined || theirs !== networkNamespace()) return [];
  const parsed = services.flatMap((text) => parseDoorService(text) ?? []);
  return await reportBlocked(parsed, [...protects, ...(trial?.services ?? [])]);
}

/**
 * As `reportBlockedServices`, of what these doors open in the kernel, and only what is dropped whatever the source:
 * where rules name sources, the doors may be for those.
 */
export async function reportBlockedDoors(
  doors: readonly DoorReport[],
  status: Result<"status">,
): Promise<BlockedReport[]> {
  const enabled = doors.filter(({ state }) => state === "enabled");
  const services = [...new Set(enabled.flatMap(({ opens }) => opens))];
  const blocked = await reportBlockedServices(services, status);
  return blocked.filter(({ hasExceptions }) => !hasExceptions);
}

/** Describes a service that is dropped, and what lets it pass. Pure. */
export function describeBlocked(blocked: BlockedService, isProtected: boolean): BlockedReport {
  const { service, onlyOver, hasExceptions, remedies } = blocked;
  const name = formatService(service);
  const blockers = [...new Set(remedies.map(({ blocker }) => blocker))];
  const verb = blockers.length === 1 ? "blocks" : "block";
  const over = onlyOver === undefined ? "" : ` over IPv${onlyOver}`;
  const sources = hasExceptions
    ? "for all sources but those that its rules name"
    : "also for sources that have knocked";
  return {
    service: name,
    message: `${blockers.join(" and ")} ${verb} ${name}${over}, ${sources}`,
    hints: [
      ...remedies.map(({ command, advice = "" }) =>
        command === undefined ? advice : `sudo ${command}`,
      ),
      isProtected
        ? `sources that have not knocked stay out all the same: knockd protects ${name}`
        : `unless knockd protects ${name}, all sources reach it then: sudo knockctl guard ${quote(name)}`,
    ],
    hasExceptions,
    remedies,
  };
}

/** Returns a sentence with what is wrong and what to type. */
export function formatBlocked({ message, hints }: BlockedReport): string {
  return `${message}: ${hints.join("; ")}`;
}

/** Quotes a word for a shell, where it needs that. */
function quote(text: string): string {
  return /^[\w./:-]+$/.test(text) ? text : `'${text}'`;
}
