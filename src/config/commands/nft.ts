import { parseProtocol } from "../../base/port.ts";
import { opensPorts } from "./ports.ts";
import type { MissingWord, Opens, RuleChange } from "./rule-change.ts";
import { everything, isKnocker, joinWords, knocker } from "./rule-change.ts";
import type { CommandWord } from "./words.ts";

const families: ReadonlySet<string> = new Set("ip ip6 inet arp bridge netdev".split(" "));

/** Returns what `nft` with these words does to a rule or to elements of a set. */
export function readNft(words: readonly CommandWord[]): readonly RuleChange[] | undefined {
  // The command may be one word for the shell.
  const all = words.flatMap(split).filter(({ text }) => !/^-[a-z]+$/i.test(text));
  const [command, kind, ...rest] = all;
  const verb = command === undefined ? undefined : verbs.get(command.text);
  if (command === undefined || verb === undefined) return undefined;
  const place = families.has(rest[0]?.text ?? "") ? rest.slice(1) : rest;
  const [table, name, ...body] = place.map(({ text }) => text);
  if (table === undefined || name === undefined) return undefined;
  const change = { tool: "nft", verb, flag: command } as const;
  const target = all.slice(2, all.length - body.length).map(({ text }) => text);
  if (kind?.text === "element") return [{ ...change, ...readElement(target, body, verb) }];
  if (kind?.text !== "rule") return undefined;
  return [{ ...change, ...readRule(name, body, command) }];
}

const verbs: ReadonlyMap<string, RuleChange["verb"]> = new Map([
  ["add", "add"],
  ["insert", "add"],
  ["create", "add"],
  ["delete", "remove"],
  ["destroy", "remove"],
]);

type NftChange = Omit<RuleChange, "tool" | "verb" | "flag">;

function split({ text, at }: CommandWord): CommandWord[] {
  return [...text.matchAll(/[{}]|[^\s{};\\]+/g)].map(({ 0: part, index }) => ({
    text: part,
    at: at + index,
  }));
}

function readElement(
  target: readonly string[],
  body: readonly string[],
  verb: RuleChange["verb"],
): NftChange {
  const element = body.filter((word) => !/^[{}]$/.test(word));
  const from = element.findIndex((word) => /^(?:timeout|expires|comment)$/.test(word));
  const key = (from < 0 ? element : element.slice(0, from)).join(" ");
  const isForKnocker = element.some((word) => isKnocker(word.replace(/,$/, "")));
  const undoing = ["nft", verb === "add" ? "delete" : "add", "element", ...target];
  return {
    rule: `nft element ${target.join(" ")} ${key}`,
    undo: `${joinWords(undoing)} '{ ${key} }'`,
    source: isForKnocker ? "knocker" : "others",
    effect: "other",
    ...(element.includes("timeout") && { expires: true }),
    opens: { unfit: `what the set ${target.at(-1)} opens is not in this file` },
  };
}

function readRule(chain: string, body: readonly string[], command: CommandWord): NftChange {
  const isRemoved = verbs.get(command.text) === "remove";
  const verdict = body.find((word) => /^(?:accept|drop|reject)$/.test(word));
  const source = body[body.indexOf("saddr") + 1] ?? "";
  const isForAll = !body.some(
    (word) => /saddr|^@|iif|meta|ct$/.test(word) || word.includes(knocker),
  );
  const byHandle = body.some((word) => /^(?:handle|index)$/.test(word));
  const missing = isRemoved && !byHandle ? handleMissing(command) : undefined;
  return {
    ...(command.text === "add" && !byHandle && { endOf: chain }),
    rule: undefined,
    undo: "",
    source: body.includes("saddr") && isKnocker(source) ? "knocker" : isForAll ? "all" : "others",
    effect: verdict === "accept" ? "accept" : verdict === undefined ? "other" : "drop",
    ...(missing && { missing }),
    opens: isRemoved ? { unfit: "it deletes a rule by its handle" } : opensOf(chain, body),
  };
}

function handleMissing({ at }: CommandWord): MissingWord {
  const message = "nft deletes a rule by its handle alone: it refuses the command";
  return {
    at,
    message,
    hint: "an element of a set can be deleted by its address, and has a timeout",
  };
}

function opensOf(chain: string, body: readonly string[]): Opens {
  if (chain.toLowerCase() !== "input") return { unfit: `it changes the chain ${chain}` };
  if (!body.includes("saddr")) return { unfit: "it opens for every source" };
  const text = body.filter((word) => word !== "counter").join(" ");
  const parts =
    /^(?:ip6? saddr (\S+) )?(?:ct state new )?(?:(tcp|udp) dport (\S+|\{ .*? \}) )?(?:ct state new )?(?:ip6? saddr (\S+) )?(?:ct state new )?accept$/.exec(
      text,
    );
  const source = parts?.[1] ?? parts?.[4];
  if (parts === null || source === undefined)
    return { unfit: "its rule has more than a source and ports" };
  if (!isKnocker(source)) return { unfit: `it opens for ${source}` };
  const protocol = parseProtocol(parts[2] ?? "");
  if (protocol === undefined) return everything;
  return opensPorts((parts[3] ?? "").replace(/[{} ]/g, ""), [protocol]);
}
