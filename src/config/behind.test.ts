import { describe, expect, test } from "vitest";
import { address } from "../../test/support/packets.ts";
import { formatServices } from "../base/service.ts";
import type { DoorConfig } from "./config.ts";
import {
  namedServices,
  openedServices,
  opensService,
  protectedServices,
  servicesFor,
} from "./config.ts";
import { parseConfig } from "./parse.ts";

const before = "[x]\nsequence = 1\n";

function door(lines: string): DoorConfig {
  const { config, problems } = parseConfig(before + lines);
  const [only] = config?.doors ?? [];
  if (only === undefined) throw new Error(problems.map(({ message }) => message).join());
  return only;
}

const errors = (text: string) =>
  parseConfig(text).problems.filter(({ severity }) => severity === "error");

test("services of other hosts have their hosts, each once", () => {
  const inner = door(
    "open = tcp/22, UDP/53\nto = 2001:db8:1::/64, 10.1.0.0/16, 10.1.2.3, 10.1.0.0/16",
  );
  expect(formatServices(openedServices(inner))).toBe(
    "tcp/22 to 10.1.0.0/16 and 2001:db8:1::/64, udp/53 to 10.1.0.0/16 and 2001:db8:1::/64",
  );
  expect(namedServices(inner)).toEqual(openedServices(inner));
  expect(protectedServices([inner])).toEqual([]);
  expect(protectedServices([door("open = tcp/22\nto = 10.0.0.5\nprotect = yes")])).toHaveLength(1);
  expect(opensService(inner, { protocol: "tcp", port: 22 })).toBe(false);
});

test("a forwarded port is a port of this host, always protected", () => {
  const both = door("open = tcp/2222 -> 10.0.0.5:22, TCP/2222->[2001:db8::5]:22");
  const port = [{ protocol: "tcp", port: 2222 }];
  expect(namedServices(both)).toEqual(port);
  expect(protectedServices([both])).toEqual(port);
  expect(opensService(both, { protocol: "tcp", port: 2222 })).toBe(true);
});

test("a source has what its family of addresses reaches", () => {
  const services = (lines: string, source: string) =>
    formatServices(servicesFor(openedServices(door(lines)), address(source).family));
  const forward = "open = tcp/2222 -> 10.0.0.5:22, udp/53";
  expect(services(forward, "192.0.2.7")).toBe("tcp/2222, udp/53");
  expect(services(forward, "2001:db8::7")).toBe("udp/53");
  const routed = "open = tcp/22\nto = 10.0.0.5";
  expect(services(routed, "192.0.2.7")).toBe("tcp/22 to 10.0.0.5");
  expect(services(routed, "2001:db8::7")).toBe("");
});

describe("an error, and what to do, is said of", () => {
  test.each([
    ["to = 10.0.0.5", "section 'x' has To without Open", "open = tcp/22"],
    [
      "open = tcp/2222 -> 10.0.0.5:22\nto = 10.0.0.5",
      "section 'x' has both To and a forwarded port",
      "a door has one or the other: make two doors",
    ],
    [
      "open = icmp, tcp/22\nto = 10.0.0.5",
      "section 'x' opens icmp of hosts behind this one, which knockd cannot",
      "open = tcp/22, or make two doors of it",
    ],
    [
      "open = any\nto = 10.0.0.5",
      "section 'x' opens any of hosts behind this one, which knockd cannot",
      "open = tcp/22, or make two doors of it",
    ],
    [
      "open = tcp/22\nmasquerade = yes",
      "section 'x' has Masquerade and forwards no port",
      "open = tcp/2222 -> 10.0.0.5:22",
    ],
    [
      "open = tcp/2222 -> 10.0.0.5:22\nprotect = no",
      "section 'x' forwards a port: it is always closed to all sources that have not knocked",
      "remove protect = no",
    ],
    [
      "open = tcp/2222 -> 10.0.0.5:22, tcp/2222 -> 10.0.0.6:22",
      "section 'x': tcp/2222 leads to 10.0.0.6:22, and to 10.0.0.5:22 in section 'x'",
      "give each its own port",
    ],
    [
      "open = tcp/2222 -> 10.0.0.5:22\n[y]\nsequence = 2\nopen = tcp/2222",
      "section 'y': tcp/2222 leads to this host, and to 10.0.0.5:22 in section 'x'",
      "give each its own port",
    ],
    [
      "open = tcp/2222 -> 10.0.0.5:22\nallow = 2001:db8::/32",
      "section 'x' allows no source of IPv4, which tcp/2222 -> 10.0.0.5:22 is for",
      "an address of IPv6 behind ->",
    ],
    [
      "open = tcp/22\nto = 10.0.0.5\n[options]\nFirewall = ipset",
      "section 'x' opens services of hosts behind this one, which takes nftables",
      "Firewall = nftables",
    ],
    [
      "open = tcp/22\nto = 10.0.0.5\n[options]\nInterface = eth*",
      `section 'x': nft does not take the name of the interface "eth*"`,
      "Interface = any",
    ],
    [
      "open = tcp/2222 -> 10.0.0.5",
      'open: "tcp/2222 -> 10.0.0.5" is not a service',
      "tcp/2222 -> 10.0.0.5:22, or tcp/2222 -> [2001:db8::5]:22",
    ],
    [
      "open = tcp/2222 -> 2001:db8::5:22",
      'open: "tcp/2222 -> 2001:db8::5:22" is not a service',
      "tcp/2222 -> 10.0.0.5:22, or tcp/2222 -> [2001:db8::5]:22",
    ],
    [
      "open = tcp/22 to 10.0.0.5",
      'open: "tcp/22 to 10.0.0.5" is not a service',
      "open = tcp/22, and a line: to = 10.0.0.5",
    ],
    [
      "open = tcp/2222 -> 127.0.0.1:22",
      "open: 127.0.0.1 is this host itself: a port is forwarded to another host",
      undefined,
    ],
    ["open = udp/5 -> 224.0.0.1:5", "open: 224.0.0.1 is not the address of one host", undefined],
    [
      "open = udp/5 -> [fe80::1]:5",
      "open: fe80::1 is a link-local address, which is never forwarded",
      undefined,
    ],
    ["open = tcp/22\nto = gate", 'to: "gate" is not an address', expect.any(String)],
  ])("%j", (lines, message, hint) => {
    expect(errors(before + lines).map((one) => [one.message, one.hint])).toEqual([[message, hint]]);
  });
});

test("both families of one port, and one target in two doors, are fine", () => {
  const both = "open = tcp/2222 -> 10.0.0.5:22, tcp/2222 -> [2001:db8::5]:22\n";
  expect(errors(`${before}${both}[y]\nsequence = 2\n${both}`)).toEqual([]);
});
