// Sessions in documents: what was typed at which prompt, and what came of it.

/** A command that was typed, and the lines of output that follow it in the document. */
export interface Typed {
  readonly kind: "typed";
  /** The word before `$`. */
  readonly prompt: string;
  readonly command: string;
  readonly output: string;
}

/** What stands between commands: text, or a configuration that the reader shall write. */
export type TranscriptPart =
  | Typed
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "config"; readonly text: string };

/** Where a block begins, and where it ends. A comment holds what a test does and no reader sees. */
const borders = /(?<=^(?:```|<!--)(?:console|ini)\n)|(?=^(?:```|-->)\n)/m;

/**
 * A document in order. Its sessions are in blocks of the language `console`, its configurations in `ini`,
 * or in comments that begin with these words; `formatParts` puts it together again.
 */
export function readParts(document: string): TranscriptPart[] {
  const parts: TranscriptPart[] = [];
  for (const piece of document.split(borders)) {
    const before = parts.at(-1);
    const begins =
      before?.kind === "text" ? /(?:```|<!--)(console|ini)\n$/.exec(before.text) : null;
    if (begins?.[1] === "console") parts.push(...readSession(piece));
    else if (begins?.[1] === "ini") parts.push({ kind: "config", text: piece });
    else parts.push({ kind: "text", text: piece });
  }
  return parts;
}

export function formatParts(parts: readonly TranscriptPart[]): string {
  return parts.map((part) => (part.kind === "typed" ? formatTyped(part) : part.text)).join("");
}

function readSession(block: string): Typed[] {
  return block.split(/^(?=[\w-]+\$ )/m).map((text) => {
    const found = /^([\w-]+)\$ (.*?)\n(.*)$/s.exec(text);
    if (found === null) throw new Error(`a session begins with a prompt, not with: ${text}`);
    const [, prompt = "", command = "", output = ""] = found;
    return { kind: "typed", prompt, command, output };
  });
}

function formatTyped({ prompt, command, output }: Typed): string {
  return `${prompt}$ ${command}\n${output}`;
}
