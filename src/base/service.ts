import type { Protocol } from "./port.ts";
import { parsePortNumber, parseProtocol } from "./port.ts";

/** What a native door opens: a port, or (`icmp`) the answer to echo requests of IPv4 and IPv6. */
export type Service =
  | { readonly protocol: Protocol; readonly port: number }
  | { readonly protocol: "icmp" };

/** `tcp/22`, `udp/51820` or `icmp`. Undefined for anything else. */
export function parseService(text: string): Service | undefined {
  if (text.toLowerCase() === "icmp") return { protocol: "icmp" };
  const [name = "", number = "", ...rest] = text.split("/");
  const protocol = parseProtocol(name);
  const port = parsePortNumber(number);
  if (protocol === undefined || port === undefined || rest.length > 0) return undefined;
  return { protocol, port };
}

/** Returns the services of those texts that are services. */
export function parseServices(texts: readonly string[]): Service[] {
  return texts.flatMap((text) => parseService(text) ?? []);
}

/** The text that `parseService` reads back as the same service. */
export function formatService(service: Service): string {
  return service.protocol === "icmp" ? "icmp" : `${service.protocol}/${service.port}`;
}

/** Such as `tcp/22, icmp`. */
export function formatServices(services: readonly Service[]): string {
  return services.map(formatService).join(", ");
}

/** Each service once, in the order of their first. */
export function uniqueServices(services: readonly Service[]): Service[] {
  return [...new Map(services.map((service) => [formatService(service), service])).values()];
}
