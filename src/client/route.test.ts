import { networkInterfaces } from "node:os";
import { expect, test } from "vitest";
import type { RequestedFamily } from "./plan.ts";
import { alongside, findRoutes } from "./route.ts";

const v6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === "::1"),
);
/** The name of the loopback interface: `lo`, or `lo0`. */
const [loopback = ""] =
  Object.entries(networkInterfaces()).find(([, all]) => all?.some(({ internal }) => internal)) ??
  [];

test.each<[string, RequestedFamily, string]>([
  ["127.0.0.1", 0, "127.0.0.1"],
  ["::1", 0, "::1"],
  ["localhost", 4, "127.0.0.1"],
  ["127.0.0.1", "both", "127.0.0.1"],
])("%s by family %s is %s", async (host, family, address) => {
  expect(await findRoutes(host, family, {})).toEqual([{ address }]);
});

test("a name that no resolver takes is RESOLVE", async () => {
  await expect(findRoutes("a..b", 0, {})).rejects.toMatchObject({
    code: "RESOLVE",
    message: "cannot resolve 'a..b': unknown node or service",
    cause: { code: "ENOTFOUND" },
  });
});

test("the source decides about the family", async () => {
  const source = "127.0.0.2";
  expect(await findRoutes("127.0.0.1", 0, { source })).toEqual([{ address: "127.0.0.1", source }]);
  await expect(findRoutes("::1", 0, { source })).rejects.toMatchObject({
    code: "USAGE",
    message: "'127.0.0.2' is none from which ::1 could be reached",
  });
});

test("an interface is its address", async () => {
  const origin = { interface: loopback };
  expect(await findRoutes("127.0.0.1", 0, origin)).toEqual([
    { address: "127.0.0.1", source: "127.0.0.1" },
  ]);
  if (v6) expect(await findRoutes("::1", 0, origin)).toEqual([{ address: "::1", source: "::1" }]);
});

test("an interface that is not there is told, with those that are", async () => {
  await expect(findRoutes("127.0.0.1", 0, { interface: "nil7" })).rejects.toMatchObject({
    code: "USAGE",
    message: "there is no interface 'nil7' with an address",
    hints: [expect.stringContaining(loopback)],
  });
});

test.each([
  [["192.0.2.1", "2001:db8::1"], "2001:db8::7", "2001:db8::1"],
  [["192.0.2.1", "2001:db8::1"], "192.0.2.7", "192.0.2.1"],
  [["192.0.2.1", "2001:db8::1"], "fe80::7%eth0", "2001:db8::1"],
  [["192.0.2.1"], "2001:db8::7", "192.0.2.1"],
])("of the ways to %j that beside %s is %s", (addresses, other, expected) => {
  const routes = addresses.map((address) => ({ address }));
  expect(alongside(routes, { address: other })).toEqual([{ address: expected }]);
});
