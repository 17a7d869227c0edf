/** Where the store is. */
export type StoreAddress =
  | {
      readonly kind: "tcp";
      readonly host: string;
      readonly port: number;
      readonly tls: boolean;
    }
  | { readonly kind: "unix"; readonly path: string };

/** Returns an address as the configuration has it. */
export function formatStore(address: StoreAddress): string {
  if (address.kind === "unix") return `redis+unix://${address.path}`;
  const { host, port, tls } = address;
  const shown = host.includes(":") ? `[${host}]` : host;
  return `${tls ? "rediss" : "redis"}://${shown}:${port}`;
}
