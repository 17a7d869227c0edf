import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Tree } from "./tree.ts";

const folder = import.meta.dirname;

/** Where shells look for what completes a command, below /usr/share. */
const completions: Readonly<Record<string, (program: string) => string>> = {
  bash: (program) => `bash-completion/completions/${program}`,
  fish: (program) => `fish/vendor_completions.d/${program}.fish`,
  zsh: (program) => `zsh/vendor-completions/_${program}`,
};

/** Puts manual pages, compressed, and the shells' completions into a tree, below `share`. */
export async function addManuals(tree: Tree, share: string): Promise<void> {
  for (const page of await list("man")) {
    const name = `${share}/man/man${page.split(".").at(-1)}/${page}`;
    await tree.copy(join(folder, "man", page), name);
    await tree.gzip(name);
  }
  for (const file of await list("completions")) {
    const [, program, shell = ""] = /^(.+)\.(\w+)$/.exec(file) ?? [];
    const place = completions[shell];
    if (program === undefined || place === undefined)
      throw new Error(`completions/${file} is for no shell that is known`);
    await tree.copy(join(folder, "completions", file), `${share}/${place(program)}`);
  }
}

async function list(name: string): Promise<string[]> {
  const path = join(folder, name);
  return existsSync(path) ? (await readdir(path)).sort() : [];
}
