import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { TestServer } from "../../../test/support/control-server.ts";
import { startServer } from "../../../test/support/control-server.ts";
import { knockctl, knockctlAt } from "../../../test/support/knockctl.ts";
import { knownFleet } from "../../../test/support/known-fleet.ts";
import { stubRules } from "../../../test/support/rulesets.ts";
import { tooWide } from "../../../test/support/wide.ts";
import { Address } from "../../base/address.ts";
import type { FleetClosing, FleetReport } from "../../control/fleet-reports.ts";

beforeEach(() => {
  vi.stubEnv("TZ", "UTC");
  vi.stubEnv("NO_COLOR", "1");
  stubRules("none");
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const source = Address.v4(0xc0000207);

async function open(fleet: FleetReport | undefined = knownFleet): Promise<TestServer> {
  const server = await startServer();
  server.handlers.knownFleet = fleet;
  return server;
}

const at = ({ path }: TestServer, ...args: string[]) => knockctl(...args, "--socket", path);

describe("knockctl fleet", () => {
  test("shows the gateways", async () => {
    const { code, stdout } = await at(await open(), "fleet");
    expect(code).toBe(0);
    expect(stdout).toMatchInlineSnapshot(`
      "fleet "office": 2 of 3 gateways, store redis://10.0.0.5:6379 up (7.0.15)

      NAME  STATE        VERSION  LEASES  BEHIND  CLOCK  DIFFERS
      gw-1  up, here     0.1.0         1       0      -  -
      gw-2  up           0.1.0         1       0  +12ms  users file
      gw-4  away for 3m  0.1.0         1       -      -  -
      "
    `);
  });

  test("shows the essentials on a narrow screen", async () => {
    const { path } = await open();
    const { stdout } = await knockctlAt(50, "fleet", "--socket", path);
    expect(tooWide(stdout, 50)).toEqual([]);
    expect(stdout).toMatch(/^gw-4 .*away/m);
  });

  test("says since when the store is down, and what waits", async () => {
    const since = new Date(Date.now() - 12_000);
    const problem = "the store redis://10.0.0.5:6379 is lost: no answer for 2.0 s";
    const down = { state: "down", since, problem, waiting: 3, unclaimed: 1 } as const;
    const { stdout } = await at(await open({ ...knownFleet, ...down }), "fleet");
    expect(stdout.split("\n").slice(0, 4)).toEqual([
      expect.stringMatching(
        /^fleet "office": 2 of 3 gateways, store redis:\S+ down for 1[2-9]s \(7\.0\.15\)$/,
      ),
      problem,
      "changes that wait to be told: 3",
      "single-use knocks without a claim: 1",
    ]);
    // What is not heard of is not up.
    expect(stdout).toMatch(/^gw-1 +up, here .*\ngw-2 +seen 2\.1s ago .*\ngw-4 +seen 3m ago /m);
  });

  test("names what differs", async () => {
    const whats = ["users", "clock", "later"].map((what) => ({ what }));
    const differences = [...whats, { what: "sequences", door: "ssh" }];
    const [first, second] = knownFleet.gateways;
    if (first === undefined || second === undefined) throw new Error();
    const gateways = [first, { ...second, differences, clockMs: -31_000 }];
    const { stdout } = await at(await open({ ...knownFleet, gateways }), "fleet");
    expect(stdout).toContain("-31s  users file, clock, later, sequence of ssh");
  });

  test("has nothing to show without a fleet", async () => {
    const server = await startServer();
    const { code, stderr } = await at(server, "fleet");
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(
        /^knockctl: error: this gateway is in no fleet\nknockctl: hint: Fleet /,
      ),
    ]);
    expect((await at(server, "fleet", "keys")).code).toBe(2);
  });
});

test("knockctl leases --fleet shows where each lease is open", async () => {
  const server = await open();
  const { code, stdout } = await at(server, "leases", "--fleet");
  expect([code, stdout]).toEqual([
    0,
    "DOOR  SOURCE       LEFT  FROM  OPEN AT     BY\n" +
      "ssh   192.0.2.7  9m 58s  gw-2  gw-1, gw-2  sequence\n",
  ]);
  expect((await at(server, "leases", "web", "--fleet")).stdout).toBe(
    "nothing is open in the fleet\n",
  );
  const json = JSON.parse((await at(server, "leases", "--fleet", "--json")).stdout);
  expect(json.fleet.leases).toHaveLength(1);
});

test("knockctl leases names the gateway that opened a lease", async () => {
  const server = await startServer();
  vi.spyOn(server.handlers, "leases").mockReturnValue([
    ...["gw-2", undefined].map((from) => ({
      ...({ door: "ssh", source, kind: "native", state: "open", by: ["sequence"] } as const),
      ...{ remainingMs: 60_000, since: new Date(), inKernel: false },
      ...(from !== undefined && { from }),
    })),
  ]);
  const { stdout } = await at(server, "leases");
  expect(stdout).toMatch(/ FROM\n.* gw-2\n.* here\n$/);
});

test("knockctl status has a line about the fleet", async () => {
  const { leases: _, gateways: _all, storeVersion: _version, ...summary } = knownFleet;
  const server = await startServer();
  const status = server.handlers.status();
  vi.spyOn(server.handlers, "status").mockReturnValue({ ...status, fleet: summary });
  expect((await at(server, "status")).stdout).toMatch(
    /^fleet +"office": 2 of 3 gateways, store redis:\/\/10\.0\.0\.5:6379 up$/m,
  );
});

describe("knockctl close in a fleet", () => {
  const one = [{ door: "ssh", source }];
  const missing = [{ gateway: "gw-4", seenMs: 180_000 }];
  const whole: FleetClosing = {
    ...{ told: true, closedAt: ["gw-1", "gw-2"], missing: [], remainingMs: 252_000 },
  };

  async function close(closed: typeof one, fleet: FleetClosing | undefined, ...words: string[]) {
    const server = await startServer();
    const result = { closed, connectionsCut: 0, ...(fleet && { fleet }) };
    const asked = vi.spyOn(server.handlers, "close").mockResolvedValue(result);
    const { code, stdout } = await at(server, "close", ...words);
    return { code, stdout, asked };
  }

  test.each<[string, typeof one, FleetClosing, string, number]>([
    ["all", one, whole, "closed ssh for 192.0.2.7 at 2 of 2 gateways\n", 0],
    [
      "one that is away",
      one,
      { ...whole, missing },
      "closed ssh for 192.0.2.7 at 2 of 3 gateways; gw-4 not heard of for 3m: its lease ends by itself in 4m 12s\n",
      1,
    ],
    [
      "one that is slow, and nothing here",
      [],
      { ...whole, missing: [{ gateway: "gw-4", seenMs: 900 }], remainingMs: 0 },
      "nothing was open here\nclosed at 2 of 3 gateways; gw-4 has not answered\n",
      1,
    ],
    [
      "no store",
      [...one, ...one],
      { ...whole, told: false, closedAt: ["gw-1"], missing },
      "closed ssh for 192.0.2.7\nclosed ssh for 192.0.2.7\nclosed at 1 of 2 gateways; the store does not " +
        "answer: the others hear of it when it is back; gw-4 not heard of for 3m: what it has open ends by itself in 4m 12s\n",
      1,
    ],
  ])("says where it is closed: %s", async (_, closed, fleet, text, status) => {
    const { code, stdout } = await close(closed, fleet, "ssh");
    expect([code, stdout]).toEqual([0, text]);
    expect((await close(closed, fleet, "ssh", "--fleet")).code).toBe(status);
  });

  test("closes here alone with --here, which fits no --fleet", async () => {
    const { stdout, asked } = await close(one, undefined, "ssh", "--here");
    expect(stdout).toBe("closed ssh for 192.0.2.7\n");
    expect(asked).toHaveBeenCalledWith({ door: "ssh", here: true });
    expect((await close(one, undefined, "ssh", "--here", "--fleet")).code).toBe(2);
  });

  test("fails with --fleet where there is no fleet", async () => {
    expect((await close(one, undefined, "ssh", "--fleet")).code).toBe(1);
  });
});
