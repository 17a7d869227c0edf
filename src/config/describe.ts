import type { Network } from "../base/address.ts";
import { formatDuration } from "../base/duration.ts";
import { formatEndpoint } from "../base/endpoint.ts";
import { formatPort } from "../base/port.ts";
import { formatService } from "../base/service.ts";
import { formatFlagTest } from "../base/tcp-flags.ts";
import type { CommandAction, Config, ConfigOptions, DoorConfig, NativeAction } from "./config.ts";
import { defaultDecoys, defaultOptions } from "./config.ts";

/** What a configuration was understood to say, a line a fact, in the order and manner of knockd -D. */
export function describeConfig({ options, doors }: Config): string[] {
  const { logFile, pidFile, interfaces, useSyslog, logFormat } = options;
  const changed = <Key extends keyof ConfigOptions>(key: Key) =>
    options[key] === defaultOptions[key] ? undefined : String(options[key]);
  return [
    "config: new section: 'options'",
    ...fact("log file", logFile),
    ...fact("pid file", pidFile),
    `config: interface: ${interfaces?.join(",") ?? "any"}`,
    ...(useSyslog ? ["config: usesyslog"] : []),
    ...(logFormat === "json" ? ["config: log format: json"] : []),
    ...fact("log rate", options.logRate?.toString()),
    ...fact("state directory", options.stateDir),
    ...fact("control socket", options.controlSocket),
    ...fact("metrics", options.metricsListen && formatEndpoint(options.metricsListen)),
    ...fact("firewall", changed("firewall")),
    ...fact("table", changed("table")),
    ...fact("max commands", changed("maxCommands")),
    ...fact("on journal failure", changed("onJournalFailure")),
    ...doors.flatMap(describeDoor),
  ];
}

function describeDoor(door: DoorConfig): string[] {
  const { name, sequence, timeout, flags, target, allow, deny, action } = door;
  const of = (key: string) => `${name}: ${key}`;
  const targets = target?.map((t) => (typeof t === "string" ? t : formatNetwork(t)));
  return [
    `config: new section: '${name}'`,
    ...(sequence.kind === "one-time"
      ? fact(of("one time sequences file"), sequence.file)
      : fact(of("sequence"), sequence.steps.map(formatPort).join(","))),
    ...fact(of("seq_timeout"), inSeconds(timeout)),
    ...fact(of("target"), targets?.join(",")),
    ...fact(of("allow"), allow?.map(formatNetwork).join(",")),
    ...fact(of("deny"), deny.length === 0 ? undefined : deny.map(formatNetwork).join(",")),
    ...fact(of("decoys"), door.decoys === defaultDecoys ? undefined : `${door.decoys}`),
    ...(action.kind === "native" ? describeNative(name, action) : describeCommands(name, action)),
    ...formatFlagTest(flags).map((flag) => `config: tcp flag: ${flag}`),
  ];
}

function describeCommands(name: string, action: CommandAction): string[] {
  const { templates, closeAfter, user, timeout, again } = action;
  const of = (key: string) => `${name}: ${key}`;
  return [
    ...fact(of("start_command"), templates.start),
    ...fact(of("start_command_6"), templates.start6),
    ...fact(of("cmd_timeout"), inSeconds(closeAfter)),
    ...fact(of("stop_command"), templates.stop),
    ...fact(of("stop_command_6"), templates.stop6),
    ...fact(of("user"), user),
    ...fact(of("command_timeout"), timeout === undefined ? undefined : inSeconds(timeout)),
    ...(again === "extend" ? [] : fact(of("again"), again)),
  ];
}

function describeNative(name: string, { services, openFor, protect }: NativeAction): string[] {
  return [
    ...fact(`${name}: open`, services.map(formatService).join(",")),
    ...fact(`${name}: open_for`, inSeconds(openFor)),
    ...fact(`${name}: protect`, protect ? "yes" : "no"),
  ];
}

function fact(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [`config: ${name}: ${value}`];
}

/** knockd knows whole seconds only, and prints them without a unit. */
function inSeconds(milliseconds: number): string {
  return milliseconds % 1000 === 0 ? `${milliseconds / 1000}` : formatDuration(milliseconds);
}

function formatNetwork({ base, bits }: Network): string {
  const length = base.family === 4 ? bits - 96 : bits;
  return bits === 128 ? `${base}` : `${base}/${length}`;
}
