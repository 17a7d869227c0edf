// The secrets that the gateways of a fleet share. No problem quotes a value.
import type { Directive } from "./lines.ts";
import { readDirectives } from "./lines.ts";
import type { Problem } from "./problem.ts";

/** What a gateway needs to talk with the others of its fleet through a store. */
export interface FleetFile {
  /** Of 32 bytes each: the first one seals, all of them open. */
  readonly keys: readonly [Buffer, ...Buffer[]];
  /** `undefined` means the default user of the store. */
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** The path of a file with certificates that the store's is checked against. */
  readonly ca: string | undefined;
  readonly sentinelUser: string | undefined;
  readonly sentinelPassword: string | undefined;
}

export interface ParsedFleetFile {
  /** `undefined` if the text has problems. */
  readonly file: FleetFile | undefined;
  readonly problems: readonly Problem[];
}

const keyLength = 32;
/** The second one opens what was sealed before the key changed. */
const mostKeys = 2;
const longestValue = 512;
const textNames = ["user", "password", "ca", "sentinel_user", "sentinel_password"] as const;
const needPassword = [
  ["user", "password"],
  ["sentinel_user", "sentinel_password"],
] as const;

type TextName = (typeof textNames)[number];

/** Reads a fleet file, and finds every problem in it. Pure. */
export function parseFleetFile(text: string): ParsedFleetFile {
  const problems: Problem[] = [];
  const keys: Buffer[] = [];
  const texts = new Map<TextName, Directive>();
  for (const one of readDirectives(text.replace(/^\uFEFF/, ""), problems)) {
    const name = one.key.toLowerCase();
    const row = textNames.find((known) => known === name);
    if (name === "key") keys.push(...readKey(one, keys, problems));
    else if (row === undefined) problems.push(unknown(one));
    else if (texts.has(row)) problems.push(problemOf(one, `${row} stands twice`));
    else if (expectValue(one, row, problems)) texts.set(row, one);
  }
  for (const [name, partner] of needPassword) {
    const alone = texts.has(partner) ? undefined : texts.get(name);
    if (alone !== undefined) problems.push(problemOf(alone, `${name} needs ${partner}, too`));
  }
  const [first, ...others] = keys;
  if (first === undefined && problems.length === 0) {
    const hint = "knockctl fleet key makes the file";
    problems.push({ severity: "error", line: 1, column: 1, message: "there is no key", hint });
  }
  problems.sort((a, b) => a.line - b.line || a.column - b.column);
  if (first === undefined || problems.length > 0) return { file: undefined, problems };
  const value = (name: TextName) => texts.get(name)?.value;
  return {
    file: {
      ...{ keys: [first, ...others], ca: value("ca") },
      ...{ user: value("user"), password: value("password") },
      ...{ sentinelUser: value("sentinel_user"), sentinelPassword: value("sentinel_password") },
    },
    problems,
  };
}

/** Returns the line of a new key. */
export function formatFleetKey(key: Buffer): string {
  return `key = ${key.toString("base64")}\n`;
}

function readKey(one: Directive, before: readonly Buffer[], problems: Problem[]): Buffer[] {
  const text = (one.value ?? "").replace(/\s+#.*$/s, "");
  const key = Buffer.from(text, "base64");
  const report = (message: string, hint?: string) => {
    problems.push(problemOf(one, message, hint));
    return [];
  };
  if (key.length !== keyLength || key.toString("base64") !== text) {
    return report(`key is not ${keyLength} bytes in base64`, "openssl rand -base64 32 makes one");
  }
  if (before.some((other) => other.equals(key))) return report("this key stands twice");
  if (before.length === mostKeys) {
    return report(`there are more than ${mostKeys} keys`, "the first seals, the second opens, too");
  }
  return [key];
}

function expectValue(one: Directive, name: TextName, problems: Problem[]): boolean {
  const fault = faultOf(one.value ?? "", name);
  if (fault !== undefined) problems.push(problemOf(one, `${name} ${fault}`));
  return fault === undefined;
}

function faultOf(value: string, name: TextName): string | undefined {
  if (value === "") return "needs a value";
  if (value.length > longestValue) return `is longer than ${longestValue} characters`;
  return name === "ca" && !value.startsWith("/") ? "is not an absolute path" : undefined;
}

/** A line without a value may be a secret alone: no more is quoted than can be a name. */
function unknown(one: Directive): Problem {
  const isPlain = one.value !== undefined && /^[a-z_]{1,20}$/i.test(one.key);
  const { line, column } = one;
  return {
    ...{ severity: "error", line, column },
    message: isPlain ? `unknown directive "${one.key}"` : "unknown directive",
    hint: `directives are key, ${textNames.join(", ")}`,
  };
}

function problemOf(one: Directive, message: string, hint?: string): Problem {
  const { line, valueColumn: column } = one;
  return { severity: "error", line, column, message, ...(hint && { hint }) };
}
