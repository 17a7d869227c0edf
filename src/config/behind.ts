// What doors say of services of hosts behind this one: `To`, and forwarded ports in `Open`.
import type { BackendKind } from "../base/backends.ts";
import { backends } from "../base/backends.ts";
import { formatEndpoint } from "../base/endpoint.ts";
import type { ForwardedService } from "../base/service.ts";
import { formatService, isForwarded, isOneService, isRouted, openedAs } from "../base/service.ts";
import type { ConfigOptions, DoorConfig } from "./config.ts";
import { openedServices } from "./config.ts";
import { nativeDirectives } from "./directives.ts";
import type { ConfigSection } from "./lines.ts";
import type { Problem } from "./problem.ts";
import type { SectionValues } from "./section.ts";

interface Complaint {
  readonly message: string;
  readonly hint: string;
}

/** Returns what is wrong with the directives of one door. */
export function complainOfBehind(name: string, values: SectionValues): Complaint[] {
  const { services: open, hosts: to, masquerade, protect } = nativeDirectives;
  const services = values.get(open) ?? [];
  const hasForwards = services.some(isForwarded);
  const complaints: Complaint[] = [];
  const complain = (message: string, hint: string) =>
    complaints.push({ message: `section '${name}' ${message}`, hint });
  if (values.has(to)) {
    if (!values.has(open)) complain("has To without Open", "open = tcp/22");
    if (hasForwards) {
      complain("has both To and a forwarded port", "a door has one or the other: make two doors");
    }
    for (const one of services) {
      if (one.protocol !== "icmp" && one.protocol !== "any") continue;
      const hint = "open = tcp/22, or make two doors of it";
      complain(`opens ${one.protocol} of hosts behind this one, which knockd cannot`, hint);
    }
  }
  if (values.get(masquerade) && !hasForwards) {
    complain("has Masquerade and forwards no port", "open = tcp/2222 -> 10.0.0.5:22");
  }
  if (hasForwards && values.get(protect) === false) {
    const hint = "remove protect = no";
    complain("forwards a port: it is always closed to all sources that have not knocked", hint);
  }
  return complaints;
}

/** Returns what is wrong with all doors together; they belong to `sections`, one by one. */
export function findBehindProblems(
  doors: readonly DoorConfig[],
  sections: readonly ConfigSection[],
  options: ConfigOptions,
): Problem[] {
  const problems: Problem[] = [];
  const ports = new Map<string, { readonly owner: string; readonly leadsTo: string }>();
  doors.forEach((door, i) => {
    const { line = 1, column = 1 } = sections[i] ?? {};
    const report = (message: string, hint: string) =>
      problems.push({ severity: "error", line, column, message, hint });
    for (const message of complaintsOfUse(door, options)) report(message.message, message.hint);
    for (const service of openedServices(door)) {
      if (!isOneService(openedAs(service)) || isRouted(service) || service.protocol === "icmp") {
        continue;
      }
      const port = formatService(openedAs(service));
      const target = isForwarded(service) ? service.target : undefined;
      const leadsTo = target === undefined ? "this host" : formatEndpoint(target);
      // A source has one port of this host open, and it leads to one place in each family.
      for (const family of target === undefined ? [4, 6] : [target.address.family]) {
        const key = `${port} ${family}`;
        const known = ports.get(key);
        if (known === undefined) ports.set(key, { owner: door.name, leadsTo });
        else if (known.leadsTo !== leadsTo) {
          const other = `${known.leadsTo} in section '${known.owner}'`;
          const message = `section '${door.name}': ${port} leads to ${leadsTo}, and to ${other}`;
          report(message, "give each its own port");
        }
      }
    }
  });
  return problems;
}

function complaintsOfUse(door: DoorConfig, { firewall, interfaces }: ConfigOptions): Complaint[] {
  const services = openedServices(door);
  if (!services.some((one) => isForwarded(one) || isRouted(one))) return [];
  const badName = interfaces?.find((name) => !/^[\w.:@-]+$/.test(name));
  return [
    ...complaintOfBackend(door.name, firewall),
    ...(badName === undefined
      ? []
      : [
          {
            message: `section '${door.name}': nft does not take the name of the interface "${badName}"`,
            hint: "Interface = any",
          },
        ]),
    ...services.filter(isForwarded).flatMap((service) => complaintOfFamily(door, service)),
  ];
}

function complaintOfBackend(name: string, firewall: BackendKind): Complaint[] {
  if (backends[firewall].canProtect) return [];
  const what = `opens services of hosts behind this one, which takes nftables`;
  return [{ message: `section '${name}' ${what}`, hint: "Firewall = nftables" }];
}

/** The kernel forwards within one family of addresses. */
function complaintOfFamily({ name, allow }: DoorConfig, service: ForwardedService): Complaint[] {
  const { family } = service.target.address;
  if (allow === undefined || allow.some(({ base }) => base.family === family)) return [];
  const what = `allows no source of IPv${family}, which ${formatService(service)} is for`;
  const hint = `an address of IPv${family === 4 ? 6 : 4} behind ->`;
  return [{ message: `section '${name}' ${what}`, hint }];
}
