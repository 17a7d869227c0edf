// The texts of `knockctl init`. Pure.

import { humanDuration } from "../../../base/duration.ts";
import { formatService } from "../../../base/service.ts";
import { printable } from "../../../base/text.ts";
import { fixedSteps } from "../../../config/config.ts";
import type { SetupEvent } from "../../../setup/apply.ts";
import type { PlannedDoor } from "../../../setup/plan.ts";
import type { ProbeTarget, Proof } from "../../../setup/probe.ts";
import { startCommand } from "../../../setup/service-control.ts";
import { wrap } from "../../help.ts";
import { describeStrength } from "../strength.ts";
import { formatSteps } from "../trial.ts";
import { becomeRoot } from "../typed.ts";

export function formatDoor({ service, door, strength }: PlannedDoor): string {
  const name = printable(door.name);
  const opens = `opens ${formatService(service)}`;
  if (strength === undefined) return wrap(`[${name}] ${opens} already: it stays as it is`);
  const time = humanDuration(door.action.kind === "native" ? door.action.openFor : 0);
  return wrap(
    `[${name}] ${opens} for ${time} to a source that knocks ${formatSequence(door.sequence)}`,
  );
}

/** Says what the sequences of new doors withstand, and what not; empty if there are none. */
export function formatStrength(doors: readonly PlannedDoor[]): string {
  const fresh = doors.find(({ strength }) => strength !== undefined);
  if (fresh?.strength === undefined) return "";
  const { door, strength } = fresh;
  return `\n${wrap(`${describeStrength(strength, fixedSteps(door).length, door.decoys)}.`)}${wrap(
    "Who can read your packets can copy a knock: a knock is a password in the clear. The service still needs a good password of its own.",
  )}`;
}

function formatSequence(sequence: PlannedDoor["door"]["sequence"]): string {
  if (sequence.kind === "none") return "by key";
  return sequence.kind === "one-time" ? `as ${sequence.file} says` : formatSteps(sequence.steps);
}

/** `options`: appended to each command to type. */
export function lastResort(options: string): string {
  return `
When all else fails: on the console of this machine, as root,

    ${becomeRoot()}knockctl unprotect${options}
        lets all sources reach the services again; works without knockd, too
    ${becomeRoot()}knockctl undo${options}
        rolls back this init
`;
}

/** Describes a door that opened for the probe host, in a line. */
export function formatProof({ door, service }: ProbeTarget, { before, after }: Proof): string {
  const name = formatService(service);
  const texts = {
    open: `${name} answers`,
    refused: `nothing listens on ${name}`,
    silent: `${name} is silent`,
    unknown: `${name} was not tried`,
  };
  const change = before === after ? texts[after] : `${texts[before]} before, ${texts[after]} after`;
  return `a knock from a network namespace opened [${door}] (${change})`;
}

/** Describes a step of `apply` that has been done, a line each. */
export function formatEvent(event: SetupEvent, config: string): string[] {
  switch (event.kind) {
    case "written": {
      const backup = event.backup === undefined ? "" : `; backup: ${event.backup}`;
      return [`${config} is written${backup}`];
    }
    case "reloaded":
      return ["knockd has reloaded it"];
    case "started": {
      const hint = "nothing starts knockd at the next boot: arrange that yourself";
      const text = `knockd runs (${startCommand(event.method, config)})`;
      return event.method === "command" ? [text, hint] : [text];
    }
  }
}
