import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Tree } from "./tree.ts";

const root = join(import.meta.dirname, "..");

/**
 * Puts what users read into a folder of a tree: both READMEs, docs, alert rules and a dashboard, as they
 * lie in the repository, so that their links hold. Links to what is not in it become text that says so.
 */
export async function addDocuments(tree: Tree, folder: string): Promise<void> {
  const docs = (await readdir(join(root, "docs"))).filter((name) =>
    /\.(?:md|svg|yml)$|^grafana\.json$/.test(name),
  );
  const names = ["README.md", "README.ko.md", ...docs.map((name) => `docs/${name}`)];
  for (const name of names) {
    const text = await readFile(join(root, name), "utf8");
    await tree.write(`${folder}/${name}`, withoutDeadLinks(text, name, names));
  }
}

function withoutDeadLinks(text: string, name: string, names: readonly string[]): string {
  return text.replace(/!?\[([^\]\n]+)\]\(([^)\s]+)\)/g, (link, label: string, target: string) => {
    const isThere = names.includes(join(name, "..", target.split("#")[0] ?? ""));
    if (/^(#|[a-z]+:)/.test(target) || isThere) return link;
    return `${label} (in the source)`;
  });
}
