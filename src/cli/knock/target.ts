import { KnockError } from "../../base/errors.ts";
import { nearest } from "../../base/nearest.ts";
import { parseDelay, parseSteps, readHost, splitPorts } from "../../client/plan.ts";
import type { KnockProfile, NamedSettings, Settings } from "../../client/profile.ts";
import { isRequested, overlay, toProfile, withoutKey } from "../../client/profile.ts";
import type { ProfileFile } from "../../client/profile-file.ts";
import { findService } from "../../client/services.ts";
import type { Io } from "../program.ts";
import type { KnockCommandLine } from "./command-line.ts";

/** What to knock at. The name of its profile is empty if it is not a saved one. */
export interface KnockTarget {
  readonly profile: KnockProfile;
  /** Where --proxy connects. */
  readonly service?: { readonly host: string; readonly port: string };
  /** `undefined` if the command line has none: then the profile's command counts. */
  readonly command?: readonly string[];
}

/**
 * Returns the host and ports of the command line, or the profile with the options on top; `undefined` if there is
 * nothing to knock at. Throws `USAGE` for an invalid command line, `CONFIG` and `SYSTEM` for problems of the profiles.
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
  // knockd's client takes ports after `--`; a command line with one of the new options has a command there.
  const command = operands.length > 1 && !line.isOld ? rest : undefined;
  const ports = [...operands.slice(1), ...(command === undefined ? (rest ?? []) : [])];
  const settings = await readSettings(line);
  try {
    const steps = parseSteps(splitPorts(ports), line.has("udp"), findService);
    return withCommand({ ...settings, name: "", host: readHost(host), steps }, command);
  } catch (error) {
    if (!(error instanceof KnockError) || rest === undefined || command !== undefined) throw error;
    const wanted =
      operands.length > 1
        ? "a command after -- needs an option that knockd's client lacks, such as --wait"
        : `there is no profile '${host}'`;
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
  const steps = parseSteps(splitPorts(ports), line.has("udp"), findService);
  const profile = { ...(await readSettings(line)), name: "", host: readHost(host), steps };
  return { service, profile };
}

function withCommand(profile: KnockProfile, command: readonly string[] | undefined): KnockTarget {
  return command === undefined ? { profile } : { profile, command };
}

/** Returns a profile of the file. Throws `USAGE` if it does not exist. */
export async function mustFind(
  name: string,
  line: KnockCommandLine,
  io: Io,
): Promise<KnockProfile> {
  const profile = await lookUp(name, line, io);
  if (profile !== undefined) return profile;
  throw new KnockError("USAGE", `there is no profile '${name}'`, {
    hints: await hintsOfName(name, line, io),
  });
}

/** Returns what may be meant by the name of a profile that does not exist. */
export async function hintsOfName(
  name: string,
  line: KnockCommandLine,
  io: Io,
): Promise<readonly string[]> {
  const { namesIn } = await import("../../client/host-blocks.ts");
  const { blocks } = await openProfiles(line, { ...io, stderr: () => {} });
  const near = nearest(name, namesIn(blocks));
  if (near !== undefined) return [`did you mean '${near}'?`];
  return ["--list shows all profiles, --save makes one"];
}

async function lookUp(
  name: string,
  line: KnockCommandLine,
  io: Io,
): Promise<KnockProfile | undefined> {
  const { findSettings, hasName } = await import("../../client/host-blocks.ts");
  const file = await openProfiles(line, io);
  const found = findSettings(name, file.blocks);
  const wanted = line.has("sequence") ? withoutKey(found) : found;
  if (toProfile(wanted) === undefined) {
    if (!hasName(name, file.blocks)) return undefined;
    throw explainGap(wanted, file.path);
  }
  const { host, steps } = wanted;
  const sent = steps?.map((step) =>
    line.has("udp") ? { ...step, protocol: "udp" as const } : step,
  );
  const settings = overlay(await readSettings(line), wanted);
  return toProfile({ ...settings, name, host, ...(sent !== undefined && { steps: sent }) });
}

/** Explains why settings make no profile. */
function explainGap(settings: NamedSettings, file: string): KnockError {
  const { name, key, doors } = settings;
  if (key === undefined) {
    return new KnockError("CONFIG", `${file}: '${name}' has no ${doors ? "Key" : "Sequence"}`);
  }
  if (isRequested(settings)) {
    return new KnockError("CONFIG", `${file}: '${name}' waits for the answer to its request`, {
      hints: [
        `knock --request ${name} prints the line for the administrator again`,
        "knock --import takes the sesame: line of the answer",
      ],
    });
  }
  const gap = doors === undefined ? "Door" : "KnockPort";
  return new KnockError("CONFIG", `${file}: '${name}' has a Key, but no ${gap}`);
}

/** Reads the file of profiles that the command line names, or the default one. Prints its warnings. */
export async function openProfiles(line: KnockCommandLine, io: Io): Promise<ProfileFile> {
  const { readProfiles, usualPath } = await import("../../client/profile-file.ts");
  const file = readProfiles(line.get("file") ?? usualPath());
  if (!line.has("quiet")) {
    for (const warning of file.warnings) await warn(warning, io);
  }
  return file;
}

async function warn(text: string, io: Io): Promise<void> {
  const { labelWords } = await import("../words/error.ts");
  const { localizeKnock } = await import("../words/knock-korean.ts");
  io.stderr(`knock: ${labelWords().warning}: ${localizeKnock(text)}\n`);
}

const keywordOf = {
  wait: "Wait",
  retry: "Retry",
  source: "BindAddress",
  interface: "BindInterface",
  payload: "Payload",
} as const;

/** Returns the settings of the options. Throws `USAGE`. */
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
    throw usageError("--source and --interface exclude each other");
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
