import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Family, Request } from "./plan.ts";
import { formatStep, makePlan } from "./plan.ts";

const request: Request = { host: "gate", ports: [], udp: false, delay: "0", family: 0 };

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
    expect(makePlan({ ...request, ports: [item] }, findService).steps).toEqual([step]);
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
    expect(() => makePlan({ ...request, ports: ["1", item] }, findService)).toThrow(
      expect.objectContaining({ code: "USAGE", message: `port '${item}' ${problem}` }),
    );
  });
});

test("a number is never looked up as a service", () => {
  const fails = () => {
    throw new Error("looked up");
  };
  expect(() => makePlan({ ...request, ports: ["70000"] }, fails)).toThrow("from 1 to 65535");
});

test("--udp overrides what the ports say", () => {
  const plan = makePlan({ ...request, ports: ["1", "2:tcp", "ssh"], udp: true }, findService);
  expect(plan.steps.map((step) => step.protocol)).toEqual(["udp", "udp", "udp"]);
});

test("steps keep their order and their repetitions", () => {
  const port = fc.integer({ min: 1, max: 65535 });
  fc.assert(
    fc.property(fc.array(fc.tuple(port, fc.constantFrom("tcp", "udp"))), (ports) => {
      const items = ports.map(([number, protocol]) => `${number}:${protocol}`);
      const { steps } = makePlan({ ...request, ports: items }, findService);
      expect(steps.map((step) => [step.number, step.protocol])).toEqual(ports);
    }),
  );
});

test.each([
  ["0", 0],
  ["500", 500],
  ["999999999", 999_999_999],
])("a delay of %s is %i ms", (delay, milliseconds) => {
  expect(makePlan({ ...request, delay }, findService).delay).toBe(milliseconds);
});

test.each(["", "x", "5x", "1.5", "-1", "+1", "1e3", "1000000000"])(
  "a delay of %j is refused",
  (delay) => {
    expect(() => makePlan({ ...request, delay }, findService)).toThrow(
      expect.objectContaining({ code: "USAGE" }),
    );
  },
);

test.each<[string, Family]>([
  ["gate", 4],
  ["192.0.2.1", 0],
  ["192.0.2.1", 4],
  ["2001:db8::1", 0],
  ["2001:db8::1", 6],
  ["fe80::1%eth0", 6],
])("%s is a host for family %i", (host, family) => {
  expect(makePlan({ ...request, host, family }, findService)).toMatchObject({ host, family });
});

test.each<[string, Family, string]>([
  ["", 0, "the host is empty"],
  ["2001:db8::1", 4, "'2001:db8::1' is not an IPv4 address, which -4 asks for"],
  ["192.0.2.1", 6, "'192.0.2.1' is not an IPv6 address, which -6 asks for"],
])("%j is not a host for family %i", (host, family, message) => {
  expect(() => makePlan({ ...request, host, family }, findService)).toThrow(
    expect.objectContaining({ code: "USAGE", message }),
  );
});

test.each([
  ["192.0.2.1", "tcp 192.0.2.1:ssh"],
  ["2001:db8::1", "tcp 2001:db8::1:ssh"],
])("a step to %s is written %s", (address, text) => {
  expect(formatStep({ number: 22, protocol: "tcp", text: "ssh" }, address)).toBe(text);
});
