import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytes, join8 } from "../../test/support/savefiles.ts";
import { linkReader } from "./link.ts";

const ip = bytes("u8", 0x45, 0, 0, 0);
const macs = bytes("u8", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
const sll = (type: number, protocol: number, arphrd = 1) =>
  bytes("u16", type, arphrd, 6, 0, 0, 0, 0, protocol);
const sll2 = (type: number, protocol: number, arphrd = 1) =>
  bytes("u16", protocol, 0, "u32", 7, "u16", arphrd, "u8", type, 6, "i64", 0n);

function read(linkType: number, packet: Uint8Array) {
  const reader = linkReader(linkType);
  if (reader === undefined) throw new Error("unknown");
  // Not at the beginning of its memory, as in a file.
  const data = new DataView(join8(bytes("u8", 9, 9, 9), packet).buffer);
  return reader(data, 3, packet.length);
}

/** Each header stands right before the IP header. */
test.each([
  ["Ethernet, IPv4", 1, join8(macs, bytes("u16", 0x0800))],
  ["Ethernet, IPv6", 1, join8(macs, bytes("u16", 0x86dd))],
  ["Ethernet, 802.1Q", 1, join8(macs, bytes("u16", 0x8100, 5, 0x0800))],
  ["Ethernet, 802.1ad and 802.1Q", 1, join8(macs, bytes("u16", 0x88a8, 5, 0x8100, 6, 0x86dd))],
  ["Ethernet, old QinQ", 1, join8(macs, bytes("u16", 0x9100, 5, 0x8100, 6, 0x0800))],
  ["raw", 101, new Uint8Array()],
  ["raw, as some systems number it", 12, new Uint8Array()],
  ["raw, as OpenBSD numbers it", 14, new Uint8Array()],
  ["IPv4", 228, new Uint8Array()],
  ["IPv6", 229, new Uint8Array()],
  ["cooked", 113, sll(0, 0x0800)],
  ["cooked, with a tag", 113, join8(sll(0, 0x8100), bytes("u16", 5, 0x0800))],
  ["loopback of a little-endian machine", 0, bytes(true, "u32", 2)],
  ["loopback of a big-endian machine", 0, bytes("u32", 2)],
  ["loopback, IPv6 on Darwin", 0, bytes(true, "u32", 30)],
  ["loopback of OpenBSD", 108, bytes("u32", 24)],
  ["PPP", 9, bytes("u16", 0x0021)],
  ["PPP in HDLC-like framing", 9, bytes("u16", 0xff03, 0x0057)],
  ["PPP, compressed protocol", 9, bytes("u8", 0x21)],
])("%s", (_, linkType, header) => {
  expect(read(linkType, join8(header, ip))).toMatchObject({ ip: header.length, interfaceIndex: 0 });
});

test.each([
  ["cooked v2", sll2(0, 0x0800)],
  ["cooked v2, with a tag", join8(sll2(0, 0x8100), bytes("u16", 5, 0x86dd))],
])("%s tells the interface too", (_, header) => {
  expect(read(276, join8(header, ip))).toMatchObject({ ip: header.length, interfaceIndex: 7 });
});

const noMacs = new Uint8Array(12);
const oneMac = new Uint8Array(12).fill(1, 6);
const ethernetIp = bytes("u16", 0x0800);
const tagged = bytes("u16", 0x8100, 5, 0x0800);

test.each([
  ["Ethernet without addresses", true, 1, join8(noMacs, ethernetIp)],
  ["Ethernet without addresses, with a tag", true, 1, join8(noMacs, tagged)],
  ["Ethernet", false, 1, join8(macs, ethernetIp)],
  ["Ethernet from an address to none", false, 1, join8(oneMac, ethernetIp)],
  ["loopback of a BSD", true, 0, bytes("u32", 2)],
  ["loopback of OpenBSD", true, 108, bytes("u32", 24)],
  ["cooked, of lo", true, 113, sll(0, 0x0800, 772)],
  ["cooked", false, 113, sll(0, 0x0800)],
  ["cooked v2, of lo", true, 276, sll2(0, 0x0800, 772)],
  ["cooked v2, of lo, with a tag", true, 276, join8(sll2(0, 0x8100, 772), tagged.subarray(2))],
  ["cooked v2", false, 276, sll2(0, 0x0800)],
  ["raw", false, 101, new Uint8Array()],
])("%s: is it loopback? %s", (_, isLoopback, linkType, header) => {
  expect(read(linkType, join8(header, ip))).toMatchObject({ isLoopback });
});

test.each([
  ["ARP", 1, join8(macs, bytes("u16", 0x0806)), "not-ip"],
  ["an IEEE 802.3 length", 1, join8(macs, bytes("u16", 46)), "not-ip"],
  ["tags without an end", 1, join8(macs, ...Array(9).fill(bytes("u16", 0x8100, 5))), "not-ip"],
  ["half an Ethernet header", 1, macs, "cut-off"],
  ["nothing", 1, new Uint8Array(), "cut-off"],
  ["a tag and no more", 1, join8(macs, bytes("u16", 0x8100, 5)), "cut-off"],
  ["AppleTalk on loopback", 0, join8(bytes("u32", 16), ip), "not-ip"],
  ["PPP's LCP", 9, bytes("u16", 0xc021, 0x0101), "not-ip"],
  ["what a cooked capture's host sent", 113, join8(sll(4, 0x0800), ip), "outgoing"],
  ["what was for another host", 113, join8(sll(3, 0x0800), ip), "other-host"],
  ["netlink", 113, join8(sll(0, 0x0800, 824), ip), "not-ip"],
  ["half a cooked header", 113, sll(0, 0x0800).subarray(0, 14), "cut-off"],
  ["cooked v2, what its host sent", 276, join8(sll2(4, 0x0800), ip), "outgoing"],
  ["cooked v2, ARP", 276, join8(sll2(0, 0x0806), ip), "not-ip"],
  ["cooked v2, netlink", 276, join8(sll2(0, 0x0800, 824), ip), "not-ip"],
  ["half a cooked v2 header", 276, sll2(0, 0x0800).subarray(0, 19), "cut-off"],
])("no packet for us: %s", (_, linkType, packet, why) => {
  expect(read(linkType, packet)).toBe(why);
});

describe("any bytes", () => {
  test.each([0, 1, 9, 12, 14, 101, 108, 113, 228, 229, 276])("of link type %i", (linkType) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (packet) => {
        const found = read(linkType, packet);
        if (typeof found === "object") expect(found.ip).toBeLessThanOrEqual(packet.length);
      }),
    );
  });
});

test("other link types are not known", () => {
  expect(linkReader(105)).toBeUndefined();
  expect(linkReader(-1)).toBeUndefined();
});
