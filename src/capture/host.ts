import type { Address } from "../base/address.ts";
import type { Clock } from "../base/clock.ts";
import { longAgo } from "../base/time.ts";
import type { InterfaceAddress } from "../ffi/rtnetlink.ts";
import { hostAddresses } from "../ffi/rtnetlink.ts";

/** The least time between two requests to the kernel that foreign packets cause: milliseconds. */
const rereadInterval = 1000;

/** The addresses of this host, kept up to date. */
export class Host {
  readonly #clock: Clock;
  readonly #read: () => InterfaceAddress[];
  /** By their last 32 bits, which are nearly always different. */
  #byLastWord: ReadonlyMap<number, readonly Address[]> = new Map();
  /** The broadcast addresses of this host's IPv4 networks. */
  #broadcasts: ReadonlySet<number> = new Set();
  #readAt = longAgo;

  constructor(clock: Clock, read: () => InterfaceAddress[] = hostAddresses) {
    this.#clock = clock;
    this.#read = read;
  }

  /** Returns whether this host has the address now. */
  has(address: Address): boolean {
    if (this.#knows(address)) return true;
    // The event of a new address may not have arrived yet.
    if (this.#clock.now() - this.#readAt < rereadInterval) return false;
    this.refresh();
    return this.#knows(address);
  }

  /**
   * Returns whether a packet with this source cannot have come from another host: the source is an
   * address of this host, or the broadcast address of one of its networks. Never asks the kernel.
   */
  isLocalSource(source: Address): boolean {
    return this.#knows(source) || (source.family === 4 && this.#broadcasts.has(source.w3));
  }

  /** Reads the addresses again. If that fails, keeps the old ones and throws. */
  refresh(): void {
    this.#readAt = this.#clock.now();
    const found = new Map<number, Address[]>();
    const interfaces = this.#read();
    for (const { address } of interfaces) {
      found.set(address.w3, [...(found.get(address.w3) ?? []), address]);
    }
    this.#byLastWord = found;
    this.#broadcasts = new Set(interfaces.flatMap(broadcastsOf));
  }

  /** All addresses, in the kernel's order. */
  addresses(): Address[] {
    return [...this.#byLastWord.values()].flat();
  }

  #knows(address: Address): boolean {
    return this.#byLastWord.get(address.w3)?.some((own) => own.equals(address)) ?? false;
  }
}

/** RFC 919 §7: the last address of the network; RFC 3021: networks of two addresses have none. */
function broadcastsOf({ network, broadcast }: InterfaceAddress): number[] {
  const set = broadcast === undefined ? [] : [broadcast.w3];
  const hostBits = 128 - network.bits;
  if (network.base.family === 6 || hostBits < 2 || hostBits > 31) return set;
  return [...set, (network.base.w3 | (2 ** hostBits - 1)) >>> 0];
}
