// The rows of src/config/directives.ts are the source of what documents say of directives.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { doorRows, markdownTable, namesIn, optionRows } from "../support/directives.ts";

const root = join(import.meta.dirname, "../..");
const text = (path: string) => readFileSync(join(root, path), "utf8");
const rows = [...optionRows, ...doorRows];

/** Those of knockd 0.8, which from-knockd.md does not list. */
const knockd = new Set([
  ...["UseSyslog", "LogFile", "PidFile", "Interface", "Sequence", "One_Time_Sequences"],
  ...["Seq_Timeout", "TCPFlags", "Target", "Start_Command", "Start_Command_6", "Cmd_Timeout"],
  ...["Stop_Command", "Stop_Command_6"],
]);

/** The names in backticks behind some words of from-knockd.md, up to a full stop, in lower case. */
function namesAfter(words: string): string[] {
  const [, list = ""] = text("docs/from-knockd.md").replaceAll(/\s+/g, " ").split(words);
  const [sentence = ""] = list.split(/counts from|\. /);
  return [...sentence.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name.toLowerCase()).sort();
}

const lower = (names: readonly string[]) => names.map((name) => name.toLowerCase()).sort();

test("no two directives of a section share a name", () => {
  for (const group of [optionRows, doorRows]) {
    const names = lower(namesIn(group));
    expect(new Set(names).size).toBe(names.length);
  }
});

// `npx vitest run -u test/repository/directives.test.ts` writes the table anew.
test("the table of docs/configuration.md follows from the rows", async () => {
  const path = join(root, "docs/configuration.md");
  const written = readFileSync(path, "utf8");
  const table = /^\| section \| directive \|.*\n(?:^\|.*\n)*/m;
  expect(written).toMatch(table);
  await expect(written.replace(table, () => markdownTable())).toMatchFileSnapshot(path);
});

test("knockd.conf(5) begins each directive with the summary of its row", () => {
  const page = text("packaging/man/knockd.conf.5");
  const first = new Map(
    [...page.matchAll(/^\.It Ic (\w+)\b.*\n(.*)$/gm)].map(([, name = "", line]) => [name, line]),
  );
  const wanted = rows.map(({ name, summary }) => [
    name,
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`,
  ]);
  expect(Object.fromEntries(first)).toEqual(Object.fromEntries(wanted));
});

test("knockd.conf(5) lists every word that a directive takes", () => {
  const page = text("packaging/man/knockd.conf.5");
  for (const { name, kind } of rows.filter(({ kind }) => /^[a-z]+ \|/.test(kind.syntax))) {
    if (!kind.isBare) expect(page).toContain(`.It Ic ${name} = Cm ${kind.syntax}\n`);
  }
});

test("docs/from-knockd.md lists the directives that knockd does not have", () => {
  const ours = rows.map(({ name }) => name).filter((name) => !knockd.has(name));
  expect(namesAfter("- New: `LogFormat`")).toEqual(
    lower(ours.filter((name) => name !== "LogFormat")),
  );
});

test("docs/from-knockd.md lists the options that count from the next start", () => {
  const fixed = optionRows.filter(({ isFixed }) => isFixed).map(({ name }) => name);
  expect(namesAfter("also if they were removed. A changed")).toEqual(lower(fixed));
});
