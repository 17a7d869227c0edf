import type { Network } from "../base/address.ts";
import type { BackendKind } from "../base/backends.ts";
import { backendKinds } from "../base/backends.ts";
import type { Endpoint } from "../base/endpoint.ts";
import type { Sequence } from "../base/sequence.ts";
import type { Service } from "../base/service.ts";
import type { FlagTest } from "../base/tcp-flags.ts";
import type { Directive } from "./lines.ts";
import type { Problem } from "./problem.ts";
import type { Parsed } from "./values.ts";
import * as values from "./values.ts";

/** The values of an [options] section, by lower-case key. */
export interface OptionValues {
  usesyslog: boolean;
  logfile: string;
  pidfile: string;
  interface: readonly string[] | undefined;
  logformat: "text" | "json";
  lograte: number;
  maxattempts: number;
  maxcommands: number;
  firewall: BackendKind;
  table: string;
  statedir: string;
  controlsocket: string;
  metricslisten: Endpoint;
  onjournalfailure: "open" | "refuse";
}

/** The values of a door's section. */
export interface DoorValues {
  sequence: Sequence;
  one_time_sequences: string;
  seq_timeout: number;
  tcpflags: FlagTest;
  target: readonly (Network | string)[];
  start_command: string;
  start_command_6: string;
  cmd_timeout: number;
  stop_command: string;
  stop_command_6: string;
  command_timeout: number;
  user: string;
  again: "extend" | "rerun";
  open: readonly Service[];
  open_for: number;
  protect: boolean;
  allow: readonly Network[];
  deny: readonly Network[];
  decoys: number;
}

/**
 * Where a comment may begin in a value: at any `#` where no value can hold one, only after a blank
 * in paths, nowhere in commands (a shell knows `#` itself, and parameters such as `$#`).
 */
type Comments = "anywhere" | "after-blank" | "none";

interface Rule<T> {
  readonly comments: Comments;
  readonly parse: (text: string) => Parsed<T>;
}

type Rules<Values> = { readonly [Key in keyof Values]: Rule<Values[Key]> };

const command: Rule<string> = { comments: "none", parse: values.command };
const path: Rule<string> = { comments: "after-blank", parse: values.path };
const networks: Rule<readonly Network[]> = { comments: "anywhere", parse: values.networks };
const duration: Rule<number> = { comments: "anywhere", parse: values.duration };

export const optionRules: Rules<OptionValues> = {
  usesyslog: { comments: "anywhere", parse: values.yesOrNo },
  logfile: path,
  pidfile: path,
  interface: { comments: "after-blank", parse: values.interfaces },
  logformat: { comments: "anywhere", parse: values.oneOf("text", "json") },
  lograte: { comments: "anywhere", parse: values.zeroOr(values.count(10, 1_000_000)) },
  maxattempts: { comments: "anywhere", parse: values.count(1000, 10_000_000) },
  maxcommands: { comments: "anywhere", parse: values.count(1, 10_000) },
  table: { comments: "anywhere", parse: values.tableName },
  firewall: { comments: "anywhere", parse: values.oneOf(...backendKinds) },
  statedir: path,
  controlsocket: path,
  metricslisten: { comments: "anywhere", parse: values.endpoint },
  onjournalfailure: { comments: "anywhere", parse: values.oneOf("open", "refuse") },
};

export const doorRules: Rules<DoorValues> = {
  sequence: { comments: "anywhere", parse: values.sequence },
  one_time_sequences: path,
  seq_timeout: duration,
  tcpflags: { comments: "anywhere", parse: values.flags },
  target: { comments: "anywhere", parse: values.target },
  start_command: command,
  start_command_6: command,
  cmd_timeout: duration,
  stop_command: command,
  stop_command_6: command,
  command_timeout: duration,
  user: { comments: "anywhere", parse: values.userName },
  again: { comments: "anywhere", parse: values.oneOf("extend", "rerun") },
  open: { comments: "anywhere", parse: values.services },
  open_for: duration,
  protect: { comments: "anywhere", parse: values.yesOrNo },
  allow: networks,
  deny: networks,
  decoys: { comments: "anywhere", parse: values.count(0, 128) },
};

/** Other names that knockd has for the same. */
export const aliases: ReadonlyMap<string, string> = new Map([
  ["command", "start_command"],
  ["command_6", "start_command_6"],
  ["timeout", "seq_timeout"],
]);

/** Reads the directives of one section by its rules; of those that come twice the last counts. */
export function readDirectives<Values>(
  directives: readonly Directive[],
  rules: Rules<Values>,
  problems: Problem[],
): Partial<Values> {
  const found: Partial<Values> = {};
  for (const directive of directives) {
    const key = canonicalKey(directive.key);
    if (hasKey(rules, key)) readDirective(directive, key, rules, found, problems);
    else if (key !== "usesyslog") problems.push(unknownKey(directive, key));
  }
  return found;
}

/** knockd takes UseSyslog wherever it stands. */
export function isUseSyslog({ key }: Directive): boolean {
  return canonicalKey(key) === "usesyslog";
}

function readDirective<Values, Key extends keyof Values>(
  directive: Directive,
  key: Key,
  rules: Rules<Values>,
  found: Partial<Values>,
  problems: Problem[],
): void {
  const { line, column, valueColumn } = directive;
  const { comments, parse } = rules[key];
  if (directive.value === undefined && key !== "usesyslog") {
    const message = `syntax error: "${directive.key}" needs a value`;
    const hint = `${directive.key} = …`;
    problems.push({ severity: "error", line, column, message, hint });
    return;
  }
  const parsed = parse(withoutComment(directive.value ?? "", comments));
  if ("value" in parsed) {
    found[key] = parsed.value;
    return;
  }
  problems.push({
    severity: "error",
    line,
    column: valueColumn + parsed.offset,
    message: `${directive.key}: ${parsed.problem}`,
    ...(parsed.hint && { hint: parsed.hint }),
  });
}

function withoutComment(value: string, comments: Comments): string {
  if (comments === "none") return value;
  return value.replace(comments === "anywhere" ? /#.*$/s : /(^|\s)#.*$/s, "").trimEnd();
}

/** No more of it is quoted than can be a name: a line without `=` may hold a whole sequence, and is logged. */
function unknownKey({ key: written, line, column }: Directive, key: string): Problem {
  const [name = ""] = /^[a-z_]\w*/i.exec(written) ?? [];
  const quoted = name === "" || name === written ? name : `${name} …`;
  const message = `syntax error: unknown directive${quoted && ` "${quoted}"`}`;
  const isKnown = quoted !== name && placeOf(canonicalKey(name)) !== undefined;
  const hint = placeOf(key) ?? (isKnown ? `${name} = …` : nearest(key));
  return { severity: "error", line, column, message, ...(hint && { hint }) };
}

function placeOf(key: string): string | undefined {
  if (hasKey(optionRules, key)) return "it belongs in the section [options]";
  return hasKey(doorRules, key) ? "it belongs in the section of a door" : undefined;
}

function nearest(key: string): string | undefined {
  const known = [...Object.keys(optionRules), ...Object.keys(doorRules), ...aliases.keys()];
  const best = known.find((other) => isTypoOf(key, other));
  return best === undefined ? undefined : `did you mean "${best}"?`;
}

/** One letter too many, too few, other than meant, or two swapped. */
function isTypoOf(written: string, meant: string): boolean {
  let start = 0;
  while (start < meant.length && written[start] === meant[start]) start++;
  const [rest, wanted] = [written.slice(start), meant.slice(start)];
  return (
    rest.slice(1) === wanted ||
    rest === wanted.slice(1) ||
    rest.slice(1) === wanted.slice(1) ||
    (rest.slice(2) === wanted.slice(2) && rest[0] === wanted[1] && rest[1] === wanted[0])
  );
}

/** `in` would also find what every object inherits: a directive may be called "constructor". */
function hasKey<Values>(rules: Rules<Values>, key: string): key is keyof Values & string {
  return Object.hasOwn(rules, key);
}

function canonicalKey(key: string): string {
  const lower = key.toLowerCase();
  return aliases.get(lower) ?? lower;
}
