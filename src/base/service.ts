import type { Network } from "./address.ts";
import { formatNetwork, parseNetwork } from "./address.ts";
import type { Endpoint } from "./endpoint.ts";
import { formatEndpoint, parseEndpoint } from "./endpoint.ts";
import type { PortService } from "./port-service.ts";
import { formatPortService, parsePortService } from "./port-service.ts";

/** A port of hosts that this host routes to: at least one network. */
export interface RoutedService extends PortService {
  readonly hosts: readonly Network[];
}

/** A port of this host that the kernel forwards to another host. */
export interface ForwardedService extends PortService {
  readonly target: Endpoint;
}

/** A port of this host or of hosts behind it, or (`icmp`) the answer to echo requests of IPv4 and IPv6. */
export type Service = PortService | RoutedService | { readonly protocol: "icmp" };

/** What is opened for a source: a service, or all that is protected. */
export type OpenedService = Service | { readonly protocol: "any" };

/** What a native door opens. A forwarded port is opened as a port of this host. */
export type DoorService = OpenedService | ForwardedService;

/** `tcp/22`, `udp/51820`, `icmp`, or `tcp/22 to 10.0.0.5 and 10.1.0.0/16`. Undefined for anything else. */
export function parseService(text: string): Service | undefined {
  if (text.toLowerCase() === "icmp") return { protocol: "icmp" };
  const [port = "", names, ...others] = text.split(" to ");
  const service = parsePortService(port);
  if (service === undefined || names === undefined) return service;
  const hosts = names.split(" and ").map(parseNetwork);
  const known = hosts.filter((host) => host !== undefined);
  if (known.length < hosts.length || others.length > 0) return undefined;
  return { ...service, hosts: known };
}

/** As `parseService`, and `any`. */
export function parseOpenedService(text: string): OpenedService | undefined {
  return text.toLowerCase() === "any" ? { protocol: "any" } : parseService(text);
}

/** As `parseOpenedService`, and `tcp/2222 -> 10.0.0.5:22`. */
export function parseDoorService(text: string): DoorService | undefined {
  const [left = "", right, ...others] = text.split("->").map((part) => part.trim());
  if (right === undefined) return parseOpenedService(text);
  const service = parsePortService(left);
  const target = parseEndpoint(right);
  if (service === undefined || target === undefined || others.length > 0) return undefined;
  return { ...service, target };
}

/** Returns whether it is one service, and not all of them. */
export function isOneService(service: OpenedService): service is Service {
  return service.protocol !== "any";
}

export function isRouted(service: DoorService): service is RoutedService {
  return "hosts" in service;
}

export function isForwarded(service: DoorService): service is ForwardedService {
  return "target" in service;
}

/** Returns what is opened for a source: of a forwarded port, the port of this host. */
export function openedAs(service: DoorService): OpenedService {
  return isForwarded(service) ? { protocol: service.protocol, port: service.port } : service;
}

/** Returns the services of those texts that are services. */
export function parseServices(texts: readonly string[]): Service[] {
  return texts.flatMap((text) => parseService(text) ?? []);
}

/** The text that `parseDoorService` reads back as the same service. */
export function formatService(service: DoorService): string {
  if (!("port" in service)) return service.protocol;
  const port = formatPortService(service);
  if (isRouted(service)) return `${port} to ${service.hosts.map(formatNetwork).join(" and ")}`;
  return isForwarded(service) ? `${port} -> ${formatEndpoint(service.target)}` : port;
}

/** Such as `tcp/22, icmp`. */
export function formatServices(services: readonly DoorService[]): string {
  return services.map(formatService).join(", ");
}

/** Each service once, in the order of their first. */
export function uniqueServices<One extends DoorService>(services: readonly One[]): One[] {
  return [...new Map(services.map((service) => [formatService(service), service])).values()];
}
