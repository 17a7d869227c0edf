import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Settings } from "../client/profile.ts";
import { formatProfile } from "../client/profile-edit.ts";
import type { ProgramResult } from "../system/run-program.ts";
import { ownProgram } from "./own-program.ts";
import type { ProbeHost } from "./probe-host.ts";

/** Milliseconds between two packets of a knock within this machine. */
const delay = 50;

/**
 * Knocks from the probe host. Every user can read the command lines of running programs, so the sequence or key is
 * passed in a file that only its owner can read, and that is removed afterwards.
 */
export async function knockInSecret(
  probeHost: Pick<ProbeHost, "host" | "run">,
  knock: Settings,
): Promise<ProgramResult> {
  const folder = mkdtempSync(join(tmpdir(), "knockctl-"));
  try {
    const file = join(folder, "knock.conf");
    const profile = formatProfile({ ...knock, name: "door", host: probeHost.host, delay });
    writeFileSync(file, `${profile.join("\n")}\n`, { mode: 0o600 });
    return await probeHost.run([...ownProgram("knock"), "-F", file, "--profile", "door"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
