import { setImmediate } from "node:timers/promises";
import { ownerName } from "../../src/base/access-owner.ts";
import type { Access, Firewall, FirewallResult } from "../../src/firewall/firewall.ts";

/** A firewall that has done what it was told when the test says so. */
export class SlowFirewall implements Firewall {
  /** What was begun, in order, such as `open ssh 192.0.2.7`. */
  readonly begun: string[] = [];
  /** How long it was to be open, for each of the openings. */
  readonly lengths: number[] = [];
  readonly #running: { name: string; end: (outcome: FirewallResult) => void }[] = [];

  open(access: Access, length: number): Promise<FirewallResult> {
    this.lengths.push(length);
    return this.#begin("open", access);
  }

  close(access: Access): Promise<FirewallResult> {
    return this.#begin("close", access);
  }

  /** Ends the longest-running command of this name. */
  async end(name: string, outcome: FirewallResult = { kind: "done" }): Promise<void> {
    const at = this.#running.findIndex((command) => command.name === name);
    const [command] = this.#running.splice(at, at < 0 ? 0 : 1);
    if (command === undefined) throw new Error(`"${name}" does not run`);
    command.end(outcome);
    await settled();
  }

  #begin(what: string, { owner, source }: Access): Promise<FirewallResult> {
    const name = `${what} ${ownerName(owner)} ${source}`;
    this.begun.push(name);
    return new Promise((end) => this.#running.push({ name, end }));
  }
}

/** Fulfilled when all promises that were ready have had their say. */
export async function settled(): Promise<void> {
  await setImmediate();
}
