// The facts that a knocking page needs, and the URL fragment that holds them. Runs in Node and in browsers.
import { readHost } from "../base/host.ts";
import { parsePortNumber } from "../base/port.ts";
import { formatPortService, parsePortService } from "../base/port-service.ts";
import { longestSequence } from "../base/sequence.ts";
import { shortestPace, usualPace } from "./pace.ts";

/** A door, as a browser needs to know it. */
export interface PageProfile {
  /** The title on the page; may be empty. */
  readonly name: string;
  /** A name or an address, IPv6 without brackets. */
  readonly host: string;
  /** The steps, TCP all of them: 1 to 32. */
  readonly ports: readonly number[];
  /** The TCP port that the door opens, which the page tries after the knock. */
  readonly service?: number;
  /** Milliseconds from step to step; `undefined` means the usual pace. */
  readonly pace?: number;
}

/** The invalid part of a profile. */
export type ProfileProblem = "host" | "ports" | "service" | "pace";

const longestName = 60;

/** Returns the fragment without its `#`: `knock=7003,9140,8455&host=server.example.org&name=ssh&service=tcp/22`. */
export function encodeProfile({ name, host, ports, service, pace }: PageProfile): string {
  const parts: [string, string][] = [
    ["knock", ports.join(",")],
    ["host", host],
  ];
  if (name !== "") parts.push(["name", name]);
  if (service !== undefined) {
    parts.push(["service", formatPortService({ protocol: "tcp", port: service })]);
  }
  if (pace !== undefined) parts.push(["pace", String(pace)]);
  return parts.map(([key, value]) => `${key}=${encode(value)}`).join("&");
}

/** Leaves the characters that RFC 3986 §3.5 allows in a fragment, so that people can read it. */
function encode(value: string): string {
  return encodeURIComponent(value).replace(/%2C|%2F|%3A/g, decodeURIComponent);
}

/** Reads a fragment, or the URL of a page with a fragment. Returns `undefined` if it has no knock. */
export function decodeProfile(text: string): PageProfile | ProfileProblem | undefined {
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

/** The fields of a form: the service is `443` or `tcp/443`, ports are separated by commas or blanks. */
export interface ProfileText {
  readonly name: string;
  readonly host: string;
  readonly ports: string;
  readonly service: string;
  readonly pace: string;
}

export function readProfile(text: ProfileText): PageProfile | ProfileProblem {
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

function readPorts(text: string): number[] | undefined {
  const words = text.trim().split(/\s*,\s*|\s+/);
  const ports = words.map(parsePortNumber).filter((port) => port !== undefined);
  return ports.length === words.length && ports.length <= longestSequence ? ports : undefined;
}

/** Returns the title of a page: one line, cut to its longest length. */
export function readName(text: string): string {
  const line = text.replace(/[\p{C}\s]+/gu, " ").trim();
  return [...line].slice(0, longestName).join("").trim();
}

function readServicePort(text: string): number | undefined | "none" {
  if (text === "") return undefined;
  const service = parsePortService(/^\d+$/.test(text) ? `tcp/${text}` : text);
  return service?.protocol === "tcp" ? service.port : "none";
}

function readPace(text: string): number | undefined | "none" {
  if (text === "") return undefined;
  const pace = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  return pace >= shortestPace && pace <= usualPace ? pace : "none";
}
