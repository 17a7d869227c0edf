import { expect, test } from "vitest";
import { MemoryLog } from "../../../test/support/memory-log.ts";
import { parseNetwork } from "../../base/address.ts";
import { Targets } from "./targets.ts";

function network(text: string) {
  const parsed = parseNetwork(text);
  if (parsed === undefined) throw new Error(`${text} is no network`);
  return parsed;
}

test("networks are what they are, names nothing until they were looked up", async () => {
  const targets = new Targets(new MemoryLog());
  const mixed = [network("10.0.0.0/8"), "localhost"];
  expect(targets.networks(mixed)).toEqual([network("10.0.0.0/8")]);
  expect(await targets.refresh(["localhost"])).toBe(true);
  expect(targets.networks(mixed).map(({ base }) => `${base}`)).toContain("127.0.0.1");
  expect(await targets.refresh(["localhost"])).toBe(false);
});

test("a name that is not found is warned of, and is no address", async () => {
  const log = new MemoryLog();
  const targets = new Targets(log);
  // RFC 6761 §6.4: no name below invalid exists. A label of 64 letters needs no name server to fail.
  const name = `${"a".repeat(64)}.invalid`;
  expect(await targets.refresh([name])).toBe(false);
  expect(targets.networks([name])).toEqual([]);
  expect(log.entries).toMatchObject([
    { level: "warning", event: "target-unknown", detail: { name } },
  ]);
  expect(log.texts[0]).toMatch(/^warning: cannot resolve target a+\.invalid: /);
});
