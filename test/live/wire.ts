import { closeSync, openSync, writeSync } from "node:fs";
import { endianness } from "node:os";
import koffi from "koffi";
import * as libc from "../../src/ffi/libc.ts";
import { run } from "./run.ts";

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const littleEndian = endianness() === "LE";

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const VLAN = 0x8100;

/** Nobody's hardware address. */
export const stranger: Uint8Array = Uint8Array.of(2, 0, 0, 0, 0, 0x99);

/**
 * A cable in this process's own network namespace: what is put in at `far` comes out at `near`, as if
 * from outside.
 */
export class Wire {
  readonly near: string;
  readonly far: string;
  readonly #fd: number;
  #ends: Record<string, { readonly index: number; readonly mac: Uint8Array }> = {};

  private constructor(near: string, far: string) {
    this.near = near;
    this.far = far;
    this.#fd = libc.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (this.#fd < 0) throw libc.systemError("SYSTEM", "cannot open a packet socket");
  }

  /** Lays a cable between two interfaces of these names, which have no addresses. */
  static async lay(near = "near", far = "far"): Promise<Wire> {
    const wire = new Wire(near, far);
    await wire.plugIn();
    return wire;
  }

  /** Makes the interfaces; again after `cut`: they have other indexes then. */
  async plugIn(): Promise<void> {
    await run(["ip", "link", "add", this.near, "type", "veth", "peer", "name", this.far]);
    for (const name of [this.near, this.far]) {
      // Else IPv6 would send packets that no test asked for.
      const quiet = `echo 1 2>/dev/null >/proc/sys/net/ipv6/conf/${name}/disable_ipv6 || :`;
      await run(["sh", "-c", quiet]);
      await run(["ip", "link", "set", name, "up"]);
    }
    const { stdout } = await run(["ip", "-json", "link", "show"]);
    const links = JSON.parse(stdout) as { ifname: string; ifindex: number; address: string }[];
    this.#ends = Object.fromEntries(
      links.map(({ ifname, ifindex, address }) => [
        ifname,
        { index: ifindex, mac: Uint8Array.from(Buffer.from(address.replaceAll(":", ""), "hex")) },
      ]),
    );
  }

  /** Removes the interfaces. */
  async cut(): Promise<void> {
    await run(["ip", "link", "del", this.near]);
  }

  async close(): Promise<void> {
    libc.close(this.#fd);
    await run(["ip", "link", "del", this.near], { ok: "any" });
  }

  /** The number of one of the interfaces. */
  index(name: string): number {
    return this.#end(name).index;
  }

  /** IP packets that come out at `near`. */
  send(...packets: readonly Uint8Array[]): void {
    for (const packet of packets) this.inject(this.far, this.#end(this.near).mac, packet);
  }

  /** An IP packet that leaves by `name`, for whom `mac` stands; with VLAN tags if given. */
  inject(name: string, mac: Uint8Array, packet: Uint8Array, tags: readonly number[] = []): void {
    const type = (packet[0] ?? 0) >> 4 === 6 ? IPV6 : IPV4;
    const words = [...tags.flatMap((tag) => [VLAN, tag]), type];
    const header = words.flatMap((word) => [word >> 8, word & 255]);
    const { index, mac: own } = this.#end(name);
    const frame = Uint8Array.from([...mac, ...own, ...header, ...packet]);
    // struct sockaddr_ll: family, protocol (network order), interface index
    const address = new Uint8Array(20);
    const fields = new DataView(address.buffer);
    fields.setUint16(0, AF_PACKET, littleEndian);
    fields.setUint16(2, words[0] ?? type, false);
    fields.setInt32(4, index, littleEndian);
    if (libc.sendto(this.#fd, frame, frame.length, 0, address, address.length) < 0) {
      throw libc.systemError("SYSTEM", `cannot send by ${name}`);
    }
  }

  #end(name: string): { readonly index: number; readonly mac: Uint8Array } {
    const end = this.#ends[name];
    if (end === undefined) throw new Error(`the wire has no end "${name}"`);
    return end;
  }
}

/** linux/if_tun.h */
const TUNSETIFF = 0x400454ca;
const IFF_TUN = 0x0001;
const IFF_NO_PI = 0x1000;

/** A tun device: what is written to it arrives as if from a tunnel, without any link header. */
export class Tunnel {
  readonly #fd: number;

  /** Throws where there is no /dev/net/tun. */
  constructor(name: string) {
    this.#fd = openSync("/dev/net/tun", "r+");
    const ioctl = koffi.load("libc.so.6").func("int ioctl(int, unsigned long, void *)");
    const request = new Uint8Array(40); // struct ifreq: name, flags
    request.set(new TextEncoder().encode(name));
    new DataView(request.buffer).setUint16(16, IFF_TUN | IFF_NO_PI, littleEndian);
    if (ioctl(this.#fd, TUNSETIFF, request) !== 0) {
      closeSync(this.#fd);
      throw libc.systemError("SYSTEM", "cannot make a tun device");
    }
  }

  send(...packets: readonly Uint8Array[]): void {
    for (const packet of packets) writeSync(this.#fd, packet);
  }

  close(): void {
    closeSync(this.#fd);
  }
}
