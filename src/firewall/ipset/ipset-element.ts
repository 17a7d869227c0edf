// Elements of our sets as ipset(8) writes and reads them, such as `sesame4 192.0.2.7,tcp:22`.
import { parseAddress } from "../../base/address.ts";
import type { Service } from "../../base/service.ts";
import { parseService } from "../../base/service.ts";
import type { OpenElement } from "../backend.ts";
import type { NativeAccess } from "../firewall.ts";

/** By the family of the source. */
export const sets = { 4: "sesame4", 6: "sesame6" } as const;

export function formatElements({ source, method }: NativeAccess): string[] {
  const { family } = source;
  return method.services.map(
    (service) => `${sets[family]} ${source},${formatPort(service, family)}`,
  );
}

/** The elements in what `ipset save` prints. */
export function parseElements(saved: string): OpenElement[] {
  return [...saved.matchAll(/^add \S+ ([^ ,]+),(\w+):(\S+) timeout (\d+)$/gm)].flatMap(
    ([, address = "", protocol = "", port = "", seconds]) => {
      const source = parseAddress(address);
      const service = parseService(protocol.startsWith("icmp") ? "icmp" : `${protocol}/${port}`);
      if (source === undefined || service === undefined) return [];
      return [{ source, service, milliseconds: 1000 * Number(seconds) }];
    },
  );
}

/** Echo requests are type 8 (RFC 792) and 128 (RFC 4443 §4.1), code 0. */
function formatPort(service: Service, family: 4 | 6): string {
  if (service.protocol !== "icmp") return `${service.protocol}:${service.port}`;
  return family === 4 ? "icmp:8/0" : "icmpv6:128/0";
}
