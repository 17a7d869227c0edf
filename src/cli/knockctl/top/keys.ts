// The keys of a terminal in raw mode. Pure.
import type { TopKey } from "./model.ts";

/** What follows ESC: ECMA-48 control sequences, and those of application mode (`O`). */
const sequences: Readonly<Record<string, TopKey>> = {
  "[A": "up",
  OA: "up",
  "[B": "down",
  OB: "down",
  "[5~": "page-up",
  "[6~": "page-down",
  "[H": "home",
  OH: "home",
  "[1~": "home",
  "[F": "end",
  OF: "end",
  "[4~": "end",
};

const controls: Readonly<Record<string, TopKey>> = {
  "\u0003": "ctrl-c",
  "\u001a": "ctrl-z",
  "\u001b": "escape",
};

/** One key: a control sequence, a character after ESC, or a character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what a terminal sends
const keyPattern = /\u001b\[[0-9;?]*[ -/]*[@-~]|\u001bO[A-Z]|[\s\S]/gu;

/** Returns the keys in what the terminal sent at once. Unknown sequences are `unknown`. */
export function readKeys(text: string): TopKey[] {
  return (text.match(keyPattern) ?? []).map((key) => {
    if (key.length > 1 && key.startsWith("\u001b")) return sequences[key.slice(1)] ?? "unknown";
    return controls[key] ?? key;
  });
}
