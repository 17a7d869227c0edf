import { ownerName } from "../../src/base/access-owner.ts";
import type { Config } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/parse.ts";
import type { Device } from "../../src/config/users.ts";
import { requestAccess } from "../../src/daemon/access-request.ts";
import { Doors } from "../../src/daemon/doors.ts";
import { Membership } from "../../src/daemon/fleet/membership.ts";
import type { FleetSecrets } from "../../src/daemon/state/fleet-file.ts";
import type { Access, FirewallResult } from "../../src/firewall/firewall.ts";
import type { SingleUse } from "../../src/fleet/single-use.ts";
import type { AccessEvent } from "../../src/grant/access-event.ts";
import { holdersAt } from "../../src/grant/holders.ts";
import type { LeaseEvent } from "../../src/grant/lease.ts";
import { LeaseManager } from "../../src/grant/lease-manager.ts";
import { Ledger } from "../../src/grant/ledger.ts";
import { FleetBench } from "./fleet-bench.ts";
import { MemoryLog } from "./memory-log.ts";
import { address } from "./packets.ts";
import { SlowFirewall } from "./slow-firewall.ts";

/** Whose commands end when the test says so, and otherwise at once, in the same turn. */
class BenchFirewall extends SlowFirewall {
  isSlow = false;

  override open(...given: Parameters<SlowFirewall["open"]>): Promise<FirewallResult> {
    return this.isSlow ? super.open(...given) : this.#done("open", given[0]);
  }

  override close(...given: Parameters<SlowFirewall["close"]>): Promise<FirewallResult> {
    return this.isSlow ? super.close(...given) : this.#done("close", given[0]);
  }

  #done(what: string, { owner, source }: Access): Promise<FirewallResult> {
    this.begun.push(`${what} ${ownerName(owner)} ${source}`);
    return Promise.resolve({ kind: "done" });
  }
}

/** Two doors that something closes, a command, and a door that is not shared. */
export const benchDoors = `
[ssh]
    Sequence = 7000,8000
    Open = tcp/22
    Open_For = 60s
    Users = alice
[vpn]
    Sequence = 7001,8001
    Start_Command = up %IP%
    Cmd_Timeout = 30
    Stop_Command = down %IP%
[wake]
    Sequence = 7002,8002
    Command = wake %IP%
    Fleet = yes
[own]
    Sequence = 7003,8003
    Open = tcp/80
    Fleet = no
`;

const noCredentials = {
  ...{ user: undefined, password: undefined, ca: undefined },
  ...{ sentinelUser: undefined, sentinelPassword: undefined },
};

/** What a daemon has of a fleet, without a network. */
export class BenchGateway {
  readonly name: string;
  readonly firewall: BenchFirewall = new BenchFirewall();
  readonly log: MemoryLog = new MemoryLog();
  readonly journal: LeaseEvent[] = [];
  readonly events: AccessEvent[] = [];
  /** What other gateways used. */
  readonly used: SingleUse[] = [];
  readonly leaseManager: LeaseManager;
  readonly fleet: Membership;
  devices: readonly Device[] = [];
  readSecrets = (): Promise<FleetSecrets> =>
    Promise.resolve({ keys: [Buffer.alloc(32, 7)], ...noCredentials });
  doors: Doors;
  readonly #bench: GatewayBench;

  constructor(name: string, bench: GatewayBench) {
    this.name = name;
    this.#bench = bench;
    this.doors = this.#read(benchDoors);
    const { clock, store } = bench.fleet;
    this.fleet = new Membership({
      neighbours: () => ({
        ...{ clock, log: this.log, version: "1", leaseManager: this.leaseManager },
        doors: () => this.doors,
        onUsed: (use) => this.used.push(use),
        users: {
          find: (one) => this.devices.find(({ name }) => name === one),
          byName: new Map(this.devices.map((device) => [device.name, device])),
        },
      }),
      readSecrets: () => this.readSecrets(),
      connect: () => store.open(),
    });
    this.leaseManager = new LeaseManager({
      ...{ firewall: this.firewall, clock, log: this.log, ledger: new Ledger(), locks: undefined },
      journal: {
        trouble: undefined,
        restart: () => {},
        write: (event) => void this.journal.push(event),
        commit: () => Promise.resolve(true),
      },
      ...{ maxCommands: 64, refuseWithoutJournal: false, witness: this.fleet },
      onAccess: (event) => this.events.push(event),
    });
  }

  /** What is open, such as `ssh 192.0.2.7 alice/laptop 60`: for so many seconds. */
  get open(): string[] {
    const now = this.#bench.fleet.clock.now();
    return this.leaseManager.leases
      .filter(({ state }) => state.kind !== "closing")
      .flatMap(({ access, by }) =>
        holdersAt(by, now).map((who) => {
          const left = Math.round(((by.get(who) ?? now) - now) / 1000);
          const door = access.owner.kind === "door" ? access.owner.name : "";
          return [door, access.source, who, left].filter((one) => one !== "").join(" ");
        }),
      )
      .sort();
  }

  /** Lets a source in, as a sequence does, or a key of `who`. */
  async knock(door: string, source: string, who?: string): Promise<void> {
    this.request(door, source, who);
    await this.#bench.fleet.settle();
  }

  /** As `knock`, and waits for nothing. */
  request(door: string, source: string, who?: string): void {
    const live = this.doors.all.find(({ config }) => config.name === door);
    const packet = { port: 7000, protocol: "tcp" } as const;
    const request = live && requestAccess(live, address(source), packet, who);
    if (request === undefined) throw new Error(`no door ${door}`);
    void this.leaseManager.open(request);
  }

  /** Puts other doors, and devices of a users file, in force. */
  async configure(doorText: string = benchDoors, devices: readonly Device[] = []): Promise<void> {
    this.doors = this.#read(doorText);
    this.devices = devices;
    this.fleet.review();
    await this.#bench.fleet.settle();
  }

  /** Returns a configuration with these options more. */
  configuration(options = ""): Config {
    return this.#parse(benchDoors, options);
  }

  /** Joins the fleet. */
  async join(options = ""): Promise<void> {
    await this.fleet.use(this.configuration(options));
    await this.#bench.fleet.settle();
  }

  #read(text: string): Doors {
    return new Doors(this.#parse(text).doors, () => [], new MemoryLog());
  }

  #parse(text: string, more = ""): Config {
    const options = `${more}\nFleet = redis://10.0.0.5\nGatewayName = ${this.name}\nKnockPort = 1`;
    const { config } = parseConfig(`[options]\n${options}\n${text}`);
    if (config === undefined) throw new Error("no configuration");
    return config;
  }
}

/** Gateways of one fleet around a store in memory. */
export class GatewayBench {
  readonly fleet: FleetBench = new FleetBench();
  readonly gateways: BenchGateway[] = [];

  async add(name: string): Promise<BenchGateway> {
    const gateway = this.make(name);
    await gateway.join();
    return gateway;
  }

  /** Makes a gateway that has not joined. */
  make(name: string): BenchGateway {
    const gateway = new BenchGateway(name, this);
    this.gateways.push(gateway);
    return gateway;
  }

  async close(): Promise<void> {
    await Promise.all(this.gateways.map(({ fleet }) => fleet.stop()));
  }
}
