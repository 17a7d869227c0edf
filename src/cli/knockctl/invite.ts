import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { KnockError } from "../../base/errors.ts";
import { defaultConfigFile } from "../../base/paths.ts";
import type { Service } from "../../base/service.ts";
import { formatService, formatServices, isRouted, parseService } from "../../base/service.ts";
import { printable } from "../../base/text.ts";
import { namedServices } from "../../config/config.ts";
import { loadConfig } from "../../config/load.ts";
import { isBadPort } from "../../invitation/bad-ports.ts";
import type { Invitation } from "../../invitation/invitation.ts";
import { invitationTo } from "../../invitation/invitation.ts";
import { encodeProfile } from "../../invitation/profile.ts";
import { readPage } from "../page-file.ts";
import type { Io } from "../program.ts";
import { formatQr } from "../qr.ts";
import type { Command, CommandLine } from "./command.ts";
import { print } from "./command.ts";
import { findDoor } from "./door-operand.ts";
import { readPageUrl } from "./page-url.ts";
import { qrOption, readQrTarget, writeQr } from "./qr-file.ts";
import { readHostName } from "./trial.ts";
import { writePublic } from "./write-public.ts";

/** An invitation, and its output. */
interface Invited extends Invitation {
  /** The services of hosts behind this one that the door opens. */
  readonly behind: readonly Service[];
  /** The page's absolute path. */
  readonly file: string;
  /** The URL of the page with the secret. */
  readonly link: string;
  /** The text of the QR code. */
  readonly qr: string;
  /** The image of the QR code. */
  readonly qrFile?: string;
}

export const invite: Command = {
  name: "invite",
  group: "files",
  summary: "make page and QR code to knock by phone",
  operands: [{ name: "DOOR" }],
  description: `
    Makes an invitation to knock with a browser or a phone: a page, knock.html, and a QR code
    with the host and the sequence. The page holds no secret. Put it on any web server, or send
    it to the phone. Treat the QR code and the link as a password. Needs no running knockd.
    docs/browser.md lists the limits of browsers (/usr/share/doc/sesame-knock/docs/browser.md
    with the Debian package).

    With --url, the QR code is a link to the page at that address. Without it, the QR code is a
    text to paste into the page, since a phone cannot open a file of this machine by a link.`,
  asksDaemon: false,
  options: [
    {
      long: "host",
      argument: "NAME",
      isRequired: true,
      help: "name the server, by a name or an address, as clients see it",
    },
    { long: "url", argument: "URL", help: "link to the page at this address" },
    {
      long: "service",
      argument: "tcp/N",
      help: "test this port after the knock [one that a native door opens]",
    },
    { long: "output", argument: "FILE", help: "write the page to this file [knock.html]" },
    qrOption,
    { long: "force", help: "overwrite a different file" },
    { long: "config", argument: "FILE", help: `use this configuration [${defaultConfigFile}]` },
  ],
  notes: `
    If browsers cannot knock at this door, exits with 1: one-time sequences, UDP, packets that
    browsers do not send. Warns of ports that browsers refuse, and of too short a time.`,
  example: "invite ssh --host server.example.org",
  async run(line, io) {
    const { invitation, behind } = gather(line);
    const url = line.given.get("url");
    const base = url === undefined ? undefined : readPageUrl(url).href;
    const target = readQrTarget(line);
    const file = resolve(line.given.get("output") ?? "knock.html");
    writePublic(file, readPage(), line.given.has("force"));
    const fragment = `#${encodeProfile(invitation.profile)}`;
    const link = `${base ?? pathToFileURL(file).href}${fragment}`;
    const qr = base === undefined ? fragment : link;
    if (target?.file !== undefined) {
      writeQr(target.file, target.format(qr), line.given.has("force"));
    }
    const invited = {
      ...invitation,
      behind,
      file,
      link,
      qr,
      ...(target?.file !== undefined && { qrFile: target.file }),
    };
    report(line, io, invited);
    return 0;
  },
};

function gather({ given, operands }: CommandLine): {
  readonly invitation: Invitation;
  readonly behind: readonly Service[];
} {
  const [name = ""] = operands;
  const host = readHostName(given.get("host") ?? "");
  const service = readServiceOption(given.get("service"));
  const { config } = loadConfig(given.get("config") ?? defaultConfigFile, process.cwd());
  const door = findDoor(config, name);
  const behind = namedServices(door).filter(isRouted);
  return { invitation: invitationTo(door, host, service), behind };
}

function readServiceOption(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const service = parseService(text);
  if (service?.protocol === "tcp") return service.port;
  const hints = ["a page can look at TCP only: tcp/443"];
  throw new KnockError("USAGE", `"${printable(text)}" is not a service to look at`, { hints });
}

function report(line: CommandLine, io: Io, invited: Invited): void {
  for (const warning of invited.warnings) {
    io.stderr(`knockctl: warning: ${warning}\n`);
  }
  const { profile, warnings, behind, ...rest } = invited;
  print(line, io, { ...rest, ...profile, warnings }, () => format(invited, line));
}

function format(
  { file, link, qr, qrFile, profile, behind }: Invited,
  { given }: CommandLine,
): string {
  const place = given.has("url")
    ? `Put ${printable(file)} where the link leads.`
    : `Send ${printable(file)} to the phone, or put it on a web server and use --url.`;
  const use = given.has("url") ? "Scan:" : "Scan, copy the text, and paste it in the page:";
  return `\
${place} The page holds no secret.
${describeSight(profile.service, behind)}

${qrFile === undefined ? `${use}\n\n${formatQr(qr, process.stdout.isTTY === true)}` : `${printable(qrFile)} is the QR code.\n`}
${link}

The QR code and the link hold the sequence: treat them as a password. Browsers keep them in their history.
`;
}

function describeSight(service: number | undefined, behind: readonly Service[]): string {
  if (service === undefined && behind.length > 0) {
    return `The page opens the door, but cannot test ${formatServices(behind)}.`;
  }
  if (service === undefined) {
    return "The page cannot tell whether the door opened: --service tcp/N names a port to try.";
  }
  const name = formatService({ protocol: "tcp", port: service });
  return isBadPort(service)
    ? `Browsers refuse ${name}: the page opens the door, but cannot test it.`
    : `After the knock the page tests whether ${name} answers.`;
}
