import { isUtf8 } from "node:buffer";
import { randomInt } from "node:crypto";
import { systemClock } from "../base/clock.ts";
import { KnockError } from "../base/errors.ts";
import { tcpFlags } from "../base/tcp-flags.ts";
import { printable } from "../base/text.ts";
import { wallTime } from "../base/time.ts";
import type { Config, DoorConfig } from "../config/config.ts";
import { fixedSteps } from "../config/config.ts";
import type { Strength } from "../config/edit/random-sequence.ts";
import { randomSequence, strengthOf } from "../config/edit/random-sequence.ts";
import type { OldDoor } from "../config/edit/rotation.ts";
import { oldName, rotate } from "../config/edit/rotation.ts";
import { parseConfig } from "../config/parse.ts";
import { formatWithHint } from "../config/problem.ts";
import { changeFiles } from "./change-files.ts";
import type { SetupPaths } from "./paths.ts";
import { decode, readBytes, setupPaths } from "./paths.ts";
import { readExisting } from "./plan.ts";
import { portFacts, usablePorts } from "./ports.ts";

/** So many random ports are too many to guess. */
const usualSteps = 4;

export interface RotationOptions {
  readonly door: string;
  /** `undefined`: as many steps as now, but no fewer than 4. */
  readonly steps: number | undefined;
  /** How long the old sequence stays valid: milliseconds, 0 for not at all. */
  readonly keepOld: number;
}

/** All that a rotation would change. */
export interface RotationPlan {
  readonly paths: SetupPaths;
  /** With the new sequence. */
  readonly door: DoorConfig;
  readonly strength: Strength;
  readonly old: OldDoor | undefined;
  readonly before: Buffer;
  readonly after: Buffer;
  readonly warnings: readonly string[];
}

/** Chooses another sequence for a door, in memory. Throws CONFIG, SYSTEM. */
export function planRotation(
  file: string,
  socket: string | undefined,
  { door: name, steps, keepOld }: RotationOptions,
): RotationPlan {
  const existing = readExisting(file);
  const door = expectRotatable(existing, name);
  const before = readBytes(file) ?? Buffer.alloc(0);
  const ports = usablePorts(portFacts(existing));
  const length = steps ?? Math.max(fixedSteps(door).length, usualSteps);
  const sequence = randomSequence(length, ports, (limit) => randomInt(limit));
  const now = systemClock.wall();
  // Whole seconds, as the file has them.
  const until = wallTime(Math.ceil((now + keepOld) / 1000) * 1000);
  const old =
    keepOld === 0
      ? undefined
      : {
          name: oldName(
            name,
            existing.doors.map((one) => one.name),
          ),
          until: wallTime(Math.min(until, door.until ?? until)),
        };
  const text = rotate(decode(before), { door: name, sequence, old });
  const { config, problems } = parseConfig(text);
  const changed = config?.doors.find((one) => one.name === name);
  const said = problems.map((problem) => formatWithHint(file, problem));
  if (changed === undefined) throw new KnockError("CONFIG", said.join("\n"));
  return {
    paths: setupPaths(file, existing.options, socket),
    door: changed,
    strength: strengthOf(length, ports.length),
    old,
    before,
    after: Buffer.from(text, isUtf8(before) ? "utf8" : "latin1"),
    warnings: said,
  };
}

function expectRotatable({ doors }: Config, name: string): DoorConfig {
  const [door, second] = doors.filter((one) => one.name === name);
  const quoted = `[${printable(name)}]`;
  if (door === undefined) throw new KnockError("SYSTEM", `there is no door "${printable(name)}"`);
  if (second !== undefined) {
    const hints = ["give them different names"];
    throw new KnockError("SYSTEM", `several doors are named ${quoted}`, { hints });
  }
  if (door.sequence.kind === "none") {
    const hints = ["knockctl user changes keys"];
    throw new KnockError("SYSTEM", `${quoted} has no sequence: keys open it`, { hints });
  }
  if (door.sequence.kind === "one-time") {
    const hints = [`write new ones into ${printable(door.sequence.file)}`];
    throw new KnockError("SYSTEM", `${quoted} has one-time sequences`, { hints });
  }
  const { mask, value } = door.flags;
  if ((tcpFlags.SYN & mask) !== value) {
    const hints = ["knock sends SYN packets: tcpflags = syn"];
    throw new KnockError("SYSTEM", `${quoted} wants other packets than knock sends`, { hints });
  }
  return door;
}

/**
 * Writes the configuration, and makes a running knockd reload it. Returns whether one runs. Restores the file,
 * also in knockd, and throws SYSTEM if knockd does not accept it.
 */
export async function applyRotation({ paths, before, after }: RotationPlan): Promise<boolean> {
  const files = [{ path: paths.realConfig, before, after }];
  return await changeFiles({ paths, files, again: "run knockctl rotate again" });
}
