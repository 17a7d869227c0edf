import { expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { address } from "../../test/support/packets.ts";
import { parseNetwork } from "../base/address.ts";
import type { InterfaceAddress } from "../ffi/rtnetlink.ts";
import { Host } from "./host.ts";

/** `192.0.2.1/24`, with the address at the other end of the link before the mask, and the interface's number, if there is one. */
function interfaceAddress(text: string): InterfaceAddress {
  const [addresses = "", index = "2"] = text.split(" dev ");
  const [own = "", peer = own] = addresses.split(" peer ");
  const network = parseNetwork(peer);
  if (network === undefined) throw new Error(`"${peer}" is no network`);
  return {
    address: address(own.replace(/\/.*/, "")),
    network,
    broadcast: undefined,
    interfaceIndex: Number(index),
  };
}

/** A host whose addresses the test changes, and that counts how often they were read. */
function makeHost(...texts: string[]) {
  const clock = new ManualClock();
  const kernel = { addresses: texts, reads: 0, fails: false };
  const host = new Host(clock, () => {
    kernel.reads++;
    if (kernel.fails) throw new Error("out of memory");
    return kernel.addresses.map(interfaceAddress);
  });
  return { host, clock, kernel };
}

test("an address of this host is ours, any other is not", () => {
  const { host } = makeHost("192.0.2.1", "2001:db8::1");
  expect(host.has(address("192.0.2.1"))).toBe(true);
  expect(host.has(address("2001:db8::1"))).toBe(true);
  expect(host.has(address("192.0.2.2"))).toBe(false);
  expect(host.has(address("2001:db8:1::1"))).toBe(false);
});

test("addresses that end alike are told apart", () => {
  const { host } = makeHost("2001:db8::1", "fe80::1", "::1");
  const ours = ["2001:db8::1", "fe80::1", "::1", "2001:db9::1", "0.0.0.1"];
  expect(ours.map((text) => host.has(address(text)))).toEqual([true, true, true, false, false]);
  expect(host.addresses().map(String)).toEqual(["2001:db8::1", "fe80::1", "::1"]);
});

test("nothing is read before the first question, and nothing again for addresses that are known", () => {
  const { host, clock, kernel } = makeHost("192.0.2.1");
  expect(kernel.reads).toBe(0);
  for (let i = 0; i < 5; i++) {
    expect(host.has(address("192.0.2.1"))).toBe(true);
    clock.advance(10_000);
  }
  expect(kernel.reads).toBe(1);
});

test("packets for strangers make it read again, but not within a second", () => {
  const { host, clock, kernel } = makeHost("192.0.2.1");
  const stranger = address("203.0.113.9");
  host.has(stranger);
  for (let i = 0; i < 999; i++) {
    clock.advance(1);
    host.has(stranger);
  }
  expect(kernel.reads).toBe(1);
  clock.advance(1);
  host.has(stranger);
  expect(kernel.reads).toBe(2);
});

test("an address that came later is ours a second after the last reading at the latest", () => {
  const { host, clock, kernel } = makeHost("192.0.2.1");
  expect(host.has(address("192.0.2.2"))).toBe(false);
  kernel.addresses.push("192.0.2.2");
  expect(host.has(address("192.0.2.2"))).toBe(false);
  clock.advance(1000);
  expect(host.has(address("192.0.2.2"))).toBe(true);
});

test("told of a change, it knows at once what came and what went", () => {
  const { host, kernel } = makeHost("192.0.2.1");
  expect(host.has(address("192.0.2.1"))).toBe(true);
  kernel.addresses = ["192.0.2.2"];
  host.refresh();
  expect(host.has(address("192.0.2.2"))).toBe(true);
  expect(host.has(address("192.0.2.1"))).toBe(false);
});

test("what cannot be read again leaves the addresses as they were", () => {
  const { host, clock, kernel } = makeHost("192.0.2.1");
  host.refresh();
  kernel.fails = true;
  expect(() => host.refresh()).toThrow("out of memory");
  clock.advance(1000);
  expect(() => host.has(address("203.0.113.9"))).toThrow("out of memory");
  expect(host.has(address("192.0.2.1"))).toBe(true);
});

test("its addresses and the broadcast addresses of its networks are no source of another host", () => {
  const { host, kernel } = makeHost(
    "192.0.2.1/24",
    "198.51.100.9/30",
    "203.0.113.4/31",
    "203.0.113.9/32",
    "10.0.0.1 peer 10.9.1.2/16",
    "0.0.0.1/0",
    "2001:db8::1/64",
  );
  const isLocalSource = (text: string) => host.isLocalSource(address(text), 2);
  expect(isLocalSource("192.0.2.1")).toBe(false);
  expect(kernel.reads).toBe(0);
  host.refresh();
  const local = [
    ...["192.0.2.1", "192.0.2.255", "198.51.100.9", "198.51.100.11", "203.0.113.4"],
    ...["203.0.113.9", "10.0.0.1", "10.9.255.255", "2001:db8::1"],
  ];
  expect(local.filter((text) => !isLocalSource(text))).toEqual([]);
  const remote = [
    ...["192.0.2.0", "192.0.2.2", "198.51.100.8", "203.0.113.5", "203.0.113.255", "10.9.1.2"],
    ...["255.255.255.255", "2001:db8::ffff:ffff:ffff:ffff", "::192.0.2.255"],
  ];
  expect(remote.filter(isLocalSource)).toEqual([]);
  expect(kernel.reads).toBe(1);
});

test("a link-local address is this host's on its own interface alone", () => {
  const { host } = makeHost("fe80::1/64 dev 5", "febf::9/64 dev 5", "fec0::1/64 dev 5");
  host.refresh();
  const interfaces = (text: string) =>
    [0, 4, 5].filter((index) => host.isLocalSource(address(text), index));
  expect(interfaces("fe80::1")).toEqual([0, 5]);
  expect(interfaces("febf::9")).toEqual([0, 5]);
  expect(interfaces("fec0::1")).toEqual([0, 4, 5]);
});

test("a broadcast address that was set is none either", () => {
  const given = { ...interfaceAddress("192.0.2.1/24"), broadcast: address("192.0.2.0") };
  const host = new Host(new ManualClock(), () => [given]);
  host.refresh();
  expect(host.isLocalSource(address("192.0.2.0"), 3)).toBe(true);
});
