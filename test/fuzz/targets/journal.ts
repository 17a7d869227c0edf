import { formatLine, readJournal } from "../../../src/grant/journal/journal-format.ts";
import type { FuzzTarget } from "../target.ts";
import { promise, words } from "../target.ts";

const values = [1, "text", null, [], { kind: "granted", door: "ssh" }, "\u{1f511}\n"];

/** A journal after a crash: sound lines are read, others are reported, and writing goes on at its end. */
export const journalTarget: FuzzTarget = {
  name: "journal",
  covers: ["src/grant/journal/journal-format.ts"],
  longest: 8192,
  words: [...words(...values.map(formatLine), "\n", " "), new Uint8Array(8)],
  make(random) {
    const text = random.several(0, 6, () => formatLine(random.pick(values))).join("");
    const bytes = new TextEncoder().encode(text);
    return Uint8Array.from([...bytes, ...random.several(0, 8, () => 0)]);
  },
  // In up to eight damaged parts a wrong bit is looked for: 0.6 s for 8 KB, measured.
  limit: (length) => 5 + 0.15 * length,
  run(input) {
    const { values, end, damage } = readJournal(input);
    promise(end >= 0 && end <= input.length, `it ends at ${end} of ${input.length}`);
    const head = Uint8Array.from(input.subarray(0, end));
    // A wrong bit may have hidden the end of a line, which makes one more.
    const corrected = damage.filter((one) => one.includes("had a wrong bit")).length;
    const isWhole = end === 0 || head[end - 1] === 0x0a;
    promise(isWhole || corrected > 0, "it does not end with a line");
    // As when it is opened.
    if (!isWhole) head[end - 1] = 0x0a;
    const lines = Buffer.from(head).toString("latin1").split("\n").length - 1;
    promise(values.length <= lines + corrected, `${values.length} values of ${lines} lines`);
    // Written on from there it holds all that it held.
    const more = Buffer.concat([head, Buffer.from(formatLine("more"))]);
    const again = readJournal(more);
    const isSame = JSON.stringify(again.values) === JSON.stringify([...values, "more"]);
    promise(isSame, "what was written on is not what is read");
    const what = damage.map((one) => one.replace(/\d+/, "…"));
    return `${Math.min(values.length, 2)} values, ${what.slice(0, 2).join()}`;
  },
};
