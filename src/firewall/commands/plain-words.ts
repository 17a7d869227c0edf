import { shellWords } from "../../base/shell-words.ts";

/** What means itself everywhere in shell text (POSIX.1-2017, XCU 2.2), and blanks between words. */
const plain = /^[\w@%+:,./ \t=-]+$/;

/**
 * The words of a command for which a shell would do no more than find the program and start it, such as
 * `iptables -I INPUT -s 192.0.2.7 -j ACCEPT`. Undefined where it might do anything else: quotes,
 * expansions, redirections, several commands, assignments, its own commands.
 */
export function plainWords(text: string): readonly string[] | undefined {
  if (!plain.test(text)) return undefined;
  const words = text.split(/[ \t]+/).filter((word) => word !== "");
  const [first = ""] = words;
  return first === "" || first.includes("=") || shellWords.has(first) ? undefined : words;
}
