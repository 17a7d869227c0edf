import type { Clock } from "../../base/clock.ts";
import type { Monotonic } from "../../base/time.ts";
import type { Access, Firewall, FirewallResult } from "../../firewall/firewall.ts";
import { Histogram } from "./histogram.ts";

/** A command is a process: milliseconds at least, and as long as it likes. In seconds. */
const commandBounds = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];

/** A call of the kernel. In seconds. */
const nativeBounds = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.1, 1];

export const actions = ["open", "close"] as const;

type Action = (typeof actions)[number];

/** How one way to open and close went so far. */
class Meter {
  readonly seconds: Histogram;
  readonly outcomes: Record<FirewallResult["kind"], number> = {
    done: 0,
    failed: 0,
    killed: 0,
    "timed-out": 0,
    "not-started": 0,
  };

  constructor(bounds: readonly number[]) {
    this.seconds = new Histogram(bounds);
  }
}

/** A firewall that counts, and tells how long things took. */
export class MeteredFirewall implements Firewall {
  readonly #firewall: Firewall;
  readonly #clock: Clock;
  readonly isDryRun: boolean;
  /** By the kind of access, and by what was done. */
  readonly meters: Readonly<Record<Access["method"]["kind"], Readonly<Record<Action, Meter>>>> = {
    command: { open: new Meter(commandBounds), close: new Meter(commandBounds) },
    native: { open: new Meter(nativeBounds), close: new Meter(nativeBounds) },
  };

  constructor(firewall: Firewall, clock: Clock) {
    this.#firewall = firewall;
    this.#clock = clock;
    this.isDryRun = firewall.isDryRun ?? false;
  }

  open(access: Access, length: number, hold?: number): Promise<FirewallResult> {
    const since = this.#clock.now();
    return this.#measure("open", access, since, this.#firewall.open(access, length, hold));
  }

  close(access: Access): Promise<FirewallResult> {
    const since = this.#clock.now();
    return this.#measure("close", access, since, this.#firewall.close(access));
  }

  async #measure(
    action: Action,
    { method }: Access,
    since: Monotonic,
    outcome: Promise<FirewallResult>,
  ): Promise<FirewallResult> {
    const ended = await outcome;
    const meter = this.meters[method.kind][action];
    meter.seconds.observe((this.#clock.now() - since) / 1000);
    meter.outcomes[ended.kind]++;
    return ended;
  }
}
