import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { killGroup, plainEnvironment } from "./daemon.ts";
import type { Usage } from "./usage.ts";
import { usageOf } from "./usage.ts";

/** Opens so many leases in one turn, of which this is the first. */
export interface FleetOrder {
  readonly first: number;
  readonly count: number;
}

/** What a gateway says. Times are by the clock that all processes share: milliseconds. */
export type FleetWord =
  | { readonly joined: number; readonly holders: number }
  | { readonly opened: number; readonly at: number }
  | { readonly heard: readonly number[]; readonly at: number };

/** A gateway in a process of its own. */
export class FleetProcess {
  /** From its start in the fleet until it had joined, and the holders that it knew of then. */
  joined = Number.NaN;
  holders = 0;
  /** When it opened leases, by the first one of each order, and when it heard of others. */
  readonly opened = new Map<number, number>();
  readonly heard = new Map<number, number>();
  readonly #child: ChildProcess;
  #wake = () => {};

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on("message", (word: FleetWord) => {
      if ("joined" in word) [this.joined, this.holders] = [word.joined, word.holders];
      else if ("opened" in word) this.opened.set(word.opened, word.at);
      else for (const n of word.heard) this.heard.set(n, word.at);
      this.#wake();
    });
    child.once("exit", () => this.#wake());
  }

  /** Starts it; resolves when it has joined. */
  static async start(name: string, socket: string): Promise<FleetProcess> {
    const child = fork(join(import.meta.dirname, "fleet-member.ts"), [name, socket], {
      detached: true,
      env: plainEnvironment(),
      execArgv: ["--import", join(import.meta.dirname, "typescript.mjs")],
    });
    const made = new FleetProcess(child);
    await made.until(() => !Number.isNaN(made.joined));
    return made;
  }

  open(order: FleetOrder): void {
    this.#child.send(order);
  }

  usage(): Usage {
    return usageOf(this.#child.pid);
  }

  /** Resolves when this holds. Rejects after a minute, or when it has ended. */
  async until(holds: () => boolean): Promise<void> {
    const deadline = performance.now() + 60_000;
    while (!holds()) {
      const left = deadline - performance.now();
      if (this.#child.exitCode !== null) throw new Error("a gateway of the bench has ended");
      if (left <= 0) throw new Error("a gateway of the bench has heard nothing for a minute");
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    killGroup(this.#child);
    await ended;
  }
}
