import type { Clock } from "../../src/base/clock.ts";
import type { OpenedService, Service } from "../../src/base/service.ts";
import { formatService } from "../../src/base/service.ts";
import type { NativeBackend, OpenElement, RunningTrial } from "../../src/firewall/backend.ts";
import type { Starter } from "../../src/firewall/backends.ts";
import type { FirewallResult, NativeAccess } from "../../src/firewall/firewall.ts";

/** A kernel that only remembers what it has open, and until when. */
export class MemoryBackend implements NativeBackend {
  readonly #clock: Clock;
  readonly #open = new Map<string, OpenElement & { readonly until: number }>();
  #failure: Error | undefined;
  #refusal: Error | undefined;
  #trial: RunningTrial | undefined;
  readonly problems: readonly string[] = [];
  services: readonly Service[];

  constructor(clock: Clock, services: readonly Service[]) {
    this.#clock = clock;
    this.services = services;
  }

  readonly open = ({ source, method }: NativeAccess, length: number): Promise<FirewallResult> => {
    const until = this.#clock.now() + length;
    for (const service of method.services) {
      const before = this.#open.get(keyOf(source, service))?.until ?? 0;
      const element = { source, service, milliseconds: 0, until: Math.max(before, until) };
      this.#open.set(keyOf(source, service), element);
    }
    return Promise.resolve({ kind: "done" });
  };

  readonly close = ({ source, method }: NativeAccess): Promise<FirewallResult> => {
    if (this.#failure !== undefined) {
      return Promise.resolve({ kind: "not-started", reason: this.#failure.message });
    }
    for (const service of method.services) this.#open.delete(keyOf(source, service));
    return Promise.resolve({ kind: "done" });
  };

  readonly listOpen = (): Promise<readonly OpenElement[]> => {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const all = [...this.#open.values()].map(({ until, ...element }) => {
      return { ...element, milliseconds: until - this.#clock.now() };
    });
    return Promise.resolve(all.filter(({ milliseconds }) => milliseconds > 0));
  };

  readonly protect = (services: readonly Service[], trial?: RunningTrial): Promise<void> => {
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal);
    this.services = services;
    this.#trial = trial;
    return Promise.resolve();
  };

  readonly listProtected = (): readonly Service[] => {
    if (this.#failure !== undefined) throw this.#failure;
    const trial = this.#trial;
    return [...this.services, ...(trial !== undefined && trial.left() > 0 ? trial.services : [])];
  };

  readonly renew = (): Promise<void> => Promise.resolve();
  readonly release = (): Promise<void> => Promise.resolve();

  /** From now on the kernel answers nothing, and closes nothing. */
  fail(error: Error): void {
    this.#failure = error;
  }

  /** The kernel keeps its rules until this is called with `undefined`. */
  refuse(error: Error | undefined): void {
    this.#refusal = error;
  }

  /** Forgets what is open, as if another program had flushed the sets. */
  flush(): void {
    this.#open.clear();
  }
}

/** Starts one backend, and hands it to `onStart`. */
export function memoryStarter(onStart: (backend: MemoryBackend) => void = () => {}): Starter {
  return {
    start: ({ clock }, services) => {
      const backend = new MemoryBackend(clock, services);
      onStart(backend);
      return Promise.resolve(backend);
    },
    unprotect: () => Promise.resolve(),
  };
}

function keyOf(source: NativeAccess["source"], service: OpenedService): string {
  return `${source} ${formatService(service)}`;
}
