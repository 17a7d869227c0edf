import { expect, test } from "vitest";
import { findFree } from "./probe-host.ts";

const usual = `\
default via 10.0.0.1 dev eth0 proto dhcp src 10.0.0.7 metric 100
10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.7
local 127.0.0.0/8 dev lo table local proto kernel scope host src 127.0.0.1
`;

test.each([
  ["of a usual machine", "", "192.0.2.0/24"],
  ["to one of them", "192.0.2.0/24 dev eth1", "198.51.100.0/24"],
  ["to an address of one of them", "local 192.0.2.77 dev eth1 table local", "198.51.100.0/24"],
  ["to more than one of them", "192.0.0.0/8 via 10.0.0.2 dev eth0", "198.51.100.0/24"],
  ["by way of one of them", "10.9.0.0/16 via 192.0.2.9 dev eth1", "198.51.100.0/24"],
  ["of a VPN to everywhere", "0.0.0.0/1 dev tun0\n128.0.0.0/1 dev tun0", "192.0.2.0/24"],
  ["to all of them", "192.0.2.0/25\n198.51.100.4/30\n203.0.113.0/24", undefined],
])("with routes %s", (_, routes, expected) => {
  expect(findFree(`${usual}${routes}\n`)).toBe(expected);
});
