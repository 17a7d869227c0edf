import type { Protocol } from "./port.ts";
import { parsePortNumber, parseProtocol } from "./port.ts";

/** A port, or (`icmp`) the answer to echo requests of IPv4 and IPv6. */
export type Service =
  | { readonly protocol: Protocol; readonly port: number }
  | { readonly protocol: "icmp" };

/** What a native door opens: a service, or all that is protected. */
export type OpenedService = Service | { readonly protocol: "any" };

/** `tcp/22`, `udp/51820` or `icmp`. Undefined for anything else. */
export function parseService(text: string): Service | undefined {
  if (text.toLowerCase() === "icmp") return { protocol: "icmp" };
  const [name = "", number = "", ...rest] = text.split("/");
  const protocol = parseProtocol(name);
  const port = parsePortNumber(number);
  if (protocol === undefined || port === undefined || rest.length > 0) return undefined;
  return { protocol, port };
}

/** As `parseService`, and `any`. */
export function parseOpenedService(text: string): OpenedService | undefined {
  return text.toLowerCase() === "any" ? { protocol: "any" } : parseService(text);
}

/** Returns whether it is one service, and not all of them. */
export function isOneService(service: OpenedService): service is Service {
  return service.protocol !== "any";
}

/** Returns the services of those texts that are services. */
export function parseServices(texts: readonly string[]): Service[] {
  return texts.flatMap((text) => parseService(text) ?? []);
}

/** The text that `parseOpenedService` reads back as the same service. */
export function formatService(service: OpenedService): string {
  return "port" in service ? `${service.protocol}/${service.port}` : service.protocol;
}

/** Such as `tcp/22, icmp`. */
export function formatServices(services: readonly OpenedService[]): string {
  return services.map(formatService).join(", ");
}

/** Each service once, in the order of their first. */
export function uniqueServices<One extends OpenedService>(services: readonly One[]): One[] {
  return [...new Map(services.map((service) => [formatService(service), service])).values()];
}
