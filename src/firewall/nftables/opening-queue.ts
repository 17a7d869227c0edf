import { reason } from "../../base/errors.ts";
import type { FirewallResult } from "../firewall.ts";
import type { TimedElements } from "./nft-sets.ts";

/** What waits for the others of this moment, and for its result. */
interface PendingOpening {
  readonly elements: TimedElements;
  readonly finish: (result: FirewallResult) => void;
}

/**
 * Collects openings: what is asked for in one go, such as by the packets of one look at the ring, goes to
 * the kernel in one transaction.
 */
export class OpeningQueue {
  readonly #open: (elements: readonly TimedElements[]) => void;
  #pending: PendingOpening[] = [];

  /** `open` carries out a transaction, or throws. */
  constructor(open: (elements: readonly TimedElements[]) => void) {
    this.#open = open;
  }

  add(elements: TimedElements): Promise<FirewallResult> {
    return new Promise((finish) => {
      if (this.#pending.length === 0) queueMicrotask(() => this.#flush());
      this.#pending.push({ elements, finish });
    });
  }

  #flush(): void {
    const pending = this.#pending;
    this.#pending = [];
    const result = attempt(() => this.#open(pending.map(({ elements }) => elements)));
    const alone = result.kind !== "done" && pending.length > 1;
    // One that the kernel refuses must not keep the others out.
    for (const { elements, finish } of pending) {
      finish(alone ? attempt(() => this.#open([elements])) : result);
    }
  }
}

/** The result of a task that is done at once, or throws. */
export function attempt(task: () => void): FirewallResult {
  try {
    task();
    return { kind: "done" };
  } catch (error) {
    return { kind: "not-started", reason: reason(error) };
  }
}
