import { expect } from "vitest";
import type { LiveHost } from "./host.ts";
import { Folder } from "./knockd.ts";
import type { Process } from "./process.ts";

export interface TmuxOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly shell?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A terminal that tmux draws: what a person at it would see. */
export class Tmux {
  readonly #host: LiveHost;
  readonly #socket: string;
  readonly #server: Process;

  private constructor(host: LiveHost, socket: string, server: Process) {
    this.#host = host;
    this.#socket = socket;
    this.#server = server;
  }

  /** Opens a shell in a terminal, with this environment beside the test's. */
  static async open(
    host: LiveHost,
    { columns = 80, rows = 24, shell = ["sh"], env: own = {} }: TmuxOptions = {},
  ): Promise<Tmux> {
    const socket = new Folder().at("tmux");
    const commands = [
      // Terminals of its own: those of the host may be out of reach.
      "mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts",
      "mount --bind /dev/pts/ptmx /dev/ptmx",
      `exec tmux -u -S ${socket} -f /dev/null -D`,
    ];
    const env = { LANG: "C.UTF-8", LC_ALL: "C.UTF-8", TERM: "xterm-256color" };
    const server = host.start(["sh", "-ec", commands.join("\n")], { env });
    const tmux = new Tmux(host, socket, server);
    const size = ["-x", String(columns), "-y", String(rows)];
    const variables = Object.entries(own).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
    await expect
      .poll(() => tmux.#try(["new-session", "-d", ...size, ...variables, ...shell], own))
      .toBe(0);
    return tmux;
  }

  async close(): Promise<void> {
    await this.#try(["kill-server"]);
    await this.#server.ended;
  }

  /** Types a line at the shell. */
  async type(line: string): Promise<void> {
    await this.#run("send-keys", "-l", `${line}\n`);
  }

  /** Presses keys, as tmux names them. */
  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.#run("send-keys", key);
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#run("resize-window", "-x", String(columns), "-y", String(rows));
  }

  /** The lines of the screen, without blanks at their ends. */
  async screen(): Promise<string[]> {
    const text = await this.#run("capture-pane", "-p");
    return text.split("\n").map((line) => line.trimEnd());
  }

  /** Whether an alternate screen is shown, the cursor is, and long lines wrap. */
  async modes(): Promise<string> {
    const format = "alternate #{alternate_on}, cursor #{cursor_flag}, wrap #{wrap_flag}";
    return (await this.#run("display-message", "-p", format)).trim();
  }

  /** Waits until the screen shows this. */
  async waitFor(pattern: RegExp, timeout = 10_000): Promise<void> {
    const screen = async () => (await this.screen()).join("\n");
    await expect.poll(screen, { interval: 100, timeout }).toMatch(pattern);
  }

  async #run(...args: readonly string[]): Promise<string> {
    return (await this.#host.run(["tmux", "-S", this.#socket, ...args])).stdout;
  }

  async #try(args: readonly string[], env = {}): Promise<number> {
    return (await this.#host.run(["tmux", "-N", "-S", this.#socket, ...args], { ok: "any", env }))
      .code;
  }
}
