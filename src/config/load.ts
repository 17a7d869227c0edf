import { readFileSync } from "node:fs";
import { KnockError, reason } from "../base/errors.ts";
import type { Config } from "./config.ts";
import type { ConfigSection } from "./lines.ts";
import type { ParsedConfig } from "./parse.ts";
import { parseConfig } from "./parse.ts";
import type { Problem } from "./problem.ts";
import { formatWithHint } from "./problem.ts";

/** A configuration that can be used, and what is to be said about it. */
export interface LoadedConfig {
  readonly config: Config;
  readonly warnings: readonly Problem[];
}

/** Finds what is to be said of a good configuration; its doors stand in `sections`, one by one. */
export type FindTraps = (config: Config, sections: readonly ConfigSection[]) => readonly Problem[];

/** `readConfig` for those who need a configuration. Throws CONFIG with every problem, a line each. */
export function loadConfig(file: string, directory: string, findMore?: FindTraps): LoadedConfig {
  return checkConfig(file, readBytes(file), directory, findMore);
}

/** As `loadConfig` for a file that holds `bytes`; `file` is for messages. */
export function checkConfig(
  file: string,
  bytes: Uint8Array,
  directory: string,
  findMore: FindTraps = () => [],
): LoadedConfig {
  const { config, problems, doorSections } = parseBytes(bytes, directory);
  if (config !== undefined) {
    const warnings = [...problems, ...findMore(config, doorSections)];
    return { config, warnings: warnings.sort((a, b) => a.line - b.line || a.column - b.column) };
  }
  const lines = problems.map((problem) => formatWithHint(file, problem));
  throw new KnockError("CONFIG", lines.join("\n"));
}

/**
 * Reads and checks a file; paths in it that are relative start from `directory`. Throws CONFIG if
 * it cannot be read at all.
 */
export function readConfig(file: string, directory: string): ParsedConfig {
  return parseBytes(readBytes(file), directory);
}

function parseBytes(bytes: Uint8Array, directory: string): ParsedConfig {
  if (isUtf16(bytes))
    return { ...parseConfig("", directory), config: undefined, problems: [utf16] };
  const { text, problems } = readText(bytes);
  const parsed = parseConfig(text, directory);
  return { ...parsed, problems: [...problems, ...parsed.problems] };
}

const utf16: Problem = {
  severity: "error",
  line: 1,
  column: 1,
  message: "the file is UTF-16",
  hint: "save it as UTF-8",
};

/** Returns whether a file begins with a byte order mark of UTF-16, or with a letter of it. */
export function isUtf16(bytes: Uint8Array): boolean {
  const [first = 1, second = 1] = bytes;
  const mark = (first << 8) | second;
  return (
    mark === 0xfffe || mark === 0xfeff || (bytes.length > 1 && (first === 0) !== (second === 0))
  );
}

function readText(bytes: Uint8Array): { text: string; problems: Problem[] } {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), problems: [] };
  } catch {
    // Comments in an old encoding are harmless, and every byte is a character of Latin-1.
    const message = "the file is not UTF-8, it is read as Latin-1";
    const problem: Problem = { severity: "warning", line: 1, column: 1, message };
    return { text: Buffer.from(bytes).toString("latin1"), problems: [problem] };
  }
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw unreadableConfig(file, error);
  }
}

/** Returns what is thrown for a file that cannot be read. */
export function unreadableConfig(file: string, cause: unknown): KnockError {
  return new KnockError("CONFIG", `${file}: ${reason(cause)}`, { cause });
}
