import { endianness } from "node:os";
import { expect, test } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { Ring } from "../../src/capture/ring.ts";
import * as libc from "../../src/ffi/libc.ts";
import { needs } from "./requirements.ts";

const AF_INET = 2;
const SOCK_DGRAM = 2;
const port = 7000;

/** Sends a datagram to this host itself: it has arrived when this returns. */
function send(fd: number): void {
  // struct sockaddr_in: family, port (network order), 127.0.0.1
  const address = new DataView(new ArrayBuffer(16));
  address.setUint16(0, AF_INET, endianness() === "LE");
  address.setUint16(2, port);
  address.setUint32(4, 0x7f000001);
  libc.sendto(fd, new Uint8Array(1), 1, 0, new Uint8Array(address.buffer), 16);
}

test.skipIf(needs())("packets that take long leave turns to timers and the disk", async () => {
  const packets = 100;
  const fd = libc.socket(AF_INET, SOCK_DGRAM, 0);
  let turns = 0;
  let timer = setImmediate(function turn() {
    turns++;
    timer = setImmediate(turn);
  });
  const seen: number[] = [];
  let resolve = () => {};
  const done = new Promise<void>((settle) => {
    resolve = settle;
  });
  const ring = new Ring(["lo"], systemClock, () => {
    if (seen.push(turns) === packets) return resolve();
    const start = systemClock.now();
    while (systemClock.now() - start < 2);
  });
  try {
    ring.watch({ tcp: new Set(), udp: new Set([port]) });
    for (let i = 0; i < packets; i++) send(fd);
    await done;
  } finally {
    clearImmediate(timer);
    ring.close();
    libc.close(fd);
  }
  expect((seen.at(-1) ?? 0) - (seen[0] ?? 0)).toBeGreaterThan(1);
});

test.skipIf(needs())(
  "a packet that comes while others are worked on bears its own time",
  async () => {
    const busy = 80;
    const fd = libc.socket(AF_INET, SOCK_DGRAM, 0);
    const times: number[] = [];
    let resolve = () => {};
    const done = new Promise<void>((settle) => {
      resolve = settle;
    });
    const ring = new Ring(["lo"], systemClock, ({ time }) => {
      times.push(time);
      if (times.length === 2) return resolve();
      const start = systemClock.now();
      while (systemClock.now() - start < busy);
      send(fd);
    });
    try {
      ring.watch({ tcp: new Set(), udp: new Set([port]) });
      send(fd);
      await done;
    } finally {
      ring.close();
      libc.close(fd);
    }
    const [first = 0, second = 0] = times;
    expect(second - first).toBeGreaterThan(busy - 5);
    expect(second).toBeLessThanOrEqual(systemClock.now());
  },
);
