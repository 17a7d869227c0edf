import type { ChildProcess, SpawnOptions } from "node:child_process";
import { spawn } from "node:child_process";
import { constants } from "node:os";

/** How a program ended, and all it said. `code` is 128 + the signal's number where a signal ended it, as in a shell. */
export interface ProcessResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartOptions {
  /** Given to the program's standard input, which is empty otherwise. */
  readonly input?: string | Uint8Array;
  /** Beside the environment of the test. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Milliseconds that the output may stay open after a program's end without a further word. */
const lastWords = 500;

/** How often that is tried, at most. */
const mostLooks = 20;

/**
 * A program that runs beside the test. Its output is kept whole, so that a wait sees what was said
 * before it began.
 */
export class Process {
  /** Settles when the program has ended and its output is complete. Rejects if it could not be started. */
  readonly ended: Promise<ProcessResult>;
  readonly argv: readonly string[];
  readonly #child: ChildProcess;
  readonly #watchers = new Set<() => void>();
  #stdout = "";
  #stderr = "";
  #done = false;

  constructor(argv: readonly string[], options: StartOptions = {}) {
    this.argv = argv;
    const [command = "", ...args] = argv;
    const settings: SpawnOptions = { env: { ...process.env, ...options.env }, stdio: "pipe" };
    if (options.cwd !== undefined) settings.cwd = options.cwd;
    this.#child = spawn(command, args, settings);
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text;
      this.#changed();
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
      this.#changed();
    });
    // A program that ends without reading its input is no failure of the test.
    this.#child.stdin?.on("error", () => {}).end(options.input);
    this.ended = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      // A child that it left behind may hold the output open for ever.
      this.#child.once("exit", () => this.#hangUpLater());
      this.#child.once("close", (code, signal) => {
        const status = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
        resolve({ code: status, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
    const finish = () => {
      this.#done = true;
      this.#changed();
    };
    this.ended.then(finish, finish);
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** All output so far: standard output, then standard error. */
  get output(): string {
    return this.#stdout + this.#stderr;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  get running(): boolean {
    return !this.#done;
  }

  /**
   * Waits until the output (standard output, or standard error) matches. Rejects with the output
   * when `timeout` milliseconds have passed (60 s: patience costs a test that passes nothing), or the
   * program ended without it. What was said before the call counts: for a second time, say so in the
   * pattern, as in `/(OPEN SESAME[\s\S]*){2}/`.
   */
  async waitFor(pattern: RegExp, timeout = 60_000): Promise<RegExpExecArray> {
    const seen = () => pattern.exec(this.#stdout) ?? pattern.exec(this.#stderr) ?? undefined;
    return await new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        act();
      };
      const fail = (why: string) =>
        settle(() =>
          reject(new Error(`${this.#name} ${why} ${pattern}; it said:\n${this.output}`)),
        );
      const look = () => {
        const match = seen();
        if (match !== undefined) settle(() => resolve(match));
        else if (this.#done) fail("ended without");
      };
      const timer = setTimeout(() => fail(`did not say within ${timeout} ms:`), timeout);
      this.#watchers.add(look);
      look();
    });
  }

  /** Sends a signal; nothing happens if the program has ended. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Ends the program: SIGTERM, and SIGKILL when `grace` milliseconds did not suffice (60 s, as in `waitFor`). */
  async stop(grace = 60_000): Promise<ProcessResult> {
    this.signal("SIGTERM");
    const timer = setTimeout(() => this.signal("SIGKILL"), grace);
    try {
      return await this.ended;
    } finally {
      clearTimeout(timer);
    }
  }

  get #name(): string {
    return this.argv.join(" ");
  }

  /** Closes the output once it brings nothing more. */
  #hangUpLater(looks = mostLooks): void {
    const { length } = this.output;
    const look = () => {
      if (this.#done) return;
      if (this.output.length > length && looks > 1) return this.#hangUpLater(looks - 1);
      this.#child.stdout?.destroy();
      this.#child.stderr?.destroy();
    };
    // A busy machine may wake this process late, with output that waits: it is read before `look`.
    setTimeout(() => setImmediate(look), lastWords).unref();
  }

  #changed(): void {
    for (const look of [...this.#watchers]) look();
  }
}
