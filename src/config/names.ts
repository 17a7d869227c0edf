// Names of users, lanes and tables.
import type { Parsed } from "./values.ts";

/** The name of a user, as useradd(8) allows it. */
export function userName(text: string): Parsed<string> {
  if (/^[a-z_][a-z0-9_.-]{0,31}\$?$/i.test(text)) return { value: text };
  return { problem: `"${text}" is not the name of a user`, offset: 0 };
}

/** The name of a user that a fwknop client sends. */
export function fwknopUser(text: string): Parsed<string> {
  if (/^[^\s#]{1,63}$/.test(text)) return { value: text };
  const hint = "1 to 63 characters, no blanks, no #";
  return { problem: `"${text}" is not the name of a fwknop user`, offset: 0, hint };
}

/** A name for commands of which one runs at a time, or `no`. */
export function lane(text: string): Parsed<string> {
  if (/^no$/i.test(text)) return { value: "no" };
  if (/^[\w.-]{1,64}$/.test(text)) return { value: text };
  return { problem: `"${text}" is not a name`, offset: 0, hint: "a program's name, or no" };
}

/** A name of a fleet, or of a gateway in it. */
export function fleetName(text: string): Parsed<string> {
  if (/^[\w.-]{1,64}$/.test(text)) return { value: text };
  const hint = "at most 64 letters, digits, dots, hyphens and underscores";
  return { problem: `"${text}" is not a name`, offset: 0, hint };
}

/** A name that nft(8) takes without quotes. */
export function tableName(text: string): Parsed<string> {
  if (/^[a-z][a-z0-9_]{0,30}$/i.test(text)) return { value: text };
  const hint = "letters, digits and underscores";
  return { problem: `"${text}" is not the name of a table`, offset: 0, hint };
}
