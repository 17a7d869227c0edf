import { isIP } from "node:net";
import { homedir } from "node:os";
import { resolve } from "node:path";
import { parseAddress } from "../base/address.ts";
import { formatDuration, parseDuration } from "../base/duration.ts";
import { KnockError } from "../base/errors.ts";
import { parsePortNumber } from "../base/port.ts";
import type { FindService, RequestedFamily } from "./plan.ts";
import { formatSteps, parseDelay, parseSteps } from "./plan.ts";
import type { OpenedAddress, Settings } from "./profile.ts";
import { SecretText } from "./secret-text.ts";
import { formatWait, parseWait } from "./wait.ts";
import { quoteWord } from "./words.ts";

/** What the values of keywords may refer to. */
export interface ReadContext {
  /** The base of relative paths. */
  readonly folder: string;
  readonly findService: FindService;
}

/** A keyword of knock.conf, or the option of the same meaning. */
export interface Keyword {
  /** Compared case-insensitively. */
  readonly name: string;
  /** Returns the settings of the words. Throws `USAGE`. */
  readonly read: (words: readonly string[], context: ReadContext) => Settings;
  /** Returns the words that `read` reads back, or `undefined` if the settings lack the keyword. */
  readonly write: (settings: Settings) => readonly string[] | undefined;
}

const families: Readonly<Record<string, RequestedFamily>> = {
  any: 0,
  inet: 4,
  inet6: 6,
  both: "both",
};

const one = <T>(value: T | undefined, format: (value: T) => string = String) =>
  value === undefined ? undefined : [format(value)];

/** In the order in which profiles are written. */
export const keywords: readonly Keyword[] = [
  {
    name: "HostName",
    read: (words) => ({ host: single(words) }),
    write: ({ host }) => one(host),
  },
  {
    name: "Sequence",
    read(words, { findService }) {
      const items = words.flatMap((word) => word.split(",")).filter((item) => item !== "");
      if (items.length === 0) throw problem("a sequence needs at least one port");
      return { steps: parseSteps(items, false, findService) };
    },
    write: ({ steps }) => steps && formatSteps(steps),
  },
  {
    name: "Key",
    read: (words) => ({ key: readKey(words) }),
    write: ({ key }) => one(key?.reveal()),
  },
  {
    name: "KnockPort",
    read(words) {
      const knockPort = parsePortNumber(single(words));
      if (knockPort === undefined) throw problem("expected a UDP port, a number from 1 to 65535");
      return { knockPort };
    },
    write: ({ knockPort }) => one(knockPort),
  },
  {
    name: "Door",
    read(words) {
      const doors = words.flatMap((word) => word.split(",")).filter((name) => name !== "");
      if (doors.length === 0) throw problem("a door is missing");
      return { doors };
    },
    write: ({ doors }) => doors?.map((name, i) => (i < doors.length - 1 ? `${name},` : name)),
  },
  {
    name: "For",
    read: (words) => ({ openFor: readOpenFor(words.join(" ")) }),
    write: ({ openFor }) => one(openFor, (seconds) => formatDuration(seconds * 1000)),
  },
  {
    name: "Address",
    read: (words) => ({ openedAddress: readOpenedAddress(single(words)) }),
    write: ({ openedAddress }) => one(openedAddress),
  },
  {
    name: "Delay",
    read: (words) => ({ delay: parseDelay(single(words)) }),
    write: ({ delay }) => one(delay, (milliseconds) => `${milliseconds}ms`),
  },
  {
    name: "Wait",
    read: (words, { findService }) => ({ wait: parseWait(words.join(" "), findService) }),
    write: ({ wait }) => one(wait, formatWait),
  },
  {
    name: "Retry",
    read: (words) => ({ retry: readRetry(single(words)) }),
    write: ({ retry }) => one(retry),
  },
  {
    name: "Then",
    read: (words) => ({ command: words }),
    write: ({ command }) => command,
  },
  {
    name: "AddressFamily",
    read(words) {
      const family = families[single(words).toLowerCase()];
      if (family === undefined) throw problem(`expected ${Object.keys(families).join(", ")}`);
      return { family };
    },
    write: ({ family }) => one(Object.entries(families).find(([, value]) => value === family)?.[0]),
  },
  {
    name: "BindAddress",
    read(words) {
      const source = single(words);
      if (isIP(source) === 0) throw problem(`'${source}' is not an address`);
      return { source };
    },
    write: ({ source }) => one(source),
  },
  {
    name: "BindInterface",
    read: (words) => ({ interface: single(words) }),
    write: (settings) => one(settings.interface),
  },
  {
    name: "Full",
    read: (words) => ({ full: readYes(single(words)) }),
    write: ({ full }) => one(full, (yes) => (yes ? "yes" : "no")),
  },
  {
    name: "Payload",
    read: (words, { folder }) => ({ payload: absolute(single(words), folder) }),
    write: ({ payload }) => one(payload),
  },
];

/** The names of the options, accepted as keywords. */
export const aliases: Readonly<Record<string, string>> = {
  source: "bindaddress",
  interface: "bindinterface",
};

/** Returns `undefined` for an unknown keyword. */
export function findKeyword(written: string): Keyword | undefined {
  const lower = written.toLowerCase();
  const name = aliases[lower] ?? lower;
  return keywords.find((keyword) => keyword.name.toLowerCase() === name);
}

/** Returns a line for each keyword in the settings: `Delay 200ms`. */
export function formatSettings(settings: Settings): string[] {
  return keywords.flatMap(({ name, write }) => {
    const words = write(settings);
    return words === undefined || words.length === 0
      ? []
      : [`${name} ${words.map(quoteWord).join(" ")}`];
  });
}

/** Checks the form alone: the checksum needs cryptography, which costs time. Quotes nothing. */
function readKey(words: readonly string[]): SecretText {
  const [word = "", ...rest] = words;
  if (rest.length === 0 && /^key1:[\w-]{91}$/.test(word)) return new SecretText(word);
  throw problem("expected key1: and 91 letters, digits, - or _, as knock --import writes it");
}

const mostSeconds = 2 ** 24 - 1;

/** Reads whole seconds, from 1 to 16,777,215. */
function readOpenFor(text: string): number {
  const seconds = (parseDuration(text) ?? 0) / 1000;
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= mostSeconds) return seconds;
  throw problem(`'${text}' is not a time from 1 s to 194 days: 30m, 8h`);
}

function readOpenedAddress(text: string): OpenedAddress {
  const word = text.toLowerCase();
  if (word === "auto" || word === "any") return word;
  const address = parseAddress(text);
  if (address !== undefined && (address.w0 | address.w1 | address.w3) !== 0) return address;
  throw problem("expected auto, any or an address");
}

/** Reads how many times to knock again: 0 to 100. Throws `USAGE`. */
function readRetry(text: string): number {
  if (/^\d{1,3}$/.test(text) && Number(text) <= 100) return Number(text);
  throw problem(`'${text}' is not a number from 0 to 100`);
}

/** Makes the path of `@file` absolute; returns other payloads unchanged. */
function absolute(payload: string, folder: string): string {
  if (!payload.startsWith("@")) return payload;
  return `@${resolve(
    folder,
    payload.slice(1).replace(/^~(?=[/\\])/, () => homedir()),
  )}`;
}

function single(words: readonly string[]): string {
  const [word, ...rest] = words;
  if (word === undefined || word === "") throw problem("a value is missing");
  if (rest.length > 0) throw problem(`one value is expected, '${rest[0]}' is too many`);
  return word;
}

function readYes(text: string): boolean {
  if (/^(yes|true|on|1)$/i.test(text)) return true;
  if (/^(no|false|off|0)$/i.test(text)) return false;
  throw problem("expected yes or no");
}

function problem(message: string): KnockError {
  return new KnockError("USAGE", message);
}
