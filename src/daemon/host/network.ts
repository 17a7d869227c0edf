import { reason } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Host } from "../../capture/host.ts";
import type { Ring } from "../../capture/ring.ts";
import { watchNetwork } from "../../ffi/rtnetlink.ts";

/** Keeps the capture in step with this host's interfaces and addresses as they come and go. */
export class NetworkChanges {
  readonly #host: Host;
  readonly #ring: Ring;
  readonly #log: Log;
  readonly #stop: () => void;
  #missing: readonly string[] = [];

  /** Throws SYSTEM. */
  constructor(host: Host, ring: Ring, log: Log) {
    this.#host = host;
    this.#ring = ring;
    this.#log = log;
    this.#stop = watchNetwork(() => this.#changed());
    host.refresh();
    for (const address of host.addresses()) {
      log.write({ level: "debug", event: "address", text: `local IP: ${address}` });
    }
    this.#tellMissing();
  }

  /** Listens on these interfaces from now on; undefined: on all. */
  listen(interfaces: readonly string[] | undefined): void {
    this.#ring.listen(interfaces);
    this.#tellMissing();
  }

  close(): void {
    this.#stop();
  }

  #changed(): void {
    try {
      // First: it must not hang on whether addresses can be read.
      this.#ring.interfacesChanged();
      this.#tellMissing();
      this.#host.refresh();
    } catch (error) {
      const text = `cannot follow a change of the network: ${reason(error)}`;
      this.#log.write({ level: "error", event: "network", text });
    }
  }

  #tellMissing(): void {
    const missing = this.#ring.missing();
    for (const name of missing.filter((other) => !this.#missing.includes(other))) {
      const text = `warning: there is no interface ${name}: waiting for it`;
      this.#log.write({ level: "warning", event: "interface-missing", text, detail: { name } });
    }
    for (const name of this.#missing.filter((other) => !missing.includes(other))) {
      const text = `interface ${name} is there, listening on it`;
      this.#log.write({ level: "notice", event: "interface-found", text, detail: { name } });
    }
    this.#missing = missing;
  }
}
