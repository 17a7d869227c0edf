import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished, vi } from "vitest";

const fixtures = join(import.meta.dirname, "../fixtures/rulesets");

/** The programs that list rules, and the ending of the fixture that each prints. */
const programs: readonly (readonly [name: string, fixture: string])[] = [
  ["nft", "nft"],
  ["iptables-nft-save", "ip"],
  ["ip6tables-nft-save", "ip6"],
  ["iptables-legacy-save", "legacy"],
  ["ip6tables-legacy-save", "legacy6"],
];

/** During this test the programs of this process find the rules of a fixture, and none of this machine. */
export function stubRules(fixture: string): void {
  const folder = mkdtempSync(join(tmpdir(), "sesame-rules-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const write = (name: string, command: string) =>
    writeFileSync(join(folder, name), `#!/bin/sh\n${command}\n`, { mode: 0o755 });
  for (const [name, ending] of programs) {
    const path = join(fixtures, `${fixture}.${ending}.txt`);
    write(name, existsSync(path) ? `cat '${path}'` : "exit 0");
  }
  write("iptables", "echo 'iptables v1.8.9 (nf_tables)'");
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
}
