import { reason } from "../../base/errors.ts";
import type { Access, Firewall, FirewallResult } from "../firewall.ts";
import type { TimedElements } from "./nft-sets.ts";
import type { Nftables } from "./nftables.ts";

type Elements = Pick<Nftables, "grantAll" | "revoke">;

/** A grant that waits for the others of this moment, and who wants to know what became of it. */
interface PendingOpening {
  readonly grant: TimedElements;
  readonly tell: (outcome: FirewallResult) => void;
}

/**
 * Opens services in nftables: the kernel drops the elements when their time is over. What is asked for
 * in one go, such as by the packets of one look at the ring, goes to the kernel in one transaction.
 */
export class NativeFirewall implements Firewall {
  readonly #nftables: Elements;
  #waiting: PendingOpening[] = [];

  constructor(nftables: Elements) {
    this.#nftables = nftables;
  }

  open({ source, method }: Access, length: number): Promise<FirewallResult> {
    if (method.kind !== "native") return Promise.resolve({ kind: "done" });
    const grant = { source, services: method.services, milliseconds: length };
    return new Promise((tell) => {
      if (this.#waiting.length === 0) queueMicrotask(() => this.#grant());
      this.#waiting.push({ grant, tell });
    });
  }

  close({ source, method }: Access): Promise<FirewallResult> {
    const close = () => method.kind === "native" && this.#nftables.revoke(source, method.services);
    return Promise.resolve(attempt(close));
  }

  #grant(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    const outcome = attempt(() => this.#nftables.grantAll(waiting.map(({ grant }) => grant)));
    const alone = outcome.kind !== "done" && waiting.length > 1;
    // One that the kernel refuses must not keep the others out.
    for (const { grant, tell } of waiting) {
      tell(alone ? attempt(() => this.#nftables.grantAll([grant])) : outcome);
    }
  }
}

function attempt(task: () => void): FirewallResult {
  try {
    task();
    return { kind: "done" };
  } catch (error) {
    return { kind: "not-started", reason: reason(error) };
  }
}
