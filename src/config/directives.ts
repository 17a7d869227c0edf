// Longer than other files: the vocabulary of knockd.conf is one table, a row for each directive, in the
// order of `knockd -D`.
import { backendKinds, defaultBackend } from "../base/backends.ts";
import {
  defaultControlSocket,
  defaultFleetFile,
  defaultPidFile,
  defaultStateDirectory,
  defaultUsersFile,
} from "../base/paths.ts";
import { directive } from "./directive.ts";
import * as kinds from "./kinds.ts";

export const options = {
  logFile: directive("LogFile", kinds.path, {
    label: "log file",
    summary: "file to append the log to",
    example: "/var/log/knockd.log",
    absent: "none",
  }),
  pidFile: directive("PidFile", kinds.path, {
    label: "pid file",
    summary: "file for the process number, written with -d",
    example: "/run/knockd.pid",
    absent: defaultPidFile,
  }),
  /** `undefined` means all interfaces. */
  interfaces: directive("Interface", kinds.interfaces, {
    label: "interface",
    summary: "interfaces to listen on, or any; knockd waits for one that is missing",
    example: "eth0, wg0",
    absent: "any",
    isAlwaysShown: true,
  }),
  useSyslog: directive("UseSyslog", kinds.presence, {
    label: "usesyslog",
    summary: "log to the system's log, as knockd",
    default: false,
    isAnywhere: true,
  }),
  logFormat: directive("LogFormat", kinds.oneOf("text", "json"), {
    label: "log format",
    summary: "format of the log; json has an object a line, with the reason for each failed knock",
    default: "text",
  }),
  /** `undefined` means the usual rate, which depends on -D. */
  logRate: directive("LogRate", kinds.limit(10, 1_000_000), {
    label: "log rate",
    summary: "log lines a second that unauthenticated sources can cause; 0 means no limit",
    example: "50",
    absent: "50, with -D 1000",
  }),
  stateDir: directive("StateDir", kinds.path, {
    label: "state directory",
    summary: "directory for the leases",
    absent: defaultStateDirectory,
    isFixed: true,
  }),
  controlSocket: directive("ControlSocket", kinds.path, {
    label: "control socket",
    summary: "socket where knockctl finds the daemon",
    absent: defaultControlSocket,
    isFixed: true,
  }),
  metricsListen: directive("MetricsListen", kinds.endpoint, {
    label: "metrics",
    summary: "address and port to serve metrics for Prometheus on, over HTTP",
    example: "127.0.0.1:9190",
    absent: "none",
  }),
  firewall: directive("Firewall", kinds.oneOf(...backendKinds), {
    label: "firewall",
    summary: "firewall that native doors use",
    default: defaultBackend,
  }),
  kernelDoors: directive("KernelDoors", kinds.yesOrNo, {
    label: "kernel doors",
    summary: "whether the kernel opens native doors by itself, also while knockd does not run",
    default: true,
  }),
  table: directive("Table", kinds.tableName, {
    label: "table",
    summary: "name of Sesame's table in nftables; two daemons need two",
    default: "sesame",
    isFixed: true,
  }),
  maxAttempts: directive("MaxAttempts", kinds.count(1000, 10_000_000), {
    label: "max attempts",
    summary: "knocks under way at once; beyond it, knockd evicts the oldest first steps",
    default: 1_000_000,
    isFixed: true,
  }),
  maxCommands: directive("MaxCommands", kinds.count(1, 10_000), {
    label: "max commands",
    summary:
      "commands that open at once, and as many that close; one door uses at most half of them",
    default: 64,
    isFixed: true,
  }),
  onJournalFailure: directive("OnJournalFailure", kinds.oneOf("open", "refuse"), {
    label: "on journal failure",
    summary: "whether doors that a command must close open while the journal cannot be written",
    default: "open",
    isFixed: true,
  }),
  /** None means that no door is opened by key. */
  knockPorts: directive("KnockPort", kinds.ports, {
    label: "knock port",
    summary: "UDP ports for knocks by key; no program needs to listen there",
    example: "23547",
    default: [],
    absent: "none",
  }),
  /** None means that no door is opened by fwknop's clients. */
  fwknopPorts: directive("FwknopPort", kinds.ports, {
    label: "fwknop port",
    summary: "UDP ports for packets of fwknop clients; no program needs to listen there",
    example: "62201",
    default: [],
    absent: "none",
  }),
  usersFile: directive("Users", kinds.path, {
    label: "users file",
    summary: "file with the devices that open doors by key, and their keys",
    default: defaultUsersFile,
  }),
  /** Milliseconds. */
  freshness: directive("Freshness", kinds.durationBetween(10_000, 600_000), {
    summary: "maximum offset of the clock of a knock by key from knockd's, from 10s to 10m",
    default: 120_000,
    absent: "2m",
  }),
  /** `undefined` means that this gateway is alone. */
  fleet: directive("Fleet", kinds.store, {
    summary: "address of the Redis or Valkey server through which gateways share leases",
    example: "redis://10.0.0.5:6379",
    absent: "none",
  }),
  fleetName: directive("FleetName", kinds.fleetName, {
    label: "fleet name",
    summary: "name of the fleet; several fleets may share a server",
    default: "default",
  }),
  /** `undefined` means the name of the host. */
  gatewayName: directive("GatewayName", kinds.fleetName, {
    label: "gateway name",
    summary: "unique name of this gateway in the fleet",
    absent: "the host name",
  }),
  fleetFile: directive("FleetFile", kinds.path, {
    label: "fleet file",
    summary: "file with the key of the fleet and the password of the store",
    default: defaultFleetFile,
  }),
  onFleetLoss: directive("OnFleetLoss", kinds.oneOf("open", "refuse"), {
    label: "on fleet loss",
    summary: "whether single-use knocks open while the store does not answer",
    default: "open",
  }),
  onOpen: directive("OnOpen", kinds.hook, {
    summary: "command or https:// address to notify when a door opens",
    label: "on open",
    example: "https://chat.example/hook",
    absent: "none",
  }),
  onClose: directive("OnClose", kinds.hook, {
    summary: "command or https:// address to notify when a door closes",
    label: "on close",
    example: "logger %DOOR% %IP%",
    absent: "none",
  }),
} as const;

/** A door has one of these, or `Users`. */
export const sequences = {
  steps: directive("Sequence", kinds.sequence, {
    summary: "ports in their order, from 1 to 32; without a protocol they are TCP",
    example: "7312,9140:udp,8455",
    default: [],
    isAlwaysShown: true,
  }),
  file: directive("One_Time_Sequences", kinds.path, {
    label: "one time sequences file",
    summary: "file with one sequence a line, each valid for one opening",
  }),
} as const;

/** All doors have these. */
export const doorDirectives = {
  /** Milliseconds from the (last) first step to the last one. */
  timeout: directive("Seq_Timeout", kinds.duration, {
    aliases: ["Timeout"],
    summary: "time from the first packet to the last",
    example: "10",
    default: 25_000,
    isAlwaysShown: true,
  }),
  /** `undefined` means this host. */
  target: directive("Target", kinds.target, {
    summary: "hosts whose packets count: addresses, networks or names",
    example: "192.0.2.7, 2001:db8::/64, name",
    absent: "this host",
  }),
  /** `undefined` means all sources that are not in `deny`. */
  allow: directive("Allow", kinds.networks, {
    summary: "sources that may knock",
    example: "192.0.2.0/24",
    absent: "all",
  }),
  deny: directive("Deny", kinds.networks, {
    summary: "sources that may not knock, even if allowed",
    example: "192.0.2.66",
    default: [],
    absent: "none",
  }),
  /** `undefined` means that it stays. */
  until: directive("Until", kinds.date, {
    summary: "date and time after which the door stays closed",
    example: "2026-12-31T18:00:00Z",
    absent: "never",
  }),
  /** Empty means that no key opens the door. */
  users: directive("Users", kinds.principals, {
    summary: "devices that may open the door by key: PERSON, PERSON/DEVICE, @GROUP",
    example: "alice, @admins",
    default: [],
    absent: "none",
  }),
  /** Milliseconds. `undefined` means the usual time of the door. */
  longest: directive("Longest", kinds.duration, {
    summary: "longest time that a knock by key may request",
    example: "8h",
    absent: "Open_For or Cmd_Timeout",
  }),
  /** `undefined` means yes where something closes the door. */
  fleet: directive("Fleet", kinds.yesOrNo, {
    summary: "whether the door opens at all gateways of the fleet",
    absent: "yes, but no where nothing closes",
  }),
  decoys: directive("Decoys", kinds.count(0, 128), {
    summary: "maximum number of decoy ports, which reveal port scans; 0 means none",
    default: 32,
  }),
  flags: directive("TCPFlags", kinds.flags, {
    summary: "flags that TCP packets must have, or with ! lack; knockd ignores other packets",
    example: "syn,!ack",
    default: { mask: 0, value: 0 },
    absent: "any",
  }),
  onOpen: directive("On_Open", kinds.hook, {
    summary: "command or https:// address to notify when the door opens",
    example: "https://chat.example/hook",
    absent: "OnOpen",
  }),
  onClose: directive("On_Close", kinds.hook, {
    summary: "command or https:// address to notify when the door closes",
    example: "logger %DOOR% %IP%",
    absent: "OnClose",
  }),
} as const;

/** A native door has these. */
export const nativeDirectives = {
  services: directive("Open", kinds.services, {
    summary: "services that the kernel opens; -> forwards a port to another host",
    example: "tcp/22, icmp, tcp/2222 -> 10.0.0.5:22",
    default: [],
    isAlwaysShown: true,
  }),
  /** `undefined` means this host. */
  hosts: directive("To", kinds.networks, {
    summary: "hosts behind this one that have these services",
    example: "10.0.0.5, 2001:db8:1::/64",
    absent: "this host",
  }),
  /** Of what is forwarded. */
  masquerade: directive("Masquerade", kinds.yesOrNo, {
    summary: "whether targets of forwarded ports see the address of this host as the source",
    default: false,
  }),
  /** Milliseconds. */
  openFor: directive("Open_For", kinds.duration, {
    summary: "time in which the services accept new connections",
    example: "30s",
    default: 30_000,
    isAlwaysShown: true,
  }),
  /** Sesame denies the services to all other sources. */
  protect: directive("Protect", kinds.yesOrNo, {
    summary: "whether Sesame denies these services to all other sources",
    default: false,
    isAlwaysShown: true,
  }),
} as const;

/** A door of commands has these; `…6` counts for IPv6 sources, instead of the other. */
export const commandDirectives = {
  start: directive("Start_Command", kinds.command, {
    aliases: ["Command"],
    summary: "command that opens",
  }),
  start6: directive("Start_Command_6", kinds.command, {
    aliases: ["Command_6"],
    summary: "command that opens for IPv6 sources",
    absent: "Start_Command",
  }),
  /** Milliseconds from the end of the start command to the stop command. */
  closeAfter: directive("Cmd_Timeout", kinds.duration, {
    summary: "time from the opening to the closing",
    example: "10",
    default: 10_000,
    isAlwaysShown: true,
  }),
  stop: directive("Stop_Command", kinds.command, {
    summary: "command that closes",
    absent: "none",
  }),
  stop6: directive("Stop_Command_6", kinds.command, {
    summary: "command that closes for IPv6 sources",
    absent: "Stop_Command",
  }),
  /** `undefined` means the daemon's own user. */
  user: directive("User", kinds.userName, {
    summary: "user who runs the commands",
    example: "nobody",
    absent: "the daemon's user",
  }),
  /** Milliseconds; `undefined` means no limit. */
  timeout: directive("Command_Timeout", kinds.duration, {
    summary: "time after which knockd ends a command and its children",
    example: "1m",
    absent: "never",
  }),
  /** `undefined` means the kind of each command. */
  serial: directive("Serial", kinds.lane, {
    summary: "queue of commands that run one at a time, by its name; no means in parallel",
    example: "ufw",
    absent: "the program of the command",
  }),
  /** What a knock does to a door that is open already. */
  again: directive("Again", kinds.oneOf("extend", "rerun"), {
    summary: "effect of a knock at an open door: a longer lease, or stop and start",
    default: "extend",
  }),
  /** Milliseconds; it counts where nothing closes, or a knock closes and opens again. */
  rest: directive("Rest", kinds.duration, {
    summary: "time in which repeated knocks of a source do not run the command again",
    example: "5s",
    default: 1000,
  }),
} as const;
