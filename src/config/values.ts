import type { Network } from "../base/address.ts";
import { parseNetwork } from "../base/address.ts";
import { humanDuration, parseDuration } from "../base/duration.ts";
import type { Endpoint } from "../base/endpoint.ts";
import { parseEndpoint } from "../base/endpoint.ts";
import { parsePortNumber } from "../base/port.ts";
import type { Sequence } from "../base/sequence.ts";
import { parseSequence } from "../base/sequence.ts";
import type { DoorService } from "../base/service.ts";
import {
  formatService,
  isForwarded,
  isRouted,
  parseDoorService,
  parseService,
} from "../base/service.ts";
import type { FlagTest } from "../base/tcp-flags.ts";
import { tcpFlags } from "../base/tcp-flags.ts";
import type { WallTime } from "../base/time.ts";
import { wallTime } from "../base/time.ts";
import { namedService } from "./commands/ports.ts";
import { problemOfTarget } from "./forward-target.ts";

/** A value, or why it is none and where in the text, counted from 0. */
export type Parsed<T> =
  | { readonly value: T }
  | { readonly problem: string; readonly offset: number; readonly hint?: string };

const flagBits: ReadonlyMap<string, number> = new Map(Object.entries(tcpFlags));

export function sequence(text: string): Parsed<Sequence> {
  const steps = parseSequence(text);
  if (!("problem" in steps)) return { value: steps };
  const hasOthers = /\d(?:\s*[;|/>-]\s*|\s+)\d/.test(text);
  if (hasOthers) return { ...steps, hint: "commas between ports: 7000,8000:udp,9000" };
  return { ...steps, hint: "steps are written as 7000, 7000:tcp or 7000:udp" };
}

export function duration(text: string): Parsed<number> {
  const milliseconds = parseDuration(text);
  if (milliseconds !== undefined) return { value: milliseconds };
  const hint = "a number of seconds, or one with a unit: 500ms, 30s, 10m, 1h, 2d";
  return { problem: `"${text}" is not a length of time`, offset: 0, hint };
}

/** RFC 3339: a date and a time, with the offset from UTC. */
export function date(text: string): Parsed<WallTime> {
  const [, year, month, day] =
    /^(\d{4})-(\d\d)-(\d\d)[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i.exec(text) ?? [];
  const time = Date.parse(text.replace(" ", "T").toUpperCase());
  // Date.parse takes February 30th for March 2nd.
  const isDay =
    new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() === Number(day);
  if (isDay && !Number.isNaN(time)) return { value: wallTime(time) };
  const hint =
    "a date, a time and an offset from UTC: 2026-12-31T18:00:00Z, 2026-12-31T19:00:00+01:00";
  return { problem: `"${text}" is not a date with a time`, offset: 0, hint };
}

/** `syn,!ack`: all named flags must be set, those with `!` must not; others do not matter. */
export function flags(text: string): Parsed<FlagTest> {
  let mask = 0;
  let value = 0;
  for (const { item, offset } of items(text)) {
    const not = item.startsWith("!");
    const bit = flagBits.get(item.replace(/^!\s*/, "").toUpperCase());
    if (bit === undefined) {
      const hint = `flags are ${Object.keys(tcpFlags).join(", ").toLowerCase()}, each with a ! before it or not`;
      return { problem: `unrecognized flag "${item}"`, offset, hint };
    }
    mask |= bit;
    value = not ? value & ~bit : value | bit;
  }
  return { value: { mask, value } };
}

/** Addresses, networks and host names; the names still have to be looked up. */
export function target(text: string): Parsed<readonly (Network | string)[]> {
  const found: (Network | string)[] = [];
  for (const { item, offset } of items(text)) {
    const network = parseNetwork(item);
    if (network === undefined && !isHostName(item)) {
      const hint = "an address (192.0.2.1, 2001:db8::1), a network (192.0.2.0/24) or a host name";
      return { problem: `"${item}" is not a target`, offset, hint };
    }
    found.push(network ?? item);
  }
  return { value: found };
}

/** Addresses and networks. */
export function networks(text: string): Parsed<readonly Network[]> {
  const found: Network[] = [];
  for (const { item, offset } of items(text)) {
    const network = parseNetwork(item);
    if (network === undefined) {
      const hint =
        "addresses (192.0.2.1, 2001:db8::1) or networks (192.0.2.0/24), with commas between them";
      return { problem: `"${item}" is not an address`, offset, hint };
    }
    found.push(network);
  }
  return { value: found };
}

/** What a native door opens. */
export function services(text: string): Parsed<readonly DoorService[]> {
  const found: DoorService[] = [];
  for (const { item, offset } of items(text)) {
    const service = parseDoorService(item);
    if (service === undefined || isRouted(service)) {
      return { problem: `"${item}" is not a service`, offset, hint: serviceHint(item) };
    }
    const problem = isForwarded(service) ? problemOfTarget(service.target.address) : undefined;
    if (problem !== undefined) return { problem, offset: offset + item.indexOf(">") + 1 };
    found.push(service);
  }
  return { value: found };
}

function serviceHint(text: string): string {
  if (text.includes("->")) return "tcp/2222 -> 10.0.0.5:22, or tcp/2222 -> [2001:db8::5]:22";
  const [service = "", hosts] = text.split(/\s+to\s+/);
  if (hosts !== undefined) return `open = ${service}, and a line: to = ${hosts}`;
  const named = namedService(text);
  if (named !== undefined) return formatService(named);
  const [, number = "", protocol = ""] = /^(\d+)[/:](tcp|udp)$/i.exec(text) ?? [];
  const swapped = parseService(`${protocol}/${number}`);
  if (swapped !== undefined) return formatService(swapped);
  if (/^(?:tcp|udp)\/\d+[-:]\d+$/i.test(text)) return "one port a service: tcp/22, tcp/23";
  return "services are written as tcp/22, udp/51820 or icmp";
}

/** An address of this host and a port to listen on. */
export function endpoint(text: string): Parsed<Endpoint> {
  const value = parseEndpoint(text);
  if (value !== undefined) return { value };
  const hint = "an address and a port: 127.0.0.1:9190 or [::1]:9190";
  return { problem: `"${text}" is no place to listen on`, offset: 0, hint };
}

/** Ports, each once. */
export function ports(text: string): Parsed<readonly number[]> {
  const found = items(text);
  const wrong = found.find(({ item }) => parsePortNumber(item) === undefined);
  if (wrong !== undefined) {
    const hint = "ports from 1 to 65535, with commas between them: 23547, 443";
    return { problem: `"${wrong.item}" is not a port`, offset: wrong.offset, hint };
  }
  return { value: [...new Set(found.flatMap(({ item }) => parsePortNumber(item) ?? []))] };
}

/** A length of time within these milliseconds. */
export function durationBetween(least: number, most: number): (text: string) => Parsed<number> {
  return (text) => {
    const parsed = duration(text);
    if ("problem" in parsed || (parsed.value >= least && parsed.value <= most)) return parsed;
    const problem = `expected ${humanDuration(least)} to ${humanDuration(most)}, got "${text}"`;
    return { problem, offset: 0 };
  };
}

/** Interface names (at most 15 bytes: IFNAMSIZ in linux/if.h); undefined for `any`. */
export function interfaces(text: string): Parsed<readonly string[] | undefined> {
  const names = new Set<string>();
  for (const { item, offset } of items(text)) {
    if (item.toLowerCase() === "any") return { value: undefined };
    if (item === "" || Buffer.byteLength(item) > 15 || /[\s/]/.test(item)) {
      const hint = "names of interfaces, such as eth0, with commas between them, or any";
      return { problem: `"${item}" is not the name of an interface`, offset, hint };
    }
    names.add(item);
  }
  // The kernel's filter names each of them, and its jumps are short.
  if (names.size > 100) return { problem: "more than 100 interfaces", offset: 0, hint: "any" };
  return { value: [...names] };
}

export function count(least: number, most: number): (text: string) => Parsed<number> {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return { value: number };
    return { problem: `expected a number from ${least} to ${most}, got "${text}"`, offset: 0 };
  };
}

/** 0, or what `parse` takes. */
export function zeroOr(parse: (text: string) => Parsed<number>): (text: string) => Parsed<number> {
  return (text) => {
    if (text === "0") return { value: 0 };
    const parsed = parse(text);
    return "problem" in parsed ? { ...parsed, hint: "0: no limit" } : parsed;
  };
}

export function oneOf<Word extends string>(
  ...words: readonly Word[]
): (text: string) => Parsed<Word> {
  return (text) => {
    const word = words.find((known) => known === text.toLowerCase());
    if (word !== undefined) return { value: word };
    return { problem: `expected ${words.join(" or ")}, got "${text}"`, offset: 0 };
  };
}

/** A directive that is there says yes, unless its value says no. */
export function yesOrNo(text: string): Parsed<boolean> {
  const word = text.toLowerCase();
  if (["", "yes", "true", "on", "1"].includes(word)) return { value: true };
  if (["no", "false", "off", "0"].includes(word)) return { value: false };
  return { problem: `expected yes or no, got "${text}"`, offset: 0 };
}

export function command(text: string): Parsed<string> {
  const at = text.indexOf("\0");
  return at < 0 ? { value: text } : { problem: "a command cannot hold a NUL", offset: at };
}

export function path(text: string): Parsed<string> {
  if (text.includes("\0")) return { problem: "a path cannot hold a NUL", offset: 0 };
  return text === "" ? { problem: "expected a path", offset: 0 } : { value: text };
}

/** RFC 1123 §2.1: labels of letters, digits and inner hyphens; not one that looks like a number. */
function isHostName(text: string): boolean {
  const label = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
  return new RegExp(`^(?:${label}\\.)*${label}\\.?$`, "i").test(text) && !/^[\d.]+$/.test(text);
}

/** The parts between commas, trimmed, and where each begins. */
export function items(text: string): { readonly item: string; readonly offset: number }[] {
  let at = 0;
  return text.split(",").map((part) => {
    const offset = at + part.length - part.trimStart().length;
    at += part.length + 1;
    return { item: part.trim(), offset };
  });
}
