// The texts in a source file that people read.
import { readFileSync } from "node:fs";
import { parseAst } from "vitest/node";

interface SyntaxNode {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** Members of tables that only --help prints. */
const helpMembers = ["argument", "description", "example", "help", "notes", "summary", "title"];

/** Returns the texts of a source file that have a blank and a word, with `{}` for what is put in. */
export function messagesIn(path: string): string[] {
  const found: string[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    if (!isNode(value) || isBeside(value)) return;
    const counted = countedNoun(value);
    const text = counted === undefined ? textOf(value) : `{} ${counted}s`;
    if (text !== undefined && /[a-z]{2}/.test(text) && /\S\s|\s\S/.test(text))
      found.push(text.trim());
    for (const child of Object.values(counted === undefined ? value : {})) visit(child);
  };
  visit(parseAst(readFileSync(path, "utf8"), { lang: "ts" }, path));
  return [...new Set(found)];
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && "type" in value;
}

/** Types, names of modules, patterns and the words of --help. */
function isBeside(node: SyntaxNode): boolean {
  if (/^(?:Import|ExportAll|TS(?!As|NonNull|Satisfies))/.test(node.type)) return true;
  const key = node["key"];
  return node.type === "Property" && isNode(key) && helpMembers.includes(String(key["name"]));
}

/** The noun of `plural(count, "door")`. */
function countedNoun(node: SyntaxNode): string | undefined {
  const { callee, arguments: args } = node;
  if (node.type !== "CallExpression" || !isNode(callee) || callee["name"] !== "plural") return;
  const noun = Array.isArray(args) ? args[1] : undefined;
  return isNode(noun) ? textOf(noun) : undefined;
}

function textOf(node: SyntaxNode): string | undefined {
  if (node.type === "Literal" && typeof node["value"] === "string") return node["value"];
  const quasis = node["quasis"];
  if (node.type !== "TemplateLiteral" || !Array.isArray(quasis)) return undefined;
  return quasis
    .map(({ value }: { readonly value: { readonly cooked: string } }) => value.cooked)
    .join("{}");
}
