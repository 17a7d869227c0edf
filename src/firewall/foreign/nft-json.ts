// Reads the output of `nft --json --terse list ruleset` (libnftables-json(5)).
import { field, itemsOf, own, parseJson } from "../../base/json-fields.ts";
import { matchCondition, valueCondition } from "./nft-match.ts";
import type { Condition } from "./packet.ts";
import { every, unknown } from "./packet.ts";
import type { ChainHook, FilterChain, FilterRule, FilterTable, RuleVerdict } from "./ruleset.ts";

/** Returns the tables of a ruleset; none if the text is not JSON. Pure. */
export function readNftTables(text: string): FilterTable[] {
  const items = itemsOf(parseJson(text), "nftables");
  const rules = groupRules(items.flatMap((item) => itemsOf(item, "rule")));
  const tables = new Map<string, FilterTable & { readonly chains: Map<string, FilterChain> }>();
  for (const item of items.flatMap((one) => itemsOf(one, "chain"))) {
    const [family, table, name] = [
      textOf(item, "family"),
      textOf(item, "table"),
      textOf(item, "name"),
    ];
    const key = `${family} ${table}`;
    const found = tables.get(key) ?? { tool: "nft", family, name: table, chains: new Map() };
    tables.set(key, found);
    found.chains.set(name, {
      name,
      hook: readHook(item),
      rules: rules.get(`${key} ${name}`) ?? [],
    });
  }
  return [...tables.values()];
}

function textOf(value: unknown, name: string): string {
  return String(field(value, name) ?? "");
}

function groupRules(rules: readonly unknown[]): Map<string, FilterRule[]> {
  const groups = new Map<string, FilterRule[]>();
  for (const rule of rules) {
    const key = `${textOf(rule, "family")} ${textOf(rule, "table")} ${textOf(rule, "chain")}`;
    const group = groups.get(key) ?? [];
    group.push(...readRule(itemsOf(rule, "expr")));
    groups.set(key, group);
  }
  return groups;
}

function readHook(chain: unknown): ChainHook | undefined {
  const name = field(chain, "hook");
  if (typeof name !== "string") return undefined;
  return {
    name,
    priority: Number(field(chain, "prio")),
    policy: field(chain, "policy") === "drop" ? "drop" : "accept",
    devices: itemsOf(chain, "dev").map(String),
  };
}

/** Statements that neither decide nor depend on anything. */
const harmless: ReadonlySet<string> = new Set([
  ...["counter", "log", "mangle", "ct helper", "ct timeout", "ct expectation", "tproxy", "dup"],
  ...["last", "secmark", "flow", "comment"],
]);

/** Statements that may end a rule, depending on how often it is used. */
const limiting: ReadonlySet<string> = new Set([
  "limit",
  "quota",
  "ct count",
  "set",
  "map",
  "meter",
]);

const verdicts: Readonly<Record<string, Exclude<RuleVerdict["kind"], "jump" | "goto">>> = {
  accept: "accept",
  drop: "drop",
  reject: "drop",
  return: "return",
  continue: "next",
  notrack: "untrack",
  dnat: "translate",
  redirect: "translate",
  // In a chain of sources; it decides nothing about the destination.
  snat: "accept",
  masquerade: "accept",
};

/** Returns a rule as one or, if it has a verdict map, several in their order. */
function readRule(statements: readonly unknown[]): FilterRule[] {
  const conditions: Condition[] = [];
  for (const statement of statements) {
    const [name = "", content] = Object.entries(statement ?? {})[0] ?? [];
    if (name === "match") conditions.push(matchCondition(content));
    else if (limiting.has(name) || isMapStatement(statement)) conditions.push(unknown);
    else if (name === "vmap") return readVerdictMap(content, conditions);
    else if (!harmless.has(name)) {
      const verdict = readVerdict(name, content);
      if (verdict.kind !== "unknown") return [{ condition: every(conditions), verdict }];
      // A statement that is not known, such as a match of xtables, may be a condition or decide.
      conditions.push(unknown);
      if (statement === statements.at(-1)) return [{ condition: every(conditions), verdict }];
    }
  }
  return [];
}

/** As text, for nft 1.0 has no JSON for it. It may end a rule, where the map is full. */
function isMapStatement(statement: unknown): boolean {
  return typeof statement === "string" && /^(?:add|update|delete) @/.test(statement);
}

function readVerdict(name: string, content: unknown): RuleVerdict {
  if (name === "jump" || name === "goto") return { kind: name, chain: textOf(content, "target") };
  return { kind: own(verdicts, name) ?? "unknown" };
}

/** A named map is not part of a terse list. */
function readVerdictMap(content: unknown, conditions: readonly Condition[]): FilterRule[] {
  const elements = itemsOf(field(content, "data"), "set");
  const rules = elements.flatMap((element): FilterRule[] => {
    if (!Array.isArray(element)) return [];
    const [name = "", target] = Object.entries(element[1] ?? {})[0] ?? [];
    const condition = every([...conditions, valueCondition(field(content, "key"), element[0])]);
    return [{ condition, verdict: readVerdict(name, target) }];
  });
  if (rules.length > 0) return rules;
  return [{ condition: every([...conditions, unknown]), verdict: { kind: "unknown" } }];
}
