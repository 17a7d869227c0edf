// What a configuration names and this machine does not have, or has differently.
import { dirname } from "node:path";
import { parseAddress } from "../../base/address.ts";
import { baseName } from "../../base/command-kind.ts";
import { nearest } from "../../base/nearest.ts";
import { isForwarded, isRouted } from "../../base/service.ts";
import { shellWords } from "../../base/shell-words.ts";
import { plural } from "../../base/text.ts";
import { shells } from "../commands/firewall-command.ts";
import type { Config, ConfigOptions, DoorConfig } from "../config.ts";
import { openedServices } from "../config.ts";
import { isNameOf } from "../directive.ts";
import { options as optionRows } from "../directives.ts";
import type { ConfigSection, Directive } from "../lines.ts";
import type { ParsedConfig } from "../parse.ts";
import type { Problem } from "../problem.ts";
import type { DoorCommand } from "./door-commands.ts";
import { commandsOf, warnAt } from "./door-commands.ts";

/** What is known of the machine of a configuration. */
export interface MachineFacts {
  /** The addresses of each interface, by its name. */
  readonly interfaces: ReadonlyMap<string, readonly string[]>;
  /** Returns the bridge or bond of which an interface is a port; `undefined` if it is none's. */
  readonly masterOf: (name: string) => string | undefined;
  /** Other hosts may reach it over IPv6. */
  readonly hasIpv6: boolean;
  /** Whether it forwards packets of this family of addresses; `undefined` if that is not known. */
  readonly forwards: (family: 4 | 6) => boolean | undefined;
  /** What stands at a path; `undefined` if nothing does. */
  readonly fileAt: (path: string) => "directory" | "program" | "other" | undefined;
  /** Returns whether a program of this name is where the daemon looks for it. */
  readonly hasProgram: (name: string) => boolean;
}

/** Returns warnings of what the configuration names and the machine does not have. */
export function findMachineTraps(
  { options, doors }: Config,
  { optionSections, doorSections }: Pick<ParsedConfig, "optionSections" | "doorSections">,
  machine: MachineFacts,
): Problem[] {
  const directives = optionSections.flatMap((section) => section.directives);
  return [
    ...logFile(options, directives, machine),
    ...interfaces(options, directives, machine),
    ...ipv4Only(doors, doorSections, machine),
    ...switchedOff(doors, doorSections, machine),
    ...doorSections.flatMap((section) =>
      commandsOf(section).all.flatMap((command) => missingPrograms(command, machine)),
    ),
  ];
}

function logFile(
  { logFile: file }: ConfigOptions,
  directives: readonly Directive[],
  { fileAt }: MachineFacts,
): Problem[] {
  const directive = directives.findLast(({ key }) => isNameOf(key, optionRows.logFile));
  if (file === undefined || directive === undefined) return [];
  if (fileAt(file) === "directory") {
    return [warnAt(directive, 0, `${file} is a directory: the log goes to no file`)];
  }
  const folder = dirname(file);
  if (fileAt(folder) === "directory") return [];
  const message = `there is no directory ${folder}: the log goes to no file`;
  const isNear = fileAt(dirname(folder)) === "directory";
  return [warnAt(directive, 0, message, isNear ? `mkdir ${folder}` : undefined)];
}

function interfaces(
  { interfaces: names }: ConfigOptions,
  directives: readonly Directive[],
  machine: MachineFacts,
): Problem[] {
  const directive = directives.findLast(({ key }) => isNameOf(key, optionRows.interfaces));
  if (names === undefined || directive === undefined) return [];
  return names.flatMap((name) => {
    const at = Math.max(0, directive.value?.indexOf(name) ?? 0);
    if (!machine.interfaces.has(name)) {
      const { message, hint } = missingInterface(name, machine);
      return [warnAt(directive, at, message, hint)];
    }
    const master = machine.masterOf(name);
    if (master === undefined) return [];
    return [warnAt(directive, at, `${name} is a port of ${master}: knocks may not arrive`, master)];
  });
}

function missingInterface(
  name: string,
  { interfaces: known }: MachineFacts,
): { readonly message: string; readonly hint: string } {
  const waits = `there is no interface ${name}: knockd waits for it`;
  if (name === "*" || name.toLowerCase() === "all") return { message: waits, hint: "any" };
  const address = parseAddress(name)?.toString();
  if (address !== undefined) {
    const owner = [...known].find(([, addresses]) => addresses.includes(address))?.[0];
    return { message: `${name} is an address, and no interface`, hint: owner ?? "any" };
  }
  const [device = "", label] = name.split(":");
  if (label !== undefined && known.has(device)) {
    const message = `${name} is an address of ${device}: packets to all addresses of ${device} count`;
    return { message, hint: "target = ADDRESS in a door takes packets to this address alone" };
  }
  const all = [...known.keys()].filter((one) => one !== "lo");
  const near = nearest(name, all);
  const names = all.slice(0, 8).join(", ");
  return { message: waits, hint: near === undefined ? `any, or one of: ${names}` : near };
}

const forwardingSettings = { 4: "net.ipv4.ip_forward", 6: "net.ipv6.conf.all.forwarding" } as const;

/** A machine that forwards nothing reaches no host behind it, whatever a door opens. */
function switchedOff(
  doors: readonly DoorConfig[],
  sections: readonly ConfigSection[],
  { forwards }: MachineFacts,
): Problem[] {
  return doors.flatMap((door, i) => {
    const section = sections[i];
    const services = openedServices(door);
    if (section === undefined) return [];
    return ([4, 6] as const)
      .filter((family) => forwards(family) === false)
      .filter((family) =>
        services.some((one) => {
          if (isForwarded(one)) return one.target.address.family === family;
          return isRouted(one) && one.hosts.some(({ base }) => base.family === family);
        }),
      )
      .map((family): Problem => {
        const message = `this machine forwards no packets of IPv${family}: no source reaches the hosts of '${door.name}'`;
        const hint = `sysctl -w ${forwardingSettings[family]}=1`;
        return { severity: "warning", line: section.line, column: section.column, message, hint };
      });
  });
}

/** iptables takes no address of IPv6, and a name with an AAAA record is enough for a knock by IPv6. */
function ipv4Only(
  doors: readonly DoorConfig[],
  sections: readonly ConfigSection[],
  { hasIpv6 }: MachineFacts,
): Problem[] {
  const found = doors.flatMap(({ name, allow }, i) => {
    const section = sections[i];
    const isForIpv4 = allow?.every(({ base }) => base.family === 4) ?? false;
    if (!hasIpv6 || isForIpv4 || section === undefined) return [];
    const [pair, ...others] = commandsOf(section).pairs;
    return others.length === 0 && opensIpv4(pair?.start) ? [{ name, start: pair?.start }] : [];
  });
  const [first, ...rest] = found;
  if (first?.start === undefined) return [];
  const { directive, known } = first.start;
  const others = rest.length === 0 ? "" : `; also at ${plural(rest.length, "other door")}`;
  const message = `a knock over IPv6 at '${first.name}' runs iptables, which refuses an IPv6 address${others}`;
  const hint = "Start_Command_6 = ip6tables …, or knockd -4";
  return [warnAt(directive, known.commands[0]?.program?.at ?? 0, message, hint)];
}

function opensIpv4(start: DoorCommand | undefined): boolean {
  const changes = start?.known.changes ?? [];
  const opens = changes.some(
    ({ tool, source, verb }) => tool === "iptables" && source === "knocker" && verb === "add",
  );
  return opens && !/\bip6tables|\bcase\b|\bif\b/.test(start?.value ?? "");
}

/** Programs of one command that are looked for. */
const mostPrograms = 20;

function missingPrograms({ directive, known }: DoorCommand, machine: MachineFacts): Problem[] {
  return known.commands.slice(0, mostPrograms).flatMap(({ program, words }) => {
    if (program === undefined || /[%$*?`=]/.test(program.text)) return [];
    const { text, at } = program;
    const [script] = shells.has(baseName(text)) ? words : [];
    if (script !== undefined && /^\/[^%$]+$/.test(script.text) && !machine.fileAt(script.text)) {
      return [warnAt(directive, script.at, `there is no script ${script.text}`)];
    }
    if (text.startsWith("/")) {
      const kind = machine.fileAt(text);
      if (kind === "program") return [];
      if (kind === undefined)
        return [warnAt(directive, at, `there is no program ${text}`, elsewhere(text, machine))];
      return [warnAt(directive, at, `${text} cannot be executed`, `chmod +x ${text}`)];
    }
    if (text.includes("/") || shellWords.has(text) || text === "[" || machine.hasProgram(text))
      return [];
    // A name of this length is a line in quotes, of which another warning tells.
    if (/\s/.test(text)) return [];
    return [warnAt(directive, at, `there is no program ${text}`)];
  });
}

function elsewhere(program: string, { hasProgram }: MachineFacts): string | undefined {
  const name = baseName(program);
  return hasProgram(name) ? `${name} is in another directory: write ${name} alone` : undefined;
}
