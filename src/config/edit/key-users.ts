// Changes of a configuration and a users file for one device. All else stays as it is, to the byte.
import { parseLock } from "../../knock/keys.ts";
import { isNameOf } from "../directive.ts";
import { doorDirectives, options as optionRows } from "../directives.ts";
import type { ConfigSection } from "../lines.ts";
import { readSections } from "../lines.ts";
import { formatDirective } from "./alignment.ts";

/** Returns a configuration in which a door, the only one of its name, has one more user. Pure. */
export function addUser(text: string, door: string, user: string): string {
  const lines = text.split("\n");
  const section = sectionsOf(text).find(({ name }) => name === door);
  if (section === undefined) throw new Error(`no door: ${door}`);
  const users = section.directives.findLast(({ key }) => isNameOf(key, doorDirectives.users));
  if (users?.value === undefined) {
    return insertAfter(lines, section.line, formatDirective(lines, section, "users", user));
  }
  const raw = lines[users.line - 1] ?? "";
  const start = raw.slice(0, users.valueColumn - 1);
  const value = /^[^#\r]*[^#\s]/.exec(raw.slice(start.length))?.[0] ?? "";
  const changed = `${start}${value}${value === "" ? "" : ", "}${user}${raw.slice(start.length + value.length)}`;
  return lines.map((line, i) => (i === users.line - 1 ? changed : line)).join("\n");
}

/** Returns a configuration with a KnockPort or FwknopPort. Pure. */
export function addKnockPort(
  text: string,
  port: number,
  row: "knockPorts" | "fwknopPorts" = "knockPorts",
): string {
  const lines = text.split("\n");
  const section = sectionsOf(text).findLast(({ name }) => name.toLowerCase() === "options");
  const { name } = optionRows[row];
  if (section !== undefined) {
    return insertAfter(lines, lastLine(section), formatDirective(lines, section, name, `${port}`));
  }
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  const mark = text.startsWith("\uFEFF") ? "\uFEFF" : "";
  return `${mark}[options]${end}    ${name} = ${port}${end}${end}${text.slice(mark.length)}`;
}

/** Returns a users file in which a device has one more key; the device is new, or has a key. Pure. */
export function addKey(text: string, device: string, lock: string): string {
  const lines = text.split("\n");
  const section = sectionsOf(text).find(({ name }) => name === device);
  if (section === undefined) {
    return `${text}${gapAfter(text)}[${device}]\n    key = ${lock}\n`;
  }
  const keys = section.directives.filter(({ key }) => key.toLowerCase() === "key");
  const after = keys.at(-1)?.line ?? section.line;
  return insertAfter(lines, after, formatDirective(lines, section, "key", lock));
}

/** Returns a users file with a device that has these keys of fwknop; `undefined` if the device is there already. Pure. */
export function addFwknopKeys(
  text: string,
  device: string,
  key: string,
  hmacKey: string,
): string | undefined {
  if (sectionsOf(text).some(({ name }) => name === device)) return undefined;
  const gap = gapAfter(text);
  return `${text}${gap}[${device}]\n    fwknop_key = ${key}\n    fwknop_hmac_key = ${hmacKey}\n`;
}

/** Returns what is between a text and a new section. */
function gapAfter(text: string): string {
  if (text === "" || text.endsWith("\n\n")) return "";
  return text.endsWith("\n") ? "\n" : "\n\n";
}

/** Returns a users file in which a device has this directive; there is a section of it, with a key. Pure. */
export function setDirective(text: string, device: string, name: string, value: string): string {
  const lines = text.split("\n");
  const section = sectionsOf(text).find((one) => one.name === device);
  if (section === undefined) throw new Error(`no device: ${device}`);
  const written = section.directives.filter(({ key }) => key.toLowerCase() === name);
  const keys = section.directives.filter(({ key }) => /(?:^|_)key$/i.test(key));
  const after = written.at(-1)?.line ?? keys.at(-1)?.line ?? section.line;
  const changed = insertAfter(lines, after, formatDirective(lines, section, name, value));
  return withoutLines(changed, new Set(written.map(({ line }) => line)));
}

/** Returns a users file without the lines of these numbers, counted from 1. Pure. */
function withoutLines(text: string, numbers: ReadonlySet<number>): string {
  return text
    .split("\n")
    .filter((_, i) => !numbers.has(i + 1))
    .join("\n");
}

/** Returns a users file without a key of a device, and without the device if that was its only one. Pure. */
export function withoutKey(text: string, device: string, id: string): string {
  const section = sectionsOf(text).find(({ name }) => name === device);
  const keys = section?.directives.filter(({ key }) => /^(?:fwknop_)?key$/i.test(key)) ?? [];
  const found = keys.find(({ key, value = "" }) => {
    const lock = parseLock(value.replace(/\s+#.*$/s, ""));
    return key.toLowerCase() === "key" && typeof lock !== "string" && lock.id === id;
  });
  if (found === undefined) return text;
  if (keys.length === 1) return withoutDevices(text, new Set([device]));
  return withoutLines(text, new Set([found.line]));
}

/** Returns a users file without these devices; comments before the next section stay. Pure. */
export function withoutDevices(text: string, names: ReadonlySet<string>): string {
  const lines = text.split("\n");
  const numbers = sectionsOf(text)
    .filter(({ name }) => names.has(name))
    .flatMap((section) => {
      const first = lines[section.line - 2]?.trim() === "" ? section.line - 1 : section.line;
      const count = lastLine(section) - first + 1;
      return Array.from({ length: count }, (_, i) => first + i);
    });
  return withoutLines(text, new Set(numbers));
}

function sectionsOf(text: string): ConfigSection[] {
  return readSections(text.replace(/^\uFEFF/, ""), []);
}

function lastLine({ line, directives }: ConfigSection): number {
  return Math.max(line, ...directives.map((one) => one.line));
}

/** Inserts a line behind the one of this number, with the same line end. */
function insertAfter(lines: readonly string[], number: number, line: string): string {
  const end = lines[number - 1]?.endsWith("\r") ? "\r" : "";
  return lines.toSpliced(number, 0, `${line}${end}`).join("\n");
}
