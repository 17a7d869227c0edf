import { randomInt } from "node:crypto";
import { statSync } from "node:fs";
import { protectionObstacle } from "../base/backends.ts";
import { KnockError } from "../base/errors.ts";
import { isAmongUsers } from "../base/principals.ts";
import type { Sequence } from "../base/sequence.ts";
import type { Service } from "../base/service.ts";
import { formatService } from "../base/service.ts";
import type { Config, DoorConfig } from "../config/config.ts";
import { defaultOptions } from "../config/config.ts";
import type { NewDoor } from "../config/edit/addition.ts";
import { addition, freeName, openerOf } from "../config/edit/addition.ts";
import { addKnockPort, addUser } from "../config/edit/key-users.ts";
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
import type { PlannedDevice } from "./enrolment.ts";
import type { SetupPaths } from "./paths.ts";
import { decode, encodingOf, readBytes, setupPaths } from "./paths.ts";
import { chooseKnockPort, portFacts, usablePorts } from "./ports.ts";

/** A door that opens one of the services. */
export interface PlannedDoor {
  readonly service: Service;
  /** As the new configuration has it. */
  readonly door: DoorConfig;
  readonly isNew: boolean;
  /** Of the sequence of a new door. */
  readonly strength?: Strength;
}

/** What opens a new door. */
export type DoorWay = "sequence" | "key" | "both";

/** The options of `init`, and the answers to its questions. */
export interface InitOptions {
  readonly services: readonly Service[];
  readonly way: DoorWay;
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
  /** The device that may open the doors by key. */
  readonly device: PlannedDevice | undefined;
  /** Where its packets go. */
  readonly knockPort: number | undefined;
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
  { ufw, device }: Pick<SetupPlan, "ufw" | "device">,
): SetupPlan {
  const existing = readExisting(file);
  expectProtection(existing);
  const before = readBytes(file);
  const chosen = choose(existing, options, device);
  const fresh = chosen.flatMap((one) => ("fresh" in one ? one.fresh : []));
  const old = before === undefined ? "" : decode(before);
  let text = fresh.length === 0 ? old : `${old}${addition(old, fresh)}`;
  const [known] = existing.options.knockPorts;
  const knockPort = device && (known ?? chooseKnockPort(existing, portsOf(options, fresh)));
  if (device !== undefined && knockPort !== undefined) {
    if (known === undefined) text = addKnockPort(text, knockPort);
    for (const one of chosen) {
      if (!("door" in one) || isAmongUsers(one.door.users, device)) continue;
      text = addUser(text, one.door.name, device.name);
    }
  }
  // The added text is ASCII: the old bytes stay the same in any encoding.
  const after = Buffer.from(text, encodingOf(before ?? Buffer.alloc(0)));
  const { config, doorSections, problems } = parseConfig(decode(after));
  if (config === undefined) {
    const lines = problems.map((problem) => formatWithHint(file, problem));
    throw new KnockError("CONFIG", lines.join("\n"));
  }
  const doors = chosen.map((one): PlannedDoor => {
    const isNew = "fresh" in one;
    const { name } = isNew ? one.fresh : one.door;
    const door = config.doors.find((found) => found.name === name);
    if (door === undefined) throw new Error(`the door ${name} is lost`);
    if (!isNew) return { service: one.service, door, isNew };
    const { service } = one.fresh;
    return { service, door, isNew, ...(one.strength && { strength: one.strength }) };
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
    ...{ ufw, device, knockPort },
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
  | { readonly fresh: NewDoor; readonly strength: Strength | undefined };

function choose(
  existing: Config,
  { services, steps, openFor, way }: InitOptions,
  device: PlannedDevice | undefined,
): Choice[] {
  const user = device?.name;
  const ports = new Set(usablePorts(portFacts(existing)));
  const names = existing.doors.map(({ name }) => name);
  // A new door must not use a port of the services.
  for (const one of services) if (one.protocol !== "icmp") ports.delete(one.port);
  return services.map((service): Choice => {
    const door = openerOf(existing, service);
    if (door !== undefined) return { service, door };
    const name = freeName(service, names);
    names.push(name);
    if (way === "key") {
      const fresh = { name, sequence: undefined, user, service, openFor };
      return { fresh, strength: undefined };
    }
    const strength = strengthOf(steps, ports.size);
    const sequence: Sequence = randomSequence(steps, [...ports], (limit) => randomInt(limit));
    for (const { number } of sequence) ports.delete(number);
    return { fresh: { name, sequence, user, service, openFor }, strength };
  });
}

/** The ports that services and new doors use. */
function portsOf({ services }: InitOptions, fresh: readonly NewDoor[]): number[] {
  return [
    ...services.flatMap((one) => (one.protocol === "icmp" ? [] : [one.port])),
    ...fresh.flatMap(({ sequence = [] }) => sequence.map(({ number }) => number)),
  ];
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
export function findObstacles({ doors, device }: SetupPlan, { options }: Config): string[] {
  return doors.flatMap(({ door: { name, sequence, allow, deny } }) => {
    if (sequence.kind === "one-time")
      return [`[${name}] has one-time sequences, of which this would use one up`];
    if (sequence.kind === "none" && device?.enrolment === undefined)
      return [`[${name}] opens by keys alone, and this machine has none of them`];
    if (allow !== undefined || deny.length > 0) return [`[${name}] does not allow all sources`];
    if (options.interfaces === undefined) return [];
    return [`knockd listens on ${options.interfaces.join(", ")} alone`];
  });
}
