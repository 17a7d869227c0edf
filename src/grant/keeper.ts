import type { Clock } from "../base/clock.ts";
import type { Level, Log } from "../base/log.ts";
import type { Firewall, Outcome, Passage } from "../firewall/firewall.ts";
import type { Lease } from "./ledger.ts";
import { Ledger, ownerOf } from "./ledger.ts";
import { Slots } from "./slots.ts";

/** How many commands run at once; those that open and those that close are counted apart. */
const mostCommands = 64;

/** How many openings may wait for a slot, one for each door and source. */
const mostWaiting = 10_000;

/**
 * Carries out openings and closes what must be closed, on time: the one loop that holds state about
 * what is open. A slow command never delays another, and closings never wait behind openings.
 */
export class Keeper {
  readonly #firewall: Firewall;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #ledger = new Ledger();
  readonly #openings = new Slots(mostCommands, mostWaiting);
  readonly #closings = new Slots(mostCommands, Number.POSITIVE_INFINITY);
  #cancelWake: (() => void) | undefined;
  #stopping = false;

  constructor(firewall: Firewall, clock: Clock, log: Log) {
    this.#firewall = firewall;
    this.#clock = clock;
    this.#log = log;
  }

  /** The openings that will be closed by us. */
  get leases(): readonly Lease[] {
    return this.#ledger.leases;
  }

  /** True while a command runs or a lease is open. */
  get busy(): boolean {
    return this.#openings.size + this.#closings.size + this.#ledger.leases.length > 0;
  }

  /** Opens a door for whoever knocked, or extends the lease. Returns at once. */
  open(lease: Lease): void {
    if (this.#stopping) return;
    const { passage } = lease;
    if (passage.stop === undefined) {
      this.#enqueue(passage, () => this.#run("open", passage));
      return;
    }
    const answer = this.#ledger.knock(lease, this.#clock.now());
    if (answer === "open") this.#start(lease);
    else this.#tell("info", answer, passage, lifeAfter[answer]);
    this.#schedule();
  }

  /** Closes every lease now; fulfilled when all commands have ended. Nothing is opened any more. */
  async closeAll(): Promise<void> {
    this.#stopping = true;
    this.#cancelWake?.();
    for (const lease of this.#ledger.takeAll()) this.#stop(lease);
    // What is still being opened is closed right after.
    await this.#openings.idle();
    await this.#closings.idle();
  }

  #start(lease: Lease): void {
    const taken = this.#enqueue(lease.passage, async () => {
      await this.#run("open", lease.passage);
      this.#ledger.opened(lease, this.#clock.now());
      if (this.#stopping) for (const open of this.#ledger.takeAll()) this.#stop(open);
    });
    if (!taken) this.#ledger.closed(lease);
  }

  #stop(lease: Lease): void {
    this.#closings.run(ownerOf(lease.passage), async () => {
      await this.#run("close", lease.passage);
      const again = this.#ledger.closed(lease);
      if (again !== undefined) this.open(again);
    });
  }

  #enqueue(passage: Passage, task: () => Promise<void>): boolean {
    const taken = this.#openings.run(ownerOf(passage), async () => {
      await task();
      this.#schedule();
    });
    const waiting = `too many commands are waiting, ${passage.door} stays closed`;
    if (!taken) this.#tell("error", "overload", passage, waiting);
    return taken;
  }

  async #run(what: "open" | "close", passage: Passage): Promise<void> {
    const { door, source } = passage;
    const command = what === "open" ? passage.start : passage.stop;
    const text = `${door}: running command: ${command}`;
    this.#log.write({ level: "notice", event: "command", text, door, source, detail: { what } });
    const outcome = await this.#firewall[what](passage);
    const trouble = describe(outcome);
    const level = trouble === undefined ? "info" : "error";
    this.#log.write({
      level,
      event: "command-exit",
      text: `${door}: ${trouble ?? "command ended"}`,
      door,
      source,
      detail: { what, ...outcome },
    });
  }

  /** Wakes when the next lease ends, and not before. */
  #schedule(): void {
    this.#cancelWake?.();
    const due = this.#ledger.nextDue;
    this.#cancelWake =
      due === undefined ? undefined : this.#clock.wakeAt(due, () => this.#expire());
  }

  #expire(): void {
    for (const lease of this.#ledger.takeDue(this.#clock.now())) {
      this.#tell("notice", "expired", lease.passage, "command timeout");
      this.#stop(lease);
    }
    this.#schedule();
  }

  #tell(level: Level, event: string, { door, source }: Passage, what: string): void {
    this.#log.write({ level, event, text: `${source}: ${door}: ${what}`, door, source });
  }
}

const lifeAfter = {
  extended: "open already, stays open longer",
  waiting: "is being closed, opens again afterwards",
};

/** What went wrong; undefined if nothing did. */
function describe(outcome: Outcome): string | undefined {
  switch (outcome.kind) {
    case "done":
      return undefined;
    case "failed":
      return `command returned non-zero status code (${outcome.status})`;
    case "killed":
      return `command was killed by ${outcome.signal}`;
    case "not-started":
      return `command could not be started: ${outcome.reason}`;
  }
}
