import { parsePortNumber } from "./port.ts";

/** A host, by address or name, and a port. */
export interface StoreHost {
  readonly host: string;
  readonly port: number;
}

/** One server. */
export type ServerAddress =
  | ({ readonly kind: "tcp"; readonly tls: boolean } & StoreHost)
  | { readonly kind: "unix"; readonly path: string };

/** Where the store is: a server, or those that know which server of this name is the master now. */
export type StoreAddress =
  | ServerAddress
  | {
      readonly kind: "sentinel";
      readonly sentinels: readonly StoreHost[];
      readonly name: string;
    };

const serverPort = 6379;
const sentinelPort = 26379;

/**
 * Reads `redis://HOST:PORT`, `rediss://HOST:PORT`, `redis+unix:///PATH` or `sentinel://HOST:PORT,…/NAME`; the
 * usual ports may be absent. Returns undefined if it is none of them. A user, a password and the number of a
 * database have no place in it.
 */
export function parseStore(text: string): StoreAddress | undefined {
  const [, scheme, rest = ""] = /^(rediss?|redis\+unix|sentinel):\/\/(\S+)$/.exec(text) ?? [];
  switch (scheme) {
    case "redis":
    case "rediss": {
      const server = parseHost(rest, serverPort);
      return server === undefined
        ? undefined
        : { kind: "tcp", tls: scheme === "rediss", ...server };
    }
    case "redis+unix":
      return rest.startsWith("/") ? { kind: "unix", path: rest } : undefined;
    case "sentinel": {
      const [, list = "", name = ""] = /^([^/]+)\/([\w.-]+)$/.exec(rest) ?? [];
      const sentinels = list.split(",").map((one) => parseHost(one, sentinelPort));
      if (!sentinels.every((one) => one !== undefined)) return undefined;
      return { kind: "sentinel", sentinels, name };
    }
    default:
      return undefined;
  }
}

/** Returns the text that `parseStore` reads. */
export function formatStore(address: StoreAddress): string {
  switch (address.kind) {
    case "tcp":
      return `${address.tls ? "rediss" : "redis"}://${formatHost(address)}`;
    case "unix":
      return `redis+unix://${address.path}`;
    case "sentinel":
      return `sentinel://${address.sentinels.map(formatHost).join(",")}/${address.name}`;
  }
}

function parseHost(text: string, usualPort: number): StoreHost | undefined {
  const [, bracketed, plain, digits] =
    /^(?:\[([\da-fA-F:.]+)\]|([\w.-]+))(?::(\d+))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = digits === undefined ? usualPort : parsePortNumber(digits);
  return host === undefined || port === undefined ? undefined : { host, port };
}

function formatHost({ host, port }: StoreHost): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
