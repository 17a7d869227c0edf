import type { Address } from "./address.ts";
import { parseAddress } from "./address.ts";

/** Where something listens, or can be reached. */
export interface Endpoint {
  readonly address: Address;
  readonly port: number;
}

/** `127.0.0.1:9190` or `[::1]:9190`. Undefined if it is neither, or the port is not from 1 to 65535. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const [, host = "", digits] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
  const [, bracketed] = /^\[(.*)\]$/.exec(host) ?? [];
  const address = parseAddress(bracketed ?? host);
  const port = Number(digits);
  if (address === undefined || !(port >= 1 && port <= 65535)) return undefined;
  // Without brackets the end of an IPv6 address is ambiguous.
  return (address.family === 6) === (bracketed !== undefined) ? { address, port } : undefined;
}

/** The text that `parseEndpoint` reads. */
export function formatEndpoint({ address, port }: Endpoint): string {
  return address.family === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Whether only this host can reach it: 127.0.0.0/8 (RFC 1122 §3.2.1.3) and ::1 (RFC 4291 §2.5.3). */
export function isLoopback(address: Address): boolean {
  if (address.family === 4) return address.w3 >>> 24 === 127;
  return address.w0 === 0 && address.w1 === 0 && address.w2 === 0 && address.w3 === 1;
}
