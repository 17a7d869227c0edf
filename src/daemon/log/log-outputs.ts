import type { Clock } from "../../base/clock.ts";
import { reason } from "../../base/errors.ts";
import type { Entry, Level } from "../../base/log.ts";
import { formatJsonLine, formatTextLine, oneLine } from "../../base/log.ts";
import type { WallTime } from "../../base/time.ts";
import { inTime } from "../../system/disk.ts";
import { LogFile } from "./log-file.ts";
import { Syslog } from "./syslog.ts";

/** Where a person sees what is going on. */
export interface Terminal {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Notices are shown. */
  readonly verbose: boolean;
  /** Decisions and details are shown. */
  readonly debug: boolean;
}

export interface LogSettings {
  /** Absolute. */
  readonly file: string | undefined;
  readonly format: "text" | "json";
  readonly syslog: boolean;
}

/** The log file, the system's log and the terminal: each takes what is meant for it. */
export class LogOutputs {
  readonly #clock: Clock;
  readonly #terminal: Terminal;
  #format: LogSettings["format"] = "text";
  #file: LogFile | undefined;
  /** Resolves when the files before it are closed. */
  #closed: Promise<unknown> = Promise.resolve();
  #syslog: Syslog | undefined;

  constructor(terminal: Terminal, clock: Clock) {
    this.#terminal = terminal;
    this.#clock = clock;
  }

  /** Opens the outputs of the settings, and reopens open ones. Warns of a file that cannot be opened. */
  configure(settings: LogSettings): void {
    const before = this.#file?.path;
    this.#format = settings.format;
    const closed = this.#file?.close();
    this.#closed = Promise.all([this.#closed, closed]);
    this.#file = undefined;
    if (before !== undefined) this.#say("log-close", `closing log file: ${before}`);
    if (settings.file !== undefined) {
      if (before !== undefined) this.#say("log-open", `re-opening log file: ${settings.file}`);
      // Not beside a disk that hangs, or each reload would leave an operation.
      this.#openFile(settings.file, settings.file === before ? closed : undefined);
    }
    if (!settings.syslog) this.#syslog?.close();
    this.#syslog = settings.syslog ? (this.#syslog ?? new Syslog(this.#clock)) : undefined;
  }

  write(entry: Entry, wall: WallTime = this.#clock.wall()): void {
    this.#show(entry);
    if (!this.#isLogged(entry)) return;
    const json = this.#isJson;
    this.#file?.write(json ? formatJsonLine(entry, wall) : formatTextLine(entry, wall));
    const line = json ? formatJsonLine(entry, wall) : oneLine(entry.text);
    this.#syslog?.write(line, wall, ofUnauthenticated.has(entry.event));
  }

  /** Returns whether an entry of this level is shown or logged anywhere. */
  isEnabled(level: Level): boolean {
    if (this.#isShown({ level })) return true;
    return this.#isLogged({ level }) && (this.#file ?? this.#syslog) !== undefined;
  }

  /** Resolves when all is written, or the disk hangs. */
  async close(): Promise<void> {
    const closed = Promise.all([this.#closed, this.#file?.close()]);
    this.#syslog?.close();
    this.#file = undefined;
    this.#syslog = undefined;
    await inTime(closed, this.#clock).catch(() => {});
  }

  get #isJson(): boolean {
    return this.#format === "json";
  }

  #isLogged({ level, to }: Pick<Entry, "level" | "to">): boolean {
    if (to === "terminal" || level === "debug") return false;
    return level !== "info" || this.#isJson;
  }

  #isShown({ level, to }: Pick<Entry, "level" | "to">): boolean {
    const { verbose, debug } = this.#terminal;
    if (isTrouble(level)) return true;
    return level === "notice" ? verbose && to !== "log" : debug;
  }

  #show(entry: Entry): void {
    if (!this.#isShown(entry)) return;
    const { stdout, stderr } = this.#terminal;
    const print = isTrouble(entry.level) ? stderr : stdout;
    print(`${oneLine(entry.text)}\n`);
  }

  #openFile(path: string, after: Promise<void> | undefined): void {
    const onFailure = (error: Error) => {
      if (this.#file === file) this.#file = undefined;
      const text = `warning: ${reason(error)}`;
      this.write({ level: "warning", event: "log-open", text, detail: { path } });
    };
    const file = new LogFile(path, { onFailure, after });
    this.#file = file;
  }

  #say(event: string, text: string): void {
    this.write({ level: "notice", event, text, to: "terminal" });
  }
}

/** What those do who have not opened a door: the first that a log may do without. */
const ofUnauthenticated: ReadonlySet<string> = new Set([
  "stage",
  "repeat",
  "failed",
  "decoy",
  "ignored",
]);

function isTrouble(level: Level): boolean {
  return level === "error" || level === "warning";
}
