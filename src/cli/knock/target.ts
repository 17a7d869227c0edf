import { KnockError } from "../../base/errors.ts";
import { parseDelay, parseSteps } from "../../client/plan.ts";
import type { KnockProfile, Settings } from "../../client/profile.ts";
import { overlay } from "../../client/profile.ts";
import type { ProfileFile } from "../../client/profile-file.ts";
import { findService } from "../../client/services.ts";
import type { Io } from "../program.ts";
import type { KnockCommandLine } from "./command-line.ts";

/** What a command line asks to be knocked at; the name is empty if it is no profile. */
export interface KnockTarget {
  readonly profile: KnockProfile;
  /** Where --proxy connects. */
  readonly service?: { readonly host: string; readonly port: string };
  /** Undefined if the command line has none: then that of the profile counts. */
  readonly command?: readonly string[];
}

/**
 * The host and ports of the command line, or the profile, with its options on top. Undefined if there is nothing to
 * knock at. Throws `USAGE` for what makes no sense, `CONFIG` and `SYSTEM` for what is wrong with the profiles.
 */
export async function findTarget(line: KnockCommandLine, io: Io): Promise<KnockTarget | undefined> {
  if (line.has("proxy")) return await findProxied(line, io);
  const { operands, rest } = line;
  const name = line.get("profile");
  if (name !== undefined) {
    if (operands.length > 0)
      throw usageError(`--profile ${name} leaves no room for '${operands[0]}'`);
    return withCommand(await mustFind(name, line, io), rest);
  }
  const [host] = operands;
  if (host === undefined) return undefined;
  if (operands.length === 1) {
    const profile = await lookUp(host, line, io);
    if (profile !== undefined) return withCommand(profile, rest);
    if (rest === undefined || rest.length === 0) return undefined;
  }
  // What knockd's client takes after `--` are ports. An option that it does not have makes that a new command line.
  const command = operands.length > 1 && !line.isOld ? rest : undefined;
  const ports = [...operands.slice(1), ...(command === undefined ? (rest ?? []) : [])];
  const settings = await readSettings(line);
  try {
    const steps = parseSteps(ports, line.has("udp"), findService);
    return withCommand({ ...settings, name: "", host, steps }, command);
  } catch (error) {
    if (!(error instanceof KnockError) || rest === undefined || command !== undefined) throw error;
    const wanted =
      operands.length > 1 ? "a command after -- needs --wait" : `there is no profile '${host}'`;
    throw new KnockError(error.code, error.message, { hints: [...error.hints, wanted] });
  }
}

async function findProxied(line: KnockCommandLine, io: Io): Promise<KnockTarget> {
  const [host, port, ...ports] = line.operands;
  if (host === undefined || port === undefined || line.rest !== undefined) {
    throw usageError("--proxy takes HOST PORT, and what to knock at");
  }
  const service = { host, port };
  const name = line.get("profile") ?? host;
  if (ports.length === 0) return { service, profile: await mustFind(name, line, io) };
  if (line.has("profile")) throw usageError(`--profile ${name} leaves no room for '${ports[0]}'`);
  const steps = parseSteps(ports, line.has("udp"), findService);
  return { service, profile: { ...(await readSettings(line)), name: "", host, steps } };
}

function withCommand(profile: KnockProfile, command: readonly string[] | undefined): KnockTarget {
  return command === undefined ? { profile } : { profile, command };
}

/** A profile of the file that the command line names. Throws `USAGE` if there is none. */
export async function mustFind(
  name: string,
  line: KnockCommandLine,
  io: Io,
): Promise<KnockProfile> {
  const profile = await lookUp(name, line, io);
  if (profile !== undefined) return profile;
  throw new KnockError("USAGE", `there is no profile '${name}'`, {
    hints: ["--list shows those that there are, --save makes one"],
  });
}

async function lookUp(
  name: string,
  line: KnockCommandLine,
  io: Io,
): Promise<KnockProfile | undefined> {
  const { findProfile, hasName } = await import("../../client/host-blocks.ts");
  const file = await openProfiles(line, io);
  const profile = findProfile(name, file.blocks);
  if (profile === undefined) {
    if (!hasName(name, file.blocks)) return undefined;
    throw new KnockError("CONFIG", `${file.path}: '${name}' has no Sequence`);
  }
  const steps = profile.steps.map((step) =>
    line.has("udp") ? { ...step, protocol: "udp" as const } : step,
  );
  return { ...overlay(await readSettings(line), profile), name, host: profile.host, steps };
}

/** The file of profiles that the command line names, or the usual one. Warns of what its owner should know. */
export async function openProfiles(line: KnockCommandLine, io: Io): Promise<ProfileFile> {
  const { readProfiles, usualPath } = await import("../../client/profile-file.ts");
  const file = readProfiles(line.get("file") ?? usualPath());
  if (!line.has("quiet")) {
    for (const warning of file.warnings) io.stderr(`knock: warning: ${warning}\n`);
  }
  return file;
}

const keywordOf = {
  wait: "Wait",
  retry: "Retry",
  source: "BindAddress",
  interface: "BindInterface",
  payload: "Payload",
} as const;

/** What the options say. Throws `USAGE`. */
async function readSettings(line: KnockCommandLine): Promise<Settings> {
  const delay = line.get("delay");
  const family = line.last("ipv4", "ipv6", "both");
  let settings: Settings = {
    ...(delay !== undefined && { delay: parseDelay(delay) }),
    ...(family !== undefined && { family: ({ ipv4: 4, ipv6: 6, both: "both" } as const)[family] }),
    ...(line.has("full") && { full: true }),
  };
  for (const [option, name] of Object.entries(keywordOf)) {
    const value = line.get(option as keyof typeof keywordOf);
    if (value !== undefined) settings = { ...settings, ...(await readOption(option, name, value)) };
  }
  if (settings.source !== undefined && settings.interface !== undefined) {
    throw usageError("of --source and --interface only one can be");
  }
  return settings;
}

async function readOption(option: string, name: string, value: string): Promise<Settings> {
  const { findKeyword } = await import("../../client/keywords.ts");
  try {
    return findKeyword(name)?.read([value], { folder: process.cwd(), findService }) ?? {};
  } catch (error) {
    if (!(error instanceof KnockError)) throw error;
    throw new KnockError("USAGE", `--${option}: ${error.message}`, { hints: error.hints });
  }
}

function usageError(message: string): KnockError {
  return new KnockError("USAGE", message, { hints: ["--help says how it is used"] });
}
