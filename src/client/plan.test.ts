import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RequestedFamily } from "./plan.ts";
import { checkHost, formatStep, formatSteps, parseDelay, parseSteps } from "./plan.ts";

const findService = (name: string) => (name === "ssh" ? 22 : undefined);

describe("a port reads as", () => {
  test.each([
    ["7000", { number: 7000, protocol: "tcp", text: "7000" }],
    ["7000:tcp", { number: 7000, protocol: "tcp", text: "7000" }],
    ["7000:udp", { number: 7000, protocol: "udp", text: "7000" }],
    ["7000:UDP", { number: 7000, protocol: "udp", text: "7000" }],
    ["7000/Udp", { number: 7000, protocol: "udp", text: "7000" }],
    ["07000", { number: 7000, protocol: "tcp", text: "07000" }],
    ["ssh", { number: 22, protocol: "tcp", text: "ssh" }],
    ["ssh:udp", { number: 22, protocol: "udp", text: "ssh" }],
  ])("%s", (item, step) => {
    expect(parseSteps([item], false, findService)).toEqual([step]);
  });
});

describe("a port is refused:", () => {
  const protocol = "names an unknown protocol";
  const number = "is neither a number from 1 to 65535 nor a known service";
  test.each([
    ["7000:xyz", protocol],
    ["7000:", protocol],
    ["7000:udp:1", protocol],
    ["0", number],
    ["70000", number],
    ["70000:udp", number],
    ["-5", number],
    ["", number],
    [":udp", number],
    ["gopher", number],
  ])("%j", (item, problem) => {
    expect(() => parseSteps(["1", item], false, findService)).toThrow(
      expect.objectContaining({ code: "USAGE", message: `port '${item}' ${problem}` }),
    );
  });
});

test("a number is never looked up as a service", () => {
  const fails = () => {
    throw new Error("looked up");
  };
  expect(() => parseSteps(["70000"], false, fails)).toThrow("from 1 to 65535");
});

test("--udp overrides what the ports say", () => {
  const steps = parseSteps(["1", "2:tcp", "ssh"], true, findService);
  expect(steps.map((step) => step.protocol)).toEqual(["udp", "udp", "udp"]);
});

describe("a pause", () => {
  test("comes before the step that follows it", () => {
    const steps = parseSteps(["1", "+300", "2:udp", "3", "+2s", "4"], false, findService);
    expect(steps.map(({ text, pause }) => [text, pause])).toEqual([
      ["1", undefined],
      ["2", 300],
      ["3", undefined],
      ["4", 2_000],
    ]);
  });

  test.each([[["+300", "1"]], [["1", "+300"]], [["1", "+1", "+2", "2"]], [["+5"]]])(
    "has no meaning in %j",
    (items) => {
      expect(() => parseSteps(items, false, findService)).toThrow("between two ports");
    },
  );

  test("is written back", () => {
    const items = ["ssh", "+300ms", "2:udp", "+0ms", "0080"];
    expect(formatSteps(parseSteps(items, false, findService))).toEqual(items);
  });
});

test("steps keep their order and their repetitions", () => {
  const port = fc.integer({ min: 1, max: 65535 });
  fc.assert(
    fc.property(fc.array(fc.tuple(port, fc.constantFrom("tcp", "udp"))), (ports) => {
      const items = ports.map(([number, protocol]) => `${number}:${protocol}`);
      const steps = parseSteps(items, false, findService);
      expect(steps.map((step) => [step.number, step.protocol])).toEqual(ports);
    }),
  );
});

test.each([
  ["0", 0],
  ["500", 500],
  ["999999999", 999_999_999],
  ["300ms", 300],
  ["2s", 2_000],
  ["0.5", 0],
  ["1.9", 1],
])("a delay of %s is %i ms", (delay, milliseconds) => {
  expect(parseDelay(delay)).toBe(milliseconds);
});

test.each(["", "x", "5x", ".5", "1.5s", "-1", "+1", "1e3", "1000000000", "30d", "1 s"])(
  "a delay of %j is refused",
  (delay) => {
    expect(() => parseDelay(delay)).toThrow(expect.objectContaining({ code: "USAGE" }));
  },
);

test.each<[string, RequestedFamily]>([
  ["gate", 4],
  ["192.0.2.1", 0],
  ["192.0.2.1", 4],
  ["2001:db8::1", 0],
  ["2001:db8::1", 6],
  ["fe80::1%eth0", 6],
  ["192.0.2.1", "both"],
])("%s is a host for family %s", (host, family) => {
  expect(() => checkHost(host, family)).not.toThrow();
});

test.each<[string, RequestedFamily, string]>([
  ["", 0, "the host is empty"],
  ["2001:db8::1", 4, "'2001:db8::1' is not an IPv4 address, which -4 asks for"],
  ["192.0.2.1", 6, "'192.0.2.1' is not an IPv6 address, which -6 asks for"],
])("%j is not a host for family %s", (host, family, message) => {
  expect(() => checkHost(host, family)).toThrow(
    expect.objectContaining({ code: "USAGE", message }),
  );
});

test.each([
  ["192.0.2.1", "tcp 192.0.2.1:ssh"],
  ["2001:db8::1", "tcp 2001:db8::1:ssh"],
])("a step to %s is written %s", (address, text) => {
  expect(formatStep({ number: 22, protocol: "tcp", text: "ssh" }, address)).toBe(text);
});
