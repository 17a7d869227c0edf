import { once } from "node:events";
import { systemClock } from "../base/clock.ts";
import { KnockError, reason } from "../base/errors.ts";
import { controlSocketIn } from "../base/paths.ts";
import { formatService } from "../base/service.ts";
import { Host } from "../capture/host.ts";
import { Ring } from "../capture/ring.ts";
import type { Config, ConfigOptions } from "../config/config.ts";
import { protectedServices } from "../config/config.ts";
import type { Result } from "../control/methods.ts";
import type { ControlServer } from "../control/server.ts";
import { serve } from "../control/server.ts";
import { dryFirewall } from "../firewall/dry.ts";
import { LeaseManager } from "../grant/lease-manager.ts";
import { Ledger } from "../grant/ledger.ts";
import { Matcher } from "../match/matcher.ts";
import { defaultStateDir, runtimeDirectory } from "../system/state-files.ts";
import { Administration } from "./administration.ts";
import { Doors } from "./doors.ts";
import { Firewalls } from "./firewalls.ts";
import { NetworkChanges } from "./host/network.ts";
import { PortsInUse } from "./host/ports-in-use.ts";
import { TargetNames } from "./host/target-names.ts";
import { Targets } from "./host/targets.ts";
import { DaemonLog } from "./log/daemon-log.ts";
import type { Terminal } from "./log/log-outputs.ts";
import { LogOutputs } from "./log/log-outputs.ts";
import { debugRate, usualRate } from "./log/log-rate-limiter.ts";
import { reverseLookUp } from "./log/reverse-dns.ts";
import { MeteredFirewall } from "./metrics/metered-firewall.ts";
import { MetricsPage } from "./metrics/metrics-page.ts";
import { PacketCounters } from "./metrics/packet-counters.ts";
import { Pipeline } from "./pipeline.ts";
import { Protection } from "./protection/protection.ts";
import { compareConfigs, lateOptions } from "./reload.ts";
import { ServiceManager } from "./service-manager.ts";
import type { OneTimeFiles } from "./state/one-time-file.ts";
import { markedFiles, untouchedFiles } from "./state/one-time-file.ts";
import { PidFile } from "./state/pid-file.ts";
import type { State } from "./state/state.ts";
import { openState } from "./state/state.ts";
import { warmUp } from "./warm-up.ts";

/** A checked configuration, and what is to be said about it. */
interface Loaded {
  readonly config: Config;
  readonly warnings: readonly string[];
}

export interface DaemonOptions {
  /** For the log. */
  readonly configFile: string;
  /** Reads the configuration, at the start and at every reload. Throws CONFIG. */
  readonly load: () => Loaded;
  readonly terminal: Terminal;
  /** Write a pid file to this path if the configuration names none; undefined: never write one. */
  readonly pidFile: string | undefined;
  /** The names of sources are looked up for the log. */
  readonly lookUp: boolean;
  readonly onlyIpv4: boolean;
  /** Nothing is opened, written or used up; the log says what would be. */
  readonly dryRun: boolean;
  /** Sesame's, for administrators. */
  readonly version: string;
}

const clock = systemClock;

/**
 * How long a stopping daemon waits for commands that close: milliseconds. The second where no other daemon
 * will know of what is open: just less than service managers give it.
 */
const stopPatience = 800;
const lastPatience = 8000;

/** What lasts beyond this process; a dry run has none of it. */
interface Persistence {
  readonly state: State;
  readonly firewalls: Firewalls;
  readonly protection: Protection;
}

/** The whole daemon, from its configuration to its last line in the log. */
export class Daemon {
  readonly #options: DaemonOptions;
  readonly #log: DaemonLog;
  readonly #manager = new ServiceManager(clock);
  readonly #targets: Targets;
  readonly #targetNames: TargetNames;
  readonly #oneTimeFiles: OneTimeFiles;
  readonly #takenPorts = new PortsInUse(clock, () => this.#avoidTaken());
  readonly #lasting: Persistence | undefined;
  readonly #leaseManager: LeaseManager;
  readonly #matcher: Matcher;
  readonly #pipeline: Pipeline<Ring>;
  readonly #metrics: MetricsPage;
  readonly #network: NetworkChanges;
  /** With these it started; some count until it ends. */
  readonly #started: ConfigOptions;
  #config: Config;
  #doors: Doors;
  #control: ControlServer | undefined;
  #pidFile: PidFile | undefined;

  /** Reads the configuration, listens, and says so. Throws CONFIG, CAPTURE or SYSTEM. */
  static async start(options: DaemonOptions): Promise<Daemon> {
    const { config, warnings } = options.load();
    const daemon = new Daemon(options, config);
    daemon.#warn(warnings);
    await daemon.#protect();
    daemon.#leaseManager.restore(daemon.#lasting?.state.recovered ?? []);
    daemon.#pipeline.watch(daemon.#doors);
    await daemon.#targetNames.follow(config.doors);
    await daemon.#serveControl();
    await daemon.#serveMetrics();
    daemon.#writePidFile();
    const on = config.options.interfaces?.join(", ") ?? "any";
    daemon.#say("listening", `listening on ${on}...`, "terminal");
    daemon.#say("start", `starting up, listening on ${on}`, "log");
    daemon.#manager.ready(daemon.#summary());
    // Whoever watches at a terminal sees what a command is before what it prints.
    const { verbose, debug } = options.terminal;
    daemon.#log.startDeferring(({ event }) => (verbose || debug) && event === "command");
    daemon.#findForwarded();
    await warmUp(config, daemon.#lasting?.firewalls ?? dryFirewall, clock);
    return daemon;
  }

  private constructor(options: DaemonOptions, config: Config) {
    this.#options = options;
    this.#started = config.options;
    this.#config = config;
    this.#log = new DaemonLog({
      outputs: new LogOutputs(options.terminal, clock),
      clock,
      lookUp: options.lookUp ? reverseLookUp : undefined,
    });
    this.#configureLog();
    const { interfaces, maxAttempts, maxCommands, onJournalFailure } = config.options;
    this.#lasting = options.dryRun ? undefined : this.#openLasting();
    this.#oneTimeFiles = options.dryRun ? untouchedFiles() : markedFiles();
    this.#targets = new Targets(this.#log);
    this.#targetNames = new TargetNames(this.#targets, clock, () => this.#retarget());
    this.#doors = this.#makeDoors();
    const firewall = new MeteredFirewall(this.#lasting?.firewalls ?? dryFirewall, clock);
    this.#leaseManager = new LeaseManager({
      ...(this.#lasting?.state ?? { ledger: new Ledger(), journal: undefined, locks: undefined }),
      firewall,
      clock,
      log: this.#log,
      maxCommands,
      refuseWithoutJournal: onJournalFailure === "refuse",
    });
    const host = new Host(clock);
    this.#matcher = new Matcher({
      maxAttempts,
      isOurs: (address) => host.has(address),
      isInUse: (port) => this.#takenPorts.isInUse(port),
    });
    const counters = new PacketCounters();
    this.#pipeline = new Pipeline({
      openSource: (sink) => new Ring(interfaces, clock, sink),
      matcher: this.#matcher,
      leaseManager: this.#leaseManager,
      log: this.#log,
      clock,
      rateLimiter: this.#log.rateLimiter,
      counters,
      isLocalSource: (source) => host.isLocalSource(source),
      onlyIpv4: options.onlyIpv4,
      debug: options.terminal.debug,
    });
    this.#metrics = new MetricsPage(this.#log, async () => {
      const { Metrics } = await import("./metrics/metrics.ts");
      return new Metrics({
        version: options.version,
        clock,
        source: this.#pipeline.source,
        counters,
        matcher: this.#matcher,
        leaseManager: this.#leaseManager,
        firewall,
        rateLimiter: this.#log.rateLimiter,
        doors: () => this.#doors,
      });
    });
    const ring = this.#pipeline.source;
    this.#network = new NetworkChanges({ host, ring, log: this.#log, clock });
  }

  /**
   * Reads the configuration again. If it cannot be used, everything stays as it is, and the log says
   * why. Doors that did not change keep their attempts; what is open stays open.
   */
  async reload(): Promise<Result<"reload">> {
    const { configFile, load } = this.#options;
    this.#say("reload", `re-reading config file: ${configFile}`);
    this.#manager.reloading();
    let loaded: Loaded;
    try {
      loaded = load();
    } catch (error) {
      // Whoever renamed the log files wants new ones, whatever the configuration is like.
      this.#configureLog();
      const problems = reason(error).split("\n");
      for (const text of [...problems, "the configuration stays as it was"]) {
        this.#log.write({ level: "error", event: "reload-failed", text });
      }
      this.#manager.ready("the configuration has problems, the one before stays in force");
      return { kind: "refused", file: configFile, problems };
    }
    const changes = compareConfigs(this.#config, loaded.config);
    const late = lateOptions(this.#started, loaded.config.options);
    const warnings = [
      ...loaded.warnings,
      ...late.map((name) => `warning: a changed ${name} counts from the next start on`),
    ];
    this.#config = loaded.config;
    try {
      await this.#takeOver(loaded.config, warnings);
    } catch (error) {
      // Whatever the new configuration needs and cannot have: a daemon that runs is not to end by it.
      const text = `the configuration counts only in part: ${reason(error)}`;
      this.#log.write({ level: "error", event: "reload-failed", text });
    }
    this.#manager.ready(this.#summary());
    return { kind: "reloaded", file: configFile, ...changes, warnings };
  }

  async #takeOver(config: Config, warnings: readonly string[]): Promise<void> {
    this.#configureLog();
    this.#warn(warnings);
    this.#network.listen(config.options.interfaces);
    this.#doors = this.#makeDoors();
    this.#pipeline.watch(this.#doors);
    this.#replacePidFile();
    await this.#protect();
    await this.#serveMetrics();
    await this.#targetNames.follow(config.doors);
    this.#findForwarded();
  }

  /**
   * Ends the daemon. What is open stays open, and is closed on time by the next one. Commands that
   * close are waited for, but not for long, and not any longer once `hurry` is aborted.
   */
  async stop(hurry: AbortSignal): Promise<void> {
    this.#manager.stopping();
    this.#targetNames.close();
    this.#takenPorts.close();
    this.#network.close();
    this.#pipeline.close();
    this.#say("stopping", "waiting for child processes...", "terminal");
    // It may be over: then the next daemon closes.
    this.#lasting?.state.journal?.retry();
    const most = this.#leaseManager.journalFailed ? lastPatience : stopPatience;
    const patience = AbortSignal.any([hurry, AbortSignal.timeout(most)]);
    const stopped = this.#leaseManager.stop();
    if (!patience.aborted) await Promise.race([stopped, once(patience, "abort")]);
    this.#leaseManager.runAllNow();
    this.#lasting?.protection.close();
    // An nft that works just now may take half a minute, and ends without us.
    const released = this.#lasting?.firewalls.shutDown();
    if (!patience.aborted) await Promise.race([released, once(patience, "abort")]);
    await this.#control?.close();
    await this.#metrics.close();
    this.#say("stop", "closing...", "terminal");
    this.#say("stop", "shutting down", "log");
    this.#lasting?.state.close();
    this.#manager.close();
    this.#log.close();
    // Last: to those who wait for it, it is the end.
    this.#pidFile?.remove();
  }

  /** A line for the service manager. */
  #summary(): string {
    const doors = this.#config.doors.length;
    return `${doors} doors, ${this.#leaseManager.leases.length} open`;
  }

  #openLasting(): Persistence {
    const { stateDir, table } = this.#config.options;
    const log = this.#log;
    const state = openState(stateDir ?? defaultStateDir, this.#options.configFile, clock, log);
    const firewalls = new Firewalls(table, clock, log, () => this.#leaseManager.reopenNative());
    const protection = new Protection({ files: state.files, table, firewalls, clock, log });
    return { state, firewalls, protection };
  }

  async #protect(): Promise<void> {
    if (this.#lasting !== undefined) return this.#lasting.protection.configure(this.#config);
    this.#say("dry-run", "dry run: nothing is opened, only told");
    const services = protectedServices(this.#config.doors).map(formatService);
    if (services.length > 0) this.#say("protect", `would protect: ${services.join(", ")}`);
  }

  /** Without it knocks open doors all the same. A dry run leaves the socket to the daemon that opens them. */
  async #serveControl(): Promise<void> {
    if (this.#lasting === undefined) return;
    const { state, firewalls, protection } = this.#lasting;
    const path = this.#config.options.controlSocket ?? controlSocketIn(runtimeDirectory);
    const handlers = new Administration({
      version: this.#options.version,
      configFile: this.#options.configFile,
      clock,
      leaseManager: this.#leaseManager,
      matcher: this.#matcher,
      source: this.#pipeline.source,
      network: this.#network,
      firewalls,
      protection,
      journal: state.journal,
      log: this.#log,
      doors: () => this.#doors,
      interfaces: () => this.#config.options.interfaces,
      reload: () => this.reload(),
    });
    try {
      this.#control = await serve(path, { handlers, log: this.#log, clock });
    } catch (error) {
      this.#warn([`warning: knockctl cannot reach this daemon: ${reason(error)}`]);
    }
  }

  /** A dry run leaves this to the daemon beside it, too. */
  async #serveMetrics(): Promise<void> {
    if (this.#lasting !== undefined) await this.#metrics.listen(this.#config.options.metricsListen);
  }

  #makeDoors(): Doors {
    return new Doors(
      this.#config.doors,
      (targets) => this.#targets.networks(targets),
      this.#log,
      this.#oneTimeFiles,
      this.#takenPorts.read(),
    );
  }

  #findForwarded(): void {
    if (this.#config.doors.some(({ decoys }) => decoys > 0)) this.#takenPorts.searchSoon();
  }

  #avoidTaken(): void {
    this.#doors.avoid(this.#takenPorts.read());
    this.#pipeline.watch(this.#doors);
  }

  #configureLog(): void {
    const { logFile, logFormat, logRate, useSyslog } = this.#config.options;
    const rate = logRate ?? (this.#options.terminal.debug ? debugRate : usualRate);
    this.#log.configure({ rate, file: logFile, format: logFormat, syslog: useSyslog });
  }

  #retarget(): void {
    this.#doors.retarget();
    this.#pipeline.watch(this.#doors);
  }

  #writePidFile(): void {
    const path = this.#options.pidFile && (this.#config.options.pidFile ?? this.#options.pidFile);
    if (path === undefined) return;
    try {
      this.#pidFile = new PidFile(path);
    } catch (error) {
      if (!(error instanceof KnockError)) throw error;
      this.#warn([error.message]);
    }
  }

  #replacePidFile(): void {
    const path = this.#config.options.pidFile ?? this.#options.pidFile;
    if (this.#pidFile === undefined || this.#pidFile.path === path) return;
    this.#pidFile.remove();
    this.#pidFile = undefined;
    this.#writePidFile();
  }

  #warn(texts: readonly string[]): void {
    for (const text of texts) this.#log.write({ level: "warning", event: "warning", text });
  }

  #say(event: string, text: string, to?: "log" | "terminal"): void {
    this.#log.write({ level: "notice", event, text, ...(to && { to }) });
  }
}
