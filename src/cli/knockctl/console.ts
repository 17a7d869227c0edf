import { hostname, userInfo } from "node:os";
import { resolve } from "node:path";
import { systemClock } from "../../base/clock.ts";
import { parseEndpoint } from "../../base/endpoint.ts";
import { defaultControlSocket } from "../../base/paths.ts";
import { printable } from "../../base/text.ts";
import { openClient } from "../../control/client.ts";
import { localize } from "../words/korean.ts";
import type { Command, CommandLine } from "./command.ts";
import { usageError } from "./command.ts";
import type { ConsolePlace } from "./console/server.ts";
import { interruption } from "./interruption.ts";
import { sshConnection } from "./ssh-connection.ts";
import { guessHost, usualSshPort } from "./trial.ts";

/** How long a console waits for a page: milliseconds. */
const idleTime = 3_600_000;

/** Where ssh -L of the client listens for a console with a socket. */
const forwardedPort = 7482;

export const consoleCommand: Command = {
  name: "console",
  group: "look",
  summary: "serve page to manage knockd in browser",
  operands: [],
  description: `
    Serves a page on this machine, and prints an address that works once. The page shows doors,
    leases, knocks, problems, traffic and devices, live. Its buttons open, extend, close,
    forgive, reload, enrol and remove devices, and rotate sequences. knockd opens no port for
    it, and logs each action as done by the console.

    Over ssh, it prints the ssh -L command that forwards the page to your computer. On a
    terminal, Enter prints another address, for another browser. It ends with Ctrl-C, or after
    an hour without a page.`,
  asksDaemon: true,
  options: [
    {
      long: "listen",
      argument: "ADDRESS:PORT",
      help: "listen on this port of 127.0.0.1 or [::1] [127.0.0.1, a free port]",
    },
    {
      long: "socket-file",
      argument: "PATH",
      help: "listen on a unix socket for ssh -L, and on no port",
    },
    { long: "read-only", help: "show only: the page can change nothing" },
  ],
  example: "console --read-only",
  isLocalized: true,
  async run(line, io) {
    if (line.given.has("json")) throw usageError("console has no JSON", "knockctl status --json");
    const place = readPlace(line);
    const socket = line.given.get("socket") ?? defaultControlSocket;
    // An administrator learns here that there is no daemon, not on a page.
    (await openClient(socket, systemClock)).close();
    const { runConsole } = await import("./console/run.ts");
    const isReadOnly = line.given.has("read-only");
    return await runConsole({
      ...{ place, socket, isReadOnly, idleTime, end: interruption() },
      describe: (port, token) => describeAddress(place, port, token),
      tell: (text) => io.stdout(text),
    });
  },
};

/** Returns where the console is to listen. Throws USAGE. */
export function readPlace({ given }: Pick<CommandLine, "given">): ConsolePlace {
  const [listen, path] = [given.get("listen"), given.get("socket-file")];
  if (path !== undefined) {
    if (listen !== undefined) throw usageError("--socket-file goes without --listen");
    // ssh -L takes no path that depends on a directory.
    return { kind: "socket", path: resolve(path) };
  }
  if (listen === undefined) return { kind: "port", address: "127.0.0.1", port: 0 };
  const endpoint = parseEndpoint(listen);
  const own = (["127.0.0.1", "::1"] as const).find((one) => one === endpoint?.address.toString());
  if (endpoint !== undefined && own !== undefined) {
    return { kind: "port", address: own, port: endpoint.port };
  }
  const hint = "--listen 127.0.0.1:7482 or --listen [::1]:7482; ssh -L reaches it from elsewhere";
  throw usageError(`--listen: "${printable(listen)}" is not a port of 127.0.0.1 or [::1]`, hint);
}

/** Returns the lines that tell how a browser gets to the console. */
export function describeAddress(place: ConsolePlace, port: number, token: string): string {
  const ssh = sshConnection();
  const isSocket = place.kind === "socket";
  const near = isSocket ? forwardedPort : port;
  const own = place.kind === "port" && place.address === "::1" ? "[::1]" : "127.0.0.1";
  const far = isSocket ? place.path : `${own}:${port}`;
  const address = `http://127.0.0.1:${near}/#${token}`;
  if (ssh === undefined && !isSocket)
    return localize(`Open in a browser:\n\n    http://${own}:${port}/#${token}\n\n`);
  const owner = userInfo().username;
  // A socket lets in its owner alone.
  const user = isSocket ? owner : (process.env["SUDO_USER"] ?? owner);
  const { serverPort = usualSshPort } = ssh ?? {};
  const flag = serverPort === usualSshPort ? "" : `-p ${serverPort} `;
  const login = `${user}@${ssh === undefined ? hostname() : guessHost()}`;
  return localize(`\
On your computer, in another terminal:

    ssh -N -o ExitOnForwardFailure=yes ${flag}-L ${near}:${far} ${printable(login)}

Then open there, in a browser:

    ${address}

`);
}
