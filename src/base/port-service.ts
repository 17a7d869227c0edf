import type { Protocol } from "./port.ts";
import { parsePortNumber, parseProtocol } from "./port.ts";

/** A port on which something is served. */
export interface PortService {
  readonly protocol: Protocol;
  readonly port: number;
}

/** `tcp/22` or `udp/51820`. Undefined for anything else. */
export function parsePortService(text: string): PortService | undefined {
  const [name = "", number = "", ...rest] = text.split("/");
  const protocol = parseProtocol(name);
  const port = parsePortNumber(number);
  if (protocol === undefined || port === undefined || rest.length > 0) return undefined;
  return { protocol, port };
}

/** The text that `parsePortService` reads. */
export function formatPortService({ protocol, port }: PortService): string {
  return `${protocol}/${port}`;
}
