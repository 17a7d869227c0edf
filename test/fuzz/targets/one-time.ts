import { findUnused, readOneTimeList } from "../../../src/match/one-time.ts";
import type { FuzzTarget } from "../target.ts";
import { promise, words } from "../target.ts";

const lines = [
  "7000,8000:udp,9000",
  "# 1,2,3",
  "",
  " 1 , 2 # later",
  "1:x",
  "65536",
  "0",
  "1:udp\r",
];

/** A list of one-time sequences: each line is a sequence, none, or malformed; offsets are of lines. */
export const oneTimeTarget: FuzzTarget = {
  name: "one-time",
  covers: ["src/match/one-time.ts", "src/base/sequence.ts", "src/base/port.ts"],
  longest: 16_384,
  words: words(...lines, "\n", "\r", "#", ",", ":", "tcp", "udp", "\u{feff}", "1,".repeat(31)),
  make: (random) =>
    new TextEncoder().encode(random.several(0, 8, () => random.pick(lines)).join("\n")),
  limit: (length) => 5 + length / 500,
  run(input) {
    const text = Buffer.from(input).toString("latin1");
    const list = readOneTimeList(text);
    const { unused, malformed } = list;
    const count = text.split("\n").length;
    for (const one of unused) {
      const { sequence, offset } = one;
      const isMark = offset === 3 && text.startsWith("\u00ef\u00bb\u00bf");
      promise(offset === 0 || isMark || text[offset - 1] === "\n", `no line begins at ${offset}`);
      promise(sequence.length >= 1 && sequence.length <= 32, `${sequence.length} steps`);
    }
    const last = unused.at(-1);
    if (last !== undefined) {
      const found = findUnused(list, last.sequence);
      promise(found !== undefined && found.offset <= last.offset, "it is not found again");
    }
    const [first] = unused;
    if (first !== undefined) {
      // Marked as used it is not read again.
      const used = `${text.slice(0, first.offset)}#${text.slice(first.offset + 1)}`;
      const left = readOneTimeList(used).unused.length;
      promise(left === unused.length - 1, "what was used is there again");
    }
    let before = 0;
    for (const { line, problem } of malformed) {
      promise(line > before && line <= count && problem !== "", `line ${line} of ${count}`);
      before = line;
    }
    const problem = malformed[0]?.problem.replaceAll(/".*"|\d+/gs, "…") ?? "none";
    return `${Math.min(unused.length, 2)} sequences, ${problem.slice(0, 50)}`;
  },
};
