import fc from "fast-check";
import { expect, test } from "vitest";
import type { PacketEnds } from "../../test/support/packets.ts";
import { address, frameOf, ipv6, TCP, tcp, tcpPacket } from "../../test/support/packets.ts";
import { monotonic } from "../base/time.ts";
import { whyRejected } from "./rejection.ts";

test("no bytes make it throw, or read outside the frame", () => {
  const packet = fc.uint8Array({ maxLength: 80 });
  const first = fc.constantFrom(0x45, 0x4f, 0x60, 0x00);
  fc.assert(
    fc.property(packet, first, fc.nat(120), (bytes, byte, length) => {
      if (bytes.length > 0) bytes[0] = byte;
      const data = new DataView(bytes.buffer);
      const frame = {
        data,
        start: 0,
        length,
        wireLength: 0,
        time: monotonic(0),
        interfaceIndex: 0,
        isLoopback: false,
      };
      expect(["not-ip", "fragment", "other-protocol", "martian", "malformed"]).toContain(
        whyRejected(frame),
      );
    }),
  );
});

test.each([
  ["0.0.0.0", "martian"],
  ["224.0.0.1", "martian"],
  ["255.255.255.255", "martian"],
  ["::", "martian"],
  ["ff02::1", "martian"],
  ["192.0.2.7", "malformed"],
  ["2001:db8::7", "malformed"],
])("a packet from %s whose TCP header is cut off is %s", (from, why) => {
  const source = address(from);
  const destination = address(source.family === 4 ? "192.0.2.1" : "2001:db8::1");
  const packet = tcpPacket({ source, destination }, { port: 7000 });
  expect(whyRejected(frameOf(packet.slice(0, source.family === 4 ? 30 : 50)))).toBe(why);
});

test("an IPv6 packet from or to a mapped address is a martian", () => {
  const mapped = address("192.0.2.7");
  const honest = address("2001:db8::1");
  const of = (ends: PacketEnds) => frameOf(ipv6({ ...ends, protocol: TCP }, tcp({ port: 7000 })));
  expect(whyRejected(of({ source: mapped, destination: honest }))).toBe("martian");
  expect(whyRejected(of({ source: honest, destination: mapped }))).toBe("martian");
});
