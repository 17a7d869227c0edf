import type { ImportTable } from "./imports.ts";

/** What each folder of src/ may import. Data flows one way: capture → decode → match → grant → firewall. */
export const table: ImportTable = {
  base: { values: [], node: ["node:net"] }, // isIP alone: imports.test.ts holds that
  ffi: { values: ["base"], packages: ["koffi"] },
  system: { values: ["base", "ffi"] },
  capture: { values: ["base", "ffi"] },
  decode: { values: ["base"], types: ["capture"], node: [] },
  knock: { values: ["base"], node: ["node:crypto"] },
  auth: { values: ["base", "knock"], types: ["decode"], node: ["node:crypto"] },
  match: { values: ["base"], types: ["decode"], node: ["node:crypto"] },
  firewall: { values: ["base", "ffi", "system"] },
  grant: {
    values: ["base", "ffi", "system"],
    types: ["match", "firewall"],
    packages: ["valibot"],
  },
  fleet: {
    values: ["base"],
    // The client of the store does all I/O of this folder.
    node: ["node:buffer", "node:crypto"],
    packages: ["@redis/client", "valibot"],
  },
  config: { values: ["base", "knock"], types: ["capture", "match", "grant", "firewall"] },
  control: { values: ["base", "ffi"], types: ["grant", "match"], packages: ["valibot"] },
  client: { values: ["base", "knock"] },
  invitation: { values: ["base"], types: ["config"], node: [] },
  setup: {
    values: ["base", "system", "firewall", "config", "control", "client", "invitation"],
    packages: ["diff"],
  },
  daemon: {
    values: [
      ...["base", "ffi", "system", "capture", "decode", "knock", "auth", "match", "grant"],
      ...["firewall", "control", "config", "fleet"],
    ],
  },
  cli: {
    values: [
      ...["base", "system", "config", "control", "client", "daemon", "invitation", "setup"],
      ...["knock", "fleet"],
    ],
    packages: ["uqr", "valibot"],
  },
};
