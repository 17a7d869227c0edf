import { describe, expect, test } from "vitest";
import { parseNetwork } from "../base/address.ts";
import { store } from "./store.ts";
import {
  count,
  date,
  duration,
  flags,
  interfaces,
  oneOf,
  path,
  sequence,
  target,
  yesOrNo,
} from "./values.ts";

describe("a date", () => {
  test.each([
    ["2026-12-31T18:00:00Z", Date.UTC(2026, 11, 31, 18)],
    ["2026-12-31 18:00:00z", Date.UTC(2026, 11, 31, 18)],
    ["2026-12-31T19:30:00.5+01:30", Date.UTC(2026, 11, 31, 18, 0, 0, 500)],
    ["2028-02-29T00:00:00-00:00", Date.UTC(2028, 1, 29)],
  ])("%j", (text, value) => expect(date(text)).toEqual({ value }));

  test.each([
    "",
    "tomorrow",
    "2026-12-31",
    "2026-12-31T18:00:00",
    "2026-02-30T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-12-31T25:00:00Z",
  ])("%j is refused", (text) => {
    expect(date(text)).toMatchObject({ problem: `"${text}" is not a date with a time` });
  });
});

describe("tcpflags", () => {
  test.each([
    ["syn", { mask: 2, value: 2 }],
    ["SYN,Ack", { mask: 18, value: 18 }],
    [" syn , !ack ", { mask: 18, value: 2 }],
    ["! ack", { mask: 16, value: 0 }],
    ["fin,syn,rst,psh,ack,urg", { mask: 63, value: 63 }],
    ["syn,!syn", { mask: 2, value: 0 }],
  ])("%j", (text, value) => expect(flags(text)).toEqual({ value }));

  test.each([
    ["", 0, 'unrecognized flag ""'],
    ["syn,", 4, 'unrecognized flag ""'],
    ["syn, ecn", 5, 'unrecognized flag "ecn"'],
    ["syn ack", 0, 'unrecognized flag "syn ack"'],
    ["!", 0, 'unrecognized flag "!"'],
    ["constructor", 0, 'unrecognized flag "constructor"'],
  ])("%j is refused at %i", (text, offset, problem) => {
    expect(flags(text)).toMatchObject({ offset, problem });
  });
});

describe("target", () => {
  test.each([
    ["192.0.2.1", [parseNetwork("192.0.2.1")]],
    ["FD77:0::1", [parseNetwork("fd77::1")]],
    ["10.0.0.0/8, 2001:db8::/32", [parseNetwork("10.0.0.0/8"), parseNetwork("2001:db8::/32")]],
    ["gate.example.org", ["gate.example.org"]],
    ["gate., 3com", ["gate.", "3com"]],
  ])("%j", (text, value) => expect(target(text)).toEqual({ value }));

  test.each([
    ["", 0],
    ["192.0.2.1,", 10],
    ["10.0.0.0/33", 0],
    ["192.0.2.256", 0],
    ["a, b c", 3],
    ["-a", 0],
    ["a..b", 0],
    [`${"a".repeat(64)}.org`, 0],
  ])("%j is refused at %i", (text, offset) => {
    expect(target(text)).toMatchObject({ offset, problem: expect.stringContaining("no") });
  });
});

describe("interface", () => {
  test.each([
    ["eth0", ["eth0"]],
    ["eth0, wg0 ,br-0.7", ["eth0", "wg0", "br-0.7"]],
    ["any", undefined],
    ["eth0,ANY", undefined],
    ["a23456789012345", ["a23456789012345"]],
  ])("%j", (text, value) => expect(interfaces(text)).toEqual({ value }));

  test.each([
    ["", 0],
    ["eth0,", 5],
    ["eth0 wg0", 0],
    ["lo, a/b", 4],
    ["a234567890123456", 0],
    ["é2345678901234é", 0],
  ])("%j is refused at %i", (text, offset) => {
    expect(interfaces(text)).toMatchObject({ offset, problem: expect.anything() });
  });
});

describe("other values", () => {
  test.each([
    [
      sequence("7000, 8000:UDP"),
      [
        { number: 7000, protocol: "tcp" },
        { number: 8000, protocol: "udp" },
      ],
    ],
    [duration("0"), 0],
    [duration("5"), 5000],
    [duration("250ms"), 250],
    [duration("10 m"), 600_000],
    [count(1, 10)("10"), 10],
    [oneOf("text", "json")("JSON"), "json"],
    [yesOrNo(""), true],
    [yesOrNo("Yes"), true],
    [yesOrNo("0"), false],
    [path("/var/log/a b"), "/var/log/a b"],
  ])("%#: %j", (parsed, value) => expect(parsed).toEqual({ value }));

  test.each([
    [sequence("7000,x"), "port is invalid: expected 1 to 65535", 5],
    [duration("-1"), '"-1" is not a length of time', 0],
    [duration("10 x"), '"10 x" is not a length of time', 0],
    [duration(""), '"" is not a length of time', 0],
    [count(1, 10)("11"), 'expected a number from 1 to 10, got "11"', 0],
    [count(1, 10)("0"), 'expected a number from 1 to 10, got "0"', 0],
    [count(1, 10)("1e1"), 'expected a number from 1 to 10, got "1e1"', 0],
    [oneOf("text", "json")("xml"), 'expected text or json, got "xml"', 0],
    [yesOrNo("2"), 'expected yes or no, got "2"', 0],
    [store("redis://:secret@10.0.0.5"), "the address of a store has no user and no password", 0],
    [store("10.0.0.5"), '"10.0.0.5" is not the address of a store', 0],
    [path(""), "expected a path", 0],
    [path("a\0b"), "a path cannot hold a NUL", 0],
  ])("%#: %j is refused", (parsed, problem, offset) => {
    expect(parsed).toMatchObject({ problem, offset });
  });
});
