// New doors at the end of an existing file.
import { formatPort } from "../../base/port.ts";
import type { Sequence } from "../../base/sequence.ts";
import type { Service } from "../../base/service.ts";
import { formatService } from "../../base/service.ts";
import type { Config, DoorConfig } from "../config.ts";
import { opensService } from "../config.ts";
import type { AnyRow } from "../directive.ts";
import { doorDirectives, nativeDirectives, sequences } from "../directives.ts";
import { readSections } from "../lines.ts";

/** A native door that is to be written. It has a sequence, a user, or both. */
export interface NewDoor {
  readonly name: string;
  readonly sequence: Sequence | undefined;
  /** The device that may open it by key. */
  readonly user: string | undefined;
  readonly service: Service;
  /** As the file shall say it: `30s`. */
  readonly openFor: string;
}

/**
 * What has to be put behind `text` so that it has these doors, and [options], if it has none: what
 * was there stays as it is, to the byte. Its line ends are those of `text`. Pure.
 */
export function addition(text: string, doors: readonly NewDoor[]): string {
  const isOptions = ({ name }: { readonly name: string }) => name.toLowerCase() === "options";
  const hasOptions = readSections(text.replace(/^\uFEFF/, ""), []).some(isOptions);
  const sections = [
    ...(hasOptions ? [] : [["[options]", "    UseSyslog"]]),
    ...doors.map(formatDoor),
  ];
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  const added = sections.map((lines) => lines.map((line) => `${line}${end}`).join("")).join(end);
  if (added === "" || text === "") return added;
  return `${text.endsWith("\n") ? "" : end}${end}${added}`;
}

function formatDoor({ name, sequence, user, service, openFor }: NewDoor): string[] {
  const values: readonly (readonly [AnyRow, string])[] = [
    ...(user === undefined ? [] : [[doorDirectives.users, user] as const]),
    ...(sequence === undefined ? [] : formatSequence(sequence)),
    [nativeDirectives.services, formatService(service)],
    [nativeDirectives.openFor, openFor],
  ];
  const width = Math.max(...values.map(([row]) => row.name.length));
  return [
    `[${name}]`,
    ...values.map(([row, text]) => `    ${row.name.toLowerCase().padEnd(width)} = ${text}`),
  ];
}

function formatSequence(sequence: Sequence): (readonly [AnyRow, string])[] {
  const steps = sequence.map((port) =>
    port.protocol === "tcp" ? `${port.number}` : formatPort(port),
  );
  return [
    [sequences.steps, steps.join(",")],
    [doorDirectives.flags, "syn"],
  ];
}

/** A door at this host that opens a service in the kernel already; best one whose sequence stays the same. */
export function openerOf({ doors }: Config, service: Service): DoorConfig | undefined {
  const openers = doors.filter((door) => door.target === undefined && opensService(door, service));
  return openers.find(({ sequence }) => sequence.kind === "fixed") ?? openers[0];
}

/** A name that no section has, in any case. */
export function freeName(service: Service, taken: readonly string[]): string {
  const names = new Set(["options", ...taken.map((name) => name.toLowerCase())]);
  const plain = usualNames[formatService(service)] ?? formatService(service).replace("/", "-");
  for (let i = 1; ; i++) {
    const name = i === 1 ? plain : `${plain}-${i}`;
    if (!names.has(name)) return name;
  }
}

const usualNames: Readonly<Record<string, string>> = { "tcp/22": "ssh", icmp: "ping" };
