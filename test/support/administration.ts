import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { KnockError } from "../../src/base/errors.ts";
import { MemorySource } from "../../src/capture/memory.ts";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Device } from "../../src/config/users.ts";
import type { Result } from "../../src/control/methods.ts";
import { Administration } from "../../src/daemon/administration.ts";
import { compareConfigs } from "../../src/daemon/config-changes.ts";
import { DoorActivity } from "../../src/daemon/door-activity.ts";
import { Doors } from "../../src/daemon/doors.ts";
import { Firewalls } from "../../src/daemon/firewalls.ts";
import { KnockCounters } from "../../src/daemon/knock/knock-counters.ts";
import { DaemonLog } from "../../src/daemon/log/daemon-log.ts";
import { PacketCounters } from "../../src/daemon/metrics/packet-counters.ts";
import { Protection } from "../../src/daemon/protection/protection.ts";
import { TrialKnocks } from "../../src/daemon/protection/trial-knocks.ts";
import { RefusedConfig } from "../../src/daemon/refused-config.ts";
import { Rehearsal } from "../../src/daemon/rehearsal.ts";
import type { StatusParts } from "../../src/daemon/reports.ts";
import { AccessHistory } from "../../src/daemon/state/access-history.ts";
import { openState } from "../../src/daemon/state/state.ts";
import { TrafficHistory } from "../../src/daemon/state/traffic-history.ts";
import { trafficTotals } from "../../src/daemon/traffic-totals.ts";
import { LeaseManager } from "../../src/grant/lease-manager.ts";
import { Matcher } from "../../src/match/matcher.ts";
import type { SocketRow } from "../../src/system/proc.ts";
import { temporaryFolder } from "./control-server.ts";
import { ManualClock } from "./manual-clock.ts";
import type { MemoryBackend } from "./memory-backend.ts";
import { memoryStarter } from "./memory-backend.ts";
import { MemoryLog } from "./memory-log.ts";

/** The doors of `MemoryHandlers`. `attic` has no sequence left. */
const doorSections = (list: string) => `
[ssh]
    Sequence = 7000,8000,9000
    Seq_Timeout = 15
    TCPFlags = syn
    Open = tcp/22
    Open_For = 10m
    Protect = yes
[vpn]
    Sequence = 7001,8001:udp,9001,7002
    Seq_Timeout = 5
    TCPFlags = syn
    Start_Command = true
    Cmd_Timeout = 30
    Stop_Command = true
[wake-up]
    Sequence = 7003:udp,8003:udp,9003:udp
    Seq_Timeout = 500ms
    Command = true
[attic]
    One_Time_Sequences = ${list}
    Seq_Timeout = 10
    TCPFlags = syn
    Start_Command = true
    Cmd_Timeout = 60
    Stop_Command = true
`;

export interface AdministrationBench {
  readonly handlers: Administration;
  readonly clock: ManualClock;
  readonly log: DaemonLog;
  readonly backend: MemoryBackend;
  readonly leaseManager: LeaseManager;
  /** Stands in for a fleet; there is none, unless a test says otherwise. */
  readonly fleet: StatusParts["fleet"];
  /** What the pipeline tells of packets and doors. */
  readonly trialKnocks: TrialKnocks;
  /** The TCP connections of the host, whose address is 192.0.2.1. */
  readonly connections: SocketRow[];
  /** How often they can still be read. */
  readonly descriptors: { left: number };
  /** Writes other lines into the section [options]. */
  readonly configure: (options: string) => void;
  /** Those of the users file in force. */
  readonly devices: Device[];
  readonly counters: PacketCounters;
  readonly knockCounters: KnockCounters;
}

/** A real daemon but for packets and the kernel: its doors open in memory. Its clock stands still. */
export async function startAdministration(): Promise<AdministrationBench> {
  const folder = temporaryFolder();
  const configFile = join(folder, "knockd.conf");
  const list = join(folder, "used-up");
  writeFileSync(list, "");
  const configure = (options: string) =>
    writeFileSync(configFile, `[options]\n${options}\n${doorSections(list)}`);
  configure("");

  const clock = new ManualClock(Date.UTC(2026, 10, 22, 13, 26, 5));
  const outputs = new MemoryLog();
  const log = new DaemonLog({
    outputs: Object.assign(outputs, { configure: () => {}, close: async () => {} }),
    clock,
    lookUp: undefined,
  });
  const state = await openState(join(folder, "state"), configFile, clock, log);
  onTestFinished(() => state.close());
  const backends: MemoryBackend[] = [];
  const starter = memoryStarter((started) => backends.push(started));
  const starters = { nftables: starter, ipset: starter };
  const firewalls = new Firewalls({ starters, table: "sesame", clock, log, onLoss: () => {} });
  const protection = new Protection({
    files: state.files,
    disk: state.disk,
    table: "sesame",
    firewalls,
    clock,
    log,
    kernelDoors: undefined,
    deviceOf: (name) => ({ name, master: undefined }),
  });
  onTestFinished(() => protection.close());
  const activity = new DoorActivity(clock);
  const history = new AccessHistory(state.files.history, clock, state.disk);
  onTestFinished(() => history.close());
  const counters = new PacketCounters(() => traffic.notice());
  const knockCounters = new KnockCounters(() => traffic.notice());
  const traffic = new TrafficHistory(state.files.traffic, clock, state.disk, () =>
    trafficTotals(counters, knockCounters),
  );
  onTestFinished(() => traffic.close());
  const leaseManager = new LeaseManager({
    ...state,
    firewall: firewalls,
    clock,
    log,
    maxCommands: 100,
    refuseWithoutJournal: true,
    onAccess: (event) => {
      activity.record(event);
      history.record(event);
    },
  });

  await leaseManager.restore(state.recovered);
  let config: Config = loadConfig(configFile, folder).config;
  const makeDoors = () => new Doors(config.doors, () => [], log);
  let doors = makeDoors();
  await protection.configure(config);
  const [backend] = backends;
  if (backend === undefined) throw new Error("no native door has made a backend start");

  const trialKnocks = new TrialKnocks();
  const refusedConfig = new RefusedConfig(configFile);
  /** What the daemon's own reload does, but for the parts that are not here. */
  const reload = async (): Promise<Result<"reload">> => {
    let after: Config;
    try {
      after = loadConfig(configFile, folder).config;
    } catch (error) {
      if (!(error instanceof KnockError)) throw error;
      const problems = error.message.split("\n");
      refusedConfig.refuse(problems);
      return { kind: "refused", file: configFile, problems };
    }
    refusedConfig.accept();
    const changes = compareConfigs(config, after);
    config = after;
    trialKnocks.forget([...changes.removed, ...changes.changed]);
    doors = makeDoors();
    await protection.configure(config);
    return { kind: "reloaded", file: configFile, ...changes, warnings: [] };
  };

  const connections: SocketRow[] = [];
  const devices: Device[] = [];
  const descriptors = { left: Number.POSITIVE_INFINITY };
  const fleet: StatusParts["fleet"] = {
    problems: [],
    summarize: () => undefined,
    report: () => undefined,
    close: () => Promise.resolve(undefined),
    closedHere: () => {},
  };
  const handlers = new Administration({
    version: "0.1.0",
    configFile,
    clock,
    leaseManager,
    activity,
    history,
    traffic,
    matcher: new Matcher({ maxAttempts: 100, isOurs: () => true }),
    source: new MemorySource(() => {}),
    children: { problems: [] },
    users: { problems: [], devices },
    keyKnocks: {
      problems: [],
      report: () => [],
      watchUser: (params) => ({ remainingMs: "end" in params ? 0 : params.forMs, ports: [23547] }),
    },
    network: { problems: [], missing: [] },
    fleet,
    firewalls,
    protection,
    journal: state.journal,
    log,
    doors: () => doors,
    interfaces: () => config.options.interfaces,
    reload,
    trialKnocks,
    rehearsal: new Rehearsal(clock),
    configReadAt: () => clock.wall(),
    refusedConfig,
    host: { has: (address) => `${address}` === "192.0.2.1" },
    kernelDoors: undefined,
    kernelOpenings: undefined,
    readConnections: () => {
      if (descriptors.left-- <= 0) throw new KnockError("SYSTEM", "cannot read /proc/net/tcp");
      return connections;
    },
  });
  return {
    handlers,
    clock,
    log,
    backend,
    leaseManager,
    fleet,
    configure,
    trialKnocks,
    connections,
    devices,
    descriptors,
    counters,
    knockCounters,
  };
}
