import type { Address } from "../base/address.ts";
import type { Clock } from "../base/clock.ts";
import { hostAddresses } from "../ffi/rtnetlink.ts";

/** How often, at most, packets for strangers make us ask the kernel again: milliseconds. */
const rereadInterval = 1000;

/** The addresses of this host, followed as they come and go. */
export class Host {
  readonly #clock: Clock;
  readonly #read: () => Address[];
  /** By their last 32 bits, which tell nearly all apart. */
  #byLastWord: ReadonlyMap<number, readonly Address[]> = new Map();
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, read: () => Address[] = hostAddresses) {
    this.#clock = clock;
    this.#read = read;
  }

  /** Is this one of our addresses, now? */
  has(address: Address): boolean {
    if (this.#knows(address)) return true;
    // An address may have come that we were not told of yet.
    if (this.#clock.now() - this.#readAt < rereadInterval) return false;
    this.refresh();
    return this.#knows(address);
  }

  /** Asks the kernel again, now. What cannot be read leaves the addresses as they were, and is thrown. */
  refresh(): void {
    this.#readAt = this.#clock.now();
    const found = new Map<number, Address[]>();
    for (const address of this.#read()) {
      found.set(address.w3, [...(found.get(address.w3) ?? []), address]);
    }
    this.#byLastWord = found;
  }

  /** All of them, in the kernel's order. */
  addresses(): Address[] {
    return [...this.#byLastWord.values()].flat();
  }

  #knows(address: Address): boolean {
    return this.#byLastWord.get(address.w3)?.some((own) => own.equals(address)) ?? false;
  }
}
