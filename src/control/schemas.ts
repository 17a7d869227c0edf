// Checks what came from the other side of the socket, once. What passes is of the types in methods.ts.
import * as v from "valibot";
import type { Address } from "../base/address.ts";
import { parseAddress } from "../base/address.ts";
import { longestDuration } from "../base/duration.ts";
import { formatService, parseService } from "../base/service.ts";
import type * as m from "./methods.ts";

type Schema<T> = v.GenericSchema<unknown, T>;

/** Longer than a line of any configuration that a person wrote. */
const longestName = 1000;

const address: Schema<Address> = v.pipe(
  v.string("expected an address"),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const parsed = parseAddress(dataset.value);
    if (parsed !== undefined) return parsed;
    addIssue({ message: "expected an IPv4 or IPv6 address" });
    return NEVER;
  }),
);

const doorName: Schema<string> = v.pipe(
  v.string("expected the name of a door"),
  v.minLength(1, "the name of a door is not empty"),
  v.maxLength(longestName, `the name of a door has at most ${longestName} characters`),
  v.check((name) => !name.includes("\n"), "the name of a door is one line"),
);

const length: Schema<number> = v.pipe(
  v.number("expected a number of milliseconds"),
  v.integer("expected a whole number of milliseconds"),
  v.minValue(1, "expected at least 1 millisecond"),
  v.maxValue(longestDuration, "that is more than a hundred years"),
);

const flag: Schema<boolean> = v.boolean("expected true or false");

const none: Schema<m.NoParams> = v.strictObject({});

const closeParams: Schema<m.CloseParams> = v.pipe(
  v.strictObject({
    door: v.exactOptional(doorName),
    address: v.exactOptional(address),
    all: v.exactOptional(v.literal(true, "expected true")),
    cut: v.exactOptional(flag),
  }),
  v.check(
    ({ door, address, all }) => (all === true) !== (door !== undefined || address !== undefined),
    "expected a door, an address or both, or else all",
  ),
);

const openParams: Schema<m.OpenParams> = v.strictObject({
  door: doorName,
  address,
  for: v.exactOptional(length),
});

const extendParams: Schema<m.ExtendParams> = v.strictObject({
  door: doorName,
  address,
  for: length,
});

/** As `tcp/22`, however it was written. */
const service: Schema<string> = v.pipe(
  v.string("expected a service, such as tcp/22"),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const parsed = parseService(dataset.value);
    if (parsed !== undefined) return formatService(parsed);
    addIssue({ message: "expected a service, such as tcp/22, udp/51820 or icmp" });
    return NEVER;
  }),
);

const port: Schema<number> = v.pipe(
  v.number("expected a port"),
  v.integer("expected a port"),
  v.minValue(1, "expected a port from 1 to 65535"),
  v.maxValue(65_535, "expected a port from 1 to 65535"),
);

const guardParams: Schema<m.GuardParams> = v.strictObject({
  address,
  port: v.exactOptional(port),
  services: v.exactOptional(
    v.pipe(
      v.array(service, "expected a list of services"),
      v.minLength(1, "expected at least one service"),
    ),
  ),
  for: v.exactOptional(length),
});

const confirmParams: Schema<m.ConfirmParams> = v.union(
  [
    v.strictObject({ address, port }),
    v.strictObject({ console: v.literal(true, "expected true") }),
  ],
  "expected an address and a port, or else console",
);

const amount: Schema<number> = v.pipe(v.number(), v.minValue(0));
const texts: Schema<readonly string[]> = v.array(v.string());

const status: Schema<m.Status> = v.object({
  version: v.string(),
  pid: amount,
  uptime: amount,
  configFile: v.string(),
  interfaces: texts,
  doors: amount,
  leases: amount,
  attempts: v.array(amount),
  capture: v.object({ received: amount, dropped: amount }),
  firewall: v.object({
    kind: v.picklist(["nftables", "ipset", "commands", "memory"]),
    protects: texts,
    trial: v.exactOptional(v.object({ services: texts, remaining: amount })),
  }),
  journal: v.object({ path: v.string(), problem: v.exactOptional(v.string()) }),
  problems: texts,
});

const door: Schema<m.DoorReport> = v.object({
  name: v.string(),
  steps: amount,
  protocols: v.array(v.picklist(["tcp", "udp"])),
  decoys: amount,
  timeout: amount,
  kind: v.picklist(["native", "lease", "command"]),
  opens: texts,
  lasts: v.exactOptional(amount),
  state: v.picklist(["enabled", "disabled"]),
  open: amount,
});

const lease: Schema<m.LeaseReport> = v.object({
  door: v.string(),
  source: address,
  since: v.pipe(v.string(), v.isoTimestamp(), v.toDate()),
  remaining: amount,
  kind: v.picklist(["native", "command"]),
  state: v.picklist(["opening", "open", "closing"]),
});

const closed: Schema<m.Closed> = v.object({
  closed: v.array(v.object({ door: v.string(), source: address })),
  cut: amount,
});

const opened: Schema<m.Opened> = v.object({ lease: v.exactOptional(lease) });

const reloaded: Schema<m.Reloaded> = v.variant("kind", [
  v.object({
    kind: v.literal("reloaded"),
    file: v.string(),
    added: texts,
    removed: texts,
    changed: texts,
    options: texts,
    warnings: texts,
  }),
  v.object({ kind: v.literal("refused"), file: v.string(), problems: texts }),
]);

const protection: Schema<m.ProtectionReport> = v.object({ services: texts });

const guarded: Schema<m.Guarded> = v.object({
  services: texts,
  address,
  remaining: amount,
  doors: texts,
  warnings: texts,
});

const confirmed: Schema<m.Confirmed> = v.object({
  services: texts,
  doors: texts,
  address: v.exactOptional(address),
  remaining: v.exactOptional(amount),
});

type MethodSchemas = {
  readonly [M in m.Method]: {
    readonly params: Schema<m.Params<M>>;
    readonly result: Schema<m.Result<M>>;
  };
};

export const schemas: MethodSchemas = {
  status: { params: none, result: status },
  doors: { params: none, result: v.array(door) },
  leases: { params: none, result: v.array(lease) },
  close: { params: closeParams, result: closed },
  open: { params: openParams, result: opened },
  extend: { params: extendParams, result: lease },
  reload: { params: none, result: reloaded },
  protect: { params: none, result: protection },
  unprotect: { params: none, result: protection },
  guard: { params: guardParams, result: guarded },
  confirm: { params: confirmParams, result: confirmed },
};

export const watchParams: Schema<m.NoParams> = none;
