// Elements of our sets as ipset(8) writes and reads them, such as `sesame4 192.0.2.7,tcp:22`.
import { parseAddress } from "../../base/address.ts";
import type { OpenedService, Service } from "../../base/service.ts";
import { isOneService, parseService } from "../../base/service.ts";
import type { OpenElement } from "../backend.ts";
import type { NativeAccess } from "../firewall.ts";

/** By the family of the source. */
export const sets = { 4: "sesame4", 6: "sesame6" } as const;

/** Those of `open = any`, which have addresses alone. */
export const anySets = { 4: "sesame-any4", 6: "sesame-any6" } as const;

export function formatElements({ source, method }: NativeAccess): string[] {
  const { family } = source;
  return method.services.map((service) =>
    isOneService(service)
      ? `${sets[family]} ${source},${formatPort(service, family)}`
      : `${anySets[family]} ${source}`,
  );
}

/** The elements in what `ipset save` prints. */
export function parseElements(saved: string): OpenElement[] {
  const lines = saved.matchAll(/^add \S+ ([^ ,]+)(?:,(\w+):(\S+))? timeout (\d+)$/gm);
  return [...lines].flatMap(([, address = "", protocol, port = "", seconds]) => {
    const source = parseAddress(address);
    const service = readService(protocol, port);
    if (source === undefined || service === undefined) return [];
    return [{ source, service, milliseconds: 1000 * Number(seconds) }];
  });
}

function readService(protocol: string | undefined, port: string): OpenedService | undefined {
  if (protocol === undefined) return { protocol: "any" };
  return parseService(protocol.startsWith("icmp") ? "icmp" : `${protocol}/${port}`);
}

/** Echo requests are type 8 (RFC 792) and 128 (RFC 4443 §4.1), code 0. */
function formatPort(service: Service, family: 4 | 6): string {
  if (service.protocol !== "icmp") return `${service.protocol}:${service.port}`;
  return family === 4 ? "icmp:8/0" : "icmpv6:128/0";
}
