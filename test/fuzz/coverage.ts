import { readFileSync } from "node:fs";
import type { Profiler } from "node:inspector";
import { Session } from "node:inspector";
import { pathToFileURL } from "node:url";

/** A part of the script that came from one source file. */
interface Piece {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Which characters of the script that runs were carried out, as V8 counts blocks: by branches, so
 * that a new one shows. For the parts that come from the source files that are of interest.
 */
export class Coverage {
  readonly #session = new Session();
  readonly #url: string;
  readonly #text: string;
  readonly #pieces: readonly Piece[];
  /** 1: was carried out. One a character. */
  readonly #covered: Uint8Array;

  /** `script`: what esbuild made, with a comment before each file's part; `covers`: beginnings of paths. */
  constructor(script: string, covers: readonly string[]) {
    this.#url = pathToFileURL(script).href;
    this.#text = readFileSync(script, "utf8");
    this.#covered = new Uint8Array(this.#text.length);
    this.#pieces = piecesOf(this.#text).filter(({ file }) =>
      covers.some((path) => file.startsWith(path)),
    );
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** Ends it: code runs faster afterwards. */
  stop(): void {
    this.#session.post("Profiler.stopPreciseCoverage");
    this.#session.disconnect();
  }

  /** Forgets what ran since the last look. */
  skip(): void {
    this.#take();
  }

  /** Knows nothing any more. */
  forget(): void {
    this.#take();
    this.#covered.fill(0);
  }

  /** What ran since the last look for the first time: places in the script. It counts as known only after `learn`. */
  fresh(): number[] {
    const places: number[] = [];
    for (const [start, end] of this.#ranges()) {
      for (let at = start; at < end; at++) {
        if (this.#covered[at] !== 0) continue;
        // One place stands for the block.
        places.push(at);
        while (at < end && this.#covered[at] === 0) at++;
      }
    }
    return places;
  }

  /** Everything that ran since the last look is known from now on. Returns how many characters are new. */
  learn(): number {
    let count = 0;
    for (const [start, end] of this.#ranges()) {
      for (let at = start; at < end; at++) {
        if (this.#covered[at] === 0) count++;
        this.#covered[at] = 1;
      }
    }
    return count;
  }

  /** Did all these places run since the last look? */
  hasRun(places: readonly number[]): boolean {
    const ranges = this.#ranges();
    return places.every((place) => ranges.some(([start, end]) => start <= place && place < end));
  }

  /** What was never carried out, a line of code each, as `file: code`; and how much of all that is, from 0 to 1. */
  missing(): { readonly lines: readonly string[]; readonly share: number } {
    const lines: string[] = [];
    let all = 0;
    let not = 0;
    for (const { file, start, end } of this.#pieces) {
      let at = start;
      let isOnLoad = false;
      for (const line of this.#text.slice(start, end).split("\n")) {
        // What a module does when it is loaded ran before all this.
        if (/^\S/.test(line)) isOnLoad = /^(?:var|import) (?!.* = class)/.test(line);
        const isCode =
          /\w/.test(line) &&
          !/^\s*(?:\/\/|\*|\/\*)|^var \w+ = class/.test(line) &&
          (!isOnLoad || line.includes("=>"));
        const marks = this.#covered.subarray(at, at + line.length);
        // Names of parameters and brackets that V8 counts to no block do not matter: words do.
        const gap = [...line].map((c, i) => (marks[i] === 0 ? c : " ")).join("");
        if (isCode) all++;
        if (isCode && /\w{2}/.test(gap)) {
          not++;
          lines.push(`${file}: ${gap.trim()}`);
        }
        at += line.length + 1;
      }
    }
    return { lines, share: all === 0 ? 0 : 1 - not / all };
  }

  /** The parts of interest that ran since the last look. */
  #ranges(): [number, number][] {
    const found: [number, number][] = [];
    for (const { ranges } of this.#take()) {
      const [whole] = ranges;
      if (whole === undefined || whole.count === 0 || !this.#isOurs(whole.startOffset)) continue;
      found.push(...carriedOut(ranges));
    }
    return found;
  }

  #isOurs(place: number): boolean {
    return this.#pieces.some(({ start, end }) => start <= place && place < end);
  }

  #take(): Profiler.FunctionCoverage[] {
    let functions: Profiler.FunctionCoverage[] = [];
    // In the same thread the answer comes during the call.
    this.#session.post("Profiler.takePreciseCoverage", (error, answer) => {
      if (error) throw error;
      functions = answer.result.find(({ url }) => url === this.#url)?.functions ?? [];
    });
    return functions;
  }
}

/** Of a function's blocks, which stand one in the other, outermost first, the parts that ran. */
function carriedOut(ranges: readonly Profiler.CoverageRange[]): [number, number][] {
  const edges = [...new Set(ranges.flatMap((one) => [one.startOffset, one.endOffset]))].sort(
    (a, b) => a - b,
  );
  return edges.slice(1).flatMap((end, i): [number, number][] => {
    const start = edges[i] ?? end;
    // The last that holds it is the innermost.
    const inner = ranges.findLast((one) => one.startOffset <= start && end <= one.endOffset);
    return inner !== undefined && inner.count > 0 ? [[start, end]] : [];
  });
}

/** esbuild writes `// src/decode/decode.ts` before the part of each file. */
function piecesOf(text: string): Piece[] {
  const marks = [...text.matchAll(/^\/\/ ((?:src|test)\/\S+\.ts)$/gm)];
  return marks.map((mark, i) => ({
    file: mark[1] ?? "",
    start: mark.index + mark[0].length + 1,
    end: marks[i + 1]?.index ?? text.length,
  }));
}
