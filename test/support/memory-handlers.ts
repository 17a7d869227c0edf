import type { Address } from "../../src/base/address.ts";
import { Address as Ip } from "../../src/base/address.ts";
import type { Clock } from "../../src/base/clock.ts";
import { KnockError } from "../../src/base/errors.ts";
import type { Entry, EntryListener } from "../../src/base/log.ts";
import type { StatusProblem } from "../../src/base/status-problem.ts";
import type { FleetReport } from "../../src/control/fleet-reports.ts";
import type { ControlHandlers } from "../../src/control/handlers.ts";
import type { Params, Result } from "../../src/control/methods.ts";
import type { DoorReport, LeaseReport } from "../../src/control/reports.ts";

interface MemoryLease {
  readonly door: string;
  readonly source: Address;
  readonly by: readonly string[];
  readonly since: Date;
  readonly kind: LeaseReport["kind"];
  /** By the clock: milliseconds. */
  end: number;
}

const doors: readonly Omit<DoorReport, "open">[] = [
  {
    name: "ssh",
    steps: 3,
    protocols: ["tcp"],
    stepProtocols: ["tcp", "tcp", "tcp"],
    decoys: 32,
    timeoutMs: 15_000,
    kind: "native",
    opens: ["tcp/22"],
    lastsMs: 600_000,
    state: "enabled",
    openings: 0,
  },
  {
    name: "vpn",
    steps: 4,
    protocols: ["tcp", "udp"],
    stepProtocols: ["tcp", "udp", "tcp", "tcp"],
    decoys: 32,
    timeoutMs: 5_000,
    kind: "command",
    opens: [],
    lastsMs: 30_000,
    state: "enabled",
    openings: 0,
  },
  {
    name: "wake-up",
    steps: 3,
    protocols: ["udp"],
    stepProtocols: ["udp", "udp", "udp"],
    decoys: 32,
    timeoutMs: 500,
    kind: "command",
    opens: [],
    state: "enabled",
    openings: 0,
  },
  {
    name: "attic",
    steps: 0,
    protocols: [],
    stepProtocols: [],
    decoys: 0,
    timeoutMs: 10_000,
    kind: "command",
    opens: [],
    lastsMs: 60_000,
    state: "disabled",
    openings: 0,
  },
];

/** A daemon that only remembers, for tests: four doors, two of them open. */
export class MemoryHandlers implements ControlHandlers {
  readonly #clock: Clock;
  readonly #listeners = new Set<EntryListener>();
  #leases: MemoryLease[] = [];
  /** The answer to the next `reload`. */
  nextReload: Result<"reload"> = {
    kind: "reloaded",
    file: "/etc/knockd.conf",
    added: ["vpn"],
    removed: ["attic"],
    changed: [],
    options: ["LogFile"],
    warnings: [],
  };
  #lastOpening: DoorReport["lastOpening"];
  /** The sources that are ignored. */
  ignored: Result<"status">["ignored"] = [];
  /** What `status` says is wrong. */
  problems: readonly StatusProblem[] = [];
  /** What `protect` and `unprotect` have made of it. */
  services: readonly string[] = ["tcp/22"];
  /** What `fleet` answers, with the leases in it if those are asked for. */
  knownFleet: FleetReport | undefined;
  /** What `keys` answers. */
  knownKeys: Result<"keys"> = [
    {
      ...{ user: "alice/laptop", id: "b60d320a2884261b", refusals: { repeated: 2 } },
      lastKnock: {
        time: new Date(Date.UTC(2026, 10, 22, 13, 20, 12, 596)),
        ...{ source: Ip.v4(0xc0000207), offsetMs: -250 },
      },
    },
  ];
  /** Packets of a trial, by port. */
  readonly packets = new Map<number, number>();
  /** Whether a knock of the expected address has opened ssh since the trial began. */
  hasKnocked = false;
  /** What its native doors open. */
  opens: readonly string[] = ["tcp/22"];
  #trial: (Params<"guard"> & { readonly end: number }) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#add("ssh", Ip.v4(0xc0000207), "native", 598_000);
    this.#add("vpn", new Ip(0x20010db8, 0, 0, 7), "command", 3_000);
  }

  /** Logs something: everybody who watches is told. */
  say(entry: Entry): void {
    for (const listener of this.#listeners) listener(entry, this.#clock.wall());
  }

  /** How many watch. */
  get watchers(): number {
    return this.#listeners.size;
  }

  readonly watch = (listener: EntryListener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly status = (): Result<"status"> => ({
    release: "0.1.0",
    pid: 812,
    uptimeMs: 273_600_000 + this.#clock.now(),
    configFile: "/etc/knockd.conf",
    configReadAt: new Date(Date.UTC(2026, 10, 19, 9, 26, 5)),
    interfaces: ["eth0", "wg0"],
    missingInterfaces: [],
    doorCount: this.doors().length,
    leaseCount: this.#leases.length,
    knocksByStage: [3, 1],
    ignored: this.ignored,
    capture: { received: 10_234, dropped: 0 },
    firewall: {
      kind: "nftables",
      protects: this.services,
      ...this.#reportTrial(),
    },
    journal: { path: "/var/lib/knockd/journal" },
    problems: this.problems,
  });

  #reportTrial(): Pick<Result<"status">["firewall"], "trial"> {
    const { services = this.opens, end = 0 } = this.#trial ?? {};
    const remainingMs = end - this.#clock.now();
    return remainingMs > 0 ? { trial: { services, remainingMs } } : {};
  }

  readonly doors = (): DoorReport[] =>
    doors.map((door) => ({
      ...door,
      open: this.#leases.filter((lease) => lease.door === door.name).length,
      ...(door.lastsMs === undefined &&
        this.#lastOpening && { openings: 1, lastOpening: this.#lastOpening }),
    }));

  readonly leases = (): LeaseReport[] =>
    this.#leases.map((lease) => ({
      ...this.#report(lease),
      ...(lease.kind === "native" && { inKernel: true }),
    }));

  readonly history = ({ door = "ssh", address }: Params<"history">): Result<"history"> => {
    const source = address ?? Ip.v4(0xc0000207);
    const time = new Date(this.#clock.wall());
    const isOpened = ["ssh", "vpn"].includes(door);
    return isOpened ? [{ time, event: "opened", door, source, by: "knock" }] : [];
  };

  readonly traffic = (): Result<"traffic"> => [
    {
      time: new Date(Date.UTC(2026, 10, 22, 13, 25)),
      ...{ packets: 120, steps: 3, openings: 1, refusals: 2 },
    },
  ];

  readonly keys = (): Result<"keys"> => this.knownKeys;

  readonly fleet = ({ leases: asked }: Params<"fleet">): Result<"fleet"> => {
    if (this.knownFleet === undefined) return {};
    const { leases: known, ...fleet } = this.knownFleet;
    return { fleet: { ...fleet, ...(asked && known && { leases: known }) } };
  };

  readonly close = ({ door, address, cut = false }: Params<"close">): Result<"close"> => {
    // What was opened for a trial belongs to no door of the configuration.
    if (door !== undefined) this.#find(door);
    const fits = (lease: MemoryLease) =>
      (door ?? lease.door) === lease.door && (address ?? lease.source).equals(lease.source);
    const closed = this.#leases.filter(fits);
    this.#leases = this.#leases.filter((lease) => !fits(lease));
    return {
      closed: closed.map(({ door, source }) => ({ door, source })),
      connectionsCut: cut ? closed.length : 0,
    };
  };

  readonly open = ({ door, address, forMs: length }: Params<"open">): Result<"open"> => {
    const { kind, lastsMs } = this.#find(door);
    if (lastsMs === undefined) {
      this.#lastOpening = {
        time: new Date(this.#clock.wall()),
        source: address,
        by: "administrator",
      };
      return {};
    }
    const by = kind === "native" ? "native" : "command";
    const lease = this.#leaseOf(door, address) ?? this.#add(door, address, by, 0);
    lease.end = Math.max(lease.end, this.#clock.now() + (length ?? lastsMs));
    return { lease: this.#report(lease) };
  };

  readonly extend = ({ door, address, forMs: length }: Params<"extend">): LeaseReport => {
    this.#find(door);
    const lease = this.#leaseOf(door, address);
    if (lease === undefined) throw new KnockError("USAGE", `"${door}" is not open for ${address}`);
    lease.end = Math.max(lease.end, this.#clock.now() + length);
    return this.#report(lease);
  };

  readonly forgive = (params: Params<"forgive">): Result<"forgive"> => {
    const isMeant = (source: Address) => !("address" in params) || source.equals(params.address);
    const forgiven = this.ignored.map(({ source }) => source).filter(isMeant);
    this.ignored = this.ignored.filter(({ source }) => !isMeant(source));
    return { forgiven };
  };

  readonly reload = (_: Params<"reload">): Result<"reload"> => this.nextReload;

  readonly protect = ({ services }: Params<"protect"> = {}): Result<"protect"> => {
    if (services !== undefined) this.#expectOpened(services);
    this.services = [...new Set([...this.services, ...(services ?? ["tcp/22"])])];
    return { services: this.services };
  };

  readonly unprotect = (): Result<"protect"> => {
    this.services = [];
    this.#trial = undefined;
    return { services: this.services };
  };

  readonly guard = (params: Params<"guard">): Result<"guard"> => {
    const remainingMs = params.forMs ?? 180_000;
    const services = params.services ?? this.opens;
    this.#expectOpened(services);
    if (services.every((service) => this.services.includes(service))) {
      throw new KnockError("USAGE", `${services.join(", ")} is protected already`);
    }
    this.#trial = { ...params, end: this.#clock.now() + remainingMs };
    const { address } = params;
    return { services, ...(address && { address }), remainingMs, doors: ["ssh"], warnings: [] };
  };

  readonly trial = (): Result<"trial"> => {
    const { trial } = this.#reportTrial();
    if (trial === undefined) return {};
    const { address } = this.#trial ?? {};
    const openedFor = address === undefined || !this.hasKnocked ? [] : [address];
    const steps = [7000, 8000, 9000].map((number) => {
      return { number, protocol: "tcp", packets: this.packets.get(number) ?? 0 } as const;
    });
    const ssh = { name: "ssh", opens: this.opens, onTrial: true, steps, openedFor };
    return { trial: { ...trial, ...(address && { address }), doors: [ssh] } };
  };

  readonly rehearse = (params: Params<"rehearse">): Result<"rehearse"> => {
    const remainingMs = "forMs" in params ? params.forMs : 0;
    if (remainingMs > 600_000) throw new KnockError("USAGE", "a dry run lasts 10 minutes at most");
    return { remainingMs };
  };

  readonly watchUser = (params: Params<"watchUser">): Result<"watchUser"> => ({
    ...{ remainingMs: "end" in params ? 0 : params.forMs, ports: [23_547] },
  });

  readonly confirm = (params: Params<"confirm">): Result<"confirm"> => {
    const trial = this.#trial;
    if (trial === undefined || trial.end <= this.#clock.now()) {
      const hints = ["knockctl guard begins a trial"];
      throw new KnockError("USAGE", "nothing is on trial, or its time is over", { hints });
    }
    if ("port" in params && params.port === trial.port) {
      const from = `${params.address} port ${params.port}`;
      const hints = [
        "make a new connection to this server, and confirm there",
        "a shared ssh session (ControlMaster) is the old connection: ssh -S none",
        "at the machine itself: --from-console",
      ];
      const message = `the connection from ${from} was there before the trial`;
      throw new KnockError("USAGE", message, { hints });
    }
    this.#trial = undefined;
    this.services = [...new Set([...this.services, ...(trial.services ?? this.opens)])];
    return { services: this.services, doors: ["ssh"], unproven: [] };
  };

  #expectOpened(services: readonly string[]): void {
    const shut = services.filter((service) => !this.opens.includes(service)).join(", ");
    if (shut === "") return;
    const hints = [`a door needs the line: open = ${shut}`];
    throw new KnockError("USAGE", `no door opens ${shut}: it would be unreachable`, { hints });
  }

  #find(name: string): DoorReport {
    const door = this.doors().find((other) => other.name === name);
    if (door !== undefined) return door;
    const hints = ["knockctl doors lists them"];
    throw new KnockError("USAGE", `there is no door "${name}"`, { hints });
  }

  #leaseOf(door: string, address: Address): MemoryLease | undefined {
    return this.#leases.find((lease) => lease.door === door && lease.source.equals(address));
  }

  #add(door: string, source: Address, kind: MemoryLease["kind"], length: number): MemoryLease {
    const since = new Date(this.#clock.wall());
    const by = length === 0 ? "knockctl" : "sequence";
    const lease = { door, source, by: [by], since, kind, end: this.#clock.now() + length };
    this.#leases.push(lease);
    return lease;
  }

  #report({ door, source, by, since, kind, end }: MemoryLease): LeaseReport {
    const remainingMs = Math.max(0, end - this.#clock.now());
    return { door, source, by, since, remainingMs, kind, state: "open" };
  }
}
