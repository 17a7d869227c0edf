import { reason } from "../base/errors.ts";
import type { Firewall, Outcome, Passage } from "./firewall.ts";
import type { Nftables } from "./nftables.ts";

/** Opens services in nftables: the kernel drops the elements when their time is over. */
export class NativeFirewall implements Firewall {
  readonly #nftables: Nftables;

  constructor(nftables: Nftables) {
    this.#nftables = nftables;
  }

  open({ source, way }: Passage, length: number): Promise<Outcome> {
    return attempt(() => {
      if (way.kind === "native") this.#nftables.grant(source, way.services, length);
    });
  }

  close({ source, way }: Passage): Promise<Outcome> {
    return attempt(() => {
      if (way.kind === "native") this.#nftables.revoke(source, way.services);
    });
  }
}

function attempt(task: () => void): Promise<Outcome> {
  try {
    task();
    return Promise.resolve({ kind: "done" });
  } catch (error) {
    return Promise.resolve({ kind: "not-started", reason: reason(error) });
  }
}
