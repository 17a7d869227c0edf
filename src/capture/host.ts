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
  #byLastWord: ReadonlyMap<number, readonly InterfaceAddress[]> = new Map();
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
   * address of this host, or the broadcast address of one of its networks. A link-local address counts
   * on its own interface alone; `interfaceIndex` is 0 if that is unknown. Never asks the kernel.
   */
  isLocalSource(source: Address, interfaceIndex: number): boolean {
    const own = this.#byLastWord.get(source.w3)?.filter(({ address }) => address.equals(source));
    if (own?.some((one) => !isLinkLocal(source) || isOn(one, interfaceIndex))) return true;
    return source.family === 4 && this.#broadcasts.has(source.w3);
  }

  /** Reads the addresses again. If that fails, keeps the old ones and throws. */
  refresh(): void {
    this.#readAt = this.#clock.now();
    const found = new Map<number, InterfaceAddress[]>();
    const interfaces = this.#read();
    for (const one of interfaces) {
      const { w3 } = one.address;
      found.set(w3, [...(found.get(w3) ?? []), one]);
    }
    this.#byLastWord = found;
    this.#broadcasts = new Set(interfaces.flatMap(broadcastsOf));
  }

  /** All addresses, in the kernel's order. */
  addresses(): Address[] {
    return [...this.#byLastWord.values()].flat().map(({ address }) => address);
  }

  #knows(address: Address): boolean {
    return this.#byLastWord.get(address.w3)?.some((own) => own.address.equals(address)) ?? false;
  }
}

function isOn({ interfaceIndex }: InterfaceAddress, index: number): boolean {
  return index === 0 || index === interfaceIndex;
}

/** RFC 4291 §2.5.6: each link has its own. */
function isLinkLocal({ w0, family }: Address): boolean {
  return family === 6 && w0 >>> 22 === 0x3fa;
}

/** RFC 919 §7: the last address of the network; RFC 3021: networks of two addresses have none. */
function broadcastsOf({ network, broadcast }: InterfaceAddress): number[] {
  const set = broadcast === undefined ? [] : [broadcast.w3];
  const hostBits = 128 - network.bits;
  if (network.base.family === 6 || hostBits < 2 || hostBits > 31) return set;
  return [...set, (network.base.w3 | (2 ** hostBits - 1)) >>> 0];
}
