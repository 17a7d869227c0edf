// The texts of `knockctl init`. Pure, except that they ask whether standard output is a terminal.

import { humanDuration } from "../../../base/duration.ts";
import { KnockError } from "../../../base/errors.ts";
import { formatService } from "../../../base/service.ts";
import { printable } from "../../../base/text.ts";
import { fixedSteps } from "../../../config/config.ts";
import { scansToOpen } from "../../../config/traps/scans.ts";
import { decoyFacts } from "../../../daemon/host/facts.ts";
import { invitationTo } from "../../../invitation/invitation.ts";
import { encodeProfile } from "../../../invitation/profile.ts";
import type { SetupEvent } from "../../../setup/apply.ts";
import type { InitOptions, PlannedDoor } from "../../../setup/plan.ts";
import type { ProbeTarget, Proof } from "../../../setup/probe.ts";
import { startCommand } from "../../../setup/service-control.ts";
import { formatQr } from "../../qr.ts";
import { formatList } from "../../table.ts";
import { formatSteps, usualSshPort } from "../trial.ts";
import { becomeRoot } from "../typed.ts";

/** Whole knocks a second that an attacker can try unnoticed: an example, for a sense of the numbers. */
const tries = 1000;

export function formatDoor({ service, door, strength }: PlannedDoor): string {
  const name = printable(door.name);
  const opens = `opens ${formatService(service)}`;
  if (strength === undefined) return `[${name}] ${opens} already: it stays as it is\n`;
  const time = humanDuration(door.action.kind === "native" ? door.action.openFor : 0);
  const bits = `${strength.bits.toFixed(1)} bits`;
  return `[${name}] ${opens} for ${time} to a source that knocks ${formatSequence(door.sequence)} (${bits})\n`;
}

/** Explains the bits of new doors; empty if there are none. */
export function formatStrength(doors: readonly PlannedDoor[]): string {
  const fresh = doors.find(({ strength }) => strength !== undefined);
  if (fresh?.strength === undefined) return "";
  const { bits } = fresh.strength;
  const { decoys, timeout } = fresh.door;
  const scans = scansToOpen(fixedSteps(fresh.door).length, decoys, decoyFacts.mostTouches);
  const years = 2 ** (bits - 1) / tries / (365.25 * 86_400);
  return `
${bits.toFixed(1)} bits: guessing takes ${round(years)} years on average, at ${tries} whole knocks a second.
Of ${round(scans)} scans of all ports in random order, each within ${humanDuration(timeout)}, one opens it (decoys: ${decoys}).
An attacker who can read your packets needs neither: a knock is a password in the clear.
The service still needs a good password of its own.
`;
}

/** Returns a number with two significant digits. */
function round(amount: number): string {
  if (amount >= 1e12) return amount.toExponential(0).replace("e+", " * 10^");
  return Number(amount.toPrecision(2)).toLocaleString("en");
}

function formatSequence(sequence: PlannedDoor["door"]["sequence"]): string {
  return sequence.kind === "one-time" ? `as ${sequence.file} says` : formatSteps(sequence.steps);
}

/** How clients knock at a door. */
export interface ClientLines {
  readonly door: string;
  readonly linux: string;
  readonly windows: string;
  /** Lines for ~/.ssh/config; `undefined` if the service is not ssh. */
  readonly ssh?: string;
  /** The QR code's text for the page of `knockctl invite`; `undefined` if browsers cannot knock there. */
  readonly qr?: string;
}

/** Returns `undefined` for a door with one-time sequences. */
export function clientLines(
  { service, door }: PlannedDoor,
  { host, sshPort }: Pick<InitOptions, "host" | "sshPort">,
): ClientLines | undefined {
  const { sequence } = door;
  if (sequence.kind === "one-time") return undefined;
  const ports = formatSteps(sequence.steps);
  const port = service.protocol === "tcp" ? service.port : undefined;
  const isSsh = port === usualSshPort || port === sshPort;
  const [flag, keyword] = port === usualSshPort ? ["", ""] : [`-p ${port} `, `    Port ${port}\n`];
  const then = isSsh ? ` && ssh ${flag}${host}` : "";
  const proxy = `Host ${host}\n${keyword}    ProxyCommand knock --retry 3 --proxy %h %p ${ports}`;
  const qr = formatFragment({ service, door }, host);
  return {
    door: door.name,
    linux: `knock -d 200 ${host} ${ports}${then}`,
    windows: `knock.exe -d 200 ${host} ${ports}${then}`,
    ...(isSsh && { ssh: proxy }),
    ...(qr !== undefined && { qr }),
  };
}

function formatFragment({ service, door }: PlannedDoor, host: string): string | undefined {
  try {
    const port = service.protocol === "tcp" ? service.port : undefined;
    return `#${encodeProfile(invitationTo(door, host, port).profile)}`;
  } catch (error) {
    if (error instanceof KnockError) return undefined;
    throw error;
  }
}

export function formatClient(lines: ClientLines, host: string): string {
  const { door, linux, windows, ssh, qr } = lines;
  const list = formatList([
    ["Linux, macOS", linux],
    ["Windows", windows],
    ...(ssh === undefined ? [] : [["", "in PowerShell ; for &&"] as const]),
  ]);
  const config =
    ssh === undefined
      ? ""
      : `\nin ~/.ssh/config, so that ssh knocks by itself:\n\n${indent(ssh)}\n`;
  const code =
    qr === undefined
      ? ""
      : `\nfor the page that knockctl invite ${printable(door)} --host ${host} makes:\n\n${formatQr(qr, process.stdout.isTTY === true)}`;
  return `\nHow to open [${printable(door)}]:\n\n${list}${config}${code}`;
}

function indent(text: string): string {
  return text
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
}

/** `options`: appended to each command to type. */
export function lastResort(options: string): string {
  return `
When all else fails: on the console of this machine, as root,

    ${becomeRoot()}knockctl unprotect${options}
        lets all sources reach the services again; works without knockd, too
    ${becomeRoot()}knockctl undo${options}
        rolls back this init
`;
}

/** Describes a door that opened for the probe host, in a line. */
export function formatProof({ door, service }: ProbeTarget, { before, after }: Proof): string {
  const name = formatService(service);
  const texts = {
    open: `${name} answers`,
    refused: `nothing listens on ${name}`,
    silent: `${name} is silent`,
    unknown: `${name} was not tried`,
  };
  const change = before === after ? texts[after] : `${texts[before]} before, ${texts[after]} after`;
  return `a knock from a network namespace opened [${door}] (${change})`;
}

/** Describes a step of `apply` that has been done, a line each. */
export function formatEvent(event: SetupEvent, config: string): string[] {
  switch (event.kind) {
    case "written": {
      const backup = event.backup === undefined ? "" : `; backup: ${event.backup}`;
      return [`${config} is written${backup}`];
    }
    case "reloaded":
      return ["knockd has reloaded it"];
    case "started": {
      const hint = "nothing starts knockd at the next boot: arrange that yourself";
      const text = `knockd runs (${startCommand(event.method, config)})`;
      return event.method === "command" ? [text, hint] : [text];
    }
  }
}
