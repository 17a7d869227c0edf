import type { Clock } from "../../base/clock.ts";
import type { Firewall, Outcome, Passage } from "../../firewall/firewall.ts";
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
  readonly outcomes: Record<Outcome["kind"], number> = {
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
  readonly pretends: boolean;
  /** By the kind of passage, and by what was done. */
  readonly meters: Readonly<Record<Passage["way"]["kind"], Readonly<Record<Action, Meter>>>> = {
    command: { open: new Meter(commandBounds), close: new Meter(commandBounds) },
    native: { open: new Meter(nativeBounds), close: new Meter(nativeBounds) },
  };

  constructor(firewall: Firewall, clock: Clock) {
    this.#firewall = firewall;
    this.#clock = clock;
    this.pretends = firewall.pretends ?? false;
  }

  open(passage: Passage, length: number, hold?: number): Promise<Outcome> {
    const since = this.#clock.now();
    return this.#measure("open", passage, since, this.#firewall.open(passage, length, hold));
  }

  close(passage: Passage): Promise<Outcome> {
    const since = this.#clock.now();
    return this.#measure("close", passage, since, this.#firewall.close(passage));
  }

  async #measure(
    action: Action,
    { way }: Passage,
    since: number,
    outcome: Promise<Outcome>,
  ): Promise<Outcome> {
    const ended = await outcome;
    const meter = this.meters[way.kind][action];
    meter.seconds.observe((this.#clock.now() - since) / 1000);
    meter.outcomes[ended.kind]++;
    return ended;
  }
}
