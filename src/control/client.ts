import { existsSync, realpathSync, statSync } from "node:fs";
import type { Socket } from "node:net";
import { connect } from "node:net";
import { dirname } from "node:path";
import type { Clock } from "../base/clock.ts";
import { errnoOf, KnockError, reason } from "../base/errors.ts";
import { oneLine } from "../base/log.ts";
import { defaultControlSocket, initScript, systemdDirectory } from "../base/paths.ts";
import { later } from "../base/time.ts";
import { Lines } from "./lines.ts";
import type { Method, Params, Result } from "./methods.ts";
import type { Answer, LoggedEntry, Request, WireError } from "./protocol.ts";
import { formatRequest, parseAnswer, parseResult } from "./protocol.ts";
import { checkPath } from "./socket-file.ts";

/** How long the daemon may take to answer: milliseconds. Closing waits for commands. */
const answerTimeout = 60_000;

/** The longest answer that is read, in bytes: some hundred thousand leases. */
const longestAnswer = 1 << 26;

export interface Watcher {
  readonly onEvent: (entry: LoggedEntry) => void;
  /** So many events are missing at this place. */
  readonly onDropped: (count: number) => void;
}

interface Pending {
  readonly take: (answer: Answer) => void;
  readonly fail: (error: KnockError) => void;
}

/**
 * Connects to the daemon. `by` is the program that asks for an administrator, for the log. Throws SYSTEM with a hint
 * if there is no daemon, or it may not be asked.
 */
export async function openClient(path: string, clock: Clock, by?: string): Promise<ControlClient> {
  checkPath(path);
  checkFile(path);
  const socket = connect(path);
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", (error) => reject(unreachable(path, error)));
  });
  return new ControlClient(socket, clock, by);
}

/** A connection to the daemon. `openClient` makes one. */
export class ControlClient {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #by: string | undefined;
  readonly #lines = new Lines(longestAnswer);
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #failure: KnockError | undefined;

  constructor(socket: Socket, clock: Clock, by?: string) {
    this.#socket = socket;
    this.#clock = clock;
    this.#by = by;
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("error", (error) => this.#fail(hungUp(error)));
    socket.on("close", () => this.#fail(hungUp()));
  }

  /** Asks once. Throws SYSTEM: what the daemon refuses, why it cannot answer, or after a minute. */
  async ask<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    const answer = await this.#ask({ method, params } as Omit<Request, "id">);
    return parseResult(method, answer);
  }

  /** Hands over what the daemon logs, until `signal` is aborted. Throws SYSTEM if the daemon ends it. */
  watch(watcher: Watcher, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
      this.#send(
        { method: "watch", params: {} },
        {
          fail: reject,
          take: (answer) => {
            if ("event" in answer) watcher.onEvent(answer.event);
            else if ("dropped" in answer) watcher.onDropped(answer.dropped);
          },
        },
      );
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #ask(request: Omit<Request, "id">): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.wakeAt(later(this.#clock.now(), answerTimeout), () => {
        const hints = ["what was asked for may still happen"];
        const message = `no answer from knockd within ${answerTimeout / 1000} seconds`;
        reject(new KnockError("SYSTEM", message, { hints }));
      });
      this.#send(request, {
        take: (answer) => {
          cancel();
          resolve("result" in answer ? answer.result : undefined);
        },
        fail: (error) => {
          cancel();
          reject(error);
        },
      });
    });
  }

  #send(request: Omit<Request, "id">, pending: Pending): void {
    if (this.#failure !== undefined) {
      pending.fail(this.#failure);
      return;
    }
    const id = ++this.#lastId;
    this.#pending.set(id, pending);
    const by = this.#by;
    const all = { id, ...request, ...(by !== undefined && { by }) } as Request;
    this.#socket.write(`${formatRequest(all)}\n`);
  }

  #read(chunk: Uint8Array): void {
    try {
      for (const line of this.#lines.push(chunk)) this.#take(parseAnswer(line));
      if (this.#lines.isTooLong) throw new KnockError("SYSTEM", "knockd's answer is too long");
    } catch (error) {
      this.#fail(error instanceof KnockError ? error : hungUp(error));
      this.close();
    }
  }

  #take(answer: Answer): void {
    const pending = answer.id === null ? undefined : this.#pending.get(answer.id);
    if ("error" in answer) {
      const error = refused(answer.error);
      // Without a number it is about this connection, and the last that we hear.
      if (answer.id === null) this.#fail(error);
      else this.#pending.delete(answer.id);
      pending?.fail(error);
      return;
    }
    if ("result" in answer) this.#pending.delete(answer.id);
    pending?.take(answer);
  }

  #fail(error: KnockError): void {
    this.#failure ??= error;
    for (const { fail } of this.#pending.values()) fail(this.#failure);
    this.#pending.clear();
  }
}

/** Throws SYSTEM if another user owns the socket: its answers prove nothing. */
function checkFile(path: string): void {
  let found: ReturnType<typeof statSync>;
  try {
    found = statSync(path);
  } catch (error) {
    throw unreachable(path, error);
  }
  if (!found.isSocket()) throw new KnockError("SYSTEM", `${path} is not a socket`);
  if (found.uid !== 0 && found.uid !== process.geteuid?.() && !isGivenByRoot(path, found.uid)) {
    const message = `the socket ${path} belongs to user ${found.uid}, not to root`;
    throw new KnockError("SYSTEM", message);
  }
}

/**
 * Returns whether root gave this user the directory of a socket: it belongs to the user or to root, no other
 * user can write it, and root alone can write those above it. Other users can make no such directory.
 */
function isGivenByRoot(path: string, user: number): boolean {
  const isWrittenBy = (directory: string, owners: readonly number[]) => {
    const { uid, mode } = statSync(directory);
    return owners.includes(uid) && (mode & 0o022) === 0;
  };
  let directory = dirname(realpathSync(path));
  let owners = [0, user];
  while (isWrittenBy(directory, owners)) {
    if (directory === "/") return true;
    directory = dirname(directory);
    owners = [0];
  }
  return false;
}

function unreachable(path: string, cause: unknown): KnockError {
  switch (errnoOf(cause)) {
    case "ENOENT":
      return notRunning(path, `there is no ${path}`, cause);
    case "ECONNREFUSED":
      return notRunning(path, `no daemon listens on ${path}`, cause);
    case "EACCES":
    case "EPERM": {
      const hints = ["run knockctl as root"];
      return new KnockError("SYSTEM", `no permission to use ${path}`, { cause, hints });
    }
    default:
      return new KnockError("SYSTEM", `cannot connect to ${path}: ${reason(cause)}`, { cause });
  }
}

function notRunning(path: string, seen: string, cause: unknown): KnockError {
  const hints = [
    `start it: ${startCommand()}`,
    ...(path === defaultControlSocket
      ? ["if its configuration has a ControlSocket: --socket PATH"]
      : []),
  ];
  return new KnockError("SYSTEM", `knockd is not running: ${seen}`, { cause, hints });
}

/** Returns what starts knockd with its usual configuration on this machine. */
function startCommand(): string {
  if (existsSync(systemdDirectory)) return "systemctl start knockd";
  return existsSync(initScript) ? `${initScript} start` : "knockd -d";
}

function hungUp(cause?: unknown): KnockError {
  const why = cause === undefined ? "" : `: ${reason(cause)}`;
  return new KnockError("SYSTEM", `knockd has closed the connection${why}`, { cause });
}

/** Not USAGE, whatever the code: our own command line was in order. */
function refused({ message, hints }: WireError): KnockError {
  return new KnockError("SYSTEM", oneLine(message), { hints: hints.map(oneLine) });
}
