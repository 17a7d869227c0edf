import { nearest } from "../../base/nearest.ts";
import { defaultConfigFile } from "../../base/paths.ts";
import { printable } from "../../base/text.ts";
import type { Io } from "../program.ts";
import type { Command, CommandLine } from "./command.ts";
import { usageError } from "./command.ts";
import { addUserCommand } from "./user/add.ts";
import { listUsersCommand } from "./user/list.ts";
import { writePageCommand } from "./user/page.ts";
import { removeUserCommand } from "./user/remove.ts";
import { watchUserCommand } from "./user/watch.ts";

type UserAction = (line: CommandLine, name: string, io: Io) => Promise<number>;

/** The actions that take a name. */
const actions: Readonly<Record<string, UserAction>> = {
  add: addUserCommand,
  remove: removeUserCommand,
  show: listUsersCommand,
  watch: watchUserCommand,
  page: writePageCommand,
};

export const user: Command = {
  name: "user",
  group: "files",
  summary: "let devices open doors by key, or take them out",
  operands: [{ name: "ACTION" }, { name: "NAME", isOptional: true }],
  variants: [
    "add PERSON/DEVICE --host NAME [--door DOOR]",
    "remove PERSON[/DEVICE] [--key ID]",
    "list",
    "show PERSON[/DEVICE]",
    "watch PERSON/DEVICE",
    "page FILE",
  ],
  description: `
    Lets a device open a door by key: shows the change of the configuration, and asks. Then it
    writes the device into the users of the door and its lock into the users file, makes knockd
    reload both, and prints the line for the device once (knock --import). For a device that has
    a key, add makes a second one; remove --key takes the first one out.

    With --lock -, the device has made its key itself (knock --request): its lock is read from
    standard input, and no secret is printed. remove takes a person or a device out of the users
    file and out of what is open, and closes what no other device holds.

    With --link, the line is a link to a page, and its QR code is for the camera of a phone: a browser
    keeps the key and knocks (docs/browser.md). page writes that page to FILE, and sw.js beside it,
    to put them on a web server with https.

    With --fwknop, the device knocks with fwknop's client: it prints the part for its ~/.fwknoprc,
    and a QR code with both keys. The server keeps both, too: its users file can knock.

    list and show say what the users file has, and ask knockd about each key: the last knock, its
    source, how far the clock of the device is off, and what was refused (show).

    watch answers why a knock does not work: for 5 minutes, or until you press Ctrl-C, it shows each
    packet of a device with its source, how far its clock is off (26 hours at most), and the check
    that refused it. Nothing opens by it.`,
  asksDaemon: true,
  options: [
    { long: "door", argument: "DOOR", help: "let the device open DOOR" },
    { long: "host", argument: "NAME", help: "name this server as the device does" },
    { long: "name", argument: "NAME", help: "name the profile of the device NAME [home]" },
    { long: "lock", argument: "-", help: "read the lock of a key from standard input" },
    { long: "fwknop", help: "make the keys of a fwknop client" },
    { long: "link", argument: "URL", help: "make a link to the page at URL, for a browser" },
    { long: "address", argument: "A,B", help: "put these addresses of the server into the link" },
    { long: "output", argument: "FILE", help: "write the line for the device to FILE (0600)" },
    { long: "groups", argument: "GROUPS", help: "make the device one of GROUPS (a,b)" },
    { long: "expires", argument: "DAY", help: "end the rights of the device after DAY, in UTC" },
    { long: "key", argument: "ID", help: "remove only this key" },
    { long: "force", help: "overwrite a different file (page)" },
    { long: "yes", help: "ask nothing" },
    { long: "config", argument: "FILE", help: `use this configuration [${defaultConfigFile}]` },
  ],
  example: "user add alice/laptop --door ssh --host server.example.org",
  async run(line, io) {
    const [action = "", name] = line.operands;
    if (action === "list" && name === undefined) return await listUsersCommand(line, name, io);
    const run = Object.hasOwn(actions, action) ? actions[action] : undefined;
    if (run === undefined) throw unknownAction(action);
    if (name === undefined) throw usageError(`NAME is missing after "${action}"`);
    return await run(line, name, io);
  },
};

function unknownAction(action: string) {
  const names = [...Object.keys(actions), "list"];
  const near = nearest(action, names);
  if (action === "list") return usageError("list takes no name", "knockctl user show NAME");
  const hint = near === undefined ? names.join(", ") : `did you mean "${near}"?`;
  return usageError(`there is no action "${printable(action)}"`, hint);
}
