import { expect, test } from "vitest";
import { byKernel } from "../../../test/support/accesses.ts";
import { address } from "../../../test/support/packets.ts";
import { KnockError } from "../../base/errors.ts";
import { NativeFirewall } from "./native.ts";
import type { TimedElements } from "./nft-sets.ts";

// What the kernel makes of it is held by the contract suite; here is what it is asked.

const ssh = { protocol: "tcp", port: 22 } as const;

function access(source: string) {
  return byKernel({ source: address(source) }, { services: [ssh] });
}

/** Notes each transaction, and refuses those that have this source in them. */
function makeFirewall(refused?: string) {
  const transactions: string[][] = [];
  const firewall = new NativeFirewall({
    grantAll: (grants: readonly TimedElements[]) => {
      const sources = grants.map(({ source }) => source.toString());
      transactions.push(sources);
      if (refused !== undefined && sources.includes(refused)) {
        throw new KnockError("FIREWALL", `cannot open tcp/22 for ${refused}`);
      }
    },
    revoke: () => {},
  });
  return { firewall, transactions };
}

test("what is opened in one go is one transaction, and what comes later another", async () => {
  const { firewall, transactions } = makeFirewall();
  const sources = ["192.0.2.1", "192.0.2.2", "2001:db8::3"];
  const outcomes = await Promise.all(sources.map((one) => firewall.open(access(one), 1000)));
  expect(outcomes).toEqual([{ kind: "done" }, { kind: "done" }, { kind: "done" }]);
  await firewall.open(access("192.0.2.4"), 1000);
  expect(transactions).toEqual([sources, ["192.0.2.4"]]);
});

test("one that is refused keeps none of the others out", async () => {
  const { firewall, transactions } = makeFirewall("192.0.2.2");
  const sources = ["192.0.2.1", "192.0.2.2", "192.0.2.3"];
  const outcomes = await Promise.all(sources.map((one) => firewall.open(access(one), 1000)));
  const refused = { kind: "not-started", reason: "cannot open tcp/22 for 192.0.2.2" };
  expect(outcomes).toEqual([{ kind: "done" }, refused, { kind: "done" }]);
  expect(transactions).toEqual([sources, ...sources.map((one) => [one])]);
});
