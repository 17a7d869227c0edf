import { once } from "node:events";
import { systemClock } from "../base/clock.ts";
import { KnockError, reason } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { Host } from "../capture/host.ts";
import { Ring } from "../capture/ring.ts";
import type { Config } from "../config/config.ts";
import { CommandFirewall } from "../firewall/command.ts";
import { Keeper } from "../grant/keeper.ts";
import { Matcher } from "../match/matcher.ts";
import { Doors } from "./doors.ts";
import type { Terminal } from "./logs.ts";
import { Logs } from "./logs.ts";
import { Names } from "./names.ts";
import { Network } from "./network.ts";
import { PidFile } from "./pid-file.ts";
import { Pipeline } from "./pipeline.ts";
import { Targets } from "./targets.ts";

/** A checked configuration, and what is to be said about it. */
export interface Loaded {
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
}

const clock = systemClock;

/** How often the names of targets are looked up again: milliseconds. Only if there are any. */
const retargetInterval = 60_000;

/** The whole daemon, from its configuration to its last line in the log. */
export class Daemon {
  readonly #options: DaemonOptions;
  readonly #logs: Logs;
  readonly #names: Names | undefined;
  readonly #log: Log;
  readonly #targets: Targets;
  readonly #keeper: Keeper;
  readonly #pipeline: Pipeline<Ring>;
  readonly #network: Network;
  #config: Config;
  #doors: Doors;
  #pidFile: PidFile | undefined;
  #cancelRetarget: (() => void) | undefined;

  /** Reads the configuration, listens, and says so. Throws CONFIG, CAPTURE or SYSTEM. */
  static async start(options: DaemonOptions): Promise<Daemon> {
    const { config, warnings } = options.load();
    const daemon = new Daemon(options, config);
    daemon.#warn(warnings);
    await daemon.#retarget();
    daemon.#writePidFile();
    const on = config.options.interfaces?.join(", ") ?? "any";
    daemon.#say("listening", `listening on ${on}...`, "terminal");
    daemon.#say("start", `starting up, listening on ${on}`, "log");
    return daemon;
  }

  private constructor(options: DaemonOptions, config: Config) {
    this.#options = options;
    this.#config = config;
    this.#logs = new Logs(options.terminal, clock);
    this.#names = options.lookUp ? new Names(this.#logs, clock) : undefined;
    this.#log = this.#names ?? this.#logs;
    this.#configureLogs();
    this.#targets = new Targets(this.#log);
    this.#doors = this.#makeDoors();
    this.#keeper = new Keeper(new CommandFirewall(), clock, this.#log);
    const host = new Host(clock);
    this.#pipeline = new Pipeline({
      openSource: (sink) => new Ring(config.options.interfaces, clock, sink),
      matcher: new Matcher({
        maxAttempts: config.options.maxAttempts,
        isOurs: (address) => host.has(address),
      }),
      keeper: this.#keeper,
      doors: this.#doors,
      log: this.#log,
      clock,
      onlyIpv4: options.onlyIpv4,
      debug: options.terminal.debug,
    });
    this.#network = new Network(host, this.#pipeline.source, this.#log);
  }

  /**
   * Reads the configuration again. If it cannot be used, everything stays as it is, and the log says
   * why. Doors that did not change keep their attempts; what is open stays open.
   */
  async reload(): Promise<void> {
    const { configFile, load } = this.#options;
    this.#say("reload", `re-reading config file: ${configFile}`);
    let loaded: Loaded;
    try {
      loaded = load();
    } catch (error) {
      const lines = reason(error).split("\n");
      for (const text of [...lines, "the configuration stays as it was"]) {
        this.#log.write({ level: "error", event: "reload-failed", text });
      }
      return;
    }
    if (loaded.config.options.maxAttempts !== this.#config.options.maxAttempts) {
      this.#warn(["warning: a changed MaxAttempts counts from the next start on"]);
    }
    this.#config = loaded.config;
    this.#configureLogs();
    this.#warn(loaded.warnings);
    this.#network.listen(loaded.config.options.interfaces);
    this.#doors = this.#makeDoors();
    this.#pipeline.watch(this.#doors);
    this.#replacePidFile();
    await this.#retarget();
  }

  /**
   * Stops listening, closes what is open, and waits for the commands that do it, but not any longer
   * once `hurry` is aborted.
   */
  async stop(hurry: AbortSignal): Promise<void> {
    this.#cancelRetarget?.();
    this.#network.close();
    this.#pipeline.close();
    this.#say("stopping", "waiting for child processes...", "terminal");
    await Promise.race([this.#keeper.closeAll(), once(hurry, "abort")]);
    this.#say("stop", "closing...", "terminal");
    this.#say("stop", "shutting down", "log");
    this.#names?.close();
    this.#logs.close();
    // Last: to those who wait for it, it is the end.
    this.#pidFile?.remove();
  }

  #makeDoors(): Doors {
    return new Doors(this.#config.doors, (targets) => this.#targets.networks(targets), this.#log);
  }

  #configureLogs(): void {
    const { logFile, logFormat, useSyslog } = this.#config.options;
    this.#logs.configure({ file: logFile, format: logFormat, syslog: useSyslog });
  }

  /** Looks up the names among the targets, now and from time to time. */
  async #retarget(): Promise<void> {
    this.#cancelRetarget?.();
    const names = this.#config.doors
      .flatMap(({ target }) => target ?? [])
      .filter((target) => typeof target === "string");
    if (names.length === 0) return;
    if (await this.#targets.refresh(names)) {
      this.#doors.retarget();
      this.#pipeline.watch(this.#doors);
    }
    const next = clock.now() + retargetInterval;
    this.#cancelRetarget = clock.wakeAt(next, () => void this.#retarget());
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
