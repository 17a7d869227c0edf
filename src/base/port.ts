import type { Branded } from "./brand.ts";

export type Protocol = "tcp" | "udp";

/** A port of one protocol, as the doors of a configuration and the steps of a knock name it. */
export interface Port {
  readonly number: number;
  readonly protocol: Protocol;
}

/** Port numbers, by protocol. */
export type PortSets = Readonly<Record<Protocol, ReadonlySet<number>>>;

/** The first and the last of consecutive ports. */
export type PortRange = readonly [first: number, last: number];

/** The ports that Linux takes for its own connections unless it is configured otherwise (ip-sysctl.rst). */
export const defaultLocalPorts: PortRange = [32_768, 60_999];

/** 1 to 65535, digits only. Undefined for anything else. */
export function parsePortNumber(text: string): number | undefined {
  if (!/^\d{1,5}$/.test(text)) return undefined;
  const number = Number(text);
  return number >= 1 && number <= 65535 ? number : undefined;
}

export function parseProtocol(text: string): Protocol | undefined {
  const lower = text.toLowerCase();
  return lower === "tcp" || lower === "udp" ? lower : undefined;
}

/** `7000:tcp`, the way knockd writes a step. */
export function formatPort(port: Port): string {
  return `${port.number}:${port.protocol}`;
}

/** One number for each port of each protocol, to look things up by: below 131,072. */
export type PortKey = Branded<number, "PortKey">;

export function portKey(port: number, protocol: Protocol): PortKey {
  return (protocol === "tcp" ? port : port + 65536) as PortKey;
}
