import type { CommandAccess, Firewall } from "../../src/firewall/firewall.ts";
import { isNative } from "../../src/firewall/firewall.ts";

/** A firewall for doors with commands where any door may come: it refuses the native ones. */
export function commandsOnly(firewall: Firewall<CommandAccess>): Firewall {
  const refused = { kind: "not-started", reason: "no native doors in this test" } as const;
  return {
    open: async (access, length, hold) =>
      isNative(access) ? refused : firewall.open(access, length, hold),
    close: async (access) => (isNative(access) ? refused : firewall.close(access)),
  };
}
