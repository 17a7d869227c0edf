import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { address } from "../../../test/support/packets.ts";
import type { TrialReport } from "../../setup/watch-trial.ts";
import { explainKnocks, formatGuarded, formatProgress, guessHost } from "./trial.ts";

const line = { given: new Map<string, string>() };
const step = (number: number, packets = 0) => ({ number, protocol: "tcp", packets }) as const;

function makeReport(packets: readonly number[], openedFor: readonly string[] = []): TrialReport {
  const ports = [7003, 9140, 8455];
  const ssh = {
    ...{ name: "ssh", opens: ["tcp/22"], onTrial: true },
    steps: ports.map((port, i) => step(port, packets[i])),
    openedFor: openedFor.map(address),
  };
  const wg = {
    ...{ name: "wg", opens: ["udp/51820"], onTrial: false },
    ...{ steps: [{ ...step(4001), protocol: "udp" } as const], openedFor: [] },
  };
  const doors = [ssh, wg];
  return { services: ["tcp/22"], remainingMs: 90_000, address: address("192.0.2.7"), doors };
}

/** At most 80 columns, except for commands to copy. */
function expectNarrow(text: string): void {
  const long = text.split("\n").filter((one) => one.length > 80 && !one.startsWith("    "));
  expect(long).toEqual([]);
}

beforeEach(() => void vi.stubEnv("SSH_CONNECTION", "192.0.2.7 50000 192.0.2.1 22"));
afterEach(() => void vi.unstubAllEnvs());

test("the step of which no packet has come is named, with the usual reason", () => {
  const text = explainKnocks(makeReport([3, 0, 1]));
  expect(text).toMatchInlineSnapshot(`
    "No knock from 192.0.2.7 has opened [ssh]. Packets that came: tcp/7003: 3,
    tcp/9140: 0, tcp/8455: 1. No packet for tcp/9140 has come: if you have knocked,
    a firewall on the way drops it. Let these ports pass there. Cloud servers have
    such a firewall: the "security group".
    "
  `);
  expectNarrow(text);
});

test.each([
  ["in the wrong order", makeReport([1, 1, 2]), "not in the right order or not in time"],
  ["from elsewhere", makeReport([0, 0, 0], ["198.51.100.4"]), "A knock from 198.51.100.4 has"],
])("a knock that came %s is told as that", (_, report, reason) => {
  const text = explainKnocks(report).replaceAll("\n", " ");
  expect(text).toContain(reason);
  expect(text).not.toContain("security group");
});

test("a knock that has opened needs no explanation", () => {
  const report = makeReport([1, 1, 1], ["192.0.2.7"]);
  expect(explainKnocks(report)).toBe("");
  expect(formatProgress(report)).toBe("confirm within 1m 30s; a knock has opened [ssh]");
  expect(formatProgress(makeReport([1, 0, 0], ["198.51.100.4"]))).toMatch(/no knock yet$/);
});

describe("what to type", () => {
  const guarded = { remainingMs: 180_000, doors: [], warnings: [] };
  const { doors } = makeReport([]);
  const tell = (services: readonly string[]) =>
    formatGuarded({ ...guarded, services }, doors, { host: "a.example", line });

  test("is a knock for each service, at the door of ssh last, though that is not on trial", () => {
    expect(tell(["udp/51820"])).toContain(`
    knock -d 200 a.example 4001:udp
    knock -d 200 a.example 7003 9140 8455 && ssh -S none a.example
`);
  });

  test("is the profile of a device at a door by key, and the sequence of a door with both", () => {
    const [ssh] = doors;
    if (ssh === undefined) throw new Error("no door");
    const both = [{ ...ssh, devices: ["alice/laptop"] }];
    const key = [{ ...ssh, steps: [], devices: ["alice/laptop"] }];
    const tellOf = (some: typeof both, profile?: string) =>
      formatGuarded({ ...guarded, services: ["tcp/22"] }, some, {
        ...{ host: "a.example", line, profile },
      });
    const known = tellOf(key, "home");
    expect(known).toContain("\n    knock home && ssh -S none a.example\n");
    expect(known).not.toContain("knock -d");
    const unknown = tellOf(both);
    expect(unknown).toContain(
      "\n    knock -d 200 a.example 7003 9140 8455 && ssh -S none a.example\n",
    );
    expect(unknown).toContain("\n    knock NAME && ssh -S none a.example\n");
    expect(unknown.replace(/\s+/g, " ")).toContain("NAME is the profile of a device with a key");
    expectNarrow(unknown);
  });

  test("has the port of sshd, sudo and the socket where they are needed", () => {
    vi.stubEnv("SSH_CONNECTION", "192.0.2.7 50000 192.0.2.1 2222");
    vi.stubEnv("SUDO_USER", "alice");
    const given = new Map([["socket", "/run/x.sock"]]);
    const client = { host: "a.example", line: { given } };
    const text = formatGuarded({ ...guarded, services: ["tcp/22"] }, doors, client);
    expect(text).toContain(" 7003 9140 8455 && ssh -S none -p 2222 a.example\n");
    expect(text).toContain("\n    sudo knockctl guard --confirm --socket /run/x.sock\n");
    expectNarrow(text);
  });
});

test.each([
  ["192.0.2.7 50000 192.0.2.1 22", "192.0.2.1"],
  ["10.0.0.7 50000 10.0.0.1 22", "10.0.0.1"],
  ["2001:db8::7 50000 2001:db8::1 22", "2001:db8::1"],
])("the client of %s reaches %s", (connection, host) => {
  vi.stubEnv("SSH_CONNECTION", connection);
  expect(guessHost()).toBe(host);
});

test("an address behind NAT is not what its clients reach", () => {
  vi.stubEnv("SSH_CONNECTION", "192.0.2.7 50000 10.0.0.1 22");
  expect(guessHost()).not.toBe("10.0.0.1");
});
