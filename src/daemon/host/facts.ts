import { systemClock } from "../../base/clock.ts";
import type { HostFacts } from "../../config/traps/host.ts";
import type { DecoyFacts } from "../../config/traps/scans.ts";
import { mostTouches } from "../../match/decoys/decoy.ts";
import { isShieldable } from "../../match/decoys/shield.ts";
import { listeningPorts } from "../../system/listening.ts";
import { hasUser } from "../../system/users.ts";
import { readOneTimeFile } from "../state/one-time-file.ts";

/** Returns what the checks of a configuration need to know of the machine on which this runs. */
export function thisHost(blocked: HostFacts["blocked"] = new Map()): HostFacts {
  const now = systemClock.wall();
  return { listening: listeningPorts(), readList: readOneTimeFile, hasUser, blocked, now };
}

/** What the checks of a configuration need to know of decoys. */
export const decoyFacts: DecoyFacts = { isShieldable, mostTouches };
