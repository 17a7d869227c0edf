import { parseAddress } from "../../base/address.ts";
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
import { later } from "../../base/time.ts";
import type { Host } from "../../capture/host.ts";
import { openedServices, opensService } from "../../config/config.ts";
import { doorDevices } from "../../config/door-devices.ts";
import type { Params, Result } from "../../control/methods.ts";
import { isAllowed } from "../../match/door.ts";
import type { SocketRow } from "../../system/proc.ts";
import { formatPeer } from "../../system/sessions.ts";
import type { ActiveUsers } from "../active-users.ts";
import type { Doors } from "../doors.ts";
import { isOpenable } from "../doors.ts";
import type { DaemonKernelDoors } from "../kernel-doors.ts";
import type { Protection } from "./protection.ts";
import { expectReachable, reachableServices } from "./reachable.ts";
import type { TrialKnocks } from "./trial-knocks.ts";

export interface GuardParts {
  readonly protection: Protection;
  readonly trialKnocks: TrialKnocks;
  readonly host: Pick<Host, "has">;
  readonly clock: Clock;
  readonly doors: () => Doors;
  readonly users: Pick<ActiveUsers, "devices">;
  /** `undefined`: the kernel opens no doors by itself. */
  readonly kernelDoors: Pick<DaemonKernelDoors, "states"> | undefined;
  /** Returns the TCP connections of this host. Throws SYSTEM. */
  readonly readConnections: () => readonly SocketRow[];
}

/** The default and the longest length of a trial: milliseconds. */
const usualTrial = 180_000;
const longestTrial = 3_600_000;

/** The most sources that a report names for a door. */
const mostSources = 5;

/**
 * `knockctl guard`: protects services on trial, so that administrators cannot lock themselves out. The
 * protection ends by itself unless a new connection proves that a knock lets its administrator in.
 */
export class Guard {
  readonly #parts: GuardParts;
  /** Connections that prove nothing: they existed before the trial. */
  #old: ReadonlySet<string> = new Set();

  constructor(parts: GuardParts) {
    this.#parts = parts;
  }

  async begin(params: Params<"guard">): Promise<Result<"guard">> {
    const { protection, trialKnocks, clock } = this.#parts;
    const { address, port } = params;
    const length = params.forMs ?? usualTrial;
    if (length > longestTrial) throw new KnockError("USAGE", "a trial lasts an hour at most");
    const services = this.#choose(params.services && parseServices(params.services));
    // A shortage of descriptors shows here, before anything has changed.
    this.#parts.readConnections();
    await protection.try(services, length);
    const now = clock.now();
    trialKnocks.begin(address, now, later(now, length));
    // Not earlier: what connected before the protection was there needed no knock.
    const peers = await this.#readPeers();
    const own = address && port !== undefined ? formatPeer({ address, port }) : undefined;
    this.#old = new Set([...peers, ...(own === undefined ? [] : [own])]);
    const openers = this.#openersOf(services);
    const closed = openers.filter(({ config }) => address && !isAllowed(config, address));
    const warnings = closed.map(
      ({ config }) => `${address} may not knock at door ${config.name}: see its allow and deny`,
    );
    for (const opener of openers) {
      const state = this.#parts.kernelDoors?.states()?.[this.#parts.doors().all.indexOf(opener)];
      if (state === undefined || state.opens) continue;
      warnings.push(`door ${opener.config.name} opens only while knockd runs: ${state.why}`);
    }
    if (own !== undefined && !peers.has(own)) {
      const doubt = "is SSH_CONNECTION of an earlier session? --address says where you are";
      warnings.push(`there is no connection from ${own}: ${doubt}`);
    }
    return {
      services: services.map(formatService),
      ...(address && { address }),
      remainingMs: protection.trial?.remainingMs ?? 0,
      doors: namesOf(openers),
      warnings,
    };
  }

  /** Returns what is on trial, and what has come of the knock. */
  report(): Result<"trial"> {
    const { protection, trialKnocks } = this.#parts;
    const { trial } = protection;
    if (trial === undefined) return {};
    const onTrial = new Set(this.#openersOf(trial.services));
    const doors = this.#openersOf([...trial.services, ...protection.services]);
    const { expected } = trialKnocks;
    return {
      trial: {
        services: trial.services.map(formatService),
        remainingMs: trial.remainingMs,
        ...(expected && { address: expected }),
        doors: doors.map((one) => ({
          name: one.config.name,
          opens: openedServices(one.config).map(formatService),
          onTrial: onTrial.has(one),
          steps: (one.door?.sequence ?? []).map(({ number, protocol }) => {
            return { number, protocol, packets: trialKnocks.packetsTo({ number, protocol }) };
          }),
          ...this.#devicesOf(one),
          openedFor: trialKnocks
            .sourcesOf(one)
            // The expected one comes first.
            .sort((a, b) => Number(b === `${expected}`) - Number(a === `${expected}`))
            .slice(0, mostSources)
            .flatMap((source) => parseAddress(source) ?? []),
        })),
      },
    };
  }

  #devicesOf({ config }: Opener): { readonly devices?: readonly string[] } {
    const { users, clock } = this.#parts;
    const devices = doorDevices(config.users, users.devices, clock.wall());
    return devices.length === 0 ? {} : { devices };
  }

  async confirm(params: Params<"confirm">): Promise<Result<"confirm">> {
    const { protection, trialKnocks } = this.#parts;
    const trial = protection.trial?.services ?? [];
    const openers = this.#openersOf(trial);
    let proven = openers.filter((door) => trialKnocks.sourcesOf(door).length > 0);
    let chosen = trial;
    // A trial that is over is the better answer.
    if (trial.length > 0 && "address" in params) {
      this.#expectNew(params);
      proven = openers.filter((door) => trialKnocks.hasOpened(door, params.address));
      if (proven.length === 0) throw this.#withoutKnock(params.address.toString(), openers);
      if (params.all !== true)
        chosen = trial.filter((service) =>
          proven.some(({ config }) => opensService(config, service)),
        );
    }
    const services = await protection.confirm(chosen);
    const rest = protection.trial;
    if (rest === undefined) trialKnocks.end();
    return {
      services: services.map(formatService),
      doors: namesOf(openers),
      unproven: namesOf(openers.filter((door) => !proven.includes(door))),
      ...(rest && { trial: { ...rest, services: rest.services.map(formatService) } }),
    };
  }

  /** Returns the other ends of all connections. Ends the trial if it cannot: an old one would pass for new. */
  async #readPeers(): Promise<ReadonlySet<string>> {
    const { protection, readConnections } = this.#parts;
    try {
      return new Set(readConnections().map(({ remote }) => formatPeer(remote)));
    } catch (error) {
      await protection.cancelTrial("the connections of this host cannot be read");
      throw error;
    }
  }

  #expectNew(peer: Endpoint): void {
    const problem = this.#doubt(peer);
    if (problem === undefined) return;
    const name = formatPeer(peer);
    const shared = this.#old.has(name)
      ? ["a shared ssh session (ControlMaster) is the old connection: ssh -S none"]
      : [];
    throw new KnockError("USAGE", problem, { hints: [newConnection, ...shared, atConsole] });
  }

  /** Returns why this connection proves nothing, or `undefined` if it is a new one of another host. */
  #doubt(peer: Endpoint): string | undefined {
    const name = formatPeer(peer);
    if (this.#old.has(name)) return `the connection from ${name} was there before the trial`;
    const connections = this.#parts.readConnections();
    const isOwn =
      isLoopback(peer.address) ||
      this.#parts.host.has(peer.address) ||
      // An address need not be on an interface to be local: a local route is enough.
      connections.some(({ local }) => formatPeer(local) === name);
    // The chain lets in what comes in on lo.
    if (isOwn) {
      return `the connection from ${name} comes from this machine itself, which the protection never denies`;
    }
    const isThere = connections.some(({ remote }) => formatPeer(remote) === name);
    return isThere ? undefined : `there is no connection from ${name}`;
  }

  #withoutKnock(address: string, openers: readonly Opener[]): KnockError {
    const names = namesOf(openers).join(", ");
    const message = `no knock from ${address} has opened a door since the trial began: ${names}`;
    const hints = [
      "knock on the client, make a new connection to this server, and confirm there",
      "the terminal of knockctl guard shows which packets have come",
      atConsole,
    ];
    return new KnockError("USAGE", message, { hints });
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
    const fresh = chosen.filter((service) => !before.has(formatService(service)));
    if (fresh.length > 0) return fresh;
    throw new KnockError("USAGE", `${formatServices(chosen)} is protected already`);
  }

  #openersOf(services: readonly Service[]): readonly Opener[] {
    return this.#parts
      .doors()
      .all.filter(
        (live) =>
          isOpenable(live) && services.some((service) => opensService(live.config, service)),
      );
  }
}

type Opener = Doors["all"][number];

const newConnection = "make a new connection to this server, and confirm there";
const atConsole = "at the machine itself: --from-console";

function namesOf(doors: readonly Opener[]): string[] {
  return [...new Set(doors.map(({ config }) => config.name))];
}
