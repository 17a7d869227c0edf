import { endianness } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import * as libc from "../../src/ffi/libc.ts";
import { interfaceIndex } from "../../src/ffi/packet-socket.ts";
import { frameOf } from "./frames.ts";
import type { Knock } from "./streams.ts";
import { sendTime, ticks, tolerance } from "./timetable.ts";

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;

/** Puts ready-made frames on several interfaces of this namespace: each frame on all of them. */
export class Injector {
  readonly #fd: number;
  readonly #interfaces: readonly Uint8Array[];

  constructor(interfaces: readonly string[]) {
    this.#fd = libc.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (this.#fd < 0) throw libc.systemError("SYSTEM", "cannot open a raw socket");
    this.#interfaces = interfaces.map((name) => linkAddress(this.#fd, name));
  }

  close(): void {
    libc.close(this.#fd);
  }

  /**
   * Sends them by the timetable, from the next whole second on; what comes too late for its moment,
   * and all after it, is put off by whole seconds. When each burst was sent; undefined if this
   * machine was too slow even so.
   */
  async send(knocks: readonly Knock[]): Promise<readonly number[] | undefined> {
    const bursts = Array.from({ length: ticks }, (_, tick) =>
      knocks.filter((knock) => knock.tick === tick).map(frameOf),
    );
    const start = Math.ceil((Date.now() + tolerance) / 1_000) * 1_000;
    const times: number[] = [];
    const offset = clockOffset();
    let delay = 0;
    let steady = true;
    for (const [tick, frames] of bursts.entries()) {
      const due = () => start + sendTime(tick) + delay;
      await sleep(Math.max(0, due() - Date.now()));
      while (Date.now() - due() > tolerance / 2) {
        delay += 1_000;
        await sleep(Math.max(0, due() - Date.now()));
      }
      for (const frame of frames) this.#put(frame);
      steady &&= Date.now() - due() <= tolerance;
      steady &&= Math.abs(clockOffset() - offset) <= tolerance;
      times.push(sendTime(tick) + delay);
    }
    return steady ? times : undefined;
  }

  #put(frame: Uint8Array): void {
    for (const address of this.#interfaces) {
      if (libc.sendto(this.#fd, frame, frame.length, 0, address, address.length) < 0) {
        throw libc.systemError("SYSTEM", "cannot send a frame");
      }
    }
  }
}

/** struct sockaddr_ll (linux/if_packet.h): of what it holds, sending needs the interface alone. */
function linkAddress(fd: number, name: string): Uint8Array {
  const index = interfaceIndex(fd, name);
  if (index === undefined) throw new Error(`there is no interface ${name}`);
  const fields = new DataView(new ArrayBuffer(20));
  fields.setUint16(0, AF_PACKET, endianness() === "LE");
  fields.setInt32(4, index, endianness() === "LE");
  return new Uint8Array(fields.buffer);
}

/** How far the date is ahead of the clock that nobody sets: milliseconds. */
function clockOffset(): number {
  return Date.now() - performance.now();
}
