// Longer than other files: what an administrator can ask for, a method each.
import { ownerName } from "../base/access-owner.ts";
import type { Address } from "../base/address.ts";
import { Dates } from "../base/dates.ts";
import { KnockError } from "../base/errors.ts";
import type { EntryListener } from "../base/log.ts";
import { nearest } from "../base/nearest.ts";
import { formatService, parseServices } from "../base/service.ts";
import type { Monotonic } from "../base/time.ts";
import type { ControlHandlers } from "../control/handlers.ts";
import type { Params, Result } from "../control/methods.ts";
import type { DoorReport, LeaseReport } from "../control/reports.ts";
import type { OpenElement } from "../firewall/backend.ts";
import { isNative } from "../firewall/firewall.ts";
import { administratorName } from "../grant/holders.ts";
import type { Lease } from "../grant/lease.ts";
import type { NumberedDoor } from "./access-request.ts";
import { describeNothing, requestAccess } from "./access-request.ts";
import type { ActiveUsers } from "./active-users.ts";
import type { OpeningParts } from "./administrator-opening.ts";
import { openForAdministrator } from "./administrator-opening.ts";
import { closeLeases, expectClosed, nameLease } from "./close-leases.ts";
import { cutAll, cutTargets } from "./cut.ts";
import { reportDoors } from "./door-report.ts";
import type { Firewalls } from "./firewalls.ts";
import type { KernelOpenings } from "./kernel-openings.ts";
import type { DaemonLog } from "./log/daemon-log.ts";
import type { GuardParts } from "./protection/guard.ts";
import { Guard } from "./protection/guard.ts";
import type { Protection } from "./protection/protection.ts";
import { expectReachable } from "./protection/reachable.ts";
import type { Rehearsal } from "./rehearsal.ts";
import { rehearse } from "./rehearsal.ts";
import type { ReportClocks, StatusParts } from "./reports.ts";
import { describeUnreachable, reportLease, reportLeases, reportStatus } from "./reports.ts";

export interface AdministrationParts
  extends StatusParts,
    Pick<OpeningParts, "activity">,
    Omit<GuardParts, "protection"> {
  readonly firewalls: StatusParts["firewalls"] & Pick<Firewalls, "cut" | "listOpen" | "knocked">;
  readonly protection: Protection;
  readonly users: Pick<ActiveUsers, "problems" | "devices">;
  readonly log: Pick<DaemonLog, "subscribe">;
  readonly reload: (params: Params<"reload">) => Promise<Result<"reload">>;
  readonly rehearsal: Rehearsal;
  /** `undefined`: the kernel opens no doors by itself. */
  readonly kernelOpenings: Pick<KernelOpenings, "adopt" | "close"> | undefined;
}

/** Answers administrators: the daemon as `knockctl` sees it. */
export class Administration implements ControlHandlers {
  readonly #parts: AdministrationParts;
  readonly #started: Monotonic;
  readonly #guard: Guard;
  readonly #clocks: ReportClocks;

  constructor(parts: AdministrationParts) {
    this.#parts = parts;
    this.#started = parts.clock.now();
    this.#guard = new Guard(parts);
    this.#clocks = { clock: parts.clock, dates: new Dates(parts.clock) };
  }

  readonly watch = (listener: EntryListener): (() => void) => this.#parts.log.subscribe(listener);

  readonly reload = async (params: Params<"reload">): Promise<Result<"reload">> => {
    const result = await this.#parts.reload(params);
    if (result.kind === "refused") return result;
    const unreachable = describeUnreachable(this.#parts.protection.services, this.#parts.doors());
    const warnings = unreachable.map((text) => `warning: ${text}`);
    return { ...result, warnings: [...result.warnings, ...warnings] };
  };

  readonly status = (): Result<"status"> => reportStatus(this.#parts, this.#started);

  readonly doors = (): readonly DoorReport[] =>
    reportDoors(this.#parts.doors(), this.#parts.leaseManager.leases, {
      activity: this.#parts.activity,
      kernel: this.#parts.kernelDoors?.states(),
    });

  readonly leases = async (): Promise<readonly LeaseReport[]> => {
    const { leaseManager, kernelOpenings } = this.#parts;
    kernelOpenings?.adopt();
    const inKernel = await this.#listOpen();
    return reportLeases(leaseManager.leases, this.#clocks, inKernel);
  };

  readonly history = ({
    sinceMs,
    most = 1000,
    ...who
  }: Params<"history">): Promise<Result<"history">> => {
    const since = sinceMs === undefined ? 0 : this.#parts.clock.wall() - sinceMs;
    return this.#parts.history.read({ ...who, since, most });
  };

  readonly traffic = (): Promise<Result<"traffic">> => this.#parts.traffic.read();

  readonly keys = (): Result<"keys"> => this.#parts.keyKnocks.report();

  readonly fleet = ({ leases }: Params<"fleet">): Result<"fleet"> => {
    const fleet = this.#parts.fleet.report(leases === true);
    return { ...(fleet && { fleet }) };
  };

  readonly close = async (params: Params<"close">): Promise<Result<"close">> => {
    const { door, address, cut, forget, here } = params;
    this.#parts.kernelOpenings?.adopt(0);
    // A door that the configuration has no more may still be open.
    if (door !== undefined && this.#leasesOf(door).length === 0) this.#findDoors(door, ["all"]);
    const { leaseManager } = this.#parts;
    const chosen = leaseManager.leases.filter(
      (lease) =>
        (door === undefined || ownerName(lease.access.owner) === door) &&
        (address === undefined || lease.access.source.equals(address)),
    );
    if (forget) return this.#forget(chosen);
    // A stop command that hangs here delays no other gateway.
    const subject = { door, source: address };
    const elsewhere = here ? undefined : this.#parts.fleet.close(subject);
    // It is waited for below: a mistake is one of this request, and does not end the daemon meanwhile.
    elsewhere?.catch(() => {});
    if (here) this.#parts.fleet.closedHere(subject);
    await closeLeases(chosen, this.#parts);
    this.#parts.kernelOpenings?.close({ name: door, source: address });
    const { protection } = this.#parts;
    const configs = this.#parts.doors().all.map(({ config }) => config);
    const targets = cutTargets({
      closed: chosen.map(({ access }) => access),
      address,
      doors: configs.filter(({ name }) => door === undefined || name === door),
      protectedServices: door === undefined ? protection.services : [],
      namesDoor: door !== undefined,
    });
    const connectionsCut = cut ? await cutAll(targets, this.#parts.firewalls) : 0;
    expectClosed(chosen, leaseManager);
    const fleet = await elsewhere;
    return { closed: chosen.map(nameLease), connectionsCut, ...(fleet && { fleet }) };
  };

  readonly open = async ({
    door,
    address,
    forMs: length,
  }: Params<"open">): Promise<Result<"open">> => {
    const states: ("opened" | "running")[] = [];
    for (const found of this.#findDoors(door)) {
      const grant = requestAccess(found, address, undefined, administratorName);
      if (grant === undefined) throw new KnockError("USAGE", describeNothing(found, address));
      const opening = { ...grant, length: length ?? grant.length, again: "extend" } as const;
      states.push(await openForAdministrator(opening, this.#parts));
    }
    const lease = this.#find(door, address);
    return {
      ...(lease && { lease: this.#report(lease) }),
      ...(states.includes("running") && { running: true }),
    };
  };

  readonly extend = async (params: Params<"extend">): Promise<LeaseReport> => {
    const { door, address, forMs: length } = params;
    const { leaseManager } = this.#parts;
    if (this.#leasesOf(door).length === 0) this.#findDoors(door);
    const lease = this.#find(door, address);
    if (lease === undefined || lease.state.kind === "closing") {
      throw new KnockError("USAGE", `"${door}" is not open for ${address}`);
    }
    await leaseManager.extend(lease, length);
    return this.#report(this.#find(door, address) ?? lease);
  };

  readonly forgive = (params: Params<"forgive">): Result<"forgive"> => {
    const { matcher, clock, firewalls } = this.#parts;
    const source = "address" in params ? params.address : undefined;
    firewalls.knocked?.forgive(source);
    return { forgiven: matcher.forgive(source, clock.now()) };
  };

  readonly protect = async ({ services }: Params<"protect">): Promise<Result<"protect">> => {
    const { protection, doors } = this.#parts;
    if (services === undefined) await protection.protect();
    else {
      const chosen = parseServices(services);
      expectReachable(chosen, doors());
      await protection.keep(chosen);
    }
    return this.#protected();
  };

  readonly unprotect = async (): Promise<Result<"protect">> => {
    await this.#parts.protection.unprotect();
    return this.#protected();
  };

  readonly guard = (params: Params<"guard">): Promise<Result<"guard">> => this.#guard.begin(params);

  readonly trial = (): Result<"trial"> => this.#guard.report();

  readonly rehearse = (params: Params<"rehearse">): Promise<Result<"rehearse">> =>
    rehearse(params, this.#parts);

  readonly watchUser = (params: Params<"watchUser">): Result<"watchUser"> =>
    this.#parts.keyKnocks.watchUser(params);

  readonly confirm = (params: Params<"confirm">): Promise<Result<"confirm">> =>
    this.#guard.confirm(params);

  /** Takes those of these leases for closed that could not be closed. Throws USAGE if there are others alone. */
  #forget(leases: readonly Lease[]): Result<"close"> {
    const forgotten = leases.filter((lease) => this.#parts.leaseManager.forget(lease));
    const [lease] = leases;
    if (lease === undefined || forgotten.length > 0) {
      return { closed: forgotten.map(nameLease), connectionsCut: 0 };
    }
    const { door, source } = nameLease(lease);
    const message = `"${door}" for ${source} can still be closed`;
    throw new KnockError("USAGE", message, { hints: ["leave --forget out"] });
  }

  /** Returns what the kernel has open, or `undefined` if it does not say. */
  async #listOpen(): Promise<readonly OpenElement[] | undefined> {
    const { leaseManager, firewalls } = this.#parts;
    if (!leaseManager.leases.some(({ access }) => isNative(access))) return [];
    try {
      return await firewalls.listOpen();
    } catch (error) {
      if (error instanceof KnockError) return undefined;
      throw error;
    }
  }

  #protected(): Result<"protect"> {
    return { services: this.#parts.protection.services.map(formatService) };
  }

  /** `keywords`: what may stand in place of a name. */
  #findDoors(name: string, keywords: readonly string[] = []): NumberedDoor[] {
    const found = this.#parts.doors().all.filter(({ config }) => config.name === name);
    if (found.length > 0) return found;
    const names = this.#parts.doors().all.map(({ config }) => config.name);
    const near = nearest(name, [...names, ...keywords]);
    const hints = [near === undefined ? "knockctl doors lists them" : `did you mean "${near}"?`];
    throw new KnockError("USAGE", `there is no door "${name}"`, { hints });
  }

  #leasesOf(door: string): Lease[] {
    return this.#parts.leaseManager.leases.filter(({ access }) => ownerName(access.owner) === door);
  }

  #find(door: string, address: Address): Lease | undefined {
    return this.#leasesOf(door).find(({ access }) => access.source.equals(address));
  }

  #report(lease: Lease): LeaseReport {
    return reportLease(lease, this.#clocks);
  }
}
