// The firewalls that can open native doors. A new one is a row here, a row in src/firewall/backends.ts,
// which the compiler then asks for, and a file of its own.

/** What the rest of the program must know of a firewall before, or without, using it. */
export interface BackendTraits {
  /** It can drop what is not open. Otherwise the administrator's own rules do. */
  readonly canProtect: boolean;
  /** Opening a door starts a program. */
  readonly startsPrograms: boolean;
  /** Its programs run for root alone; another one works with the capability NET_ADMIN. */
  readonly needsRoot: boolean;
  /** How long the kernel can keep a door open at most: milliseconds. */
  readonly longestTimeout: number;
}

const rows = {
  nftables: {
    canProtect: true,
    startsPrograms: false,
    needsRoot: false,
    longestTimeout: Number.POSITIVE_INFINITY,
  },
  ipset: {
    canProtect: false,
    startsPrograms: true,
    needsRoot: true,
    // The kernel has 32 bits for milliseconds, ipset(8) takes seconds.
    longestTimeout: 2_147_483_000,
  },
} as const satisfies Readonly<Record<string, BackendTraits>>;

/** The values of the directive `Firewall`. */
export type BackendKind = keyof typeof rows;

/** Those that can protect. */
export type ProtectingKind = {
  [Kind in BackendKind]: (typeof rows)[Kind]["canProtect"] extends true ? Kind : never;
}[BackendKind];

export const backends: Readonly<Record<BackendKind, BackendTraits>> = rows;

export const backendKinds: readonly BackendKind[] = Object.keys(backends) as BackendKind[];

export const defaultBackend: BackendKind = "nftables";

/** Why this firewall has no protection, and the directive that gets one. `undefined`: it has one. */
export function protectionObstacle(
  kind: BackendKind,
): { readonly message: string; readonly hints: readonly string[] } | undefined {
  if (backends[kind].canProtect) return undefined;
  return {
    message: `with Firewall = ${kind} knockd protects nothing: your iptables rules decide`,
    hints: backendKinds
      .filter((other) => backends[other].canProtect)
      .map((other) => `Firewall = ${other} has a protection of its own`),
  };
}
