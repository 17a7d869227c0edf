import type { Firewall } from "./firewall.ts";

/** Does nothing, at once and well. Remembers nothing either, since it may be asked any number of times. */
export const dryFirewall: Firewall = {
  isDryRun: true,
  open: () => Promise.resolve({ kind: "done" }),
  close: () => Promise.resolve({ kind: "done" }),
};
