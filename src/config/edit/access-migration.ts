// From an access.conf of fwknopd to doors and devices.
import { formatPortService } from "../../base/port-service.ts";
import { isDeviceName } from "../principals.ts";
import type { ReadStanza } from "./access-stanza.ts";
import { noteOf, StanzaReader } from "./access-stanza.ts";
import type { AccessLine, AccessNote, AccessStanza } from "./access-stanzas.ts";

/** Names that are not free. */
export interface TakenNames {
  readonly doors: readonly string[];
  readonly devices: readonly string[];
}

export interface AccessMigration {
  /** Sections for a configuration; may be empty. */
  readonly doors: string;
  /** Sections for a users file; may be empty. */
  readonly users: string;
  /** The names of the new devices. */
  readonly devices: readonly string[];
  /** What to know of what is taken over. */
  readonly changes: readonly AccessNote[];
  /** What is not taken over, and why. */
  readonly refused: readonly AccessNote[];
}

/** Returns the doors and devices of stanzas. A stanza of which something cannot be taken over is left out. Pure. */
export function migrateAccess(
  stanzas: readonly AccessStanza[],
  taken: TakenNames,
): AccessMigration {
  const changes: AccessNote[] = [];
  const refused: AccessNote[] = [];
  const owners = new Map<string, AccessLine>();
  const doorNames = new Set(taken.doors.map((name) => name.toLowerCase()));
  const deviceNames = new Set(taken.devices);
  const doors = new Map<string, PlannedAccess>();
  const users: string[] = [];
  const devices: string[] = [];
  stanzas.forEach((stanza, i) => {
    const reader = new StanzaReader(stanza);
    const read = reader.read();
    refused.push(...reader.refused);
    if (read === undefined) return;
    const owner = owners.get(read.key.toString("base64"));
    if (owner !== undefined) {
      const text = `its key is that of the stanza at line ${owner.line}: give each device its own`;
      refused.push(noteOf(read.at, text));
      return;
    }
    owners.set(read.key.toString("base64"), read.at);
    changes.push(...reader.changes);
    const device = freeName(deviceName(read.user, i + 1), deviceNames);
    devices.push(device);
    users.push(formatDevice(device, read));
    const like = read.services && JSON.stringify([read.services, read.openFor, read.longest]);
    const known = like === undefined ? undefined : doors.get(like);
    if (known !== undefined) known.users.push(device);
    else {
      const name = freeName(`fwknop-${i + 1}`, doorNames);
      doors.set(like ?? name, { name, users: [device], read });
    }
    if (read.services === undefined) {
      const text = `without OPEN_PORTS, each packet says what to open: say it in the door of ${device}`;
      refused.push(noteOf(read.at, text));
    }
  });
  const sections = Array.from(doors.values(), formatDoor);
  return { doors: sections.join("\n"), users: users.join("\n"), devices, changes, refused };
}

/** A door, and its first stanza. */
interface PlannedAccess {
  readonly name: string;
  readonly users: string[];
  readonly read: ReadStanza;
}

function deviceName(user: string | undefined, nth: number): string {
  const person = `${user?.toLowerCase()}/fwknop`;
  return user !== undefined && isDeviceName(person) ? person : `fwknop/${nth}`;
}

/** Returns a name that is free, and takes it. */
function freeName(name: string, used: Set<string>): string {
  for (let i = 1; ; i++) {
    const one = i === 1 ? name : `${name}-${i}`;
    if (used.has(one)) continue;
    used.add(one);
    return one;
  }
}

/** Without OPEN_PORTS it is a comment: an administrator has to say what it opens. */
function formatDoor({ name, users, read }: PlannedAccess): string {
  const { services, openFor, longest } = read;
  const lines = [
    `[${name}]`,
    `    users    = ${users.join(", ")}`,
    `    open     = ${services?.map(formatPortService).join(", ") ?? "tcp/22"}`,
    `    open_for = ${openFor}s`,
    `    longest  = ${longest}s`,
  ];
  if (services !== undefined) return `${lines.join("\n")}\n`;
  const why = "fwknopd let each packet say what to open: change open, then uncomment";
  return [why, ...lines].map((line) => `# ${line}\n`).join("");
}

function formatDevice(name: string, read: ReadStanza): string {
  const { key, hmacKey, hmac, allow, expires, user, requireAddress } = read;
  const values = [
    ["fwknop_key", key.toString("base64")],
    ["fwknop_hmac_key", hmacKey.toString("base64")],
    ...(hmac === "sha256" ? [] : [["fwknop_hmac", hmac]]),
    ...(user === undefined ? [] : [["fwknop_user", user]]),
    ...(allow.length === 0 ? [] : [["allow", allow.join(", ")]]),
    ...(requireAddress ? [["require_address", "yes"]] : []),
    ...(expires === undefined ? [] : [["expires", expires]]),
  ];
  return `[${name}]\n${values.map(([one = "", value]) => `    ${one.padEnd(15)} = ${value}\n`).join("")}`;
}
