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
  summary: "manage devices that open doors by key",
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
    add lets a device open a door by key. It shows the change of the configuration, and asks. Then
    it writes the device into the users of the door, and its lock into the users file. It reloads
    knockd, and prints the line for the device once (knock --import). For a device that has a key,
    add makes a second one. remove --key removes the first one.

    With --lock -, the device has made its key itself (knock --request). add reads its lock from
    standard input, and prints no secret.

    With --link, the line is a link to a page. The camera of a phone reads its QR code. A browser
    keeps the key, and knocks (docs/browser.md). page writes that page to FILE, and sw.js beside
    it. Put both on a web server with https.

    With --fwknop, the device knocks with fwknop's client. add prints the section for its
    ~/.fwknoprc, and a QR code with both keys. The server keeps both: a reader of the users file
    can knock.

    remove removes a person or a device from the users file and from all leases. It closes the
    leases that no other device holds.

    list and show print the users file, and what knockd knows of each key: the last knock, its
    source and the offset of the device's clock. show also prints the refused packets.

    watch shows why a knock does not work. For 5 minutes, or until you press Ctrl-C, it shows each
    packet of a device, with its source, the offset of its clock (at most 26 hours), and the check
    that refused it. It opens nothing.`,
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
    { long: "groups", argument: "GROUPS", help: "put the device into GROUPS (a,b)" },
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
