import { posix } from "node:path";

/** One import, re-export or dynamic import of a source file. Paths are relative to the repository. */
export interface Import {
  readonly file: string;
  /** The imported file, or the name of a package or Node module. */
  readonly target: string;
  /** `import type` or `export type`: gone at run time. */
  readonly typesOnly: boolean;
}

/** What a folder of src/ may import: of ours, and of Node's modules where only some are allowed. */
interface Allowance {
  readonly values: readonly string[];
  readonly types?: readonly string[];
  readonly packages?: readonly string[];
  /** Any `node:` module if absent. */
  readonly node?: readonly string[];
}

export type ImportTable = Readonly<Record<string, Allowance>>;

const statement =
  /^[ \t]*(?:import|export)\s+(?<type>type\s+)?(?:[\w$*{}\s,]+?\sfrom\s*)?"(?<path>[^"\n]+)"/gm;
const dynamic = /\b(?:import|require)\s*\(\s*(?:"(?<path>[^"\n]+)"\s*\)|(?<computed>[^\s"]))/g;

/** Every import in `source`. A dynamic import of a computed path has the target "?". */
export function importsOf(file: string, source: string): Import[] {
  const code = withoutComments(source);
  const found = [...code.matchAll(statement), ...code.matchAll(dynamic)];
  return found.map(({ groups = {} }) => ({
    file,
    target: resolve(file, groups["path"] ?? "?"),
    typesOnly: groups["type"] !== undefined,
  }));
}

/** The imports that the table does not allow, each with the reason, as `FILE: TARGET: reason`. */
export function trespasses(imports: readonly Import[], table: ImportTable): string[] {
  return imports.flatMap((one) => {
    const reason = objection(one, table);
    return reason === undefined ? [] : [`${one.file}: ${one.target}: ${reason}`];
  });
}

/** The shortest chain of value imports from `start` to a file or package that `wanted` accepts. */
export function pathTo(
  start: string,
  imports: readonly Import[],
  wanted: (target: string) => boolean,
): string[] | undefined {
  const chains: string[][] = [[start]];
  const visited = new Set([start]);
  for (const chain of chains) {
    const file = chain.at(-1) ?? start;
    if (wanted(file)) return chain;
    for (const next of imports) {
      if (next.file !== file || next.typesOnly || visited.has(next.target)) continue;
      visited.add(next.target);
      chains.push([...chain, next.target]);
    }
  }
  return undefined;
}

const printing =
  /\bconsole\s*\.|\bprocess\s*\.\s*(?:stdout|stderr|exit|abort)\b|\bfrom "node:process"/g;

/** Where `source` prints or exits by itself: the words found. */
export function printsOrExits(source: string): string[] {
  return [...withoutComments(source).matchAll(printing)].map(([words]) => words);
}

function objection({ file, target, typesOnly }: Import, table: ImportTable): string | undefined {
  const folder = folderOf(file);
  const allowance = folder === undefined ? undefined : table[folder];
  if (folder === undefined || allowance === undefined) return "the table has no such folder";
  if (target === "?") return "a computed path cannot be checked";
  const { values, types = [], packages = [], node } = allowance;
  if (target.startsWith("node:")) {
    return node === undefined || node.includes(target) ? undefined : `${folder} does no I/O`;
  }
  if (!target.startsWith("src/")) {
    return packages.includes(target) ? undefined : `${folder} may not import this package`;
  }
  const other = folderOf(target);
  if (other === undefined) return "no folder of the table";
  if (other === folder || values.includes(other)) return undefined;
  if (!types.includes(other)) return `${folder} may not import ${other}`;
  return typesOnly ? undefined : `${folder} may import only types from ${other}`;
}

/** `match` of `src/match/matcher.ts`; undefined outside the folders of src/. */
function folderOf(file: string): string | undefined {
  return /^src\/([^/]+)\//.exec(file)?.[1];
}

function resolve(file: string, path: string): string {
  return path.startsWith(".") ? posix.join(posix.dirname(file), path) : path;
}

/** Strings stay: they hold the paths. A `//` in a string is not a comment. */
export function withoutComments(source: string): string {
  const comment =
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[\s\S])*`)|\/\/.*|\/\*[\s\S]*?\*\//g;
  return source.replace(comment, (_, text: string | undefined) => text ?? " ");
}
