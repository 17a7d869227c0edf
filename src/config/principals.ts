// Those who open doors by key, as configuration and users file name them.
import type { WallTime } from "../base/time.ts";
import { wallTime } from "../base/time.ts";
import type { Parsed } from "./values.ts";
import { items } from "./values.ts";

/** The names of a person and of a device are both like this. */
const principalName = "[a-z0-9][a-z0-9._-]{0,31}";
const devicePattern = new RegExp(`^${principalName}/${principalName}$`);
const groupPattern = new RegExp(`^${principalName}$`);
const principalPattern = new RegExp(`^(?:@?${principalName}|${principalName}/${principalName})$`);

/** Returns whether a text is the name of a device: `alice/laptop`. A shell takes it as one word, without quotes. */
export function isDeviceName(text: string): boolean {
  return devicePattern.test(text);
}

/** Those who may open a door: `PERSON`, `PERSON/DEVICE`, `@GROUP`. */
export function principals(text: string): Parsed<readonly string[]> {
  const hint = "PERSON, PERSON/DEVICE or @GROUP: alice, bob/phone, @admins";
  return names(text, principalPattern, "a person, a device or a group", hint);
}

export function groups(text: string): Parsed<readonly string[]> {
  const hint = "1 to 32 of a-z, 0-9, '.', '_' and '-': admins";
  return names(text, groupPattern, "the name of a group", hint);
}

function names(
  text: string,
  pattern: RegExp,
  what: string,
  hint: string,
): Parsed<readonly string[]> {
  const found = items(text);
  const wrong = found.find(({ item }) => !pattern.test(item));
  if (wrong === undefined) return { value: [...new Set(found.map(({ item }) => item))] };
  return { problem: `"${wrong.item}" is not ${what}`, offset: wrong.offset, hint };
}

/** `2027-03-31`: the end of that day in UTC. */
export function lastDay(text: string): Parsed<WallTime> {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? [];
  const start = Date.UTC(Number(year), Number(month) - 1, Number(day));
  // Date.UTC takes February 30th for March 2nd, and a 13th month for January.
  const isDay = new Date(start).toJSON()?.startsWith(`${text}T`) === true;
  if (isDay) return { value: wallTime(start + 86_400_000) };
  return { problem: `"${text}" is not a day`, offset: 0, hint: "the last day: 2027-03-31" };
}
