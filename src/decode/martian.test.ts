import { describe, expect, test } from "vitest";
import { address } from "../../test/support/packets.ts";
import { isMartian } from "./martian.ts";

const own = address("192.0.2.1");
const own6 = address("2001:db8::1");
const judge = (from: string, to: string) =>
  isMartian(
    { source: address(from), destination: address(to) },
    2,
    (source) => source.equals(own) || source.equals(own6),
  );

describe("a martian:", () => {
  test.each([
    ["127.0.0.0", "192.0.2.1"],
    ["127.255.255.255", "192.0.2.1"],
    ["192.0.2.7", "127.0.0.1"],
    ["240.0.0.0", "192.0.2.1"],
    ["255.255.255.254", "192.0.2.1"],
    ["192.0.2.1", "192.0.2.9"],
    ["::1", "2001:db8::1"],
    ["2001:db8::7", "::1"],
    ["2001:db8::1", "2001:db8::9"],
  ])("%s to %s", (from, to) => {
    expect(judge(from, to)).toBe(true);
  });
});

describe("no martian:", () => {
  test.each([
    ["126.255.255.255", "192.0.2.1"],
    ["128.0.0.0", "192.0.2.1"],
    ["239.255.255.255", "192.0.2.1"],
    ["192.0.2.7", "192.0.2.1"],
    ["192.0.2.7", "240.0.0.1"],
    ["192.0.2.7", "255.255.255.255"],
    ["::2", "2001:db8::1"],
    ["::7f00:1", "2001:db8::1"],
    ["::f000:1", "2001:db8::1"],
    ["1::1", "2001:db8::1"],
  ])("%s to %s", (from, to) => {
    expect(judge(from, to)).toBe(false);
  });
});
