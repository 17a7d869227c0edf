// The life of a console, from its first line to its end.
import { createInterface } from "node:readline";
import { systemClock } from "../../../base/clock.ts";
import { printableLines } from "../../../base/text.ts";
import { openClient } from "../../../control/client.ts";
import { checkPath, makeRoom } from "../../../control/socket-file.ts";
import { readConsolePage } from "../../page-file.ts";
import { localize } from "../../words/korean.ts";
import { findSeenProblems } from "../status.ts";
import { ConsoleAccess } from "./access.ts";
import { ConsoleActions, consoleName } from "./actions.ts";
import { ConsoleFiles } from "./devices.ts";
import { ConsoleFeed } from "./feed.ts";
import type { ConsolePlace, PageFile } from "./server.ts";
import { serveConsole } from "./server.ts";
import { Viewers } from "./viewers.ts";

export interface ConsoleOptions {
  readonly place: ConsolePlace;
  /** The control socket of the daemon. */
  readonly socket: string;
  readonly isReadOnly: boolean;
  /** How long it waits for a page: milliseconds. */
  readonly idleTime: number;
  /** Aborted by Ctrl-C. */
  readonly end: AbortSignal;
  /** Returns the lines that tell the address of a console on this port. */
  readonly describe: (port: number, token: string) => string;
  readonly tell: (text: string) => void;
}

/** Serves a console to its end. Returns the exit code. Throws SYSTEM, USAGE. */
export async function runConsole(options: ConsoleOptions): Promise<number> {
  const { place, socket, isReadOnly, idleTime, end, tell } = options;
  if (place.kind === "socket") {
    checkPath(place.path);
    await makeRoom(place.path);
  }
  const connect = () => openClient(socket, systemClock, consoleName);
  const access = new ConsoleAccess();
  const idle = new AbortController();
  let idleTimer = setTimeout(() => idle.abort(), idleTime);
  const viewers: Viewers = new Viewers({
    now: () => Date.now(),
    onWatched: (isWatched) => {
      clearTimeout(idleTimer);
      if (isWatched) return feed.start();
      feed.stop();
      idleTimer = setTimeout(() => idle.abort(), idleTime);
    },
  });
  const feed = new ConsoleFeed({
    ...{ clock: systemClock, connect, files: new ConsoleFiles(socket) },
    findProblems: ({ doors, status }) => findSeenProblems(doors, status),
    onView: (view) => viewers.show(view),
    onLine: (line) => viewers.log(line),
  });
  const actions = new ConsoleActions({ connect, socket });
  const server = await serveConsole(place, {
    ...{ access, viewers, files: pageFiles() },
    act: isReadOnly
      ? undefined
      : async (body) => {
          const answer = await actions.run(body);
          // The page hears of it by its stream, also where knockd takes its time.
          void feed.refresh();
          return answer;
        },
    onEntered: () =>
      tell(localize("A browser has opened the console. Enter prints another address.\n")),
    onFault: (error) => tell(`internal error of the console: ${describeFault(error)}\n`),
  });
  const invite = () => tell(options.describe(server.port, access.issueToken()));
  invite();
  tell(localize("It works once. Ctrl-C ends the console.\n"));
  const input = process.stdin.isTTY ? createInterface({ input: process.stdin }) : undefined;
  input?.on("line", invite);
  await new Promise<void>((resolve) => {
    for (const signal of [end, idle.signal]) signal.addEventListener("abort", () => resolve());
  });
  clearTimeout(idleTimer);
  input?.close();
  feed.stop();
  viewers.close();
  await server.close();
  if (idle.signal.aborted) tell(localize("The console ends: no page was open for an hour.\n"));
  return 0;
}

/** Where an error was thrown: for a report of the fault. */
function describeFault(error: unknown): string {
  return printableLines(error instanceof Error ? (error.stack ?? error.message) : String(error));
}

function pageFiles(): ReadonlyMap<string, PageFile> {
  const page = readConsolePage();
  return new Map([
    ["/", { type: "text/html; charset=utf-8", content: page["index.html"] }],
    ["/console.js", { type: "text/javascript; charset=utf-8", content: page["console.js"] }],
    ["/console.css", { type: "text/css; charset=utf-8", content: page["console.css"] }],
    ["/icon.svg", { type: "image/svg+xml", content: page["icon.svg"] }],
  ]);
}
