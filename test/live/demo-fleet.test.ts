import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Typed } from "../support/transcript.ts";
import { formatParts, readParts } from "../support/transcript.ts";
import { Process } from "./process.ts";
import { needs } from "./requirements.ts";
import { needsSshd } from "./sshd.ts";

const root = join(import.meta.dirname, "../..");
const document = join(root, "docs/fleet.md");

/** What differs from run to run: dates, lengths of time, the version of the store and how it was lost. */
const normalise = (text: string) =>
  text
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, "DATE")
    .replaceAll(/[+-]?\b\d+(?:\.\d+)?(?:m \d+s|ms|m|s)\b/g, "TIME")
    .replaceAll(/\(\d+\.\d+\.\d+\)/g, "(VERSION)")
    .replaceAll(/ is lost: .*/g, " is lost: WHY")
    .replaceAll(/ +/g, " ")
    // Leases and entries as of the last heartbeat, which may be some seconds old.
    .replaceAll(/\d+\.\d+\.\d+ \d+ \d+ /g, "VERSION N N ");

/** What the demo shows of a command at a gateway. */
function shown(demo: string, { prompt, command }: Typed): string {
  const typed = `          ${prompt} $ ${command.replace(/^sudo /, "")}\n`;
  const [, after] = demo.split(typed);
  if (after === undefined) throw new Error(`the demo does not type ${command} at ${prompt}`);
  // To the next step, or to what is typed next.
  const [output = ""] = /^(?: {10}(?![\w-]+ \$ ).*\n)*/.exec(after) ?? [];
  return output.replaceAll(/^ {10}/gm, "").replaceAll(/ +$/gm, "");
}

test.skipIf(needsSshd("nft", "pgrep", "tcpdump") ?? needs("redis-server"))(
  "the demo of a fleet does what it says, and docs/fleet.md shows what it prints",
  { timeout: 400_000 },
  async () => {
    const program = join(root, "examples/demo-fleet.sh");
    const demo = await new Process([join(root, "scripts/private"), program]).ended;
    expect(`${demo.stdout}${demo.stderr}`).not.toContain("FAILED");
    expect(demo.code).toBe(0);
    expect(demo.stdout.match(/^ok /gm)?.length).toBeGreaterThan(25);
    const text = readFileSync(document, "utf8");
    const parts = readParts(text).map((part) =>
      part.kind === "typed" ? { ...part, output: shown(demo.stdout, part) } : part,
    );
    expect(parts.filter(({ kind }) => kind === "typed").length).toBeGreaterThan(2);
    // With this, the document gets the outputs of this run.
    if (process.env["SESAME_WRITE_DOCS"] === "1") writeFileSync(document, formatParts(parts));
    else expect(normalise(formatParts(parts))).toBe(normalise(text));
  },
);
