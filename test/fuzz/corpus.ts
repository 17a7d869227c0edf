import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What a corpus may grow to: files, and bytes of them all. */
const mostFiles = 200;
const mostBytes = 300_000;

/** Cases are named by what is in them; other files in the folder belong to somebody else. */
const ours = /^[0-9a-f]{16}$/;

/** The cases of a target, in a folder of the repository. */
export class Corpus {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Smallest first. */
  read(): Uint8Array[] {
    return this.#names()
      .map((name) => Uint8Array.from(readFileSync(join(this.#folder, name))))
      .sort((a, b) => a.length - b.length);
  }

  /** Replaces all: the smallest, as many as there is room for. */
  write(cases: readonly Uint8Array[]): void {
    const sorted = [...cases].sort((a, b) => a.length - b.length).slice(0, mostFiles);
    let room = mostBytes;
    const kept = sorted.filter(({ length }) => {
      room -= length;
      return room >= 0;
    });
    mkdirSync(this.#folder, { recursive: true });
    const names = new Set(kept.map(nameOf));
    for (const name of this.#names()) if (!names.has(name)) rmSync(join(this.#folder, name));
    for (const one of kept) writeFileSync(join(this.#folder, nameOf(one)), one);
  }

  #names(): string[] {
    try {
      return readdirSync(this.#folder).filter((name) => ours.test(name));
    } catch {
      return []; // There is none yet.
    }
  }
}

/** The name of a case: the beginning of its hash. */
export function nameOf(input: Uint8Array): string {
  return createHash("sha256").update(input).digest("hex").slice(0, 16);
}
