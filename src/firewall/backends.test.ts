import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { backendKinds, backends } from "../base/backends.ts";
import { starters } from "./backends.ts";
import { IpsetFirewall } from "./ipset/ipset.ts";
import { NftablesFirewall } from "./nftables/nftables.ts";

test("a backend that can protect can also end its protection without having been started", () => {
  for (const kind of backendKinds) {
    expect([kind, starters[kind].unprotect !== undefined]).toEqual([
      kind,
      backends[kind].canProtect,
    ]);
  }
  expect("protect" in NftablesFirewall.prototype).toBe(backends.nftables.canProtect);
  expect("protect" in IpsetFirewall.prototype).toBe(backends.ipset.canProtect);
});

test("backends are named in their tables alone: all else asks what they can do", () => {
  const src = join(import.meta.dirname, "..");
  // Programs and formats may have the same name.
  const others = [
    ...backendKinds.map((kind) => `firewall/${kind}/`),
    "base/command-kind.ts",
    "config/commands/",
    "firewall/foreign/",
    "system/forwarded.ts",
  ];
  const files = readdirSync(src, { recursive: true, encoding: "utf8" })
    .map((name) => name.replaceAll("\\", "/"))
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .filter((name) => !others.some((other) => name.startsWith(other)));
  const names = backendKinds.join("|");
  const named = new RegExp(`(["'\x60])(?:${names})\\1|\\b(?:backends|starters)\\.(?:${names})\\b`);
  const naming = files.filter((file) => named.test(readFileSync(join(src, file), "utf8")));
  expect(naming).toEqual(["base/backends.ts"]);
});
