import type { AccessRequest, Lease } from "./lease.ts";
import type { LeaseRegistry } from "./lease-registry.ts";
import type { LoggedFirewall } from "./logged-firewall.ts";
import { TaskLimiter } from "./task-limiter.ts";

/** Closes leases. Closings have slots of their own, so that they never wait behind openings. */
export class Closings {
  readonly #registry: LeaseRegistry;
  readonly #firewall: LoggedFirewall;
  readonly #slots: TaskLimiter;

  /** `most`: how many run at once. */
  constructor(registry: LeaseRegistry, firewall: LoggedFirewall, most: number) {
    this.#registry = registry;
    this.#firewall = firewall;
    this.#slots = new TaskLimiter(most, Number.POSITIVE_INFINITY);
  }

  /** How many run or wait for a slot. */
  get size(): number {
    return this.#slots.size;
  }

  /** Closes a lease, and carries out `reopen` afterwards. Resolves when it is closed. */
  async close({ id }: Lease, reopen?: AccessRequest): Promise<void> {
    this.#registry.record({ op: "close", id });
    if (reopen !== undefined) this.#registry.step({ op: "reopen", id, request: reopen });
    await this.#slots.run(String(id), () => this.#run(id));
  }

  /** Closes what a start command that still runs may have opened. The lease stays. */
  async closeEarly({ id, access }: Lease): Promise<void> {
    await this.#slots.run(`${id} early`, () => this.#firewall.close(access));
  }

  /** Resolves when nothing is being closed. */
  idle(): Promise<void> {
    return this.#slots.idle();
  }

  /** Starts all closings that wait for a slot. */
  runAllNow(): void {
    this.#slots.runAllNow();
  }

  async #run(id: number): Promise<void> {
    const lease = this.#registry.get(id);
    if (lease === undefined) return;
    await this.#firewall.close(lease.access);
    this.#registry.remove(lease);
  }
}
