// What clients of a door type, and the lines of their configurations. Pure.
import type { Network } from "../../base/address.ts";
import { formatNetwork } from "../../base/address.ts";
import { KnockError } from "../../base/errors.ts";
import type { Service } from "../../base/service.ts";
import { isForwarded, isRouted } from "../../base/service.ts";
import { printable } from "../../base/text.ts";
import { formatProfile, isProfileName } from "../../client/profile-edit.ts";
import { usualTimeout } from "../../client/wait.ts";
import type { DoorConfig } from "../../config/config.ts";
import { invitationTo } from "../../invitation/invitation.ts";
import { encodeProfile } from "../../invitation/profile.ts";
import { initWords } from "../words/init.ts";
import { formatSteps, usualSshPort } from "./trial.ts";

/** Milliseconds between two packets that arrive in order nearly everywhere. */
const safeDelay = 200;

/** How clients knock at a door. */
export interface ClientLines {
  readonly door: string;
  readonly linux: string;
  readonly windows: string;
  /** Lines for knock.conf, and the name that they give to the server. */
  readonly profile: { readonly name: string; readonly text: string };
  /** The networks of which `HOST` in the lines is a host; `undefined` if there is no such word. */
  readonly networks?: readonly string[];
  /** Lines for ~/.ssh/config; `undefined` if the service is not ssh. */
  readonly ssh?: string;
  /** The QR code's text for the page of `knockctl invite`; `undefined` if browsers cannot knock there. */
  readonly qr?: string;
}

/** A door, and what its clients want to reach. */
export interface ClientDoor {
  readonly door: DoorConfig;
  readonly service?: Service | undefined;
}

/** The server, as its clients know it. */
export interface ClientServer {
  readonly host: string;
  readonly sshPort: number;
}

/** Returns `undefined` for a door with one-time sequences. */
export function clientLines(
  { service, door }: ClientDoor,
  { host, sshPort }: ClientServer,
): ClientLines | undefined {
  const { sequence } = door;
  if (sequence.kind !== "fixed") return undefined;
  const ports = formatSteps(sequence.steps);
  const port = service?.protocol === "tcp" ? service.port : undefined;
  const hosts = service !== undefined && isRouted(service) ? service.hosts : undefined;
  // The client waits for ports of the server alone.
  const ownPort = hosts === undefined ? port : undefined;
  const places = hosts === undefined ? [host] : namesOf(hosts);
  const isSsh =
    port === usualSshPort ||
    (ownPort !== undefined && (port === sshPort || isForSsh(door, ownPort)));
  const [flag, keyword] = port === usualSshPort ? ["", ""] : [`-p ${port} `, `    Port ${port}\n`];
  const then = isSsh ? ` && ssh ${flag}${places[0]}` : "";
  const profile = makeProfile(door, ownPort, host);
  const proxy =
    hosts === undefined ? `--proxy %h %p ${ports}` : `--profile ${profile.name} --proxy %h %p`;
  const ssh = `Host ${places.join(" ")}\n${keyword}    ProxyCommand knock --retry 3 ${proxy}`;
  const qr = formatFragment(door, ownPort, host);
  return {
    door: door.name,
    linux: `knock -d ${safeDelay} ${host} ${ports}${then}`,
    windows: `knock.exe -d ${safeDelay} ${host} ${ports}${then}`,
    profile,
    ...(isSsh && { ssh }),
    ...(isSsh && places.includes(anyHost) && { networks: hosts?.map(formatNetwork) ?? [] }),
    ...(qr !== undefined && { qr }),
  };
}

/** Stands for a host of a network. */
const anyHost = "HOST";

/** Returns the names of hosts by which clients reach them. */
function namesOf(hosts: readonly Network[]): string[] {
  const single = hosts.map(formatNetwork).filter((name) => !name.includes("/"));
  return single.length === 0 ? [anyHost] : single;
}

/** Returns whether the server forwards this port to the usual one of ssh. */
function isForSsh({ action }: DoorConfig, port: number): boolean {
  const services = action.kind === "native" ? action.services.filter(isForwarded) : [];
  return services.some(
    (one) => one.protocol === "tcp" && one.port === port && one.target.port === usualSshPort,
  );
}

function makeProfile(
  { name: door, sequence }: DoorConfig,
  port: number | undefined,
  host: string,
): ClientLines["profile"] {
  const name = isProfileName(door) ? door : host;
  const steps = sequence.kind === "fixed" ? sequence.steps : [];
  const profile = {
    name,
    host,
    steps: steps.map((step) => ({ ...step, text: `${step.number}` })),
    delay: safeDelay,
    ...(port !== undefined && { wait: { port, timeout: usualTimeout }, retry: 3 }),
  };
  return { name, text: formatProfile(profile).join("\n") };
}

function formatFragment(
  door: DoorConfig,
  port: number | undefined,
  host: string,
): string | undefined {
  try {
    return `#${encodeProfile(invitationTo(door, host, port).profile)}`;
  } catch (error) {
    if (error instanceof KnockError) return undefined;
    throw error;
  }
}

/** Returns the lines for all kinds of clients. */
export function formatClient({
  door,
  linux,
  windows,
  profile,
  networks,
  ssh,
}: ClientLines): string {
  return [
    `How to open [${printable(door)}]. These lines hold its sequence: treat them as a password.`,
    `On Linux and macOS:\n\n${indent(linux)}`,
    `On Windows (in PowerShell write ; for &&):\n\n${indent(windows)}`,
    ...(networks === undefined
      ? []
      : [`${anyHost} is the host that you want to reach, in ${networks.join(" or ")}.`]),
    `In ~/.config/sesame/knock.conf, on Windows %APPDATA%\\sesame\\knock.conf, for
"knock ${profile.name}":\n\n${indent(profile.text)}`,
    ...(ssh === undefined ? [] : [formatSshLines(ssh)]),
  ]
    .map((part) => `${part}\n`)
    .join("\n");
}

/** Returns the lines for ~/.ssh/config, and what they do. */
export function formatSshLines(ssh: string): string {
  return `${initWords().ssh}\n\n${indent(ssh)}`;
}

function indent(text: string): string {
  return text
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
}
