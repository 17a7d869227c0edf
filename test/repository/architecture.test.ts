// docs/architecture.md names what is in the code.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { table } from "../support/import-table.ts";

const root = join(import.meta.dirname, "../..");
const path = join(root, "docs/architecture.md");
const text = readFileSync(path, "utf8");
const spans = [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span);

function filesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(join(root, folder, name), "utf8"));
}

function importRows(): string {
  const rows = Object.entries(table).map(([folder, { values, types = [], packages = [] }]) => {
    const cells = [[`\`${folder}\``], values, types, packages].map((names) => names.join(", "));
    return `| ${cells.join(" | ")} |\n`.replaceAll("|  |", "| |").replaceAll("|  |", "| |");
  });
  return rows.join("");
}

// `npx vitest run test/repository/architecture.test.ts -u` writes the table anew.
test("the table of imports is the one that holds", async () => {
  const rows = /(\| folder \| values \| types \| packages \|\n\| [- |]+\n)(?:^\|.*\n)*/m;
  expect(text).toMatch(rows);
  const written = text.replace(rows, (_, head: string) => head + importRows());
  await expect(written).toMatchFileSnapshot(path);
});

test("the table of folders has every folder of src/", () => {
  const rows = [...text.matchAll(/^\| `(\w+)\/` \| .* \| `([^`]+)` \|$/gm)];
  const folders = readdirSync(join(root, "src"));
  expect(rows.map(([, folder]) => folder).sort()).toEqual(folders.sort());
  const missing = rows.filter(([, folder = "", file = ""]) => {
    return !existsSync(join(root, "src", folder, file));
  });
  expect(missing.map(([row]) => row)).toEqual([]);
});

test("every path that it names is there", () => {
  const paths = spans.filter((span) => /^[\w./-]+\/[\w./-]*$/.test(span) && !span.startsWith("/"));
  expect(paths.length).toBeGreaterThan(40);
  const folders = Object.keys(table).map((folder) => `src/${folder}`);
  const places = ["", "src", "src/daemon", "src/match", "src/firewall", ...folders];
  const dead = paths.filter((one) => !places.some((place) => existsSync(join(root, place, one))));
  expect(dead).toEqual([]);
});

test("every type and member that it names is there", () => {
  const sources = [...filesIn("src"), ...filesIn("test")].join("\n");
  const names = spans.filter((span) => /^[A-Z][a-z]\w*(?:\.\w+)?$/.test(span));
  expect(names.length).toBeGreaterThan(30);
  const notTypes = ["MetricsListen", "SharedArrayBuffer", "Target"];
  const dead = names.filter((name) => {
    const [type, member = ""] = name.split(".");
    if (notTypes.includes(name)) return false;
    const isDeclared = new RegExp(`\\b(?:class|interface|type|const) ${type}\\b`).test(sources);
    return !isDeclared || !new RegExp(`\\b${member}\\(?`).test(sources);
  });
  expect(dead).toEqual([]);
});
