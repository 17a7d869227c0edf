import { expect, test } from "vitest";
import { parseAddress } from "../base/address.ts";
import { isGlobal } from "./global-address.ts";

const check = (text: string) => {
  const address = parseAddress(text);
  return address === undefined ? undefined : isGlobal(address);
};

test.each([
  ...["1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255"],
  ...[
    "172.32.0.0",
    "192.0.1.0",
    "192.167.255.255",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
  ],
  ...["2000::1", "2001:200::1", "2001:db7:ffff::1", "2001:db9::1", "2003::1", "2a00:1450::1"],
  ...["3ffe:ffff::1", "::ffff:1.1.1.1"],
])("%s is globally routable", (text) => expect(check(text)).toBe(true));

test.each([
  ...["0.0.0.0", "10.77.0.1", "100.64.0.1", "127.0.0.1", "169.254.1.1", "172.16.0.1"],
  ...["172.31.255.255", "192.0.0.2", "192.0.2.7", "192.168.1.1", "198.19.255.255", "203.0.113.9"],
  ...["224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255", "::ffff:10.0.0.1"],
  ...["::", "::1", "fe80::1%eth0", "fd77::1", "fc00::1", "ff02::1", "64:ff9b::1", "2001:db8::1"],
  ...["2001::1", "2001:10::1", "2002:c000:207::1", "3fff:abc::1", "4000::1"],
])("%s is not", (text) => expect(check(text)).toBe(false));
