import { expect, test } from "vitest";
import { address } from "../../../test/support/packets.ts";
import { KnockError } from "../../base/errors.ts";
import type { TimedElements } from "./nft-sets.ts";
import { OpeningQueue } from "./opening-queue.ts";

const services = [{ protocol: "tcp", port: 22 }] as const;
const from = (source: string) => ({ source: address(source), services, milliseconds: 1000 });

/** Notes each transaction, and refuses those that have this source in them. */
function makeQueue(refused?: string) {
  const transactions: string[][] = [];
  const queue = new OpeningQueue((elements: readonly TimedElements[]) => {
    const sources = elements.map(({ source }) => source.toString());
    transactions.push(sources);
    if (refused !== undefined && sources.includes(refused)) {
      throw new KnockError("FIREWALL", `cannot open tcp/22 for ${refused}`);
    }
  });
  return { queue, transactions };
}

test("what is opened in one go is one transaction, and what comes later another", async () => {
  const { queue, transactions } = makeQueue();
  const sources = ["192.0.2.1", "192.0.2.2", "2001:db8::3"];
  const results = await Promise.all(sources.map((one) => queue.add(from(one))));
  expect(results).toEqual([{ kind: "done" }, { kind: "done" }, { kind: "done" }]);
  await queue.add(from("192.0.2.4"));
  expect(transactions).toEqual([sources, ["192.0.2.4"]]);
});

test("one that is refused keeps none of the others out", async () => {
  const { queue, transactions } = makeQueue("192.0.2.2");
  const sources = ["192.0.2.1", "192.0.2.2", "192.0.2.3"];
  const results = await Promise.all(sources.map((one) => queue.add(from(one))));
  const refused = { kind: "not-started", reason: "cannot open tcp/22 for 192.0.2.2" };
  expect(results).toEqual([{ kind: "done" }, refused, { kind: "done" }]);
  expect(transactions).toEqual([sources, ...sources.map((one) => [one])]);
});
