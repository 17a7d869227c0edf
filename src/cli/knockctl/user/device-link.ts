// The line that enrols a device: for a client, or for a browser by a page.
import { lookup } from "node:dns/promises";
import type { Address } from "../../../base/address.ts";
import { contains, parseAddress, parseNetwork } from "../../../base/address.ts";
import { KnockError, reason } from "../../../base/errors.ts";
import { isRouted } from "../../../base/service.ts";
import { printable } from "../../../base/text.ts";
import type { DoorConfig } from "../../../config/config.ts";
import { namedServices } from "../../../config/config.ts";
import type { KnockLink } from "../../../knock/link.ts";
import { formatLink, parseLink } from "../../../knock/link.ts";
import type { CommandLine } from "../command.ts";
import { usageError } from "../command.ts";
import { readPageUrl } from "../page-url.ts";
import { readHostName } from "../trial.ts";

/** How a device reaches this server, as the command line says it. */
export interface DeviceRoute {
  readonly host: string;
  /** What the device calls it. */
  readonly name: string;
  /** For a browser. */
  readonly page: PageRoute | undefined;
}

interface PageRoute {
  /** Without a fragment. */
  readonly url: string;
  /** Of the host, since browsers send nothing to a name. At least one. */
  readonly addresses: readonly string[];
}

/** More would be as many packets for each knock. */
const mostAddresses = 4;

/** Reads --host, --name, --link and --address. Resolves the name of the host for a link. Throws USAGE, SYSTEM. */
export async function readRoute({ given }: Pick<CommandLine, "given">): Promise<DeviceRoute> {
  const wanted = given.get("host");
  if (wanted === undefined) throw usageError("--host NAME is missing");
  const host = readHostName(wanted);
  const name = given.get("name") ?? "home";
  const [link, address] = [given.get("link"), given.get("address")];
  if (link === undefined) {
    if (address !== undefined) throw usageError("--address goes with --link");
    return { host, name, page: undefined };
  }
  if (given.has("lock")) {
    throw usageError("--link goes without --lock", "a page takes its key from the link");
  }
  const url = readSecureUrl(link);
  const addresses =
    address === undefined ? await resolveHost(host) : address.split(",").map(readOne);
  if (addresses.length > mostAddresses) {
    throw usageError(`${addresses.length} addresses are too many`, "--address: 4 at most");
  }
  return { host, name, page: { url: url.href, addresses: addresses.map(String) } };
}

/** A page that came over plain http cannot keep a key. */
function readSecureUrl(text: string): URL {
  const url = readPageUrl(text);
  const isSecure = url.protocol !== "http:" || /^(?:localhost|127\..*|\[::1\])$/.test(url.hostname);
  if (isSecure) return url;
  throw usageError("a page that came over http cannot keep a key", "use https, or a file: URL");
}

function readOne(text: string): Address {
  const address = parseAddress(text.trim());
  if (address !== undefined) return address;
  throw usageError(`--address: "${printable(text)}" is not an address`, "--address 192.0.2.10");
}

async function resolveHost(host: string): Promise<Address[]> {
  const own = parseAddress(host);
  if (own !== undefined) return [own];
  const found = await lookup(host, { all: true }).catch((cause) => {
    const hints = ["--address A,B names the addresses of this server"];
    throw new KnockError("SYSTEM", `cannot resolve ${printable(host)}: ${reason(cause)}`, {
      cause,
      hints,
    });
  });
  const addresses = found.map(({ address }) => parseAddress(address));
  const reachable = addresses.filter((one) => one !== undefined && !isOfThisHost(one));
  if (reachable.length > 0) return reachable.filter((one) => one !== undefined);
  throw new KnockError("SYSTEM", `${printable(host)} has no address that a phone reaches`, {
    hints: [
      "here the name leads to this host itself, as by /etc/hosts",
      "--address A,B names the addresses of this server",
    ],
  });
}

const ownNetworks = ["127.0.0.0/8", "::1/128", "fe80::/10"].flatMap(
  (text) => parseNetwork(text) ?? [],
);

function isOfThisHost(address: Address): boolean {
  return ownNetworks.some((network) => contains(network, address));
}

/** Returns the line for a device. `key`: absent if the device has made it. Throws USAGE if the client would not take it. */
export function makeDeviceLink(
  { host, name, page }: DeviceRoute,
  door: DoorConfig,
  { port, key }: { readonly port: number; readonly key: string | undefined },
): string {
  const wait = servicePort(door);
  const openFor = secondsOpen(door);
  const facts: KnockLink = {
    ...(key !== undefined && { key }),
    ...{ host, port, door: door.name, name },
    ...(wait !== undefined && { wait }),
    addresses: page?.addresses ?? [],
    ...(page !== undefined && openFor !== undefined && { openFor }),
  };
  const link = formatLink(facts);
  const parsed = parseLink(link);
  if (typeof parsed === "string") {
    throw usageError(`the line for the device cannot hold this ${parsed}`, "60 characters at most");
  }
  return page === undefined ? link : link.replace(/^sesame:/, () => page.url);
}

/** Returns the TCP port of this host that a device can wait for; `undefined` if the door opens none. */
function servicePort(door: DoorConfig): number | undefined {
  const own = namedServices(door).filter((one) => !isRouted(one));
  const service = own.find(({ protocol }) => protocol === "tcp");
  return service !== undefined && "port" in service ? service.port : undefined;
}

/** Seconds for which a door that closes by itself stays open after a packet that asks for no time. */
function secondsOpen({ action, longest }: DoorConfig): number | undefined {
  if (action.kind === "command" && action.stop === undefined) return undefined;
  const usual = action.kind === "native" ? action.openFor : action.closeAfter;
  const seconds = Math.round(Math.min(usual, longest ?? usual) / 1000);
  return seconds > 0 && seconds <= 0xffffff ? seconds : undefined;
}
