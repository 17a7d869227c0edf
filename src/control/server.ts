import { once } from "node:events";
import type { Server, Socket } from "node:net";
import { createServer } from "node:net";
import type { Clock } from "../base/clock.ts";
import { KnockError, reason } from "../base/errors.ts";
import type { Level, Log } from "../base/log.ts";
import { longAgo } from "../base/time.ts";
import type { PeerCredentials } from "../ffi/peer-credentials.ts";
import { peerOf } from "../ffi/peer-credentials.ts";
import { ControlConnection } from "./connection.ts";
import type { ControlHandlers } from "./handlers.ts";
import type { Limits } from "./limits.ts";
import { defaultLimits } from "./limits.ts";
import { methods } from "./methods.ts";
import type { Request, WireError } from "./protocol.ts";
import { encode } from "./protocol.ts";
import { checkPath, makeRoom } from "./socket-file.ts";

export interface ServerOptions {
  readonly handlers: ControlHandlers;
  readonly log: Log;
  readonly clock: Clock;
  /** Those that differ from the usual ones. */
  readonly limits?: Partial<Limits>;
}

/** How often the log tells of refused connections: milliseconds. */
const refusalInterval = 60_000;

/**
 * Listens for administrators on a unix socket (mode 0600): root, and the user that the daemon runs
 * as. Throws SYSTEM, or USAGE for a path that no socket can have.
 */
export async function serve(path: string, options: ServerOptions): Promise<ControlServer> {
  checkPath(path);
  await makeRoom(path);
  const server = createServer({ allowHalfOpen: true });
  const listening = once(server, "listening");
  // The call makes the socket, which other users must not reach at any moment.
  const umask = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(umask);
  }
  try {
    await listening;
  } catch (error) {
    throw new KnockError("SYSTEM", `cannot listen on ${path}: ${reason(error)}`, { cause: error });
  }
  return new ControlServer(server, options);
}

/** The daemon's ear for administrators. `serve` makes one. */
export class ControlServer {
  readonly #server: Server;
  readonly #options: ServerOptions;
  readonly #limits: Limits;
  readonly #sockets = new Set<Socket>();
  #refused = 0;
  #refusalsToldAt = longAgo;

  constructor(server: Server, options: ServerOptions) {
    this.#server = server;
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    server.on("connection", (socket) => this.#accept(socket));
    // Such as no descriptor left for a connection: it waits, and we go on.
    server.on("error", (error) => this.#tell("error", "control", `control: ${reason(error)}`));
  }

  /** Closes all connections and removes the socket; may be called twice. */
  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #accept(socket: Socket): void {
    if (this.#sockets.size >= this.#limits.connections * 2) {
      // Even being told to go takes time, and these are too many to be told.
      socket.destroy();
      return;
    }
    const peer = identify(socket);
    const { handlers, clock } = this.#options;
    const connection = new ControlConnection(socket, {
      handlers,
      clock,
      limits: this.#limits,
      onRequest: (request) => this.#note(request, peer),
      onMistake: (error) => {
        this.#tell("error", "internal-error", `internal error at a request: ${reason(error)}`);
      },
    });
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    const objection = this.#objection(peer);
    if (objection !== undefined) connection.refuse(objection);
  }

  #objection(peer: PeerCredentials | undefined): WireError | undefined {
    if (peer === undefined || (peer.uid !== 0 && peer.uid !== process.geteuid?.())) {
      this.#noteRefusal(peer);
      const message = "only root may ask knockd";
      return { code: "DENIED", message, hints: ["run knockctl as root"] };
    }
    const { connections } = this.#limits;
    if (this.#sockets.size <= connections) return undefined;
    return { code: "LIMIT", message: `at most ${connections} connections at once`, hints: [] };
  }

  /** What changes something is in the log, with who wanted it. */
  #note({ id, method, by, params }: Request, peer: PeerCredentials | undefined): void {
    if (method === "watch" || !methods[method].changes) return;
    const details = Object.entries(params).map(([key, value]) => ` ${key}=${show(value)}`);
    const text = `control: ${method}${details.join("")} (user ${peer?.uid}, process ${peer?.pid}${by === undefined ? "" : `, by ${by}`})`;
    this.#tell("notice", "control", text, { method, id, ...(by !== undefined && { by }) });
  }

  #noteRefusal(peer: PeerCredentials | undefined): void {
    this.#refused++;
    const now = this.#options.clock.now();
    if (now - this.#refusalsToldAt < refusalInterval) return;
    const times =
      this.#refused > 1 ? `, ${this.#refused} connections since the last such line` : "";
    this.#refusalsToldAt = now;
    this.#refused = 0;
    const who = peer === undefined ? "unknown user" : `user ${peer.uid}, process ${peer.pid}`;
    this.#tell("warning", "control-denied", `control: denied: ${who}${times}`);
  }

  #tell(
    level: Level,
    event: string,
    text: string,
    detail?: Readonly<Record<string, string | number>>,
  ) {
    this.#options.log.write({ level, event, text, ...(detail && { detail }) });
  }
}

function show(value: unknown): string {
  return encode(value).replace(/^"([\w.:/-]+)"$/, "$1");
}

function identify(socket: Socket): PeerCredentials | undefined {
  try {
    return peerOf(socket);
  } catch {
    // The caller refuses an unknown peer.
    return undefined;
  }
}
