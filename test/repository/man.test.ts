import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commands } from "../../src/cli/knockctl.ts";
import { aliases as keywordAliases, keywords } from "../../src/client/keywords.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { doorRows, namesIn, optionRows } from "../support/directives.ts";
import {
  callsIn,
  complaint,
  knockctlCommands,
  knockctlOptions,
  plainPrograms,
  spellings,
} from "../support/programs.ts";

const folder = join(import.meta.dirname, "../../packaging/man");
const names = ["knock.1", "knockd.conf.5", "knockctl.8", "knockd.8"] as const;
const page = (name: (typeof names)[number]) => readFileSync(join(folder, name), "utf8");
const hasMandoc = spawnSync("mandoc", ["-h"]).error === undefined;

/** The items of lists that begin with this macro, each with what follows it in its line. */
function items(text: string, macro: "Fl" | "Ic"): string[] {
  return [...text.matchAll(new RegExp(`^\\.It (${macro} .*)$`, "gm"))].map(([, line = ""]) => line);
}

/** The options that a part of a page explains: `-c`, `--config`. */
function options(text: string): string[] {
  const all = items(text, "Fl").flatMap((line) => [...line.matchAll(/\bFl ([\w-]+)/g)]);
  // `--` before a command is not an option.
  return all.map(([, name]) => `-${name}`).filter((name) => name !== "--");
}

/** The directives or keywords that a part of a page explains, in lower case. */
function words(text: string): string[] {
  return items(text, "Ic").flatMap((line) =>
    [...line.matchAll(/\bIc (\w+)/g)].map(([, name = ""]) => name.toLowerCase()),
  );
}

/** The text of a section, or of a part of it. */
function section(text: string, title: string, macro: "Sh" | "Ss" = "Sh"): string {
  const start = text.search(new RegExp(`^\\.${macro} ${title}\\b`, "m"));
  expect(start, title).toBeGreaterThan(0);
  const end = text.slice(start + 1).search(macro === "Sh" ? /^\.Sh /m : /^\.S[hs] /m);
  return text.slice(start, end < 0 ? undefined : start + 1 + end);
}

test.skipIf(!hasMandoc).each(names)("mandoc finds nothing wrong with %s", (name) => {
  const { stdout, stderr, status } = spawnSync("mandoc", ["-T", "lint", "-W", "warning", name], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(`${stdout}${stderr}`).toBe("");
  expect(status).toBe(0);
});

test.each(["knock.1", "knockd.8"] as const)("%s explains every option, and no other", (name) => {
  const table = plainPrograms[name.replace(/\.\d$/, "")] ?? [];
  expect(table.length).toBeGreaterThan(10);
  expect(options(page(name)).sort()).toEqual(table.flatMap(spellings).sort());
});

test("knockctl(8) explains every command with all its options, and no other", () => {
  const text = page("knockctl.8");
  const commands = [...text.matchAll(/^\.Ss (\w+)/gm)].map(([, name]) => name);
  expect(commands).toEqual([...knockctlCommands.keys()]);
  const general = text.slice(0, text.indexOf(".Ss"));
  const lonely = /Commands that ask no daemon.*\n\.Cm (.*) \./.exec(general)?.[1]?.split(" , ");
  expect(options(general).sort()).toEqual(knockctlOptions.flatMap(spellings).sort());
  const common = ["--color", "-h", "--help", "-j", "--json"];
  const socket = ["-s", "--socket"];
  for (const [name, table] of knockctlCommands) {
    const own = options(section(text, name, "Ss"));
    const shared = lonely?.includes(name) ? common : [...common, ...socket];
    expect([...new Set([...own, ...shared])].sort(), name).toEqual(table.flatMap(spellings).sort());
  }
});

test("knockctl(8) has the example of each command's help", () => {
  const text = page("knockctl.8");
  for (const { name, example } of commands) {
    expect(section(text, name, "Ss"), name).toContain(`\n.Dl knockctl ${example}\n`);
  }
});

test("knockd.conf(5) explains every directive where it belongs, and no other", () => {
  const text = page("knockd.conf.5");
  const lower = (rows: typeof optionRows) => namesIn(rows).map((name) => name.toLowerCase());
  expect(words(section(text, "OPTIONS")).sort()).toEqual(lower(optionRows).sort());
  expect(words(section(text, "DOORS")).sort()).toEqual(lower(doorRows).sort());
});

test("knock(1) explains every keyword of profiles, and no other", () => {
  const names = [...keywords.map(({ name }) => name.toLowerCase()), ...Object.keys(keywordAliases)];
  expect(words(section(page("knock.1"), "PROFILES")).sort()).toEqual(names.sort());
});

test("the configurations of knockd.conf(5) load, without a warning", () => {
  const blocks = [...page("knockd.conf.5").matchAll(/^\.Bd -literal.*\n([\s\S]*?)^\.Ed/gm)];
  expect(blocks.length).toBeGreaterThan(3);
  for (const [, text = ""] of blocks) expect(parseConfig(text).problems).toEqual([]);
});

test("the command lines of the pages have options that there are", () => {
  const calls = names.flatMap((name) =>
    [...page(name).matchAll(/^\.Dl (.*)$/gm)].flatMap(([, line = ""]) => callsIn(line)),
  );
  expect(calls.length).toBeGreaterThan(10);
  expect(calls.flatMap((call) => complaint(call) ?? [])).toEqual([]);
});
