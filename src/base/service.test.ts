import { expect, test } from "vitest";
import { formatService, parseService } from "./service.ts";

test.each([
  ["tcp/22", { protocol: "tcp", port: 22 }],
  ["UDP/51820", { protocol: "udp", port: 51820 }],
  ["icmp", { protocol: "icmp" }],
])("%s reads as %o", (text, service) => {
  expect(parseService(text)).toEqual(service);
});

test.each([
  "",
  "tcp",
  "tcp/",
  "tcp/0",
  "tcp/65536",
  "tcp/22/23",
  "tcp/-1",
  "tcp / 22",
  "22/tcp",
  "icmp/8",
  "sctp/22",
])("%j is no service", (text) => {
  expect(parseService(text)).toBeUndefined();
});

test.each(["tcp/22", "udp/51820", "icmp"])("%s is written as it was read", (text) => {
  const service = parseService(text);
  expect(service && formatService(service)).toBe(text);
});
