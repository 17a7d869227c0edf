import { createSocket } from "node:dgram";
import { once } from "node:events";
import { endianness } from "node:os";
import koffi from "koffi";
import { expect, onTestFinished, test } from "vitest";
import * as libc from "./libc.ts";
import { watchReadable } from "./readable.ts";

const AF_INET = 2;
const SOCK_DGRAM = 2;
const MSG_DONTWAIT = 0x40;
const ECONNREFUSED = 111;

const library = koffi.load("libc.so.6");
const connect: (fd: number, address: Uint8Array, length: number) => number = library.func(
  "int connect(int, const void *, uint32_t)",
);

/** struct sockaddr_in: this port of 127.0.0.1 */
function local(port: number): Uint8Array {
  const address = new Uint8Array(16);
  const fields = new DataView(address.buffer);
  fields.setUint16(0, AF_INET, endianness() === "LE");
  fields.setUint16(2, port);
  address.set([127, 0, 0, 1], 4);
  return address;
}

test("a socket is watched on after an error of it was read", async () => {
  const peer = createSocket("udp4").bind(0, "127.0.0.1");
  await once(peer, "listening");
  const { port } = peer.address();
  const fd = libc.socket(AF_INET, SOCK_DGRAM, 0);
  connect(fd, local(port), 16);
  const seen: (string | number)[] = [];
  const buffer = new Uint8Array(100);
  const watch = watchReadable(fd, () => {
    const length = libc.recv(fd, buffer, buffer.length, MSG_DONTWAIT);
    seen.push(length < 0 ? libc.errno() : new TextDecoder().decode(buffer.subarray(0, length)));
  });
  onTestFinished(() => {
    watch.close();
    libc.close(fd);
  });
  const say = (text: string) =>
    libc.sendto(fd, new TextEncoder().encode(text), text.length, 0, new Uint8Array(0), 0);
  peer.close();
  await once(peer, "close");
  say("anybody?");
  await expect.poll(() => seen).toEqual([ECONNREFUSED]);
  const again = createSocket("udp4").bind(port, "127.0.0.1");
  await once(again, "listening");
  again.on("message", (text, { port: back }) => again.send(`${text}, too`, back, "127.0.0.1"));
  say("you");
  await expect.poll(() => seen).toEqual([ECONNREFUSED, "you, too"]);
  again.close();
});
