// The table of README.md and README.ko.md: each row beside the test that shows it, each figure beside the bench.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readRecord } from "../../bench/record.ts";
import { mergeParts } from "../../bench/report.ts";
import type { TargetId } from "../../bench/targets.ts";

const root = join(import.meta.dirname, "../..");
const text = (path: string) => readFileSync(join(root, path), "utf8");

/** The rows of the first table of a page: the cells of each. */
function tableOf(page: string): readonly (readonly string[])[] {
  const [, table = ""] = /\n\n((?:\| .*\n)+)/.exec(text(page)) ?? [];
  const rows = table.trim().split("\n").slice(2);
  return rows.map((row) => row.slice(2, -2).split(" | "));
}

/** A test, or a step of the demo, by its file and words in it. */
type Evidence = readonly [file: string, words: string];

const peers = "test/live/peers.test.ts";
const bench = "[benchmarks](docs/benchmarks.md)";

interface ReadmeRow {
  /** What README.md claims, and what it names for that. */
  readonly claim: string;
  readonly shown: string;
  /** Where that, and the cells of the others, are tried. */
  readonly evidence: readonly Evidence[];
}

const rows: readonly ReadmeRow[] = [
  {
    claim: "A scan of all ports in their order opens a door",
    shown: "`npm run demo -- --only scan`",
    evidence: [
      ["examples/demo/scan.sh", "THE SCAN OPENED THE DOOR"],
      ["test/live/scans.test.ts", "upwards or downwards opens nothing that has some"],
      ["bench/scan.ts", '{ label: "ascending", order: "ascending", ports: allPorts }'],
      [peers, "does not open to a scan of all ports"],
    ],
  },
  {
    claim: "An open door closes while the daemon is dead",
    shown: "`npm run demo -- --only crash`",
    evidence: [
      ["examples/demo/crash.sh", "THE DOOR STAYS OPEN"],
      ["examples/demo/crash.sh", "Sesame: the door closes in time"],
      [peers, "killed with an open door leaves it open"],
    ],
  },
  {
    claim: "A knock opens while the daemon is dead",
    shown: "`npm run demo -- --only crash`",
    evidence: [
      ["examples/demo/crash.sh", "Sesame: the kernel opened the door"],
      ["examples/demo/crash.sh", "the door stays closed: ssh is silent"],
      [peers, "and opens no other"],
    ],
  },
  {
    claim: "A recorded knock opens again",
    shown: "`npm run demo -- --only key`",
    evidence: [
      ["examples/demo/key.sh", "the listener sends it once more, from the address of client one"],
      [peers, "opens again by a recorded knock"],
      [peers, "does not open again to a recorded packet, also after a crash"],
    ],
  },
  { claim: "Knocks that open beside 300,000 forged packets a second", shown: bench, evidence: [] },
  { claim: "From the last packet to the open port (median)", shown: bench, evidence: [] },
  { claim: "Memory at rest", shown: bench, evidence: [] },
  {
    claim: "A setup that locks you out ends by itself",
    shown: "`test/live/story.test.ts`",
    evidence: [
      ["test/live/story.test.ts", "protects pings on trial, too"],
      ["test/live/story.test.ts", "keeps what is on trial through a flush and a reload, no longer"],
    ],
  },
  {
    claim: "IPv6",
    shown: "`test/live/tutorial.test.ts`",
    evidence: [
      ["test/live/tutorial.test.ts", "opens ssh and ping for itself alone, and closes them again"],
      [peers, "opens over IPv6, by a command of its own"],
      [peers, "does not take over IPv6 a packet that it takes over IPv4"],
    ],
  },
  {
    claim: "Hosts behind a gateway",
    shown: "`test/live/behind.test.ts`",
    evidence: [
      ["test/live/behind.test.ts", "opens services of hosts that this one routes to"],
      [peers, "opens a host behind a gateway, by a command"],
      [peers, '"opens a host behind a gateway"'],
    ],
  },
  {
    claim: "Several gateways open and close as one",
    shown: "`npm run demo:fleet`",
    evidence: [
      ["examples/demo-fleet.sh", "ssh reaches gw-3"],
      ["examples/demo-fleet.sh", "what is closed at gw-2 is closed at all"],
      ["test/live/demo-fleet.test.ts", "examples/demo-fleet.sh"],
    ],
  },
  {
    claim: "Phones knock without an app",
    shown: "`test/live/key-page.test.ts`",
    evidence: [
      ["test/live/key-page.test.ts", "one press opens the door for this phone"],
      ["docs/browser.md", "whose ports refuse, and never"],
    ],
  },
];

test("each row of README.md names what shows it", () => {
  const found = tableOf("README.md").map(([claim, , , , shown]) => [claim, shown]);
  expect(found).toEqual(rows.map(({ claim, shown }) => [claim, shown]));
});

test.each(rows)("$claim: what shows it is there", ({ evidence }) => {
  const missing = evidence.filter(([file, words]) => !text(file).includes(words));
  expect(missing).toEqual([]);
});

test("README.ko.md has the same rows", () => {
  const shown = tableOf("README.ko.md").map((cells) => cells[4]?.replace("(영문)", ""));
  expect(shown).toEqual(rows.map(({ shown }) => shown));
});

test.each(["README.md", "README.ko.md"])(
  "%s installs by three commands, and undoes by one",
  (page) => {
    const [, install = ""] = /\n## (?:Install|설치)\n([\s\S]*?)\n## /.exec(text(page)) ?? [];
    expect(install.match(/(?<=^ {4}).*/gm)).toEqual([
      "npm run package -- --deb --arch amd64",
      "sudo apt install ./release/sesame-knock_*_amd64.deb",
      "sudo knockctl init",
      "sudo knockctl undo",
    ]);
  },
);

describe("the figures of the table are those of bench/benchmarks.json", () => {
  const { parts } = readRecord();
  const { findings } = mergeParts(parts);

  /** What the bench found: Sesame, and the other. */
  function finding(id: TargetId): readonly [ours: string, theirs: string] {
    const found = findings[id];
    if (found?.theirs === undefined)
      throw new Error(`bench/benchmarks.json has no finding "${id}"`);
    return [found.ours, found.theirs];
  }

  /** The rows of a table of one part. */
  function rowsOf(part: string, title: string): readonly (readonly string[])[] {
    const tables = parts.find(({ name }) => name === part)?.tables ?? [];
    const found = tables.find((table) => table.title === title)?.rows;
    if (found === undefined) throw new Error(`bench/benchmarks.json: ${part} has no "${title}"`);
    return found;
  }

  /** The first number of a text, with two digits that count. */
  function rounded(found: string | undefined): string {
    const [number = Number.NaN] = found?.replaceAll(",", "").match(/[\d.]+/) ?? [];
    return String(Number(Number(number).toPrecision(2)));
  }

  /** The words for `20 of 20`, or several of them. */
  function share(found: string, { all, none, some }: (typeof pages)[number]["words"]): string {
    const counts = [...found.matchAll(/(\d+) of (\d+)/g)];
    const sum = (at: 1 | 2) => counts.reduce((total, count) => total + Number(count[at]), 0);
    const [opened, knocks] = [sum(1), sum(2)];
    const words = opened === knocks ? all : opened === 0 ? none : some;
    return words.replace("N", String(opened)).replace("M", String(knocks));
  }

  /** In its last flood fwknopd has lost a knock. */
  const [, lost = "", , , opened = ""]: readonly string[] =
    rowsOf("keys", "Knocks by key in floods").findLast(
      ([flood, , , daemon]) => flood === "strangers" && daemon === "fwknopd",
    ) ?? [];
  const [opening, byKey] = [finding("open-kernel"), finding("keys-open")];
  const rest = finding("light-rest-packaged" in findings ? "light-rest-packaged" : "rest-memory");
  const keys = rowsOf("keys", "Memory of keys (MiB)").find(([daemon]) => daemon === "fwknopd");

  const ms = (found: string) => `${rounded(found)} ms`;

  /** How each page puts it. */
  const pages = [
    {
      page: "README.md",
      words: { all: "all", none: "none", some: "N of M" },
      open: (time: string, byKey: string) => `${time}; by key ${byKey}`,
      beside: (share: string, rate: string) => `${share}, beside ${rate}`,
    },
    {
      page: "README.ko.md",
      words: { all: "전부", none: "없음", some: "M번 중 N번" },
      open: (time: string, byKey: string) => `${time}, 키로는 ${byKey}`,
      beside: (share: string, rate: string) => `초당 ${rate}개에서 ${share}`,
    },
  ] as const;

  test.each(pages)("$page", ({ page, words, open, beside }) => {
    const [ours, theirs] = finding("flood-300000");
    const expected = [
      [share(ours, words), share(theirs, words), beside(share(opened, words), lost.slice(0, -2))],
      [open(ms(opening[0]), ms(byKey[0])), ms(opening[1]), ms(byKey[1])],
      [rest[0], rest[1], keys?.[1]].map((found) => `${rounded(found)} MiB`),
    ];
    const quoted = tableOf(page).filter((cells) => cells[4]?.startsWith(bench));
    const cells = quoted.map((row) => row.slice(1, 4));
    expect(cells, `${page} quotes the bench: write what is expected here`).toEqual(expected);
  });
});
