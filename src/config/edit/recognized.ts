// Doors whose commands a native door can take the place of.
import type { Network } from "../../base/address.ts";
import { contains, formatNetwork } from "../../base/address.ts";
import type { DoorService, ForwardedService } from "../../base/service.ts";
import { formatService, isForwarded, isRouted, uniqueServices } from "../../base/service.ts";
import { readFirewallCommand } from "../commands/firewall-command.ts";
import type { RuleChange } from "../commands/rule-change.ts";
import type { AnyRow } from "../directive.ts";
import { isNameOf } from "../directive.ts";
import { commandDirectives, nativeDirectives } from "../directives.ts";
import type { ConfigSection, Directive } from "../lines.ts";

const startRows = [commandDirectives.start, commandDirectives.start6];
const stopRows = [commandDirectives.stop, commandDirectives.stop6];

/** A door whose commands are known, and where they stand. */
export interface Recognized {
  readonly section: ConfigSection;
  readonly start: Directive;
  readonly opens: readonly DoorService[];
  readonly closes: readonly DoorService[];
  /** Its stop commands close what its start commands open. */
  readonly closesItself: boolean;
  /** The program of its commands. */
  readonly tool: RuleChange["tool"];
}

/** Why a door stays as it is. */
export interface Unfit {
  readonly unfit: string;
}

export const unknown: Unfit = { unfit: "its commands are not among those that are known" };

/** Returns what the commands of a door open and close, or why no native door can do that. */
export function recognize(section: ConfigSection): Recognized | Unfit {
  const of = (...rows: readonly AnyRow[]) =>
    section.directives.filter(({ key }) => isNameOf(key, ...rows));
  const starts = of(...startRows);
  const stops = of(...stopRows);
  const [start] = starts;
  // What only one of the families gets, or another user runs, is not the same in the kernel.
  if (start === undefined || of(nativeDirectives.services).length > 0) return unknown;
  if (of(commandDirectives.user).length > 0) return { unfit: "another user runs its commands" };
  if (isNameOf(start.key, commandDirectives.start6)) return { unfit: "it opens for IPv6 alone" };
  const started = changesOf(starts);
  const stopped = changesOf(stops);
  if (started === undefined || stopped === undefined) return unknownIn([...starts, ...stops]);
  const [first] = started;
  if (first === undefined) return unknown;
  const opens = services(started, "add");
  const closes = services(started, "remove");
  const undone = services(stopped, "remove");
  for (const found of [opens, closes, undone]) if ("unfit" in found) return found;
  if ("unfit" in opens || "unfit" in closes || "unfit" in undone) return unknown;
  if (opens.length > 0 && closes.length > 0) return { unfit: "it opens and closes at once" };
  if (stops.length > 0 && !same(opens, undone))
    return { unfit: "it closes something else than it opens" };
  return { section, start, opens, closes, closesItself: stops.length > 0, tool: first.tool };
}

/** Names the first command that is not known, if that is all that stands in the way. */
function unknownIn(commands: readonly Directive[]): Unfit {
  const read = commands.map(({ value = "" }) => readFirewallCommand(value));
  const all = read.flatMap((one) => one.commands);
  const { program, words = [] } = all.find(({ changes }) => changes === undefined) ?? {};
  if (program === undefined || read.some(({ isPlain }) => !isPlain)) return unknown;
  const option = words.find(({ text }) => text.startsWith("-"));
  const shown = option === undefined ? program.text : `${program.text} ${option.text}`;
  return { unfit: `${unknown.unfit}: ${shown}` };
}

/** What these commands change; `undefined` if that is not known. */
function changesOf(commands: readonly Directive[]): readonly RuleChange[] | undefined {
  const read = commands.map(({ value = "" }) => readFirewallCommand(value));
  return read.every(({ isComplete }) => isComplete)
    ? read.flatMap(({ changes }) => changes)
    : undefined;
}

/** Each once: the same service is often opened for IPv4 and IPv6 by two commands. */
function services(
  changes: readonly RuleChange[],
  verb: RuleChange["verb"],
): readonly DoorService[] | Unfit {
  const found: DoorService[] = [];
  for (const { opens } of changes.filter((change) => change.verb === verb)) {
    if ("unfit" in opens) return opens;
    found.push(...opens.services);
  }
  const forwards = found.filter(isForwarded);
  // What a rule of the chain FORWARD accepts beside the translation is no service of its own.
  const others = found.filter((one) => !forwards.some((forward) => isWayOf(forward, one)));
  const places = new Set(others.map((one) => isRouted(one) && formatNetworks(one.hosts)));
  if (places.size > 1) return { unfit: "it opens services of several places" };
  return uniqueServices(others);
}

/** Returns whether a service of a host is what a port is forwarded to. */
function isWayOf({ protocol, target }: ForwardedService, service: DoorService): boolean {
  if (!isRouted(service)) return false;
  const isSamePort = service.protocol === protocol && service.port === target.port;
  return isSamePort && service.hosts.every((host) => contains(host, target.address));
}

function formatNetworks(networks: readonly Network[]): string {
  return networks.map(formatNetwork).join();
}

/** Returns whether these are the same services, in any order. */
export function same(a: readonly DoorService[], b: readonly DoorService[]): boolean {
  const text = (some: readonly DoorService[]) => some.map(formatService).sort().join();
  return text(a) === text(b);
}

/** Returns whether a directive is a command that opens or closes. */
export function isCommand({ key }: Directive): boolean {
  return isNameOf(key, ...startRows, ...stopRows);
}
