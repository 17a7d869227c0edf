import { randomInt } from "node:crypto";
import { statSync } from "node:fs";
import { protectionObstacle } from "../base/backends.ts";
import { KnockError } from "../base/errors.ts";
import type { Sequence } from "../base/sequence.ts";
import type { Service } from "../base/service.ts";
import { formatService } from "../base/service.ts";
import type { Config, DoorConfig } from "../config/config.ts";
import { defaultOptions } from "../config/config.ts";
import type { NewDoor } from "../config/edit/addition.ts";
import { addition, freeName, openerOf } from "../config/edit/addition.ts";
import type { Strength } from "../config/edit/random-sequence.ts";
import { randomSequence, strengthOf } from "../config/edit/random-sequence.ts";
import { readConfig } from "../config/load.ts";
import { parseConfig } from "../config/parse.ts";
import { formatWithHint } from "../config/problem.ts";
import type { HostFacts } from "../config/traps/host.ts";
import { findHostTraps } from "../config/traps/host.ts";
import type { DecoyFacts } from "../config/traps/scans.ts";
import { findScanTraps } from "../config/traps/scans.ts";
import type { Params } from "../control/methods.ts";
import type { SetupPaths } from "./paths.ts";
import { decode, readBytes, setupPaths } from "./paths.ts";
import { portFacts, usablePorts } from "./ports.ts";

/** A door that opens one of the services. */
export interface PlannedDoor {
  readonly service: Service;
  /** As the new configuration has it. */
  readonly door: DoorConfig;
  /** `undefined` if the door exists already. */
  readonly strength?: Strength;
}

/** The options of `init`, and the answers to its questions. */
export interface InitOptions {
  readonly services: readonly Service[];
  readonly steps: number;
  /** A duration in the syntax of the file. */
  readonly openFor: string;
  /** The name or address by which clients reach this server. */
  readonly host: string;
  /** The port of sshd, according to the administrator's session. */
  readonly sshPort: number;
  /** Where the administrator connects from, as far as it is known. */
  readonly origin: Pick<Params<"guard">, "address" | "port">;
  /** The length of the trial: milliseconds. `undefined` means the daemon's default. */
  readonly trial: number | undefined;
}

/** All changes that `init` would make. */
export interface SetupPlan {
  readonly paths: SetupPaths;
  readonly doors: readonly PlannedDoor[];
  /** The file now; `undefined` if it does not exist. */
  readonly before: Buffer | undefined;
  /** The new file. */
  readonly after: Buffer;
  readonly warnings: readonly string[];
  /** The services that ufw blocks, and has to let pass. */
  readonly ufw: readonly string[];
}

/** Returns the current configuration. Throws CONFIG if it has problems. */
export function readExisting(file: string): Config {
  if (readBytes(file) === undefined) return { options: defaultOptions, doors: [] };
  const { config, problems } = readConfig(file, process.cwd());
  if (config !== undefined) return config;
  throw new KnockError("CONFIG", problems.map((one) => formatWithHint(file, one)).join("\n"));
}

/** Chooses doors and appends them to the configuration, in memory. Throws CONFIG, SYSTEM. */
export function makePlan(
  file: string,
  socket: string | undefined,
  options: InitOptions,
  host: HostFacts,
  decoys: DecoyFacts,
  ufw: readonly string[],
): SetupPlan {
  const existing = readExisting(file);
  expectProtection(existing);
  const before = readBytes(file);
  const chosen = choose(existing, options);
  const fresh = chosen.flatMap((one) => ("fresh" in one ? one.fresh : []));
  const added = addition(before === undefined ? "" : decode(before), fresh);
  const needed = fresh.length > 0;
  // Bytes: the old text may have any encoding, and the added text is ASCII.
  const after = Buffer.concat([before ?? Buffer.alloc(0), Buffer.from(needed ? added : "")]);
  const { config, doorSections, problems } = parseConfig(decode(after));
  if (config === undefined) {
    const lines = problems.map((problem) => formatWithHint(file, problem));
    throw new KnockError("CONFIG", lines.join("\n"));
  }
  const doors = chosen.map((one): PlannedDoor => {
    if ("door" in one) return one;
    const door = config.doors.find(({ name }) => name === one.fresh.name);
    if (door === undefined) throw new Error(`the door ${one.fresh.name} is lost`);
    return { service: one.fresh.service, door, strength: one.strength };
  });
  const traps = [
    ...problems,
    ...findScanTraps(config, doorSections, decoys),
    ...findHostTraps(config, doorSections, host),
  ];
  return {
    paths: setupPaths(file, existing.options, socket),
    doors,
    before,
    after,
    ufw,
    warnings: [
      ...traps.map((problem) => formatWithHint(file, problem)),
      ...doors.flatMap(({ service }) => warnIfSilent(service, host.listening)),
      ...warnIfReadable(file),
    ],
  };
}

function expectProtection({ options }: Config): void {
  const obstacle = protectionObstacle(options.firewall);
  if (obstacle === undefined) return;
  throw new KnockError("SYSTEM", obstacle.message, { hints: obstacle.hints });
}

type Choice =
  | { readonly service: Service; readonly door: DoorConfig }
  | { readonly fresh: NewDoor; readonly strength: Strength };

function choose(existing: Config, { services, steps, openFor }: InitOptions): Choice[] {
  const ports = new Set(usablePorts(portFacts(existing)));
  const names = existing.doors.map(({ name }) => name);
  // A new door must not use a port of the services.
  for (const one of services) if (one.protocol !== "icmp") ports.delete(one.port);
  return services.map((service): Choice => {
    const door = openerOf(existing, service);
    if (door !== undefined) return { service, door };
    const strength = strengthOf(steps, ports.size);
    const sequence: Sequence = randomSequence(steps, [...ports], (limit) => randomInt(limit));
    for (const { number } of sequence) ports.delete(number);
    const name = freeName(service, names);
    names.push(name);
    return { fresh: { name, sequence, service, openFor }, strength };
  });
}

function warnIfSilent(service: Service, listening: HostFacts["listening"]): string[] {
  if (service.protocol === "icmp" || listening[service.protocol].has(service.port)) return [];
  return [`nothing listens on ${formatService(service)} now`];
}

function warnIfReadable(file: string): string[] {
  const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & 0o004) === 0) return [];
  return [`every user of this machine can read ${file}, and knock: chmod o-r ${file}`];
}

/** Returns why a probe host cannot knock at the doors, a line each. */
export function findObstacles({ doors }: SetupPlan, { options }: Config): string[] {
  return doors.flatMap(({ door: { name, sequence, allow, deny } }) => {
    if (sequence.kind === "one-time")
      return [`[${name}] has one-time sequences, of which this would use one up`];
    if (allow !== undefined || deny.length > 0) return [`[${name}] does not allow all sources`];
    if (options.interfaces === undefined) return [];
    return [`knockd listens on ${options.interfaces.join(", ")} alone`];
  });
}
