import { ownerName } from "../base/access-owner.ts";
import type { Address } from "../base/address.ts";
import type { Clock } from "../base/clock.ts";
import { KnockError } from "../base/errors.ts";
import type { EntryListener } from "../base/log.ts";
import { formatService } from "../base/service.ts";
import type { Source } from "../capture/source.ts";
import type { DoorConfig } from "../config/config.ts";
import { openedServices } from "../config/config.ts";
import type { ControlHandlers } from "../control/handlers.ts";
import type { DoorReport, LeaseReport, Params, Result } from "../control/methods.ts";
import type { LeaseJournal } from "../grant/journal/lease-journal.ts";
import type { Lease } from "../grant/lease.ts";
import type { LeaseManager } from "../grant/lease-manager.ts";
import type { Matcher } from "../match/matcher.ts";
import { cutConnections } from "../system/connections.ts";
import type { NumberedDoor } from "./access-request.ts";
import { requestAccess } from "./access-request.ts";
import type { Doors } from "./doors.ts";
import type { Firewalls } from "./firewalls.ts";
import type { NetworkChanges } from "./host/network.ts";
import type { DaemonLog } from "./log/daemon-log.ts";
import { Guard } from "./protection/guard.ts";
import type { Protection } from "./protection/protection.ts";

/** What administrators look at and change. */
export interface AdministrationParts {
  readonly version: string;
  readonly configFile: string;
  readonly clock: Clock;
  readonly leaseManager: LeaseManager;
  readonly matcher: Matcher;
  readonly source: Source;
  readonly network: NetworkChanges;
  readonly firewalls: Firewalls;
  readonly protection: Protection;
  readonly journal: LeaseJournal;
  readonly log: Pick<DaemonLog, "subscribe">;
  /** Those of the configuration in force. */
  readonly doors: () => Doors;
  readonly interfaces: () => readonly string[] | undefined;
  readonly reload: () => Promise<Result<"reload">>;
}

/** Answers administrators: the daemon as `knockctl` sees it. */
export class Administration implements ControlHandlers {
  readonly #parts: AdministrationParts;
  readonly #started: number;
  readonly #guard: Guard;

  constructor(parts: AdministrationParts) {
    this.#parts = parts;
    this.#started = parts.clock.now();
    this.#guard = new Guard(parts);
  }

  readonly watch = (listener: EntryListener): (() => void) => this.#parts.log.subscribe(listener);

  readonly reload = async (): Promise<Result<"reload">> => {
    const result = await this.#parts.reload();
    if (result.kind === "refused") return result;
    const walledUp = this.#walledUp().map((text) => `warning: ${text}`);
    return { ...result, warnings: [...result.warnings, ...walledUp] };
  };

  readonly status = (): Result<"status"> => {
    const { version, configFile, clock, leaseManager, matcher, source, firewalls, journal } =
      this.#parts;
    const { protection } = this.#parts;
    const { trial } = protection;
    const problem = journal.trouble;
    return {
      version,
      pid: process.pid,
      uptime: clock.now() - this.#started,
      configFile,
      interfaces: this.#parts.interfaces() ?? ["any"],
      doors: this.#parts.doors().all.length,
      leases: leaseManager.leases.length,
      attempts: matcher.attemptsByStage,
      capture: source.counters(),
      firewall: {
        kind: firewalls.kind,
        protects: protection.services.map(formatService),
        ...(trial && { trial: { ...trial, services: trial.services.map(formatService) } }),
      },
      journal: { path: journal.path, ...(problem !== undefined && { problem }) },
      problems: [
        ...(problem === undefined ? [] : [problem]),
        ...this.#parts.network.problems,
        ...firewalls.problems,
        ...protection.problems,
        ...this.#walledUp(),
      ],
    };
  };

  readonly doors = (): readonly DoorReport[] =>
    this.#parts.doors().all.map(({ config, nth, door, decoys }) => {
      const { name, timeout, action } = config;
      const sequence = door?.sequence ?? [];
      return {
        name,
        steps: sequence.length,
        protocols: [...new Set(sequence.map(({ protocol }) => protocol))],
        decoys: decoys.length,
        timeout,
        opens: openedServices(config).map(formatService),
        ...kindOf(action),
        state: door === undefined ? "disabled" : "enabled",
        open: this.#leasesOf(name).filter(
          ({ access: { owner } }) => owner.kind === "door" && owner.nth === nth,
        ).length,
      };
    });

  readonly leases = (): readonly LeaseReport[] =>
    this.#parts.leaseManager.leases.map((lease) => this.#report(lease));

  readonly close = async ({ door, address, cut }: Params<"close">): Promise<Result<"close">> => {
    // A door that the configuration has no more may still be open.
    if (door !== undefined && this.#leasesOf(door).length === 0) this.#findDoors(door);
    const { leaseManager } = this.#parts;
    const chosen = leaseManager.leases.filter(
      ({ state, access }) =>
        state !== "closing" &&
        (door === undefined || ownerName(access.owner) === door) &&
        (address === undefined || access.source.equals(address)),
    );
    await Promise.all(chosen.map((lease) => leaseManager.close(lease)));
    const cuts = await Promise.all(
      (cut ? chosen : []).map(({ access: { source, method } }) =>
        cutConnections(source, method.kind === "native" ? method.services : undefined),
      ),
    );
    const closed = chosen.map(({ access }) => ({
      door: ownerName(access.owner),
      source: access.source,
    }));
    return { closed, cut: cuts.reduce((sum, count) => sum + count, 0) };
  };

  readonly open = async ({
    door,
    address,
    for: length,
  }: Params<"open">): Promise<Result<"open">> => {
    const { leaseManager } = this.#parts;
    for (const found of this.#findDoors(door)) {
      const grant = requestAccess(found, address, undefined);
      if (grant === undefined) throw new KnockError("USAGE", `door "${door}" runs no command`);
      const opening = { ...grant, length: length ?? grant.length, again: "extend" } as const;
      if (!(await leaseManager.open(opening))) {
        const hints = ["the log says why"];
        throw new KnockError("COMMAND", `"${door}" could not be opened for ${address}`, { hints });
      }
    }
    const lease = this.#find(door, address);
    return lease === undefined ? {} : { lease: this.#report(lease) };
  };

  readonly extend = async (params: Params<"extend">): Promise<LeaseReport> => {
    const { door, address, for: length } = params;
    const { leaseManager, clock } = this.#parts;
    if (this.#leasesOf(door).length === 0) this.#findDoors(door);
    const lease = this.#find(door, address);
    if (lease === undefined || lease.state === "closing") {
      throw new KnockError("USAGE", `"${door}" is not open for ${address}`);
    }
    await leaseManager.extend(lease, Math.max(lease.due, clock.now() + length));
    return this.#report(this.#find(door, address) ?? lease);
  };

  readonly protect = async (): Promise<Result<"protect">> => {
    await this.#parts.protection.protect();
    return this.#protected();
  };

  readonly unprotect = async (): Promise<Result<"protect">> => {
    await this.#parts.protection.lift();
    return this.#protected();
  };

  readonly guard = (params: Params<"guard">): Promise<Result<"guard">> => this.#guard.begin(params);

  readonly confirm = (params: Params<"confirm">): Promise<Result<"confirm">> =>
    this.#guard.confirm(params);

  #protected(): Result<"protect"> {
    return { services: this.#parts.protection.services.map(formatService) };
  }

  /** What was confirmed stays protected, also when the door to it is gone from the configuration. */
  #walledUp(): string[] {
    const open = this.#parts
      .doors()
      .all.flatMap(({ config, door }) => (door ? openedServices(config) : []))
      .map(formatService);
    return this.#protected()
      .services.filter((service) => !open.includes(service))
      .map((service) => `${service} is protected, but no door opens it: knockctl unprotect`);
  }

  #findDoors(name: string): NumberedDoor[] {
    const found = this.#parts.doors().all.filter(({ config }) => config.name === name);
    if (found.length === 0) throw new KnockError("USAGE", `there is no door "${name}"`);
    return found;
  }

  #leasesOf(door: string): Lease[] {
    return this.#parts.leaseManager.leases.filter(({ access }) => ownerName(access.owner) === door);
  }

  #find(door: string, address: Address): Lease | undefined {
    return this.#leasesOf(door).find(({ access }) => access.source.equals(address));
  }

  #report({ access, since, due, state }: Lease): LeaseReport {
    const { clock } = this.#parts;
    const { owner, source, method } = access;
    return {
      door: ownerName(owner),
      source,
      since: new Date(clock.wall() - (clock.now() - since)),
      remaining: Math.max(0, due - clock.now()),
      kind: method.kind,
      state,
    };
  }
}

/** What makes a door open, and for how long, if anything closes it again. */
function kindOf(action: DoorConfig["action"]): Pick<DoorReport, "kind" | "lasts"> {
  if (action.kind === "native") return { kind: "native", lasts: action.openFor };
  const { stop, stop6 } = action.templates;
  if (stop === undefined && stop6 === undefined) return { kind: "command" };
  return { kind: "lease", lasts: action.closeAfter };
}
