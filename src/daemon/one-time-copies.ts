import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KnockError, reason } from "../base/errors.ts";
import type { DoorConfig } from "../config/config.ts";

/**
 * Copies of the files of one-time sequences, for a dry run to use up: the files themselves stay as
 * they are. Only this user can read the copies; `close` removes them.
 */
export class OneTimeCopies {
  /** The doors of the configuration, with the copies instead of the files. */
  readonly doors: readonly DoorConfig[];
  readonly #directory: string | undefined;
  readonly #originals = new Map<string, string>();

  /** Throws SYSTEM. */
  constructor(doors: readonly DoorConfig[]) {
    if (doors.some(({ sequence }) => "file" in sequence)) this.#directory = makeDirectory();
    this.doors = doors.map((door, i) => {
      const { sequence } = door;
      if (!("file" in sequence) || this.#directory === undefined) return door;
      const copy = join(this.#directory, `${i}`);
      this.#originals.set(copy, sequence.file);
      copyOrNothing(sequence.file, copy);
      return { ...door, sequence: { file: copy } };
    });
  }

  /** What a message says of the copies, said of the files. */
  restore(text: string): string {
    let restored = text;
    for (const [copy, original] of this.#originals)
      restored = restored.replaceAll(copy, () => original);
    return restored;
  }

  close(): void {
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true });
  }
}

function makeDirectory(): string {
  try {
    return mkdtempSync(join(tmpdir(), "sesame-"));
  } catch (error) {
    const message = `cannot make a directory for one-time sequences: ${reason(error)}`;
    throw new KnockError("SYSTEM", message, { cause: error });
  }
}

/** Without a copy the door is disabled, with a warning: as in the daemon, when it cannot read the file. */
function copyOrNothing(from: string, to: string): void {
  try {
    copyFileSync(from, to);
  } catch {
    rmSync(to, { force: true });
  }
}
