import { endianness } from "node:os";
import * as libc from "../../src/ffi/libc.ts";
import { openUnixDatagram } from "../../src/ffi/unix-datagram.ts";

const AF_UNIX = 1;
const MSG_DONTWAIT = 0x40;

/** Listens for datagrams at a unix address; one that begins with a NUL is abstract, and exact in its length. */
export class Datagrams {
  readonly #fd = openUnixDatagram();
  readonly #received: string[] = [];

  constructor(path: string) {
    const name = new TextEncoder().encode(path.startsWith("\0") ? path : `${path}\0`);
    const address = new Uint8Array(2 + name.length);
    new DataView(address.buffer).setUint16(0, AF_UNIX, endianness() === "LE");
    address.set(name, 2);
    if (libc.bind(this.#fd, address, address.length) !== 0) {
      throw libc.systemError("SYSTEM", `cannot listen at ${path}`);
    }
  }

  /** The datagrams so far. */
  get received(): readonly string[] {
    const buffer = new Uint8Array(8192);
    for (;;) {
      const length = libc.recv(this.#fd, buffer, buffer.length, MSG_DONTWAIT);
      if (length < 0) return this.#received;
      this.#received.push(new TextDecoder().decode(buffer.subarray(0, length)));
    }
  }

  close(): void {
    libc.close(this.#fd);
  }
}
