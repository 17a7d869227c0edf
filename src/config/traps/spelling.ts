// Characters and words in commands that look right and are not: pasted from blogs, or misremembered.

import { isNameOf } from "../directive.ts";
import { commandDirectives } from "../directives.ts";
import type { Directive } from "../lines.ts";
import { invisible, nameCharacter } from "../lines.ts";
import type { Problem } from "../problem.ts";
import { warnAt } from "./door-commands.ts";

/** What is odd in a text, and where. */
interface Slip {
  readonly at: number;
  readonly message: string;
  readonly hint: string;
}

/** The command that fixes typographic characters. */
const repairs = "knockctl migrate --repair fixes it";

/** What is odd in any value. */
const inValues: readonly ((value: string) => Slip | undefined)[] = [dash, unseen];

/** What is odd in a command. */
const inCommands: readonly ((value: string) => Slip | undefined)[] = [
  quoted,
  curlyQuote,
  oddBlank,
  placeholder,
  unsetVariable,
  continued,
];

const { start, start6, stop, stop6 } = commandDirectives;

/** Returns the first slip of each kind in a directive. */
export function spellingTraps(directive: Directive): Problem[] {
  const { key, value } = directive;
  if (value === undefined) return [];
  const isCommand = isNameOf(key, start, start6, stop, stop6);
  const rows = isCommand ? [...inValues, ...inCommands] : inValues;
  return rows.flatMap((find) => {
    const slip = find(value);
    return slip === undefined ? [] : [warnAt(directive, slip.at, slip.message, slip.hint)];
  });
}

/** Text that went through a word processor or a blog has –dport where --dport was. */
function dash(value: string): Slip | undefined {
  const found = /[\u2010-\u2015\u2212]\p{L}[\p{L}\u2010-\u2015\u2212-]*/u.exec(value);
  if (found === null) return undefined;
  const message = `"${found[0]}" begins with a typographic dash`;
  return { at: found.index, message, hint: `was -- or - meant? ${repairs}` };
}

function unseen(value: string): Slip | undefined {
  const at = value.search(invisible);
  if (at < 0) return undefined;
  return { at, message: nameCharacter("invisible character", value[at] ?? ""), hint: repairs };
}

/** A shell takes a text in quotes for one word. */
function quoted(value: string): Slip | undefined {
  const [, quote = "", inner] = /^(["'])([^"'].*)\1$/s.exec(value) ?? [];
  // A path may hold blanks.
  if (inner === undefined || inner.includes(quote) || !/\s/.test(inner)) return undefined;
  if (/^\//.test(inner) && !/\s-|%|\$/.test(inner)) return undefined;
  const message = "the whole command is in quotes: the shell looks for a program of that long name";
  return { at: 0, message, hint: "without the quotes" };
}

/** A quote of a word processor at the beginning of a word quotes nothing. */
function curlyQuote(value: string): Slip | undefined {
  const found = /(?<=^|[\s=])[\u2018-\u201f\u00ab]/.exec(withoutQuoted(value));
  if (found === null) return undefined;
  const meant = /[\u2018-\u201b]/.test(found[0]) ? "'" : '"';
  const message = `${found[0]} is a typographic quote, which quotes nothing`;
  return { at: found.index, message, hint: `was ${meant} meant? ${repairs}` };
}

/** A blank that ends no word. */
function oddBlank(value: string): Slip | undefined {
  const found = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/.exec(withoutQuoted(value));
  if (found === null) return undefined;
  const message = `${nameCharacter("no-break space", found[0])} does not part words`;
  return { at: found.index, message, hint: `an ordinary blank; ${repairs}` };
}

/** `%ip%`, `%IP` or `IP%` */
function placeholder(value: string): Slip | undefined {
  for (const found of value.matchAll(
    /(?<![%\w])%(ip|port|proto|door)(%?)(?![\w%])|(?<![%\w])IP%/gi,
  )) {
    const [text, name = "IP"] = found;
    const upper = name.toUpperCase();
    if (text === `%${upper}%`) continue;
    const message = `"${text}" stands for nothing`;
    return { at: found.index, message, hint: `%${upper}%` };
  }
  return undefined;
}

/** Sesame sets KNOCK_IP, and not IP. */
function unsetVariable(value: string): Slip | undefined {
  const found = /(?<!\\)\$(?:(IP|ip)\b|\{(IP|ip)\})/.exec(withoutSingleQuoted(value));
  const name = found?.[1] ?? found?.[2];
  if (
    found === null ||
    name === undefined ||
    new RegExp(`\\b${name}=|\\bread\\b|\\bfor ${name}\\b`).test(value)
  ) {
    return undefined;
  }
  return { at: found.index, message: `nothing sets ${found[0]}`, hint: "%IP% or $KNOCK_IP" };
}

function continued(value: string): Slip | undefined {
  if (!value.endsWith("\\")) return undefined;
  const message = "a command is one line: the next line is not part of it";
  return { at: value.length - 1, message, hint: "write it on one line, without the \\" };
}

/** The text with blanks in place of what stands in quotes, so that places stay. */
function withoutQuoted(text: string): string {
  // Escapes first: each quote that nothing closes is looked at once.
  return text.replace(/\\.|"(?:[^"\\]|\\.)*"|'[^']*'/gs, (part) =>
    part.startsWith("\\") ? part : " ".repeat(part.length),
  );
}

function withoutSingleQuoted(text: string): string {
  return text.replace(/'[^']*'/gs, (part) => " ".repeat(part.length));
}
