// What a knocking page needs to know, and the fragment of its address that says it. Runs in Node and
// in browsers.
import { parsePortNumber } from "../base/port.ts";
import { longestSequence } from "../base/sequence.ts";
import { formatService, parseService } from "../base/service.ts";
import { shortestPace, usualPace } from "./pace.ts";

/** A door as somebody who knocks by browser knows it. */
export interface Profile {
  /** What the page calls it; may be empty. */
  readonly name: string;
  /** A name or an address, IPv6 without brackets. */
  readonly host: string;
  /** The steps, TCP all of them: 1 to 32. */
  readonly ports: readonly number[];
  /** The TCP port that the door opens, to be looked at afterwards. */
  readonly service?: number;
  /** Milliseconds from step to step; undefined: the usual pace. */
  readonly pace?: number;
}

/** The part of a profile that makes no sense. */
export type ProfileProblem = "host" | "ports" | "service" | "pace";

const longestName = 60;

/** `knock=7003,9140,8455&host=server.example.org&name=ssh&service=tcp/22`: to be put behind a `#`. */
export function encodeProfile({ name, host, ports, service, pace }: Profile): string {
  const parts: [string, string][] = [
    ["knock", ports.join(",")],
    ["host", host],
  ];
  if (name !== "") parts.push(["name", name]);
  if (service !== undefined) {
    parts.push(["service", formatService({ protocol: "tcp", port: service })]);
  }
  if (pace !== undefined) parts.push(["pace", String(pace)]);
  return parts.map(([key, value]) => `${key}=${encode(value)}`).join("&");
}

/** RFC 3986 §3.5 lets these stand in a fragment as they are; so people can read it. */
function encode(value: string): string {
  return encodeURIComponent(value).replace(/%2C|%2F|%3A/g, decodeURIComponent);
}

/**
 * Reads a fragment, or the whole address of a page, in which it is what follows the first `#`. Undefined
 * if there is no knock in it at all.
 */
export function decodeProfile(text: string): Profile | ProfileProblem | undefined {
  const parts = new URLSearchParams(text.trim().replace(/^[^#]*#/, ""));
  const knock = parts.get("knock");
  if (knock === null) return undefined;
  return readProfile({
    name: parts.get("name") ?? "",
    host: parts.get("host") ?? "",
    ports: knock,
    service: parts.get("service") ?? "",
    pace: parts.get("pace") ?? "",
  });
}

/** A profile as somebody types it: the service as `443` or `tcp/443`, ports with commas or blanks between. */
export interface ProfileText {
  readonly name: string;
  readonly host: string;
  readonly ports: string;
  readonly service: string;
  readonly pace: string;
}

export function readProfile(text: ProfileText): Profile | ProfileProblem {
  const host = readHost(text.host);
  if (host === undefined) return "host";
  const ports = readPorts(text.ports);
  if (ports === undefined) return "ports";
  const service = readServicePort(text.service.trim());
  if (service === "none") return "service";
  const pace = readPace(text.pace);
  if (pace === "none") return "pace";
  return {
    name: readName(text.name),
    host,
    ports,
    ...(service !== undefined && { service }),
    ...(pace !== undefined && { pace }),
  };
}

/** A name or an address that may stand in a URL, in lower case. Undefined for anything else. */
export function readHost(text: string): string | undefined {
  const host = text.trim().replace(/^\[(.*)\]$/, "$1");
  if (!/^(?:[\p{L}\p{N}._-]{1,253}|[\da-f:.]*:[\da-f:.]*)$/iu.test(host)) return undefined;
  try {
    return new URL(`http://${bracketed(host)}/`).hostname.replace(/^\[(.*)\]$/, "$1");
  } catch {
    return undefined; // It looked like one.
  }
}

/** The host as it stands in a URL. */
export function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function readPorts(text: string): number[] | undefined {
  const words = text.trim().split(/\s*,\s*|\s+/);
  const ports = words.map(parsePortNumber).filter((port) => port !== undefined);
  return ports.length === words.length && ports.length <= longestSequence ? ports : undefined;
}

/** What a page calls itself: a line, not too long. */
export function readName(text: string): string {
  const line = text.replace(/[\p{C}\s]+/gu, " ").trim();
  return [...line].slice(0, longestName).join("").trim();
}

function readServicePort(text: string): number | undefined | "none" {
  if (text === "") return undefined;
  const service = parseService(/^\d+$/.test(text) ? `tcp/${text}` : text);
  return service?.protocol === "tcp" ? service.port : "none";
}

function readPace(text: string): number | undefined | "none" {
  if (text === "") return undefined;
  const pace = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  return pace >= shortestPace && pace <= usualPace ? pace : "none";
}
