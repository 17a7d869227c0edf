// The texts of `knockctl init`. Pure.

import { humanDuration } from "../../../base/duration.ts";
import { formatService } from "../../../base/service.ts";
import { printable } from "../../../base/text.ts";
import { fixedSteps } from "../../../config/config.ts";
import type { SetupEvent } from "../../../setup/apply.ts";
import type { PlannedDoor, SetupPlan } from "../../../setup/plan.ts";
import type { ProbeTarget, Proof } from "../../../setup/probe.ts";
import { startCommand } from "../../../setup/service-control.ts";
import { wrap } from "../../help.ts";
import { describeStrength } from "../strength.ts";
import { formatSteps } from "../trial.ts";
import { becomeRoot } from "../typed.ts";

/** `user`: the device that may open it by key. */
export function formatDoor({ service, door, isNew }: PlannedDoor, user?: string): string {
  const name = printable(door.name);
  const opens = `opens ${formatService(service)}`;
  const byKey = user === undefined ? [] : [`to ${printable(user)} by key`];
  if (!isNew) {
    const change = user === undefined ? "it stays as it is" : `also ${byKey.join("")}`;
    return wrap(`[${name}] ${opens} already: ${change}`);
  }
  const time = humanDuration(door.action.kind === "native" ? door.action.openFor : 0);
  const steps = fixedSteps(door);
  const bySteps = steps.length === 0 ? [] : [`to a source that knocks ${formatSteps(steps)}`];
  return wrap(`[${name}] ${opens} for ${time} ${[...bySteps, ...byKey].join(", and ")}`);
}

/** Says what the sequences of new doors and a key withstand, and what not; empty if there are none. */
export function formatStrength({ doors, device }: Pick<SetupPlan, "doors" | "device">): string {
  const fresh = doors.find(({ strength }) => strength !== undefined);
  const texts: string[] = [];
  if (fresh?.strength !== undefined) {
    const steps = fixedSteps(fresh.door).length;
    texts.push(
      `${describeStrength(fresh.strength, steps, fresh.door.decoys)}.`,
      "Who can read your packets can copy a knock: a knock is a password in the clear.",
    );
  }
  if (device !== undefined) {
    texts.push(
      "A knock by key cannot be guessed, and no copy of it opens anything again. It needs a device with the key, and clocks that agree: without a sequence, keep another way in, such as a console.",
    );
  }
  if (fresh !== undefined && device !== undefined) {
    texts.push("With both, a door is as weak as its sequence.");
  }
  if (texts.length === 0) return "";
  return `\n${[...texts, "The service still needs a good password of its own."].map(wrap).join("")}`;
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
export function formatProof(
  { door, service, knock }: ProbeTarget,
  { before, after }: Proof,
): string {
  const name = formatService(service);
  const texts = {
    open: `${name} answers`,
    refused: `nothing listens on ${name}`,
    silent: `${name} is silent`,
    unknown: `${name} was not tried`,
  };
  const change = before === after ? texts[after] : `${texts[before]} before, ${texts[after]} after`;
  const how = knock.key === undefined ? "" : " by key";
  return `a knock${how} from a network namespace opened [${door}] (${change})`;
}

/** Describes a step of `apply` that has been done, a line each. */
export function formatEvent(event: SetupEvent, config: string): string[] {
  switch (event.kind) {
    case "written": {
      const backup = event.backup === undefined ? "" : `; backup: ${event.backup}`;
      return [`${config} is written${backup}`];
    }
    case "enrolled":
      return [`${event.usersFile} has the lock of a new key of ${event.user}`];
    case "reloaded":
      return ["knockd has reloaded it"];
    case "started": {
      const hint = "nothing starts knockd at the next boot: arrange that yourself";
      const text = `knockd runs (${startCommand(event.method, config)})`;
      return event.method === "command" ? [text, hint] : [text];
    }
  }
}
