// The rules of a host's packet filter, whatever program has made them.
import { existsSync, readFileSync } from "node:fs";
import { runProgram } from "../../system/run-program.ts";
import { readSavedTables } from "./iptables-save.ts";
import { readNftTables } from "./nft-json.ts";
import type { IptablesNames } from "./remedy.ts";
import type { FilterTable } from "./ruleset.ts";

/** The milliseconds that all programs together may take, and the bytes that each may print. */
const limits = { timeout: 2_000, maxBuffer: 16 * 1024 * 1024 } as const;

/** What the programs that list rules print; empty for those that are missing, slow or refused. */
export interface RulesetTexts {
  /** `nft --json --terse list ruleset`. */
  readonly nft: string;
  /** `iptables-nft-save` and `ip6tables-nft-save`. */
  readonly saved4: string;
  readonly saved6: string;
  /** `iptables-legacy-save` and `ip6tables-legacy-save`. */
  readonly legacy4: string;
  readonly legacy6: string;
  /** `iptables --version`. */
  readonly version: string;
}

export interface HostRules {
  readonly tables: readonly FilterTable[];
  readonly iptables: IptablesNames;
}

/** Reads the rules of this network namespace, as far as this user may. Takes 2 s at most. */
export async function readHostRules(): Promise<HostRules> {
  const says = async (...argv: string[]) => {
    const { code, stdout } = await runProgram(argv, limits);
    return code === 0 ? stdout : "";
  };
  const legacy = async (program: string, tables: string) =>
    // These tables exist, so that reading them loads no kernel module.
    hasLegacyTables(tables) ? await says(program) : "";
  const [nft, saved4, saved6, legacy4, legacy6, version] = await Promise.all([
    says("nft", "--json", "--terse", "list", "ruleset"),
    says("iptables-nft-save"),
    says("ip6tables-nft-save"),
    legacy("iptables-legacy-save", "/proc/net/ip_tables_names"),
    legacy("ip6tables-legacy-save", "/proc/net/ip6_tables_names"),
    says("iptables", "--version"),
  ]);
  return readRulesets({ nft, saved4, saved6, legacy4, legacy6, version });
}

function hasLegacyTables(path: string): boolean {
  try {
    return existsSync(path) && readFileSync(path, "latin1").trim() !== "";
  } catch {
    return false;
  }
}

/** Returns the tables that these programs list, each once. Pure. */
export function readRulesets(texts: RulesetTexts): HostRules {
  const saved = [
    ...readSavedTables(texts.saved4, "ip", "iptables-nft"),
    ...readSavedTables(texts.saved6, "ip6", "iptables-nft"),
  ];
  const key = ({ family, name }: FilterTable) => `${family} ${name}`;
  // nft does not tell what the matches of xtables mean that iptables puts into its tables.
  const known = new Set(saved.map(key));
  return {
    tables: [
      ...readNftTables(texts.nft).filter((table) => !known.has(key(table))),
      ...saved,
      ...readSavedTables(texts.legacy4, "ip", "iptables-legacy"),
      ...readSavedTables(texts.legacy6, "ip6", "iptables-legacy"),
    ],
    iptables: texts.version.includes("nf_tables")
      ? { nft: "iptables", legacy: "iptables-legacy" }
      : { nft: "iptables-nft", legacy: "iptables" },
  };
}
