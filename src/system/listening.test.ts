import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { listeningPorts, parseListening } from "./listening.ts";

/** A line of /proc/net/tcp. */
const line = (local: string, state: string, peer = "00000000:0000") =>
  `   0: ${local} ${peer} ${state} 00000000:00000000 00:00000000 00000000     0        0 4711 1 0`;
const none = "0".repeat(32);

describe("a line of the kernel's table", () => {
  test.each([
    ["a listener everywhere", line("00000000:0016", "0A"), [22]],
    ["a listener at one address", line("0100000A:1F90", "0A"), [8080]],
    ["a listener for IPv6", line(`${none}:0016`, "0A", `${none}:0000`), [22]],
    ["only this machine reaches it", line("0100007F:0016", "0A"), []],
    ["only this machine reaches it, at another address", line("3500007F:0035", "0A"), []],
    ["only this machine reaches it, IPv6", line(`${"0".repeat(24)}01000000:0016`, "0A"), []],
    [
      "only this machine reaches it, mapped",
      line("0000000000000000FFFF00000100007F:0016", "0A"),
      [],
    ],
    ["a connection", line("0100000A:0016", "01", "0200000A:C000"), []],
    ["the heading", "  sl  local_address rem_address   st tx_queue rx_queue", []],
    ["nothing", "", []],
  ])("%s", (_, text, ports) => expect(parseListening(text, "tcp", "LE")).toEqual(ports));

  test("of UDP: a socket without a peer waits, one with a peer does not", () => {
    expect(parseListening(line("00000000:0035", "07"), "udp", "LE")).toEqual([53]);
    expect(parseListening(line("00000000:0035", "01"), "udp", "LE")).toEqual([]);
  });

  test("of a machine with the other byte order", () => {
    expect(parseListening(line("7F000001:0016", "0A"), "tcp", "BE")).toEqual([]);
    expect(parseListening(line("0100007F:0016", "0A"), "tcp", "BE")).toEqual([22]);
  });
});

test.skipIf(!existsSync("/proc/net/tcp"))("sockets of this machine are found", async () => {
  const tcp = createServer().listen(0, "0.0.0.0");
  const local = createServer().listen(0, "127.0.0.1");
  const udp = createSocket("udp4").bind(0, "0.0.0.0");
  await Promise.all([tcp, local, udp].map((socket) => once(socket, "listening")));
  const port = (socket: typeof tcp) => {
    const address = socket.address();
    return typeof address === "object" ? (address?.port ?? 0) : 0;
  };
  try {
    const found = listeningPorts();
    expect(found.tcp.has(port(tcp))).toBe(true);
    expect(found.tcp.has(port(local))).toBe(false);
    expect(found.udp.has(udp.address().port)).toBe(true);
  } finally {
    tcp.close();
    local.close();
    udp.close();
  }
});
