// The access.conf of fwknopd 2, as its manual describes it.

/** A line of a file. */
export interface AccessLine {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** In capitals. */
  readonly name: string;
  readonly value: string;
  /** Whether `%include_keys` names its file. */
  readonly isOfKeys: boolean;
}

/** What begins with a line SOURCE. */
export interface AccessStanza {
  readonly source: AccessLine;
  /** The others, in their order. */
  readonly lines: readonly AccessLine[];
}

/** A stanza that is being read. */
interface OpenStanza extends AccessStanza {
  readonly lines: AccessLine[];
}

/** Something to be said of one place of a file. */
export interface AccessNote extends Pick<AccessLine, "file" | "line"> {
  readonly text: string;
}

export interface ReadAccess {
  readonly stanzas: readonly AccessStanza[];
  /** Lines that mean nothing, and files that cannot be read. */
  readonly problems: readonly AccessNote[];
}

/** The files that an access.conf includes. Relative paths are those of the caller. */
export interface AccessFiles {
  /** Throws the system's error. */
  readonly read: (path: string) => string;
  /** Returns the paths of the files in a folder whose names end in `.conf`, sorted. Throws the system's error. */
  readonly list: (folder: string) => readonly string[];
}

/** How deep a file may include others, and how many files are read. */
const deepest = 8;
const mostFiles = 1000;

/** Returns whether a text is an access.conf, and not a knockd.conf. */
export function isAccessFile(text: string): boolean {
  const lines = text.split("\n").map((line) => line.trim());
  if (lines.some((line) => /^\[.*\]/.test(line))) return false;
  return lines.some((line) => /^(?:SOURCE\s*:?\s|%include(?:_folder|_keys)?\s)/i.test(line));
}

/** Reads an access.conf, and what it includes. */
export function readAccess(file: string, text: string, files: AccessFiles): ReadAccess {
  const stanzas: OpenStanza[] = [];
  const problems: AccessNote[] = [];
  let included = 0;
  // A stanza ends with its file. That of a file of keys is the one that includes it.
  const readText = (path: string, content: string, depth: number, ofKeys?: OpenStanza): void => {
    let stanza = ofKeys;
    const isOfKeys = ofKeys !== undefined;
    content.split("\n").forEach((raw, i) => {
      const one = readLine(path, i + 1, raw, isOfKeys);
      if (one === undefined) return;
      const report = (what: string) => problems.push({ file: path, line: i + 1, text: what });
      if (one.name.startsWith("%")) {
        if (depth >= deepest) report(`${one.name.toLowerCase()}: files include each other`);
        else include(one, depth, stanza, report);
      } else if (one.name === "SOURCE" && !isOfKeys) {
        stanza = { source: one, lines: [] };
        stanzas.push(stanza);
      } else if (stanza === undefined) report(`${one.name} stands before the first SOURCE`);
      else stanza.lines.push(one);
    });
  };
  const readFile = (path: string, depth: number, ofKeys?: OpenStanza) => {
    // Files that include several others may be many.
    if (++included > mostFiles) throw new Error(`more than ${mostFiles} files are included`);
    readText(path, files.read(path), depth, ofKeys);
  };
  const include = (
    one: AccessLine,
    depth: number,
    stanza: OpenStanza | undefined,
    report: (what: string) => void,
  ): void => {
    const { name, value } = one;
    if (included > mostFiles) return;
    try {
      switch (name) {
        case "%INCLUDE":
          readFile(value, depth + 1);
          return;
        case "%INCLUDE_KEYS":
          if (stanza === undefined) report("%include_keys stands before the first SOURCE");
          else readFile(value, depth + 1, stanza);
          return;
        case "%INCLUDE_FOLDER":
          for (const path of files.list(value)) readFile(path, depth + 1);
          return;
        default:
          report(`${name.toLowerCase()} is not known`);
      }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      report(`cannot include "${value}": ${why}`);
    }
  };
  readText(file, text, 0);
  return { stanzas, problems };
}

/** Reads `NAME VALUE`, or `NAME: VALUE;` as older versions have it. */
function readLine(
  file: string,
  line: number,
  raw: string,
  isOfKeys: boolean,
): AccessLine | undefined {
  const content = raw.replace(/\r$/, "").trimStart();
  if (content === "" || content.startsWith("#") || content.startsWith(";")) return undefined;
  // A longer word, or one with other digits, may be a key.
  const [, word = "", rest = ""] = /^(%?[a-z_]{1,30}(?:64)?)(?!\w)\s*:?\s*(.*)$/is.exec(
    content,
  ) ?? [...["", "this line"]];
  const name = word.toUpperCase();
  const [before = ""] = rest.split(";");
  // fwknopd takes all before a semicolon for the passphrase, blanks at its end and a # too.
  const isPassphrase = name === "KEY" || name === "HMAC_KEY";
  const value = isPassphrase ? before : before.replace(/\s+#.*$/s, "").trimEnd();
  return { file, line, name, value, isOfKeys };
}
