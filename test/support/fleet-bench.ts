import type { FleetConfiguration } from "../../src/fleet/configuration.ts";
import { Fleet } from "../../src/fleet/fleet.ts";
import type { FleetOptions } from "../../src/fleet/fleet-options.ts";
import type { HolderChange } from "../../src/fleet/knowledge.ts";
import type { StampedHolder } from "../../src/fleet/local-leases.ts";
import { FleetSeal } from "../../src/fleet/seal.ts";
import type { SingleUse } from "../../src/fleet/single-use.ts";
import type { FleetTime } from "../../src/fleet/stamp.ts";
import type { HolderSubject } from "../../src/fleet/subject.ts";
import { keyOfSubject } from "../../src/fleet/subject.ts";
import { ManualClock } from "./manual-clock.ts";
import { MemoryStore } from "./memory-board.ts";
import { address } from "./packets.ts";

const fleetKey: Buffer = Buffer.alloc(32, 7);

/** The holder that a sequence makes of a source: 192.0.2.N. */
export const holderOfSource = (n: number, who = ""): HolderSubject => ({
  kind: "holder",
  door: "ssh",
  nth: 1,
  source: address(`192.0.2.${n}`),
  who,
});

/** A gateway that keeps account of what it would have open for others. */
export class FleetGateway {
  readonly name: string;
  readonly fleet: Fleet;
  /** Until when others' holders stay, as the changes said. */
  readonly heard = new Map<string, FleetTime>();
  /** What others used, and what others used, too. */
  readonly used: SingleUse[] = [];
  readonly usedTwice: SingleUse[] = [];
  readonly stamped: StampedHolder[] = [];
  readonly delays: number[] = [];
  readonly lines: string[] = [];
  configuration: FleetConfiguration = { users: "", knockPort: "", freshness: "60", doors: [] };
  /** What its closings wait for. */
  closing: Promise<void> | undefined;
  readonly changes: HolderChange[] = [];
  #ended: Promise<void> | undefined;

  constructor(
    name: string,
    options: Pick<FleetOptions, "clock" | "connect"> & Partial<FleetOptions>,
  ) {
    this.name = name;
    this.fleet = new Fleet({
      gateway: name,
      version: "1",
      seal: new FleetSeal("office", [fleetKey]),
      configuration: () => this.configuration,
      openLeases: () => this.heard.size,
      onDelay: (milliseconds) => this.delays.push(milliseconds),
      onChange: (changes) => {
        this.changes.push(...changes);
        for (const { holder, after } of changes) {
          const key = keyOfSubject(holder);
          if (after === undefined) this.heard.delete(key);
          else this.heard.set(key, after.end);
        }
        return this.closing;
      },
      onStamped: (stamped) => this.stamped.push(...stamped),
      onUsed: (uses) => this.used.push(...uses),
      onDoubleUse: (use) => this.usedTwice.push(use),
      onJoined: () => this.lines.push("joined"),
      onLost: (why) => this.lines.push(`lost: ${why}`),
      ...options,
    });
  }

  start(): this {
    this.#ended = this.fleet.run();
    return this;
  }

  /** Drops the lists of what was told, which grow for ever. */
  forgetNews(): void {
    for (const list of [this.used, this.usedTwice, this.stamped, this.delays, this.changes]) {
      list.length = 0;
    }
  }

  async stop(): Promise<void> {
    this.fleet.stop();
    await this.#ended;
  }
}

/** Gateways around a store in memory, in a time that stands still between the steps. */
export class FleetBench {
  readonly clock: ManualClock = new ManualClock(1_767_225_600_000);
  readonly store: MemoryStore = new MemoryStore(this.clock);
  readonly gateways: FleetGateway[] = [];

  async add(name: string, options: Partial<FleetOptions> = {}): Promise<FleetGateway> {
    const gateway = this.make(name, options).start();
    await this.settle();
    return gateway;
  }

  /** Makes a gateway that is not started. */
  make(name: string, options: Partial<FleetOptions> = {}): FleetGateway {
    const { clock, store } = this;
    const gateway = new FleetGateway(name, { clock, connect: () => store.open(), ...options });
    this.gateways.push(gateway);
    return gateway;
  }

  /** Lets everything happen that waits for no time. */
  async settle(): Promise<void> {
    for (let i = 0; i < 60; i++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Lets so many milliseconds pass. */
  async pass(length: number): Promise<void> {
    const step = 500;
    for (let left = length; left > 0; left -= step) {
      this.clock.advance(Math.min(step, left));
      await this.settle();
    }
  }

  /** Lets the store come back, and all join it again. */
  async restart(): Promise<void> {
    this.store.isDown = false;
    await this.pass(3_000);
  }

  async close(): Promise<void> {
    await Promise.all(this.gateways.map((gateway) => gateway.stop()));
  }
}
