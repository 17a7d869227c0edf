import type { Clock } from "../../base/clock.ts";
import { reason } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { StatusProblem } from "../../base/status-problem.ts";
import { later } from "../../base/time.ts";
import type { NetworkDevice } from "../../capture/device.ts";
import type { Host } from "../../capture/host.ts";
import type { Ring } from "../../capture/ring.ts";
import type { watchNetwork } from "../../ffi/rtnetlink.ts";

/** How long after a failure the network is read again: milliseconds. */
const retryInterval = 1000;

export interface NetworkChangesParts {
  readonly host: Pick<Host, "refresh" | "addresses">;
  readonly ring: Pick<Ring, "listen" | "interfacesChanged" | "missing" | "devices">;
  readonly log: Log;
  readonly clock: Clock;
  readonly watch: typeof watchNetwork;
  /** An interface of the configuration came, went, or has another name in the kernel. */
  readonly onDevices: () => void;
}

/** Keeps the capture in step with this host's interfaces and addresses as they come and go. */
export class NetworkChanges {
  readonly #parts: NetworkChangesParts;
  readonly #stop: () => void;
  #missing: readonly string[] = [];
  #devices: ReadonlyMap<string, NetworkDevice> = new Map();
  #problem: string | undefined;
  #cancelRetry: (() => void) | undefined;

  /** Throws SYSTEM. */
  constructor(parts: NetworkChangesParts) {
    const { host, log, watch } = parts;
    this.#parts = parts;
    this.#stop = watch(() => this.#follow());
    host.refresh();
    for (const address of host.addresses()) {
      log.write({ level: "debug", event: "address", text: `local IP: ${address}` });
    }
    this.#tellMissing();
    this.#readDevices();
  }

  /** Returns what the kernel calls an interface of the configuration; `undefined` while it does not exist. */
  deviceOf(name: string): NetworkDevice | undefined {
    return this.#devices.get(name);
  }

  /** Returns the interfaces of the configuration that do not exist now. */
  get missing(): readonly string[] {
    return this.#missing;
  }

  /** Why the last change could not be followed, and which interfaces are missing. */
  get problems(): readonly StatusProblem[] {
    const missing = this.#missing.map((name) => {
      const message = `there is no interface ${name}: knockd waits for it`;
      return { code: "interface-missing", message } as const;
    });
    const ports = [...portsOf(this.#devices).values()].map((message) => {
      return { code: "interface-port", message } as const;
    });
    const problem = this.#problem && ({ code: "network", message: this.#problem } as const);
    return [...(problem ? [problem] : []), ...missing, ...ports];
  }

  /** Listens on these interfaces from now on; undefined: on all. The rules for them are the caller's. */
  listen(interfaces: readonly string[] | undefined): void {
    this.#follow(() => {
      this.#parts.ring.listen(interfaces);
      this.#readDevices();
    });
  }

  close(): void {
    this.#cancelRetry?.();
    this.#stop();
  }

  /** What fails leaves the capture as it was, and is tried again until it works. */
  #follow(change: () => void = () => this.#parts.ring.interfacesChanged()): void {
    const { host, log, clock, onDevices } = this.#parts;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    try {
      // First: it must not hang on whether addresses can be read.
      change();
      this.#tellMissing();
      if (this.#readDevices()) onDevices();
      host.refresh();
    } catch (error) {
      const text = `cannot follow a change of the network: ${reason(error)}`;
      if (text !== this.#problem) log.write({ level: "error", event: "network", text });
      this.#problem = text;
      this.#cancelRetry = clock.wakeAt(later(clock.now(), retryInterval), () => this.#follow());
      return;
    }
    if (this.#problem === undefined) return;
    this.#problem = undefined;
    log.write({ level: "notice", event: "network", text: "following network changes again" });
  }

  /** Returns whether they have changed. */
  #readDevices(): boolean {
    const before = this.#devices;
    this.#devices = this.#parts.ring.devices();
    const old = portsOf(before);
    for (const [name, message] of portsOf(this.#devices)) {
      if (old.get(name) === message) continue;
      const text = `warning: ${message}`;
      this.#parts.log.write({ level: "warning", event: "interface-port", text, detail: { name } });
    }
    return JSON.stringify([...before]) !== JSON.stringify([...this.#devices]);
  }

  #tellMissing(): void {
    const { ring, log } = this.#parts;
    const missing = ring.missing();
    for (const name of missing.filter((other) => !this.#missing.includes(other))) {
      const text = `warning: there is no interface ${name}: waiting for it`;
      log.write({ level: "warning", event: "interface-missing", text, detail: { name } });
    }
    for (const name of this.#missing.filter((other) => !missing.includes(other))) {
      const text = `interface ${name} is there, listening on it`;
      log.write({ level: "notice", event: "interface-found", text, detail: { name } });
    }
    this.#missing = missing;
  }
}

/** Returns what is to be said of those interfaces of the configuration that are ports, by their names there. */
function portsOf(devices: ReadonlyMap<string, NetworkDevice>): ReadonlyMap<string, string> {
  return new Map(
    [...devices].flatMap(([name, { master }]) => {
      const text = `interface ${name} is a port of ${master}: knocks may not arrive, name ${master}`;
      return master === undefined ? [] : [[name, text] as const];
    }),
  );
}
