import { expect, test } from "vitest";
import type { Proof } from "./probe.ts";
import { findProblem } from "./probe.ts";

const good: Proof = { before: "open", leased: true, inKernel: true, after: "open" };
const closed: Proof = { ...good, before: "silent" };

test.each<[string, Partial<Proof>, string | undefined]>([
  ["that opens", {}, undefined],
  ["to a service that does not run yet", { before: "refused", after: "refused" }, undefined],
  ["to a service that cannot be tried", { before: "unknown", after: "unknown" }, undefined],
  ["that a foreign rule shuts", { before: "silent" }, undefined],
  ["that knockd did not open", { leased: false }, "knockd did not open it"],
  [
    "at which nobody could knock",
    { leased: false, obstacle: "nsenter: no such program" },
    "knock failed: nsenter: no such program",
  ],
  ["of which the kernel knows nothing", { inKernel: false }, "but the kernel does not know"],
  ["behind which something drops", { before: "silent", after: "silent" }, "something else drops"],
])("before the protection, a door %s", (_, change, expected) => {
  const found = findProblem({ ...good, ...change }, false);
  if (expected === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(expected);
});

test.each<[string, Partial<Proof>, string | undefined]>([
  ["that opens by a knock", {}, undefined],
  ["to a service that does not run yet", { after: "refused" }, undefined],
  ["that is open to all", { before: "open" }, "can be reached without a knock"],
  ["that answers, if only with a refusal", { before: "refused" }, "reached without a knock"],
  ["that stays closed", { after: "silent" }, "cannot be reached after the knock"],
])("under the protection, a door %s", (_, change, expected) => {
  const found = findProblem({ ...closed, ...change }, true);
  if (expected === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(expected);
});
