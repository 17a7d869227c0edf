import type { RuleChange } from "./rule-change.ts";
import { isKnocker, joinWords, knocker } from "./rule-change.ts";
import type { CommandWord } from "./words.ts";

/** Returns what `ipset` with these words does to one element. What that opens, only other rules say. */
export function readIpset(words: readonly CommandWord[]): readonly RuleChange[] | undefined {
  const rest = words.filter(({ text }) => !/^(?:-exist|--?exist|-!|-q|--?quiet)$/.test(text));
  const [command, set, element, ...more] = rest;
  if (command === undefined || set === undefined || element === undefined) return undefined;
  const isAdded = /^(?:add|-A|--add)$/.test(command.text);
  if (!isAdded && !/^(?:del|-D|--del)$/.test(command.text)) return undefined;
  const [address = ""] = element.text.split(",");
  return [
    {
      tool: "ipset",
      verb: isAdded ? "add" : "remove",
      flag: command,
      rule: `ipset ${set.text} ${element.text.replace(address, isKnocker(address) ? knocker : address)}`,
      undo: joinWords(["ipset", isAdded ? "del" : "add", set.text, element.text]),
      source: isKnocker(address) ? "knocker" : "others",
      effect: "other",
      ...(more.some(({ text }) => text === "timeout") && { expires: true }),
      opens: { unfit: `what the set ${set.text} opens is not in this file` },
    },
  ];
}
