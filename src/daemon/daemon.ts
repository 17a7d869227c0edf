// Longer than other files: the start, the reload and the end of a daemon keep one order.
import { once } from "node:events";
import { systemClock } from "../base/clock.ts";
import { KnockError, reason } from "../base/errors.ts";
import { controlSocketIn } from "../base/paths.ts";
import { formatService } from "../base/service.ts";
import { TaskSequence } from "../base/task-sequence.ts";
import { openRingSocketBeside } from "../capture/ring-socket.ts";
import type { Config, ConfigOptions } from "../config/config.ts";
import { protectedServices } from "../config/config.ts";
import type { Result } from "../control/methods.ts";
import type { ControlServer } from "../control/server.ts";
import { serve } from "../control/server.ts";
import { enlargeThreadPool } from "../ffi/thread-pool.ts";
import { forbidCoreFiles } from "../system/core-files.ts";
import { tcpConnections } from "../system/sessions.ts";
import { runtimeDirectory } from "../system/state-files.ts";
import { Administration } from "./administration.ts";
import type { DaemonParts } from "./assemble.ts";
import { assemble, logSettings } from "./assemble.ts";
import { compareConfigs, lateOptions } from "./config-changes.ts";
import type { CheckedConfig, DaemonOptions } from "./daemon-options.ts";
import type { FleetFileComparison } from "./fleet/membership.ts";
import { lastOpenings } from "./last-openings.ts";
import type { LoadedUsers, ReloadedUsers } from "./loaded-users.ts";
import { RefusedConfig } from "./refused-config.ts";
import { ServiceManager } from "./service-manager.ts";
import { ConfigFile } from "./state/config-file.ts";
import { PidFile } from "./state/pid-file.ts";
import { warmUp } from "./warm-up.ts";

/**
 * How long a stopping daemon waits for commands that close, and then for the start of the rest: milliseconds.
 * The second where no other daemon will know of what is open: just less than service managers give it.
 */
const stopTimeouts = { closing: 800, starting: 1000 };
const finalTimeouts = { closing: 6000, starting: 3000 };

/** How long what the kernel opened waits for the fleet: milliseconds. */
const joinTimeout = 3000;

/** What a reload has read. */
interface LoadedFiles extends CheckedConfig {
  /** `undefined` where no door has users. */
  readonly users: LoadedUsers | undefined;
  readonly fleetFile: FleetFileComparison;
}

/** The life of a daemon, from its configuration to its last line in the log; `assemble` makes its parts. */
export class Daemon {
  readonly #options: DaemonOptions;
  readonly #parts: DaemonParts;
  readonly #file: ConfigFile;
  readonly #refusedConfig: RefusedConfig;
  /** Of two reloads, the later one counts. */
  readonly #reads = new TaskSequence();
  readonly #manager = new ServiceManager(systemClock);
  /** With these it started; some count until it ends. */
  readonly #started: ConfigOptions;
  #config: Config;
  #control: ControlServer | undefined;
  #pidFile: PidFile | undefined;
  #isStopping = false;

  /** Reads the configuration, listens, and says so. Throws CONFIG, CAPTURE or SYSTEM. */
  static async start(options: DaemonOptions): Promise<Daemon> {
    // A core would have sequences, and what the server keeps of keys.
    forbidCoreFiles();
    enlargeThreadPool();
    const socket = openRingSocketBeside();
    // A start that fails for another reason ends this process, and the socket with it.
    socket.catch(() => {});
    const file = new ConfigFile(options.configFile);
    const { config, warnings } = options.check(await file.readAtStart());
    const parts = await assemble(options, config, systemClock, socket);
    const daemon = new Daemon(options, file, config, parts);
    const fail = (error: unknown) => daemon.#parts.log.close().then(() => Promise.reject(error));
    return daemon.#start(warnings).then(() => daemon, fail);
  }

  private constructor(
    options: DaemonOptions,
    file: ConfigFile,
    config: Config,
    parts: DaemonParts,
  ) {
    this.#options = options;
    this.#file = file;
    this.#refusedConfig = new RefusedConfig(options.configFile);
    this.#started = config.options;
    this.#config = config;
    this.#parts = parts;
  }

  async #start(warnings: readonly string[]): Promise<void> {
    const { log, persistence, leaseManager, pipeline, doors, firewall, clock } = this.#parts;
    const { users, fleet } = this.#parts;
    this.#warn(warnings);
    await this.#protect();
    await persistence?.state.recover(async (leases) => {
      await leaseManager.restore(leases);
      fleet.restored(leases);
      // Where the disk hangs the users came first.
      void users.settle();
    });
    // What the fleet has closed since it was opened is not opened again.
    if (this.#config.options.fleet === undefined) this.#parts.kernelOpenings?.adopt(0);
    // Knocks with sequences need no users file.
    pipeline.watch(doors.current);
    await users.start(this.#config, () => {
      void users.settle();
      fleet.review();
      this.#useKeys().catch((error: unknown) => this.#reportKeys(error));
    });
    void users.settle();
    // A dry run opens nothing, and a store that does not answer is not waited for.
    if (persistence !== undefined) void this.#joinFleet();
    await this.#useKeys();
    // For knocks of which the last packet came before the first that is seen here.
    this.#parts.kernelOpenings?.notice();
    await doors.followNames();
    await this.#serveControl();
    await this.#serveMetrics();
    this.#writePidFile();
    const on = this.#config.options.interfaces?.join(", ") ?? "any";
    this.#say("listening", `listening on ${on}...`, "terminal");
    this.#say("start", `starting up, listening on ${on}`, "log");
    this.#manager.ready(this.#summary());
    // A terminal shows what a command is before what it prints.
    const { verbose, debug } = this.#options.terminal;
    log.startDeferring(({ event }) => (verbose || debug) && event === "command");
    doors.findForwarded();
    await warmUp(this.#config, firewall, clock);
    this.#parts.idleMemory.noteActivity();
    void this.#recallOpenings();
  }

  /** What the kernel opened meanwhile waits for what the fleet says of it, but not for long. */
  async #joinFleet(): Promise<void> {
    const { fleet, kernelOpenings } = this.#parts;
    await fleet.use(this.#config);
    await fleet.joined(joinTimeout);
    if (!this.#isStopping && this.#config.options.fleet !== undefined) kernelOpenings?.adopt(0);
  }

  /** Reads what earlier daemons opened last: in no haste, since knocks do not need it. */
  async #recallOpenings(): Promise<void> {
    const { persistence, activity, doors } = this.#parts;
    const query = { since: 0, most: Number.POSITIVE_INFINITY };
    // A history that cannot be read leaves the doors without a last opening, and nothing else.
    const entries = await persistence?.history.read(query).catch(() => []);
    const names = doors.current.all.map(({ config }) => config.name);
    activity.recall(lastOpenings(entries ?? []), names);
  }

  /**
   * Reads the configuration again. If it cannot be used, everything stays as it is, and the log says
   * why. Doors that did not change keep their attempts; what is open stays open.
   */
  async reload(): Promise<Result<"reload">> {
    const { configFile } = this.#options;
    this.#say("reload", `re-reading config file: ${configFile}`);
    this.#manager.reloading();
    let loaded: LoadedFiles;
    try {
      loaded = await this.#reads.run(() => this.#load());
    } catch (error) {
      const refused = this.#refuse(error);
      // A broken configuration keeps no removed device in.
      await this.reloadUsers();
      return refused;
    }
    this.#refusedConfig.accept();
    const changes = compareConfigs(this.#config, loaded.config);
    this.#parts.activity.forget([...changes.changed, ...changes.removed]);
    const late = lateOptions(this.#started, loaded.config.options);
    const warnings = [
      ...loaded.warnings,
      ...late.map((name) => `warning: a changed ${name} counts from the next start on`),
    ];
    const { fleetFile } = loaded;
    this.#config = loaded.config;
    this.#parts.trialKnocks.forget([...changes.removed, ...changes.changed]);
    try {
      await this.#takeOver(loaded, warnings);
    } catch (error) {
      // Whatever the new configuration needs and cannot have: a daemon that runs is not to end by it.
      const text = `the configuration counts only in part: ${reason(error)}`;
      this.#parts.log.write({ level: "error", event: "reload-failed", text });
    }
    this.#manager.ready(this.#summary());
    return {
      ...{ kind: "reloaded", file: configFile, ...changes },
      options: [...new Set([...changes.options, ...(fleetFile.isChanged ? ["FleetFile"] : [])])],
      warnings: [...warnings, ...fleetFile.warnings],
    };
  }

  /**
   * Reads the users file again, for the configuration in force. If it cannot be used, the devices stay as they
   * were, but for what a file with errors takes away.
   */
  async reloadUsers(): Promise<Result<"reload">> {
    const { users } = this.#parts;
    const file = this.#config.options.usersFile;
    try {
      const loaded = await this.#reads.run(() => users.reload(this.#config));
      if (loaded !== undefined && !this.#isStopping) await this.#useDevices(loaded);
      const { warnings = [], problems = [] } = loaded ?? {};
      if (problems.length > 0) {
        const kept = "the devices stay as they were, but for what the file takes away";
        return this.#refuseUsers(problems, kept);
      }
      return {
        ...{ kind: "reloaded", file, added: [], removed: [], changed: [], options: [], warnings },
      };
    } catch (error) {
      return this.#refuseUsers(reason(error).split("\n"), "the devices stay as they were");
    }
  }

  #refuseUsers(problems: readonly string[], kept: string): Result<"reload"> {
    for (const text of [...problems, kept]) {
      this.#parts.log.write({ level: "error", event: "reload-failed", text });
    }
    return { kind: "refused", file: this.#config.options.usersFile, problems };
  }

  /** Puts devices and their keys in force. What that closes may take longer. */
  async #useDevices(loaded: LoadedUsers & Partial<ReloadedUsers>): Promise<void> {
    const { users } = this.#parts;
    users.use(loaded);
    this.#warn(loaded.warnings);
    // A stop command may run for hours.
    void users.settle();
    this.#parts.fleet.review();
    await this.#useKeys();
  }

  /** Reads the configuration and the files that it names, beside the main loop. Throws CONFIG. */
  async #load(): Promise<LoadedFiles> {
    const loaded = this.#options.check(await this.#file.read());
    const users = await this.#parts.users.load(loaded.config);
    await this.#parts.doors.load(loaded.config.doors);
    const fleetFile = await this.#parts.fleet.compareFile(loaded.config);
    if (this.#isStopping) throw new KnockError("SYSTEM", "the daemon is shutting down");
    return { ...loaded, users, fleetFile };
  }

  /** Puts the keys of the users file in force. */
  #useKeys(): Promise<void> {
    const { keyKnocks, users } = this.#parts;
    return keyKnocks.use(this.#config, users);
  }

  #reportKeys(error: unknown): void {
    const text = `cannot receive knocks with a key: ${reason(error)}`;
    this.#parts.log.write({ level: "error", event: "reload-failed", text });
  }

  /** Keeps the configuration that is in force. */
  #refuse(error: unknown): Result<"reload"> {
    const problems = reason(error).split("\n");
    if (!this.#isStopping) {
      this.#refusedConfig.refuse(problems);
      // A log rotation needs new files, whatever the configuration is like.
      this.#configureLog();
      for (const text of [...problems, "the configuration stays as it was"]) {
        this.#parts.log.write({ level: "error", event: "reload-failed", text });
      }
      this.#manager.ready("the configuration has problems, the one before stays in force");
    }
    return { kind: "refused", file: this.#options.configFile, problems };
  }

  async #takeOver({ config, users }: LoadedFiles, warnings: readonly string[]): Promise<void> {
    const { network, doors, pipeline } = this.#parts;
    this.#configureLog();
    this.#warn(warnings);
    network.listen(config.options.interfaces);
    // What a door opened that changes now stays open, as what knockd opened.
    this.#parts.kernelOpenings?.adopt(0);
    doors.use(config);
    this.#useDevices(users ?? { devices: [], warnings: [], isRead: false }).catch(
      (error: unknown) => this.#reportKeys(error),
    );
    this.#parts.persistence?.notifier.use(this.#config);
    if (this.#parts.persistence !== undefined) void this.#parts.fleet.use(config);
    pipeline.watch(doors.current);
    this.#replacePidFile();
    await this.#protect();
    await this.#serveMetrics();
    await doors.followNames();
    doors.findForwarded();
  }

  /**
   * Ends the daemon. What is open stays open, and is closed on time by the next one. Commands that
   * close are waited for, but not for long, and not any longer once `hurry` is aborted.
   */
  async stop(hurry: AbortSignal): Promise<void> {
    const { log, persistence, leaseManager, pipeline, doors, metrics, network } = this.#parts;
    const { keyKnocks } = this.#parts;
    this.#isStopping = true;
    this.#parts.idleMemory.close();
    this.#manager.stopping();
    this.#parts.children.close();
    doors.close();
    network.close();
    pipeline.close();
    keyKnocks.stop();
    this.#say("stopping", "waiting for child processes...", "terminal");
    // It may be over: then the next daemon closes.
    await persistence?.state.journal.retry();
    const most = leaseManager.journalFailed ? finalTimeouts : stopTimeouts;
    const timeout = AbortSignal.any([hurry, AbortSignal.timeout(most.closing)]);
    const stopped = leaseManager.stop();
    if (!timeout.aborted) await Promise.race([stopped, once(timeout, "abort")]);
    leaseManager.runAllNow();
    await this.#parts.children.started(most.starting);
    persistence?.protection.close();
    persistence?.notifier.stop();
    // An nft that works just now may take half a minute, and ends without us.
    const released = Promise.all([
      persistence?.firewalls.shutDown(),
      persistence?.history.close(),
      this.#parts.traffic?.close(),
      this.#parts.fleet.stop(),
      doors.marked(),
    ]);
    if (!timeout.aborted) await Promise.race([released, once(timeout, "abort")]);
    doors.reportUnmarked();
    await this.#control?.close();
    await metrics.close();
    this.#say("stop", "closing...", "terminal");
    this.#say("stop", "shutting down", "log");
    await keyKnocks.close();
    await persistence?.state.close();
    this.#manager.close();
    await log.close();
    // Last: to those who wait for it, it is the end.
    this.#pidFile?.remove();
  }

  /** A line for the service manager. */
  #summary(): string {
    const doors = this.#config.doors.length;
    return `${doors} doors, ${this.#parts.leaseManager.leases.length} open`;
  }

  async #protect(): Promise<void> {
    const { persistence } = this.#parts;
    if (persistence !== undefined) {
      const { firewalls, protection } = persistence;
      const actions = this.#config.doors.map(({ action }) => action);
      firewalls.expectUsers(actions.flatMap((one) => (one.kind === "command" && one.user) || []));
      return protection.configure(this.#config);
    }
    this.#say("dry-run", "dry run: nothing is opened, only told");
    const services = protectedServices(this.#config.doors).map(formatService);
    if (services.length > 0) this.#say("protect", `would protect: ${services.join(", ")}`);
  }

  /** Without it knocks open doors all the same. A dry run leaves the socket to the daemon that opens them. */
  async #serveControl(): Promise<void> {
    const { persistence, traffic, log, clock, pipeline, doors } = this.#parts;
    if (persistence === undefined || traffic === undefined) return;
    const path = this.#config.options.controlSocket ?? controlSocketIn(runtimeDirectory);
    const handlers = new Administration({
      ...this.#parts,
      version: this.#options.version,
      configFile: this.#options.configFile,
      configReadAt: () => doors.usedSince,
      refusedConfig: this.#refusedConfig,
      source: pipeline.source,
      ...persistence,
      traffic,
      journal: persistence.state.journal,
      doors: () => doors.current,
      interfaces: () => this.#config.options.interfaces,
      readConnections: tcpConnections,
      reload: ({ users }) => (users ? this.reloadUsers() : this.reload()),
    });
    this.#parts.problems.list = () => handlers.status().problems;
    try {
      this.#control = await serve(path, { handlers, log, clock });
    } catch (error) {
      this.#warn([`warning: knockctl cannot reach this daemon: ${reason(error)}`]);
    }
  }

  /** A dry run leaves this to the daemon beside it, too. */
  async #serveMetrics(): Promise<void> {
    const { persistence, metrics } = this.#parts;
    if (persistence !== undefined) await metrics.listen(this.#config.options.metricsListen);
  }

  #configureLog(): void {
    this.#parts.log.configure(logSettings(this.#config.options, this.#options));
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
    for (const text of texts) this.#parts.log.write({ level: "warning", event: "warning", text });
  }

  #say(event: string, text: string, to?: "log" | "terminal"): void {
    this.#parts.log.write({ level: "notice", event, text, ...(to && { to }) });
  }
}
