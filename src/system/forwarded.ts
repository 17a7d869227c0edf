// Ports that this host's packet filter forwards, for example to containers.
import { randomUUID } from "node:crypto";
import { field, itemsOf, parseJson } from "../base/json-fields.ts";
import { runBeside } from "./run-beside.ts";

/** The milliseconds that all programs may take, and the characters that each may print; beyond them it is ignored. */
const timeout = 15_000;
const longestOutput = 4 * 1024 * 1024;

/**
 * The programs that list the rules, and the parsers of their output. nft leaves out the elements of sets: with
 * hundreds of thousands it would take seconds. iptables-legacy-save loads no kernel module.
 */
const sources: readonly [
  argv: readonly string[],
  read: (text: string, ownTable: string) => number[],
][] = [
  [["nft", "--json", "--terse", "list", "ruleset"], readNft],
  [["iptables-save"], readIptables],
  [["ip6tables-save"], readIptables],
  [["iptables-legacy-save"], readIptables],
  [["ip6tables-legacy-save"], readIptables],
];

/**
 * Returns the ports that rules forward, but for those of our own table of nftables. Programs that are missing,
 * slow or refused are ignored, and after a slow one the others.
 */
export async function forwardedPorts(
  signal: AbortSignal,
  ownTable: string,
): Promise<ReadonlySet<number>> {
  // One after another: the result is not urgent, and a start needs the processor. By one shell, since this
  // process wakes up several times for each program that it starts.
  const mark = randomUUID();
  const commands = sources.map(([argv]) => `${argv.join(" ")}; printf '\\n${mark} %s\\n' $?`);
  const argv = ["/bin/sh", "-c", commands.join("\n")];
  const { stdout } = await runBeside(argv, { timeout, signal });
  const answers = stdout.split(new RegExp(`^${mark} (\\d+)\n`, "m"));
  return new Set(
    sources.flatMap(([, read], i) => {
      const [text = "", code] = answers.slice(2 * i, 2 * i + 2);
      return code !== "0" || text.length > longestOutput ? [] : read(text, ownTable);
    }),
  );
}

/** Returns the ports of all rules for address translation in the output of `iptables-save`. Pure. */
export function readIptables(text: string): number[] {
  const [, ...nat] = text.split(/^\*(?=nat$)/m);
  return nat
    .flatMap((part) => (part.split(/^COMMIT$/m)[0] ?? "").split("\n"))
    .flatMap((rule) => [...rule.matchAll(/ --dports? (\S+)/g)])
    .flatMap(([, ports = ""]) => ports.split(","))
    .flatMap((ports) => {
      const [first = "", last = first] = ports.split(":");
      return range(Number(first), Number(last));
    });
}

/**
 * Returns the ports of all rules in tables that redirect packets, from `nft --json list ruleset`, but for a table
 * of the family inet. Pure.
 */
export function readNft(text: string, ownTable = ""): number[] {
  const tableOf = (rule: unknown) => `${field(rule, "family")} ${field(rule, "table")}`;
  const rules = itemsOf(parseJson(text), "nftables")
    .flatMap((item) => itemsOf(item, "rule"))
    .filter((rule) => tableOf(rule) !== `inet ${ownTable}`);
  const redirecting = new Set(rules.filter(redirects).map(tableOf));
  return rules.filter((rule) => redirecting.has(tableOf(rule))).flatMap(portsIn);
}

function redirects(rule: unknown): boolean {
  return itemsOf(rule, "expr").some((expression) =>
    ["dnat", "redirect", "tproxy"].some((name) => field(expression, name) !== undefined),
  );
}

/** Returns the ports with which `tcp dport` and its like are compared, at any depth. */
function portsIn(value: unknown): number[] {
  if (typeof value !== "object" || value === null) return [];
  const found = Object.values(value).flatMap(portsIn);
  const [left, right] = [field(value, "left") ?? field(value, "key"), field(value, "right")];
  if (!isPort(left)) return found;
  // A map's elements are pairs: the second part may be a port of the target, which does no harm.
  const keys = itemsOf(field(value, "data"), "set").flat();
  return [...found, ...numbersIn(right), ...numbersIn(keys)];
}

function isPort(left: unknown): boolean {
  const parts = field(left, "concat") === undefined ? [left] : itemsOf(left, "concat");
  return parts.some((part) => field(field(part, "payload"), "field") === "dport");
}

function numbersIn(value: unknown): number[] {
  if (typeof value === "number") return range(value, value);
  if (typeof value !== "object" || value === null) return [];
  const [first, last] = itemsOf(value, "range").map(Number);
  if (first !== undefined && last !== undefined) return range(first, last);
  return Object.values(value).flatMap(numbersIn);
}

/** Returns the ports of a valid range. */
function range(first: number, last: number): number[] {
  if (!(first >= 0 && last <= 65535 && first <= last)) return [];
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
