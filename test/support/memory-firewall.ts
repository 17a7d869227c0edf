import { ownerName } from "../../src/base/access-owner.ts";
import type { Access, Firewall, FirewallResult } from "../../src/firewall/firewall.ts";

/** A firewall that only remembers what it was told to do: for tests. */
export class MemoryFirewall implements Firewall {
  /** What happened so far, such as `open ssh 10.0.0.1`. */
  readonly history: string[] = [];
  readonly #open = new Set<string>();

  /** The doors that are open, such as `ssh 10.0.0.1`. */
  get opened(): readonly string[] {
    return [...this.#open];
  }

  open(access: Access): Promise<FirewallResult> {
    this.#open.add(this.#remember("open", access));
    return Promise.resolve({ kind: "done" });
  }

  close(access: Access): Promise<FirewallResult> {
    this.#open.delete(this.#remember("close", access));
    return Promise.resolve({ kind: "done" });
  }

  #remember(what: string, { owner, source }: Access): string {
    const subject = `${ownerName(owner)} ${source}`;
    this.history.push(`${what} ${subject}`);
    return subject;
  }
}
