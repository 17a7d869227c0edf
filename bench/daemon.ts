import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  createReadStream,
  existsSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { peer } from "../test/live/requirements.ts";
import type { BenchTestBed } from "./test-bed.ts";
import type { Usage } from "./usage.ts";
import { ownMemoryOf, usageOf } from "./usage.ts";

/** Where the programs are. */
export const bin: string = join(import.meta.dirname, "../bin");

/** Our knockctl as it is built, for `Host.run`. */
export const knockctl: readonly string[] = [process.execPath, join(bin, "knockctl")];

/** The daemons that are compared. */
export type DaemonName = "sesame" | "knockd";

/** What its packet socket has seen: packets that passed the filter, and those of them that were lost. */
export interface Capture {
  readonly received: number;
  readonly dropped: number;
}

interface BenchDaemonOptions {
  /** Milliseconds until it must listen. */
  readonly patience?: number;
  readonly interface?: string;
  /** Its command, in place of the usual one. */
  readonly program?: readonly string[];
}

/** One of the two daemons, running on the server. */
export class BenchDaemon {
  readonly name: DaemonName;
  /** From the start of the program to `listening`: milliseconds. */
  readonly startTime: number;
  readonly #child: ChildProcess;
  readonly #folder: string;
  #ended = false;

  private constructor(name: DaemonName, child: ChildProcess, folder: string, startTime: number) {
    this.name = name;
    this.startTime = startTime;
    this.#child = child;
    this.#folder = folder;
    child.once("exit", () => {
      this.#ended = true;
    });
  }

  /**
   * Starts it with these doors, a log file and a state of its own; resolves when it says that it listens.
   * Rejects with what it said if it ends, or has not said so after `patience` milliseconds.
   */
  static async start(
    name: DaemonName,
    stage: BenchTestBed,
    doors: string,
    { patience = 30_000, interface: link = "eth0", program }: BenchDaemonOptions = {},
  ): Promise<BenchDaemon> {
    const folder = makeFolder();
    const path = join(folder, "knockd.conf");
    const own =
      name === "sesame"
        ? `StateDir = ${join(folder, "state")}\nControlSocket = ${join(folder, "control.sock")}\n`
        : "";
    writeFileSync(path, `[options]\nLogFile = ${join(folder, "k.log")}\n${own}${doors}`);
    // By itself: its first line has options for V8.
    const usual = [name === "sesame" ? join(bin, "knockd") : peer("knockd")];
    const [command = "", ...args] = [...(program ?? usual), "-v", "-i", link, "-c", path];
    const begin = performance.now();
    // A process group of its own, so that `stop` ends its commands, too.
    const child = stage.at(stage.server, () =>
      spawn(command, args, {
        detached: true,
        env: plainEnvironment(),
        stdio: ["ignore", "pipe", "pipe"],
      }),
    );
    const startTime = await listening(child, patience).catch((error) => {
      killGroup(child);
      rmSync(folder, { recursive: true, force: true });
      throw error;
    });
    return new BenchDaemon(name, child, folder, startTime - begin);
  }

  get running(): boolean {
    return !this.#ended;
  }

  get configFile(): string {
    return join(this.#folder, "knockd.conf");
  }

  get logFile(): string {
    return join(this.#folder, "k.log");
  }

  usage(): Usage {
    return usageOf(this.#child.pid);
  }

  /** Returns KiB of memory that nothing else shares or gives back: what it wrote to, and its packet rings. */
  ownMemory(): number {
    return ownMemoryOf(this.#child.pid);
  }

  /** Stops it where it is: its rules stay, and it takes no packet. `stop` ends it all the same. */
  pause(): void {
    this.#child.kill("SIGSTOP");
  }

  /** The counters of Sesame; knockd has none. */
  async capture(stage: BenchTestBed): Promise<Capture> {
    const socket = join(this.#folder, "control.sock");
    const argv = [...knockctl, "status", "--json", "--socket", socket];
    const { stdout } = await stage.server.run(argv, { timeout: 30_000 });
    return JSON.parse(stdout).status.capture;
  }

  /** Bytes of its log file. */
  get logBytes(): number {
    const path = this.logFile;
    return existsSync(path) ? statSync(path).size : 0;
  }

  /** The lines of its log file, and which doors opened for whom: `DOOR ADDRESS`. */
  async readLog(): Promise<{ readonly lines: number; readonly openings: readonly string[] }> {
    const path = this.logFile;
    const openings: string[] = [];
    let lines = 0;
    let rest = "";
    if (!existsSync(path)) return { lines, openings };
    for await (const chunk of createReadStream(path, {
      encoding: "utf8",
      highWaterMark: 2 ** 20,
    })) {
      const parts = `${rest}${chunk}`.split("\n");
      rest = parts.pop() ?? "";
      lines += parts.length;
      for (const line of parts) {
        const found = /(\S+): (\S+): OPEN SESAME/.exec(line);
        if (found !== null) openings.push(`${found[2]} ${found[1]}`);
      }
    }
    return { lines, openings };
  }

  /** Ends it and all that it started, and removes its files. */
  async stop(): Promise<void> {
    if (!this.#ended) {
      const ended = once(this.#child, "exit");
      killGroup(this.#child);
      await ended;
    } else killGroup(this.#child);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Makes an empty folder for the files of a daemon, on the disk where there is one to measure with. */
export function makeFolder(): string {
  return mkdtempSync(join(process.env["SESAME_BENCH_FOLDER"] ?? tmpdir(), "run-"));
}

/** Extra certificates would cost Node 33 ms at each start. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _, NODE_OPTIONS: __, ...environment } = process.env;
  return environment;
}

/** Kills it and its children. */
export function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    // Nothing of it is left.
  }
}

/** When it said so, by `performance.now()`. */
async function listening(child: ChildProcess, patience: number): Promise<number> {
  return await new Promise((resolve, reject) => {
    let said = "";
    const settle = (act: () => void) => {
      clearTimeout(timer);
      act();
    };
    const fail = (why: string) => settle(() => reject(new Error(`${why}: ${said.trim()}`)));
    const timer = setTimeout(() => fail(`did not listen after ${patience / 1_000} s`), patience);
    child.once("error", (error) => fail(error.message));
    child.once("exit", (code, signal) => fail(`ended with ${code ?? signal}`));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        // What is said later is read, so that the daemon never waits for us, and forgotten.
        if (said.length > 10_000) return;
        said += text;
        if (/^listening on .*\.\.\.$/m.test(said)) settle(() => resolve(performance.now()));
      });
    }
  });
}
