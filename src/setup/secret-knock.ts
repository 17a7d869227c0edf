import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sequence } from "../base/sequence.ts";
import { formatProfile } from "../client/profile-edit.ts";
import type { ProgramResult } from "../system/run-program.ts";
import { ownProgram } from "./own-program.ts";
import type { Visitor } from "./probe-host.ts";

/** Milliseconds between two packets of a knock that goes no further than this machine. */
const delay = 50;

/**
 * Knocks as a visitor. Everybody here can read a command line while it runs, so the sequence stands in a
 * file for us alone, which is gone afterwards.
 */
export async function knockInSecret(
  visitor: Pick<Visitor, "host" | "run">,
  sequence: Sequence,
): Promise<ProgramResult> {
  const folder = mkdtempSync(join(tmpdir(), "knockctl-"));
  try {
    const file = join(folder, "knock.conf");
    const steps = sequence.map((port) => ({ ...port, text: `${port.number}` }));
    const profile = formatProfile({ name: "door", host: visitor.host, steps, delay });
    writeFileSync(file, `${profile.join("\n")}\n`, { mode: 0o600 });
    return await visitor.run([...ownProgram("knock"), "-F", file, "--profile", "door"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
