import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Tree } from "./tree.ts";

const folder = import.meta.dirname;

/** Which manual pages and completions are put where. */
export interface ManualOptions {
  /** The one program whose they are; all, if it is not said. */
  readonly only?: string;
  /** The folder of zsh's completions below zsh. */
  readonly zsh?: "vendor-completions" | "site-functions";
}

/** Puts manual pages, compressed, and the shells' completions into a tree, below `share`. */
export async function addManuals(
  tree: Tree,
  share: string,
  { only, zsh = "vendor-completions" }: ManualOptions = {},
): Promise<void> {
  const places: Readonly<Record<string, (program: string) => string>> = {
    bash: (program) => `bash-completion/completions/${program}`,
    fish: (program) => `fish/vendor_completions.d/${program}.fish`,
    zsh: (program) => `zsh/${zsh}/_${program}`,
  };
  const isWanted = (file: string) => only === undefined || file.split(".")[0] === only;
  for (const page of (await list("man")).filter(isWanted)) {
    const name = `${share}/man/man${page.split(".").at(-1)}/${page}`;
    await tree.copy(join(folder, "man", page), name);
    await tree.gzip(name);
  }
  for (const file of (await list("completions")).filter(isWanted)) {
    const [, program, shell = ""] = /^(.+)\.(\w+)$/.exec(file) ?? [];
    const place = places[shell];
    if (program === undefined || place === undefined)
      throw new Error(`completions/${file} is for no shell that is known`);
    await tree.copy(join(folder, "completions", file), `${share}/${place(program)}`);
  }
}

async function list(name: string): Promise<string[]> {
  const path = join(folder, name);
  return existsSync(path) ? (await readdir(path)).sort() : [];
}
