import type { Address } from "../base/address.ts";
import type { Clock } from "../base/clock.ts";
import type { Monotonic } from "../base/time.ts";
import { later } from "../base/time.ts";
import type { Closings } from "./closings.ts";
import { holderOf } from "./holders.ts";
import type { AccessRequest, Lease } from "./lease.ts";
import type { LeaseRegistry } from "./lease-registry.ts";
import type { LeaseWitness } from "./lease-witness.ts";
import type { LoggedFirewall } from "./logged-firewall.ts";

export interface NativeLeasesParts {
  readonly clock: Clock;
  readonly registry: LeaseRegistry;
  readonly firewall: LoggedFirewall;
  readonly closings: Closings;
  readonly witness: LeaseWitness | undefined;
}

/** Opens leases that the kernel closes. */
export class NativeLeases {
  readonly #parts: NativeLeasesParts;

  constructor(parts: NativeLeasesParts) {
    this.#parts = parts;
  }

  /** Opens a lease, or refreshes one that is open, for `length` milliseconds. Resolves to false if that failed. */
  async open({ id, access }: Lease, length: number): Promise<boolean> {
    const { clock, registry, firewall, witness } = this.#parts;
    const opened = await firewall.open(access, length);
    const lease = registry.get(id);
    // Of several knocks at once the first that gets here does the rest.
    if (lease?.state.kind !== "starting") return opened;
    if (!opened) {
      registry.remove(lease);
      return false;
    }
    // The kernel closes by itself, so the journal can wait until it is open.
    registry.writeBeginning(lease);
    const due = later(clock.now(), lease.length);
    registry.record({ op: "opened", id, due });
    firewall.logOpened(lease, length);
    const { closeWhenStarted } = lease.state;
    if (closeWhenStarted !== undefined) {
      void this.#parts.closings.close(lease, closeWhenStarted.reopen);
    } else if (access.origin === undefined) witness?.opened(access, holderOf(access), due);
    return true;
  }

  /** Records that the kernel opened by itself, at `since`, until `due`; from now on it is open as other leases are. */
  adopt(request: AccessRequest, since: Monotonic, due: Monotonic): void {
    const { registry, firewall } = this.#parts;
    const lease = registry.begin(request, since);
    registry.writeBeginning(lease);
    registry.record({ op: "opened", id: lease.id, due });
    firewall.logAdopted(request.access, since, due);
    const adopted = registry.get(lease.id);
    if (adopted !== undefined) this.reopen(adopted);
  }

  /** Opens again, with the time that is left, all that should be open, or what should be open to `source`. */
  reopenAll(source?: Address): void {
    for (const lease of this.#parts.registry.leases) {
      if (source === undefined || lease.access.source.equals(source)) this.reopen(lease);
    }
  }

  /** Opens a lease again with the time that is left. */
  reopen(lease: Lease): void {
    if (lease.access.method.kind !== "native" || lease.state.kind === "closing") return;
    void this.open(lease, lease.due - this.#parts.clock.now());
  }
}
