import type { LookupAddress } from "node:dns";
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { KnockError } from "../base/errors.ts";
import type { RequestedFamily } from "./plan.ts";
import { systemReason } from "./system-reason.ts";

/** The destination of packets, and their source. */
export interface Route {
  readonly address: string;
  /** An address of this machine; `undefined` means that the system chooses. */
  readonly source?: string;
}

/** The source address, or the interface that has it. Without both the system chooses. */
export interface RouteOrigin {
  readonly source?: string;
  readonly interface?: string;
}

/**
 * Returns the routes to `host`: one, or with "both" one for each family that the host and this machine have. Of
 * several addresses it takes the first in the resolver's order, as ssh does. Throws `RESOLVE` if the host has
 * no address, `USAGE` if none can be reached from `origin`.
 */
export async function findRoutes(
  host: string,
  family: RequestedFamily,
  origin: RouteOrigin,
): Promise<Route[]> {
  const addresses = await resolveHost(host, family);
  const routes = addresses.flatMap((address) => {
    const route = routeFrom(origin, address);
    return route === undefined ? [] : [route];
  });
  const first = routes[0];
  if (first === undefined) throw noSource(origin, addresses[0] ?? host);
  const other = routes.find(({ address }) => isIP(address) !== isIP(first.address));
  return family === "both" && other !== undefined ? [first, other] : [first];
}

/** Returns the routes of the same family as another one, or the first if there is none. */
export function alongside(routes: readonly Route[], other: Route): Route[] {
  const same = routes.filter(({ address }) => isIP(address) === isIP(other.address));
  return same.length > 0 ? same : routes.slice(0, 1);
}

/** Returns at least one address, in the resolver's order. */
async function resolveHost(host: string, family: RequestedFamily): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  try {
    const found = await lookUp(host, family === "both" ? 0 : family);
    return found.map(({ address }) => address);
  } catch (cause) {
    throw new KnockError("RESOLVE", `cannot resolve '${host}': ${systemReason(cause)}`, { cause });
  }
}

/** As the function of `node:dns/promises`, which would have to be loaded, too. */
async function lookUp(host: string, family: number): Promise<LookupAddress[]> {
  const { lookup } = await import("node:dns");
  return await new Promise((resolve, reject) => {
    lookup(host, { family, all: true }, (error, found) => (error ? reject(error) : resolve(found)));
  });
}

/** Returns `undefined` if the origin has no address of this family. Throws `USAGE` if the interface does not exist. */
export function routeFrom(
  { source, interface: name }: RouteOrigin,
  address: string,
): Route | undefined {
  if (source !== undefined) {
    return isIP(source.replace(/%.*$/s, "")) === isIP(address.replace(/%.*$/s, ""))
      ? { address, source }
      : undefined;
  }
  if (name === undefined) return { address };
  const own = addressesOf(name).filter((one) => isIP(one) === isIP(address));
  const nearby = (one: string) => /^fe80:/i.test(one);
  // A link-local address reaches only its own link, and needs the name of the interface.
  const found = own.find((one) => nearby(one) === nearby(address));
  return found === undefined
    ? undefined
    : { address, source: nearby(found) ? `${found}%${name}` : found };
}

function addressesOf(name: string): string[] {
  const all = networkInterfaces();
  const found = Object.hasOwn(all, name) ? all[name] : undefined;
  if (found !== undefined) return found.map(({ address }) => address);
  throw new KnockError("USAGE", `there is no interface '${name}' with an address`, {
    hints: [`there are: ${Object.keys(all).join(", ")}`],
  });
}

function noSource({ source, interface: name }: RouteOrigin, address: string): KnockError {
  const what =
    source === undefined ? `the interface '${name}' has no address` : `'${source}' is none`;
  return new KnockError("USAGE", `${what} from which ${address} could be reached`);
}
