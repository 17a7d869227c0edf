import type { Network } from "../../base/address.ts";
import { parseNetwork } from "../../base/address.ts";
import { reason } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";

/** The host names that doors name as their targets, and the addresses they stand for at present. */
export class Targets {
  readonly #log: Log;
  readonly #known = new Map<string, readonly Network[]>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** The networks of a door's targets. A name that was not looked up yet, or not found, is none. */
  networks(targets: readonly (Network | string)[]): readonly Network[] {
    return targets.flatMap((target) =>
      typeof target === "string" ? (this.#known.get(target) ?? []) : [target],
    );
  }

  /** Looks all these names up again; a name that fails keeps its addresses. True if any changed. */
  async refresh(names: readonly string[]): Promise<boolean> {
    const changes = await Promise.all(names.map((name) => this.#lookUp(name)));
    return changes.includes(true);
  }

  async #lookUp(name: string): Promise<boolean> {
    try {
      const { lookup } = await import("node:dns/promises");
      const answers = await lookup(name, { all: true });
      const networks = answers.flatMap(({ address }) => parseNetwork(address) ?? []);
      const before = this.#known.get(name);
      this.#known.set(name, networks);
      return asText(networks) !== asText(before ?? []);
    } catch (error) {
      const text = `warning: cannot resolve target ${name}: ${reason(error)}`;
      this.#log.write({ level: "warning", event: "target-unknown", text, detail: { name } });
      return false;
    }
  }
}

function asText(networks: readonly Network[]): string {
  return networks
    .map(({ base, bits }) => `${base}/${bits}`)
    .sort()
    .join();
}
