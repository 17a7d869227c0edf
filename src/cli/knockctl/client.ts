import { hostname } from "node:os";
import { KnockError } from "../../base/errors.ts";
import { defaultConfigFile } from "../../base/paths.ts";
import type { RoutedService, Service } from "../../base/service.ts";
import { formatService, isRouted, parseService } from "../../base/service.ts";
import { printable } from "../../base/text.ts";
import type { DoorConfig } from "../../config/config.ts";
import { namedServices, opensService } from "../../config/config.ts";
import { loadConfig } from "../../config/load.ts";
import type { ClientLines } from "./client-lines.ts";
import { clientLines, formatClient } from "./client-lines.ts";
import type { Command, CommandLine } from "./command.ts";
import { print } from "./command.ts";
import { findDoor } from "./door-operand.ts";
import { readService } from "./guard.ts";
import type { QrTarget } from "./qr-file.ts";
import { qrOption, readQrTarget, writeQr } from "./qr-file.ts";
import { sshConnection } from "./ssh-connection.ts";
import { guessHost, readHostName, usualSshPort } from "./trial.ts";

export const client: Command = {
  name: "client",
  group: "files",
  summary: "print commands and profile for clients of door",
  operands: [{ name: "DOOR" }],
  description: `
    Prints the commands of clients for a door, on Linux, macOS and Windows. Also prints the
    lines for knock.conf and for the configuration of ssh. With --qr, makes a QR code with a text
    to paste into the page of "knockctl invite". Needs no running knockd.`,
  asksDaemon: false,
  options: [
    {
      long: "host",
      argument: "NAME",
      help: "name this server as clients do [the address that your ssh connection reached]",
    },
    {
      long: "service",
      argument: "S",
      help: "let clients wait for this service, as tcp/22 [the first one of a native door]",
    },
    qrOption,
    { long: "force", help: "overwrite FILE" },
    {
      long: "config",
      argument: "FILE",
      help: `use this configuration [${defaultConfigFile}]`,
    },
  ],
  example: "client ssh --host server.example.org --qr ssh.svg",
  async run(line, io) {
    const { given } = line;
    const target = readQrTarget(line);
    const { lines, warnings } = findLines(line);
    for (const text of warnings) io.stderr(`knockctl: warning: ${printable(text)}\n`);
    if (target !== undefined && lines.qr === undefined) {
      const message = `no browser can knock at [${printable(lines.door)}]: there is no QR code`;
      throw new KnockError("SYSTEM", message, { hints: ["knockctl invite says why"] });
    }
    const code = target?.format(lines.qr ?? "");
    if (target?.file !== undefined) writeQr(target.file, code ?? "", given.has("force"));
    const result = { ...lines, ...(target?.file !== undefined && { qrFile: target.file }) };
    print(line, io, result, () => `${formatClient(lines)}${describeQr(target, code)}`);
    return 0;
  },
};

interface FoundLines {
  readonly lines: ClientLines;
  /** What clients will not reach by these lines. */
  readonly warnings: readonly string[];
}

function findLines({ given, operands: [name = ""] }: CommandLine): FoundLines {
  const host = given.get("host");
  const wanted = given.get("service");
  const { config } = loadConfig(given.get("config") ?? defaultConfigFile, process.cwd());
  const door = findDoor(config, name);
  const service = wanted === undefined ? namedServices(door)[0] : findService(door, wanted);
  const server = host === undefined ? guessHost() : readHostName(host);
  const lines = clientLines(
    { door, service },
    {
      host: server,
      sshPort: sshConnection()?.serverPort ?? usualSshPort,
    },
  );
  if (lines !== undefined) {
    const isShut =
      service !== undefined && door.action.kind === "native" && !opensService(door, service);
    const warnings = [
      ...(isShut ? [`[${name}] does not open ${formatService(service)}`] : []),
      ...(host === undefined && server === hostname()
        ? [`${server} is this machine's own name; if clients use another: --host NAME`]
        : []),
    ];
    return { lines, warnings };
  }
  if (door.sequence.kind === "none") {
    const hints = [`knockctl user add PERSON/DEVICE --door ${printable(name)}`];
    throw new KnockError("SYSTEM", `[${printable(name)}] opens by keys alone`, { hints });
  }
  const message = `[${printable(name)}] has one-time sequences: each client needs its own list`;
  throw new KnockError("SYSTEM", message);
}

/** Returns the service that the door opens by this text, also on hosts behind this one; else that of this host. */
function findService(door: DoorConfig, wanted: string): Service | undefined {
  const asked = parseService(readService(wanted));
  if (asked === undefined || opensService(door, asked) || !("port" in asked)) return asked;
  const isThatPort = (one: RoutedService) =>
    one.protocol === asked.protocol && one.port === asked.port;
  return namedServices(door).filter(isRouted).find(isThatPort) ?? asked;
}

function describeQr(target: QrTarget | undefined, code: string | Uint8Array | undefined): string {
  if (target === undefined) return "";
  if (target.file === undefined) return `\n${code}`;
  return `\n${printable(target.file)} is the QR code.\n`;
}
