import type { Address } from "../../base/address.ts";
import type { Clock } from "../../base/clock.ts";
import type { Endpoint } from "../../base/endpoint.ts";
import { isLoopback } from "../../base/endpoint.ts";
import { KnockError } from "../../base/errors.ts";
import type { Service } from "../../base/service.ts";
import {
  formatService,
  formatServices,
  parseServices,
  uniqueServices,
} from "../../base/service.ts";
import { openedServices } from "../../config/config.ts";
import type { Params, Result } from "../../control/methods.ts";
import type { Lease } from "../../grant/lease.ts";
import type { LeaseManager } from "../../grant/lease-manager.ts";
import { isAllowed } from "../../match/door.ts";
import { connectedPeers, formatPeer } from "../../system/sessions.ts";
import type { Doors } from "../doors.ts";

import type { Protection } from "./protection.ts";
import { expectReachable, reachableServices } from "./reachable.ts";

export interface GuardParts {
  readonly protection: Protection;
  readonly leaseManager: LeaseManager;
  readonly clock: Clock;
  readonly doors: () => Doors;
}

/** How long a trial lasts by default, and at most: milliseconds. */
const usualTrial = 60_000;
const longestTrial = 3_600_000;

/**
 * `knockctl guard`: protects services for the first time, so that whoever does it cannot lock himself
 * out. His address is open and the protection ends by itself, unless he shows with a new connection
 * that he still gets in.
 */
export class Guard {
  readonly #parts: GuardParts;
  /** Connections that prove nothing, since they were there before the trial. */
  #old: ReadonlySet<string> = new Set();
  #source: Address | undefined;
  #doors: readonly string[] = [];

  constructor(parts: GuardParts) {
    this.#parts = parts;
  }

  async begin(params: Params<"guard">): Promise<Result<"guard">> {
    const { protection } = this.#parts;
    const { address, port } = params;
    const length = params.for ?? usualTrial;
    if (length > longestTrial) throw new KnockError("USAGE", "a trial lasts an hour at most");
    const services = this.#choose(params.services && parseServices(params.services));
    const old = connectedPeers();
    await this.#open(address, services, length);
    await protection.try(services, length);
    const peer = port === undefined ? undefined : formatPeer({ address, port });
    this.#old = new Set([...old, ...(peer === undefined ? [] : [peer])]);
    this.#source = address;
    const openers = this.#openersOf(services);
    this.#doors = [...new Set(openers.map(({ config }) => config.name))];
    const closed = openers.filter(({ config }) => !isAllowed(config, address));
    const warnings = closed.map(
      ({ config }) => `${address} may not knock at door ${config.name}: see its allow and deny`,
    );
    if (peer !== undefined && !old.has(peer)) {
      const doubt = "is SSH_CONNECTION of an earlier session? --address says where you are";
      warnings.push(`there is no connection from ${peer}: ${doubt}`);
    }
    return {
      services: services.map(formatService),
      address,
      remaining: protection.trial?.remaining ?? 0,
      doors: this.#doors,
      warnings,
    };
  }

  async confirm(params: Params<"confirm">): Promise<Result<"confirm">> {
    const { protection, clock } = this.#parts;
    // That the trial is over is the better answer to any connection.
    if (protection.trial !== undefined && "address" in params) this.#expectNew(params);
    const services = await protection.confirm();
    const lease = this.#source && this.#leaseOf(this.#source);
    return {
      services: services.map(formatService),
      doors: this.#doors,
      ...(lease && { address: lease.access.source, remaining: lease.due - clock.now() }),
    };
  }

  #expectNew(peer: Endpoint): void {
    const problem = this.#doubt(peer);
    if (problem === undefined) return;
    const hints = [
      "make a new connection to this server, and confirm there",
      "at the machine itself: --from-console",
    ];
    throw new KnockError("USAGE", problem, { hints });
  }

  /** Why this connection does not show that its administrator still gets in. */
  #doubt(peer: Endpoint): string | undefined {
    const name = formatPeer(peer);
    if (this.#old.has(name)) return `the connection from ${name} was there before the trial`;
    // The chain lets in what comes in on lo.
    if (isLoopback(peer.address)) {
      return `the connection from ${name} comes from this machine itself, which is never kept out`;
    }
    return connectedPeers().has(name) ? undefined : `there is no connection from ${name}`;
  }

  /** Returns what to protect. Throws USAGE if no door opens it, or if it is protected already. */
  #choose(wanted: readonly Service[] | undefined): readonly Service[] {
    const doors = this.#parts.doors();
    const chosen = uniqueServices(wanted ?? reachableServices(doors));
    if (chosen.length === 0) {
      const hints = ["give a door a line such as: open = tcp/22"];
      throw new KnockError("USAGE", "no door opens a service: there is nothing to guard", {
        hints,
      });
    }
    expectReachable(chosen, doors);
    const before = new Set(this.#parts.protection.services.map(formatService));
    if (chosen.some((service) => !before.has(formatService(service)))) return chosen;
    throw new KnockError("USAGE", `${formatServices(chosen)} is protected already`);
  }

  #openersOf(services: readonly Service[]) {
    const names = new Set(services.map(formatService));
    return this.#parts
      .doors()
      .all.filter(
        ({ config, door }) =>
          door && openedServices(config).some((service) => names.has(formatService(service))),
      );
  }

  async #open(source: Address, services: readonly Service[], length: number): Promise<void> {
    const { leaseManager } = this.#parts;
    const before = this.#leaseOf(source);
    // It may be for other services.
    if (before !== undefined) await leaseManager.close(before);
    const method = { kind: "native", services } as const;
    const access = { owner: { kind: "trial" }, source, knock: undefined, method } as const;
    await leaseManager.open({ access, length, again: "extend" });
    if (this.#leaseOf(source)?.state.kind === "open") return;
    const message = `cannot open ${formatServices(services)} for ${source}, so nothing was protected`;
    throw new KnockError("FIREWALL", message, { hints: ["knockctl status says what is wrong"] });
  }

  #leaseOf(source: Address): Lease | undefined {
    return this.#parts.leaseManager.leases.find(
      ({ access }) => access.owner.kind === "trial" && access.source.equals(source),
    );
  }
}
