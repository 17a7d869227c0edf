// What `knockctl guard` and `knockctl init` tell of a trial.
import { hostname } from "node:os";
import type { Address } from "../../base/address.ts";
import { contains, parseNetwork } from "../../base/address.ts";
import { humanDuration } from "../../base/duration.ts";
import { KnockError } from "../../base/errors.ts";
import { readHost } from "../../base/host.ts";
import type { Port } from "../../base/port.ts";
import { formatPort } from "../../base/port.ts";
import { printable } from "../../base/text.ts";
import type { Params, Result } from "../../control/methods.ts";
import type { TrialEnd, TrialReport } from "../../setup/watch-trial.ts";
import { wrap } from "../help.ts";
import { trialWords } from "../words/trial.ts";
import type { CommandLine } from "./command.ts";
import { readAddress } from "./command.ts";
import { sshConnection } from "./ssh-connection.ts";
import { typed } from "./typed.ts";

export const usualSshPort = 22;

/** Returns where the administrator's knock is expected from: as given, else the client of the ssh connection. Throws USAGE. */
export function readOrigin(given: string | undefined): Pick<Params<"guard">, "address" | "port"> {
  const ssh = sshConnection();
  if (given === undefined) return ssh?.client ?? {};
  const address = readAddress(given);
  return ssh?.client.address.equals(address) ? ssh.client : { address };
}

/**
 * Returns the name or address by which the client reaches this host, as far as its ssh connection tells. A
 * private address is of no use to a client with a public one.
 */
export function guessHost(): string {
  const { client, server } = sshConnection() ?? {};
  if (client === undefined || server === undefined) return hostname();
  return isPrivate(server) && !isPrivate(client.address) ? hostname() : server.toString();
}

/** Reads the name or address of this server. Throws USAGE. */
export function readHostName(text: string): string {
  const host = readHost(text);
  if (host !== undefined) return host;
  throw new KnockError("USAGE", `"${printable(text)}" is not a host`, {
    hints: ["--host NAME: a name or an address, without a port"],
  });
}

/** RFC 1918, 6598, 3927, 4193, 4291. */
const privateNetworks = [
  ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"],
  ...["fc00::/7", "fe80::/10"],
].flatMap((text) => parseNetwork(text) ?? []);

function isPrivate(address: Address): boolean {
  return privateNetworks.some((network) => contains(network, address));
}

/** The administrator's client, as far as it is known. */
export interface TrialClient {
  /** This server, as the client names it. */
  readonly host: string;
  /** What a device with a key types after "knock"; `undefined` if it is unknown. */
  readonly profile?: string | undefined;
  readonly line: Pick<CommandLine, "given">;
}

/** Explains a trial that has begun, and how to confirm it. */
export function formatGuarded(
  { services, remainingMs }: Result<"guard">,
  doors: TrialReport["doors"],
  { host, profile, line }: TrialClient,
): string {
  const ssh = sshConnection();
  const time = formatTime(remainingMs);
  const confirm = typed("guard --confirm", line);
  const console = ssh === undefined ? formatConsole(confirm) : "";
  const words = trialWords();
  return `\
${wrap(words.onTrial(time, services.join(", ")))}\
${wrap(words.needKnock)}
${words.stepOne}

${formatKnocks(doors, services, { host, profile }, ssh?.serverPort ?? usualSshPort)}
${words.stepTwo}

    ${confirm}

${console}${wrap(words.ends(time))}`;
}

function formatConsole(confirm: string): string {
  return `${trialWords().console}

    ${confirm} --from-console

`;
}

/** Returns the commands with which a client knocks at one door for each service, and logs in. */
function formatKnocks(
  doors: TrialReport["doors"],
  services: readonly string[],
  { host, profile }: Pick<TrialClient, "host" | "profile">,
  sshPort: number,
): string {
  const ssh = `tcp/${sshPort}`;
  const chosen: TrialReport["doors"][number][] = [];
  // The door of ssh comes last: it may stay open for seconds only. It need not be on trial.
  for (const service of [...services.filter((one) => one !== ssh), ssh]) {
    const isOpened = chosen.some(({ opens }) => opens.includes(service));
    const door = doors.find(({ opens }) => opens.includes(service));
    if (door !== undefined && !isOpened) chosen.push(door);
  }
  const port = sshPort === usualSshPort ? "" : `-p ${sshPort} `;
  const logIn = `ssh -S none ${port}${printable(host)}`;
  const isByKey = ({ devices = [] }: TrialReport["doors"][number]) => devices.length > 0;
  const bySteps = chosen.flatMap(({ steps }) =>
    steps.length === 0 ? [] : [`knock -d 200 ${printable(host)} ${formatSteps(steps)}`],
  );
  const isPartly = bySteps.length < chosen.length;
  const sequences = isPartly ? bySteps : withLogIn(bySteps, logIn);
  if (!chosen.some(isByKey)) return indented(sequences);
  const names = chosen.filter(isByKey).map(({ name }) => `[${printable(name)}]`);
  const byKey = indented(withLogIn([`knock ${printable(profile ?? "NAME")}`], logIn));
  const words = trialWords();
  const which = profile === undefined ? words.profile : "";
  const note = wrap(`${which}${words.profileOpens(names.join(", "))}`);
  if (isPartly) return `${indented(sequences)}${byKey}\n${note}`;
  return `${indented(sequences)}\n${words.byKey}\n\n${byKey}\n${note}`;
}

function withLogIn(lines: readonly string[], logIn: string): string[] {
  return lines.map((text, i) => `${text}${i < lines.length - 1 ? "" : ` && ${logIn}`}`);
}

function indented(lines: readonly string[]): string {
  return lines.map((text) => `    ${text}\n`).join("");
}

/** Returns the steps as arguments of `knock`. */
export function formatSteps(steps: readonly Port[]): string {
  return steps.map((one) => (one.protocol === "tcp" ? `${one.number}` : formatPort(one))).join(" ");
}

export function formatEnd(
  { services, remainingMs }: Result<"guard">,
  end: TrialEnd,
  line: Pick<CommandLine, "given">,
): string {
  const words = trialWords();
  if (end.kind === "unknown") {
    return `\n${wrap(words.lostDaemon(services.join(", "), formatTime(remainingMs)))}`;
  }
  const { kept, lost } = end;
  const again = `${words.again(typed("guard", line))}\n`;
  return [
    "\n",
    kept.length === 0 ? "" : wrap(words.kept(kept.join(", "))),
    lost.length === 0 ? "" : `${wrap(words.lost(lost.join(", ")))}${again}`,
  ].join("");
}

/** Explains what has come of the knock, for an administrator who waits for it. */
export function explainKnocks({ address, doors }: TrialReport): string {
  return doors
    .filter(
      ({ onTrial, openedFor }) => onTrial && !openedFor.some((one) => isExpected(one, address)),
    )
    .map((door) => explainDoor(door, address))
    .join("");
}

function explainDoor(
  { name, steps, openedFor }: TrialReport["doors"][number],
  address: Address | undefined,
): string {
  const words = trialWords();
  const from = address === undefined ? "" : `${address}`;
  if (steps.length === 0) return wrap(words.noKeyKnock(printable(name), from));
  const counts = steps.map((one) => `${formatStep(one)}: ${one.packets}`).join(", ");
  const missing = steps.filter(({ packets }) => packets === 0).map(formatStep);
  const others = openedFor.map(String).join(", ");
  const why =
    others !== ""
      ? words.byOthers(others)
      : missing.length === 0
        ? words.wrongOrder
        : words.missing(missing.join(", "));
  return wrap(words.noKnock(printable(name), from, counts, why));
}

function formatStep({ number, protocol }: Port): string {
  return `${protocol}/${number}`;
}

function isExpected(source: Address, address: Address | undefined): boolean {
  return address === undefined || address.equals(source);
}

/** Returns how far an administrator is, for a line that changes every second. */
export function formatProgress({ remainingMs, address, doors }: TrialReport): string {
  const open = doors.filter(
    ({ onTrial, openedFor }) => onTrial && openedFor.some((one) => isExpected(one, address)),
  );
  const names = open.map(({ name }) => `[${printable(name)}]`).join(", ");
  return trialWords().progress(formatTime(remainingMs), names);
}

/** In whole seconds, rounded up: some of the time has passed since the answer was sent. */
export function formatTime(milliseconds: number): string {
  return humanDuration(Math.ceil(milliseconds / 1000) * 1000);
}
