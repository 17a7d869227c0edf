import { expect, test } from "vitest";
import { reason } from "../base/errors.ts";
import { isBadPort } from "./bad-ports.ts";

const all = Array.from({ length: 65535 }, (_, i) => i + 1).filter(isBadPort);

test("are those of the Fetch standard", () => {
  expect(all).toHaveLength(82);
  for (const port of [22, 6000, 6667, 10080, 5060]) expect(isBadPort(port)).toBe(true);
  for (const port of [80, 443, 7003, 8080, 8443]) expect(isBadPort(port)).toBe(false);
});

test("are those that Node's own fetch refuses, which follows the standard, too", async () => {
  const refusals = await Promise.all(
    all.map(async (port) => {
      const error: unknown = await fetch(`https://127.0.0.1:${port}/`).catch((error) => error);
      return [port, reason((error as Error).cause)];
    }),
  );
  const others = refusals.filter(([, why]) => why !== "bad port").map(([port]) => port);
  // The newest in the standard: older versions of Node do not have them.
  expect([4190, 6679]).toEqual(expect.arrayContaining(others));
});
