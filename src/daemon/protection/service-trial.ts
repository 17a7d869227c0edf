import type { Clock } from "../../base/clock.ts";
import type { Service } from "../../base/service.ts";
import { formatService } from "../../base/service.ts";
import type { Monotonic } from "../../base/time.ts";
import { later } from "../../base/time.ts";
import type { RunningTrial } from "../../firewall/backend.ts";

interface ServiceTrialParts {
  readonly clock: Clock;
  readonly until: Monotonic;
  readonly cancelWake: () => void;
}

/** Services that are protected for a while, unless an administrator confirms them meanwhile. */
export class ServiceTrial implements RunningTrial {
  readonly services: readonly Service[];
  readonly #parts: ServiceTrialParts;

  private constructor(services: readonly Service[], parts: ServiceTrialParts) {
    this.services = services;
    this.#parts = parts;
  }

  /** Begins a trial of so many milliseconds. `onEnd` is called after them, unless the trial was stopped. */
  static begin(
    services: readonly Service[],
    milliseconds: number,
    { clock, onEnd }: { readonly clock: Clock; readonly onEnd: () => void },
  ): ServiceTrial {
    const until = later(clock.now(), milliseconds);
    return new ServiceTrial(services, { clock, until, cancelWake: clock.wakeAt(until, onEnd) });
  }

  /** Returns the milliseconds that are left; 0 or less once the time is over. */
  readonly left = (): number => this.#parts.until - this.#parts.clock.now();

  /** Returns the services that are among `chosen`, and the trial of the others, which ends at the same time. */
  split(chosen: readonly Service[]): {
    readonly kept: readonly Service[];
    readonly rest: ServiceTrial | undefined;
  } {
    const names = new Set(chosen.map(formatService));
    const isKept = (service: Service) => names.has(formatService(service));
    const rest = this.services.filter((service) => !isKept(service));
    return {
      kept: this.services.filter(isKept),
      rest: rest.length === 0 ? undefined : new ServiceTrial(rest, this.#parts),
    };
  }

  /** Has `onEnd` not called any more, nor that of the trial of which this is the rest. */
  stop(): void {
    this.#parts.cancelWake();
  }
}
