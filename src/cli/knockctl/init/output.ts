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
import { initWords } from "../../words/init.ts";
import { localize } from "../../words/korean.ts";
import { describeStrength } from "../strength.ts";
import { formatSteps } from "../trial.ts";
import { becomeRoot } from "../typed.ts";

/** `user`: the device that may open it by key. */
export function formatDoor({ service, door, isNew }: PlannedDoor, user?: string): string {
  const name = printable(door.name);
  const words = initWords();
  if (!isNew) {
    const change = user === undefined ? words.stays : words.alsoTo(printable(user));
    return wrap(words.isThere(name, formatService(service), change));
  }
  const time = humanDuration(door.action.kind === "native" ? door.action.openFor : 0);
  const steps = fixedSteps(door);
  const bySteps = steps.length === 0 ? [] : [words.bySteps(formatSteps(steps))];
  const byKey = user === undefined ? [] : [words.byKey(printable(user))];
  return wrap(words.opens(name, formatService(service), time, [...bySteps, ...byKey]));
}

/** Says what the sequences of new doors and a key withstand, and what not; empty if there are none. */
export function formatStrength({ doors, device }: Pick<SetupPlan, "doors" | "device">): string {
  const fresh = doors.find(({ strength }) => strength !== undefined);
  const words = initWords();
  const texts: string[] = [];
  if (fresh?.strength !== undefined) {
    const steps = fixedSteps(fresh.door).length;
    const strength = localize(describeStrength(fresh.strength, steps, fresh.door.decoys));
    texts.push(`${strength}.`, words.inTheClear);
  }
  if (device !== undefined) {
    texts.push(words.keyWorth);
  }
  if (fresh !== undefined && device !== undefined) {
    texts.push(words.both);
  }
  if (texts.length === 0) return "";
  return `\n${[...texts, words.password].map(wrap).join("")}`;
}

/** `options`: appended to each command to type. */
export function lastResort(options: string): string {
  const words = initWords();
  return `
${words.lastResort}

    ${becomeRoot()}knockctl unprotect${options}
        ${words.unprotect}
    ${becomeRoot()}knockctl undo${options}
        ${words.undo}
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
  return localize(`a knock${how} from a network namespace opened [${door}] (${change})`);
}

/** Describes a step of `apply` that has been done, a line each. */
export function formatEvent(event: SetupEvent, config: string): string[] {
  const words = initWords();
  switch (event.kind) {
    case "written": {
      const backup = event.backup === undefined ? "" : `; ${words.backup(event.backup)}`;
      return [`${words.written(config)}${backup}`];
    }
    case "enrolled":
      return [words.enrolled(event.usersFile, event.user)];
    case "reloaded":
      return [words.reloaded];
    case "started": {
      const text = words.runs(startCommand(event.method, config));
      return event.method === "command" ? [text, words.noBoot] : [text];
    }
  }
}
