import { readFileSync, writeFileSync } from "node:fs";
import { expect } from "vitest";
import type { TranscriptPart, Typed } from "../support/transcript.ts";
import { formatParts, readParts } from "../support/transcript.ts";
import type { Process } from "./process.ts";
import type { TestBed } from "./test-bed.ts";

/** With this, documents get the outputs of this run. */
const isWriting = process.env["SESAME_WRITE_DOCS"] === "1";

/** Milliseconds until a log, a rule or a door shows what a command brought about. */
const patience = 10_000;

/** What only looks, and may look again until it sees what is written. */
const looks =
  /^(?:sudo )?(?:cat|tail|grep|iptables -S|knockctl (?:doors|leases|status)|ping|ssh)\b/;

/** What goes on showing things while others are typed: until the end of its block. */
const watches = /^(?:sudo )?(?:knockctl (?:watch|guard$)|knockd .*-D|tcpdump)\b/;

/** What differs from run to run: dates, and times and numbers that were measured or drawn. */
function normalise(text: string): string {
  return text
    .replaceAll(/^(?:tcpdump: |listening on any, link-type ).*\n/gm, "")
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?/g, "DATE")
    .replaceAll(/\biptables v[\d.]+/g, "iptables vN")
    .replaceAll(/\b\d\d:\d\d:\d\d\.\d+/g, "TIME")
    .replaceAll(/(time|mdev) ?=? ?[\d./]+ ?ms/g, "$1 TIME")
    .replaceAll(/\b\d+(?:\.\d+)?(?=m?s\b)/g, "N")
    .replaceAll(/"waited":\d+/g, '"waited":N')
    .replaceAll(/\b(process) \d+/g, "$1 N")
    .replaceAll(/\b\d+\.\d+\.\d+(?=, process)/g, "VERSION")
    .replaceAll(/\d+ lines about/g, "N lines about")
    .replaceAll(/\d+ (received|dropped)/g, "N $1")
    .replaceAll(/\b([.:])[3-6]\d{4} -?>/g, "$1PORT >")
    .replaceAll(/ +/g, " ");
}

/** Goes through a document as its reader does, and finds what it shows, or fails. */
export async function follow(path: string, stage: TestBed): Promise<readonly TranscriptPart[]> {
  const document = readFileSync(path, "utf8");
  const reader = new DocumentReader(stage);
  const real: TranscriptPart[] = [];
  for (const part of readParts(document)) await reader.read(part, real);
  await reader.settle(real);
  if (isWriting) writeFileSync(path, formatParts(real));
  else expect(normalise(formatParts(real))).toBe(normalise(document));
  return real;
}

class DocumentReader {
  readonly #stage: TestBed;
  #watching: { readonly program: Process; readonly at: number; readonly typed: Typed }[] = [];

  constructor(stage: TestBed) {
    this.#stage = stage;
  }

  /** Does what a part says, and adds it with what really came of it. */
  async read(part: TranscriptPart, real: TranscriptPart[]): Promise<void> {
    if (part.kind !== "typed") {
      if (part.kind === "config") this.#stage.configure(part.text);
      await this.settle(real);
      real.push(part);
    } else if (watches.test(part.command)) {
      const program = await this.#stage.begin(part.prompt, part.command);
      this.#watching.push({ program, at: real.length, typed: part });
      real.push(part);
      // Until it sees something there is nothing to wait for.
      await pause(3_000);
    } else real.push({ ...part, output: await this.#type(part) });
  }

  /** Puts what was shown meanwhile where it belongs. */
  async settle(real: TranscriptPart[]): Promise<void> {
    for (const { program, at, typed } of this.#watching) {
      await this.#retry(typed.output, async () => this.#stage.translate(program.output));
      real[at] = { ...typed, output: this.#stage.translate(program.output) };
      // A trial goes on: its end is another's doing.
      if (!typed.command.endsWith("guard")) await program.stop();
    }
    this.#watching = [];
  }

  async #type({ prompt, command, output }: Typed): Promise<string> {
    const say = () => this.#stage.type(prompt, command);
    return looks.test(command) ? await this.#retry(output, say) : await say();
  }

  /** Asks again until the answer is what is written; the last answer. */
  async #retry(written: string, ask: () => Promise<string>): Promise<string> {
    if (isWriting) await pause(1_500);
    const deadline = Date.now() + patience;
    for (;;) {
      const said = await ask();
      if (isWriting || normalise(said) === normalise(written) || Date.now() > deadline) return said;
      await pause(100);
    }
  }
}

async function pause(milliseconds: number): Promise<void> {
  await new Promise((done) => setTimeout(done, milliseconds));
}
