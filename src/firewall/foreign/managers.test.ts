import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findManagers } from "./managers.ts";
import { readRulesets } from "./rulesets.ts";

const fixtures = join(import.meta.dirname, "../../../test/fixtures/rulesets");
const none = { nft: "", saved4: "", saved6: "", legacy4: "", legacy6: "", version: "" };

test.each([
  ["ufw.ip.txt", ["ufw"]],
  ["ufw-rules.ip.txt", ["ufw"]],
  ["docker.ip.txt", ["docker"]],
  ["fail2ban.ip.txt", ["fail2ban"]],
  ["fail2ban.nft.txt", ["fail2ban"]],
  ["firewalld-12.nft.txt", ["firewalld"]],
  ["firewalld-13.nft.txt", ["firewalld"]],
])("%s", (file, expected) => {
  const text = readFileSync(join(fixtures, file), "utf8");
  const key = file.includes(".nft.") ? "nft" : "saved4";
  expect(findManagers(readRulesets({ ...none, [key]: text }).tables)).toEqual(expected);
});

test("rules of no manager", () => {
  const saved4 = "*filter\n:INPUT ACCEPT [0:0]\n:mine - [0:0]\n-A INPUT -j mine\nCOMMIT\n";
  expect(findManagers(readRulesets({ ...none, saved4 }).tables)).toEqual([]);
});
