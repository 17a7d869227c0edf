// Ports and services as the commands of firewalls name them.
import type { Protocol } from "../../base/port.ts";
import { parsePortNumber } from "../../base/port.ts";
import type { Service } from "../../base/service.ts";
import type { Opens } from "./rule-change.ts";

/** The port numbers of services that people name, as the IANA registered them; lower case. */
const numbers: Readonly<Record<string, number>> = {
  ftp: 21,
  ssh: 22,
  openssh: 22,
  telnet: 23,
  smtp: 25,
  domain: 53,
  dns: 53,
  http: 80,
  www: 80,
  pop3: 110,
  ntp: 123,
  imap: 143,
  imap2: 143,
  https: 443,
  submission: 587,
  imaps: 993,
  pop3s: 995,
  openvpn: 1194,
  mysql: 3306,
  "ms-wbt-server": 3389,
  rdp: 3389,
  postgresql: 5432,
  "vnc-server": 5900,
  wireguard: 51_820,
};

/** Services of these names are for UDP where no protocol is named. */
const byUdp: ReadonlySet<string> = new Set(["openvpn", "wireguard", "ntp"]);

/** Returns the number of a port that may be written as a name. */
export function portNumber(text: string): number | undefined {
  return parsePortNumber(text) ?? numbers[text.toLowerCase()];
}

/** Returns the service that a name stands for, such as `ssh`; DNS by both protocols has none. */
export function namedService(name: string): Service | undefined {
  const lower = name.toLowerCase();
  const port = numbers[lower];
  if (port === undefined || lower === "dns" || lower === "domain") return undefined;
  return { protocol: byUdp.has(lower) ? "udp" : "tcp", port };
}

/** What opening a list of ports such as `22,https` of these protocols comes to. */
export function opensPorts(list: string, protocols: readonly Protocol[]): Opens {
  const services: Service[] = [];
  for (const text of list.split(",")) {
    if (/[:-]/.test(text) && portNumber(text) === undefined) {
      return { unfit: `it opens a range of ports, ${text}` };
    }
    const port = portNumber(text);
    if (port === undefined) return { unfit: `the port ${text} is not known` };
    for (const protocol of protocols) services.push({ protocol, port });
  }
  return { services };
}
