// Longer than other files: every part of the daemon is made here, and connected with the others.
import type { Clock } from "../base/clock.ts";
import { later } from "../base/time.ts";
import { Host } from "../capture/host.ts";
import { Ring } from "../capture/ring.ts";
import type { RingSocket } from "../capture/ring-socket.ts";
import type { Config, ConfigOptions } from "../config/config.ts";
import type { Result } from "../control/methods.ts";
import { clearMemory } from "../ffi/clear-memory.ts";
import { releaseMemory } from "../ffi/release-memory.ts";
import { watchNetwork } from "../ffi/rtnetlink.ts";
import { starters } from "../firewall/backends.ts";
import { dryFirewall } from "../firewall/dry.ts";
import type { Firewall } from "../firewall/firewall.ts";
import { LeaseManager } from "../grant/lease-manager.ts";
import { Ledger } from "../grant/ledger.ts";
import type { KeyId } from "../knock/keys.ts";
import { Matcher } from "../match/matcher.ts";
import { defaultStateDir } from "../system/state-files.ts";
import { ActiveDoors } from "./active-doors.ts";
import { ActiveUsers } from "./active-users.ts";
import { ChildProcesses } from "./child-processes.ts";
import type { DaemonOptions } from "./daemon-options.ts";
import { DoorActivity } from "./door-activity.ts";
import type { Doors } from "./doors.ts";
import type { FirewallsParts } from "./firewalls.ts";
import { Firewalls } from "./firewalls.ts";
import { Membership } from "./fleet/membership.ts";
import { NetworkChanges } from "./host/network.ts";
import { IdleMemory } from "./idle-memory.ts";
import { DaemonKernelDoors } from "./kernel-doors.ts";
import { KernelOpenings } from "./kernel-openings.ts";
import { assembleKeyKnocks, followBoth } from "./knock/assemble.ts";
import type { KeyKnocks } from "./knock/key-knocks.ts";
import { KnockCounters } from "./knock/knock-counters.ts";
import { packetOfUse } from "./knock/packet-use.ts";
import type { DaemonLogSettings } from "./log/daemon-log.ts";
import { DaemonLog } from "./log/daemon-log.ts";
import { LogOutputs } from "./log/log-outputs.ts";
import { debugRate, usualRate } from "./log/log-rate-limiter.ts";
import { reverseLookUp } from "./log/reverse-dns.ts";
import { MeteredFirewall } from "./metrics/metered-firewall.ts";
import { MetricsPage } from "./metrics/metrics-page.ts";
import { PacketCounters } from "./metrics/packet-counters.ts";
import { Notifier } from "./notify/notifier.ts";
import { postWebhook } from "./notify/webhook.ts";
import { Pipeline } from "./pipeline.ts";
import { Protection } from "./protection/protection.ts";
import { TrialKnocks } from "./protection/trial-knocks.ts";
import { Rehearsal } from "./rehearsal.ts";
import type { DeviceLookup } from "./services-behind.ts";
import { AccessHistory } from "./state/access-history.ts";
import { readFleetFile } from "./state/fleet-file.ts";
import { markedFiles, untouchedFiles } from "./state/one-time-files.ts";
import type { State } from "./state/state.ts";
import { openState } from "./state/state.ts";
import { TrafficHistory } from "./state/traffic-history.ts";
import { trafficTotals } from "./traffic-totals.ts";

/** Lists what is wrong at this moment. */
interface ProblemSource {
  list: () => Result<"status">["problems"];
}

/** What lasts beyond this process. */
interface Persistence {
  readonly state: State;
  readonly firewalls: Firewalls;
  readonly protection: Protection;
  readonly notifier: Notifier;
  readonly history: AccessHistory;
}

/** The parts of a daemon. Each knows only those that it is given here. */
export interface DaemonParts {
  readonly clock: Clock;
  readonly idleMemory: IdleMemory;
  readonly children: ChildProcesses;
  readonly log: DaemonLog;
  /** `undefined` in a dry run. */
  readonly persistence: Persistence | undefined;
  readonly firewall: Firewall;
  readonly leaseManager: LeaseManager;
  readonly activity: DoorActivity;
  readonly doors: ActiveDoors;
  readonly matcher: Matcher;
  readonly pipeline: Pipeline<Ring>;
  readonly metrics: MetricsPage;
  readonly network: NetworkChanges;
  readonly host: Host;
  readonly trialKnocks: TrialKnocks;
  readonly rehearsal: Rehearsal;
  /** `undefined` in a dry run, as the next. */
  readonly kernelDoors: DaemonKernelDoors | undefined;
  readonly kernelOpenings: KernelOpenings | undefined;
  readonly users: ActiveUsers;
  readonly keyKnocks: KeyKnocks;
  /** The problems of the daemon; none before the control socket listens. */
  readonly problems: ProblemSource;
  /** `undefined` in a dry run. */
  readonly traffic: TrafficHistory | undefined;
  readonly fleet: Membership;
}

/** Makes the parts of a daemon and connects them. No packet is looked at yet. Throws CAPTURE or SYSTEM. */
export async function assemble(
  options: DaemonOptions,
  config: Config,
  clock: Clock,
  socket: Promise<RingSocket>,
): Promise<DaemonParts> {
  const children = new ChildProcesses(clock);
  const log = new DaemonLog({
    outputs: new LogOutputs(options.terminal, clock),
    clock,
    lookUp: options.lookUp ? reverseLookUp : undefined,
  });
  log.configure(logSettings(config.options, options));
  const idleMemory = new IdleMemory(clock, releaseMemory);
  const deviceOf: DeviceLookup = (name) => network.deviceOf(name);
  const onLoss = () => leaseManager.reopenNative();
  const rehearsal = new Rehearsal(clock);
  const kernelDoors = options.dryRun
    ? undefined
    : new DaemonKernelDoors(config.options, {
        doors: () => doors.current,
        onlyIpv4: options.onlyIpv4,
        deviceOf,
        clock,
        rehearsal,
        wereTouched: () => matcher.wereTouched(clock.now()),
        log,
      });
  const persistence =
    kernelDoors &&
    (await openPersistence(options, config, { clock, log, onLoss, kernelDoors, deviceOf }));
  // The start watches them as they are then.
  let onDoors = (_: Doors) => {};
  const doors = await ActiveDoors.open(config, {
    clock,
    log,
    files: options.dryRun ? untouchedFiles() : markedFiles(),
    table: config.options.table,
    onChange: (changed) => onDoors(changed),
  });
  const ringSocket = await socket;
  const firewall = new MeteredFirewall(persistence?.firewalls ?? dryFirewall, clock);
  const activity = new DoorActivity(clock);
  const fleet = new Membership({
    neighbours: () => ({
      ...{ clock, log, version: options.version, leaseManager, users },
      doors: () => doors.current,
      onUsed: (use) => {
        if (use.kind === "line") doors.heardUse(use);
        else keyKnocks.heardUse(use.key as KeyId, packetOfUse(use));
      },
    }),
    readSecrets: readFleetFile,
    // A dry run joins no fleet.
    ...(persistence && { options: config.options }),
  });
  const leaseManager = new LeaseManager({
    ...(persistence?.state ?? { ledger: new Ledger(), journal: undefined, locks: undefined }),
    firewall,
    clock,
    log,
    maxCommands: config.options.maxCommands,
    refuseWithoutJournal: config.options.onJournalFailure === "refuse",
    witness: fleet,
    onAccess: (event) => {
      idleMemory.noteActivity();
      activity.record(event);
      persistence?.history.record(event);
      persistence?.notifier.notify(event);
    },
  });
  const host = new Host(clock);
  const matcher = new Matcher({
    maxAttempts: config.options.maxAttempts,
    isOurs: (address) => host.has(address),
    isInUse: (port) => doors.isInUse(port),
    clearMemory,
  });
  const notice = () => traffic?.notice();
  const counters = new PacketCounters(notice);
  const knockCounters = new KnockCounters(notice);
  const traffic =
    persistence &&
    new TrafficHistory(persistence.state.files.traffic, clock, persistence.state.disk, () =>
      trafficTotals(counters, knockCounters),
    );
  const trialKnocks = new TrialKnocks();
  const pipeline = new Pipeline({
    openSource: (sink) => new Ring(config.options.interfaces, clock, sink, ringSocket),
    matcher,
    leaseManager,
    log,
    clock,
    rateLimiter: log.rateLimiter,
    counters,
    isLocalSource: (source, index) => host.isLocalSource(source, index),
    trialKnocks,
    rehearsal,
    uses: fleet,
    onlyIpv4: options.onlyIpv4,
    debug: options.terminal.debug,
    onWatch: () => refreshSoon(clock, persistence?.protection),
    onFloodExpiry: () => idleMemory.noteActivity(),
    onPacket: () => {
      idleMemory.noteActivity();
      kernelOpenings?.notice();
    },
  });
  onDoors = (changed) => pipeline.watch(changed);
  const kernelOpenings =
    persistence &&
    kernelDoors &&
    new KernelOpenings({
      firewalls: persistence.firewalls,
      leaseManager,
      counters,
      kernelDoors,
      clock,
      log,
      fleet,
    });
  const users = new ActiveUsers({
    ...{ clock, log, leaseManager },
    adopt: () => kernelOpenings?.adopt(0),
    onRemoved: (who) => fleet.removed(who),
  });
  const keyKnocks = assembleKeyKnocks(config, {
    ...{ persistence, leaseManager, counters, knockCounters, trialKnocks, users, doors, host },
    clock,
    log,
    ...{ rehearsal, onlyIpv4: options.onlyIpv4, uses: fleet },
  });
  const problems: ProblemSource = { list: () => [] };
  const metrics = new MetricsPage(log, async () => {
    const { Metrics } = await import("./metrics/metrics.ts");
    return new Metrics({
      version: options.version,
      clock,
      source: pipeline.source,
      counters,
      matcher,
      leaseManager,
      firewall,
      rateLimiter: log.rateLimiter,
      doors: () => doors.current,
      keyKnocks,
      fleet: () => fleet.measure(),
      problems: () => problems.list(),
    });
  });
  const network = new NetworkChanges({
    host,
    ring: followBoth(pipeline.source, keyKnocks),
    log,
    clock,
    watch: watchNetwork,
    onDevices: () => void persistence?.protection.refreshDoors(),
  });
  return {
    clock,
    problems,
    idleMemory,
    children,
    log,
    persistence,
    firewall: persistence?.firewalls ?? dryFirewall,
    leaseManager,
    activity,
    doors,
    matcher,
    pipeline,
    metrics,
    network,
    host,
    trialKnocks,
    rehearsal,
    kernelDoors,
    kernelOpenings,
    users,
    keyKnocks,
    traffic,
    fleet,
  };
}

/** How long changes of the doors are collected before the kernel has them: milliseconds. */
const refreshDelay = 50;

/** Has the kernel open the doors as they are now, in a moment: a reload does it by itself. */
function refreshSoon(clock: Clock, protection: Protection | undefined): void {
  if (protection === undefined) return;
  clock.wakeAt(later(clock.now(), refreshDelay), () => void protection.refreshDoors());
}

/** What the log is to be like with these options of the configuration. */
export function logSettings(
  { logFile, logFormat, logRate, useSyslog }: ConfigOptions,
  { terminal }: DaemonOptions,
): DaemonLogSettings {
  const rate = logRate ?? (terminal.debug ? debugRate : usualRate);
  return { rate, file: logFile, format: logFormat, syslog: useSyslog };
}

/** `onLoss`: what native doors had opened is not open any more. Throws SYSTEM. */
async function openPersistence(
  { configFile, terminal }: DaemonOptions,
  config: Config,
  parts: Pick<FirewallsParts, "clock" | "log" | "onLoss"> & {
    readonly kernelDoors: DaemonKernelDoors;
    readonly deviceOf: DeviceLookup;
  },
): Promise<Persistence> {
  const { clock, log } = parts;
  const { stateDir, table } = config.options;
  const state = await openState(stateDir ?? defaultStateDir, configFile, clock, log);
  const firewalls = new Firewalls({ ...parts, starters, table, showErrors: terminal.stderr });
  const { files, disk } = state;
  const protection = new Protection({ ...parts, files, disk, table, firewalls });
  const notifier = new Notifier({
    ...{ clock, log, commands: firewalls.commands },
    post: postWebhook,
  });
  notifier.use(config);
  const history = new AccessHistory(files.history, clock, disk);
  return { state, firewalls, protection, notifier, history };
}
