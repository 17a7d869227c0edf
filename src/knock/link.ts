// The line that enrols a device, docs/knock-packet.md. Runs in Node and in browsers.
import { readHost } from "../base/host.ts";
import { parsePortNumber } from "../base/port.ts";

/** What a client needs to knock with a key. */
export interface KnockLink {
  /** A text that begins with `key1:`, a secret. Absent if the client made the key. */
  readonly key?: string;
  /** A name or an address, IPv6 without brackets. */
  readonly host: string;
  /** The UDP port to which packets go. */
  readonly port: number;
  readonly door: string;
  /** What the client calls it. */
  readonly name: string;
  /** The TCP port that the client tries after the knock. */
  readonly wait?: number;
  /** Addresses of the host, for browsers, which send nothing to a name. May be empty. */
  readonly addresses: readonly string[];
  /** Seconds for which the door stays open, for display. */
  readonly openFor?: number;
}

/** The invalid part of a link. */
export type LinkProblem = keyof KnockLink;

const longestName = 60;
/** The most that a packet can ask for, seconds. */
const longestTime = 0xffffff;

/** Returns `sesame:#key=key1:AQEB…&host=server.example.org&port=23547&door=ssh&name=home&wait=22`. */
export function formatLink(link: KnockLink): string {
  const { key, host, port, door, name, wait, addresses, openFor } = link;
  const parts: [string, string | number][] = [];
  if (key !== undefined) parts.push(["key", key]);
  parts.push(["host", host], ["port", port], ["door", door], ["name", name]);
  if (wait !== undefined) parts.push(["wait", wait]);
  if (addresses.length > 0) parts.push(["address", addresses.join(",")]);
  if (openFor !== undefined) parts.push(["for", openFor]);
  return `sesame:#${parts.map(([part, value]) => `${part}=${encode(String(value))}`).join("&")}`;
}

/** Leaves the characters that RFC 3986 §3.5 allows in a fragment, so that people can read it. */
function encode(value: string): string {
  return encodeURIComponent(value).replace(/%2C|%2F|%3A/g, decodeURIComponent);
}

/** Reads a link, the URL of a page with a link in its fragment, or the fragment. */
export function parseLink(text: string): KnockLink | LinkProblem {
  const parts = new URLSearchParams(text.trim().replace(/^[^#]*#/, ""));
  const key = parts.get("key") ?? undefined;
  if (key !== undefined && !/^key1:[\w-]{91}$/.test(key)) return "key";
  const host = readHost(parts.get("host") ?? "");
  if (host === undefined) return "host";
  const port = parsePortNumber(parts.get("port") ?? "");
  if (port === undefined) return "port";
  const door = parts.get("door") ?? "";
  if (!isLine(door)) return "door";
  const name = parts.get("name") ?? "";
  if (!isLine(name)) return "name";
  const waitText = parts.get("wait");
  const wait = waitText === null ? undefined : parsePortNumber(waitText);
  if (waitText !== null && wait === undefined) return "wait";
  const addresses = (parts.get("address") ?? "").split(",").filter((one) => one !== "");
  if (!addresses.every((one) => /^(?:\d+(?:\.\d+){3}|[\da-f:.]*:[\da-f:.]*)$/i.test(one))) {
    return "addresses";
  }
  const forText = parts.get("for");
  const openFor = forText === null ? undefined : readSeconds(forText);
  if (forText !== null && openFor === undefined) return "openFor";
  return {
    ...(key !== undefined && { key }),
    ...{ host, port, door, name },
    ...(wait !== undefined && { wait }),
    addresses,
    ...(openFor !== undefined && { openFor }),
  };
}

function readSeconds(text: string): number | undefined {
  const seconds = /^[1-9]\d{0,7}$/.test(text) ? Number(text) : 0;
  return seconds > 0 && seconds <= longestTime ? seconds : undefined;
}

function isLine(text: string): boolean {
  return text.length <= longestName && /^[^\p{C}\s]+(?: [^\p{C}\s]+)*$/u.test(text);
}
