// The kinds of values that directives have: how each is read, and how knockd prints it.
import { resolve } from "node:path";
import type { Network } from "../base/address.ts";
import { formatNetwork } from "../base/address.ts";
import { formatDuration } from "../base/duration.ts";
import type { Endpoint } from "../base/endpoint.ts";
import { formatEndpoint } from "../base/endpoint.ts";
import { formatPort } from "../base/port.ts";
import type { Sequence } from "../base/sequence.ts";
import type { DoorService } from "../base/service.ts";
import { formatService, isRouted } from "../base/service.ts";
import type { StoreAddress } from "../base/store-address.ts";
import { formatStore } from "../base/store-address.ts";
import type { FlagTest } from "../base/tcp-flags.ts";
import { formatFlagTest } from "../base/tcp-flags.ts";
import type { WallTime } from "../base/time.ts";
import type { Hook } from "./hook.ts";
import { formatHook, parseHook } from "./hook.ts";
import * as names from "./names.ts";
import * as principalValues from "./principals.ts";
import { store as parseStoreValue } from "./store.ts";
import type { Parsed } from "./values.ts";
import * as values from "./values.ts";

export interface ValueKind<T> {
  /** What the documents write for a value: `PATH`. */
  readonly syntax: string;
  /**
   * Where a comment may begin: at any `#` where no value can hold one, only after a blank in paths,
   * nowhere in commands (a shell knows `#` itself, and parameters such as `$#`).
   */
  readonly comments: "anywhere" | "after-blank" | "none";
  /** The name of the directive alone is a value, too. */
  readonly isBare?: true;
  /** Reads a value; a relative path starts from `directory`, or stays as it is without one. */
  parse(text: string, directory?: string): Parsed<T>;
  /** Returns the value as `knockd -D` prints it. */
  format(value: T): string;
}

export const command: ValueKind<string> = {
  ...kind("COMMAND", values.command, String),
  comments: "none",
};

/** Without comments: a `#` may be part of a command or an address. */
export const hook: ValueKind<Hook> = {
  ...kind("COMMAND | URL", parseHook, formatHook),
  comments: "none",
};

export const path: ValueKind<string> = {
  ...kind("PATH", values.path, String),
  comments: "after-blank",
  parse(text, directory) {
    const parsed = values.path(text);
    if ("problem" in parsed || directory === undefined) return parsed;
    return { value: resolve(directory, parsed.value) };
  },
};

export const interfaces: ValueKind<readonly string[] | undefined> = {
  ...kind("NAME, …", values.interfaces, (names) => names?.join(",") ?? "any"),
  comments: "after-blank",
};

export const yesOrNo: ValueKind<boolean> = kind("yes | no", values.yesOrNo, (yes) =>
  yes ? "yes" : "no",
);

/** Yes where the name of the directive stands alone. */
export const presence: ValueKind<boolean> = { ...yesOrNo, isBare: true };

/** Milliseconds. knockd knows whole seconds only, and prints them without a unit. */
export const duration: ValueKind<number> = kind("TIME", values.duration, (milliseconds) =>
  milliseconds % 1000 === 0 ? `${milliseconds / 1000}` : formatDuration(milliseconds),
);

export const networks: ValueKind<readonly Network[]> = kind(
  "NETWORK, …",
  values.networks,
  (networks) => networks.map(formatNetwork).join(","),
);

export const target: ValueKind<readonly (Network | string)[]> = kind(
  "HOST, …",
  values.target,
  (hosts) => hosts.map((host) => (typeof host === "string" ? host : formatNetwork(host))).join(","),
);

export const sequence: ValueKind<Sequence> = kind("STEP, …", values.sequence, (steps) =>
  steps.map(formatPort).join(","),
);

/** The hosts of a routed service are the value of another directive. */
export const services: ValueKind<readonly DoorService[]> = kind(
  "SERVICE, …",
  values.services,
  (services) =>
    services
      .map((one) => formatService(isRouted(one) ? { protocol: one.protocol, port: one.port } : one))
      .join(","),
);

export const flags: ValueKind<FlagTest> = kind("FLAG, …", values.flags, (test) =>
  formatFlagTest(test).join(","),
);

export const date: ValueKind<WallTime> = kind("DATE", values.date, (time) =>
  new Date(time).toISOString(),
);

export const principals: ValueKind<readonly string[]> = kind(
  "WHO, …",
  principalValues.principals,
  (who) => who.join(","),
);

export const groups: ValueKind<readonly string[]> = kind(
  "GROUP, …",
  principalValues.groups,
  (groups) => groups.join(","),
);

export const lastDay: ValueKind<WallTime> = kind("DAY", principalValues.lastDay, (end) =>
  new Date(end - 1).toISOString().slice(0, "2027-03-31".length),
);

export const ports: ValueKind<readonly number[]> = kind("PORT, …", values.ports, (ports) =>
  ports.join(","),
);

export const endpoint: ValueKind<Endpoint> = kind("ADDRESS:PORT", values.endpoint, formatEndpoint);
export const userName: ValueKind<string> = kind("NAME", names.userName, String);
export const fwknopUser: ValueKind<string> = kind("NAME", names.fwknopUser, String);
export const lane: ValueKind<string> = kind("NAME | no", names.lane, String);
export const fleetName: ValueKind<string> = kind("NAME", names.fleetName, String);
export const store: ValueKind<StoreAddress> = kind("URL", parseStoreValue, formatStore);
export const tableName: ValueKind<string> = kind("NAME", names.tableName, String);

export function durationBetween(least: number, most: number): ValueKind<number> {
  return { ...duration, parse: values.durationBetween(least, most) };
}

export function count(least: number, most: number): ValueKind<number> {
  return kind("NUMBER", values.count(least, most), String);
}

/** 0 means no limit. */
export function limit(least: number, most: number): ValueKind<number> {
  return kind("NUMBER", values.zeroOr(values.count(least, most)), String);
}

export function oneOf<Word extends string>(...words: readonly Word[]): ValueKind<Word> {
  return kind(words.join(" | "), values.oneOf(...words), String);
}

function kind<T>(
  syntax: string,
  parse: (text: string) => Parsed<T>,
  format: (value: T) => string,
): ValueKind<T> {
  return { syntax, comments: "anywhere", parse, format };
}
