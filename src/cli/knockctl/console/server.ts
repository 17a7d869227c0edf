// The HTTP server of a console: its page, the exchange of the token, the stream of events, and actions.
import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import { KnockError, reason } from "../../../base/errors.ts";
import type { ConsoleAccess } from "./access.ts";
import { readBody, readText, refuse, sendJson } from "./body.ts";
import { refuseHost, refuseRequest } from "./request-check.ts";
import { securityHeaders } from "./security-headers.ts";
import { UnknownConnections } from "./unknown-connections.ts";
import type { Viewers } from "./viewers.ts";
import { mostViewers } from "./viewers.ts";

/** Connections at once that have shown no bearer: one more ends the oldest of them. A browser opens six at most. */
const mostUnknown = 64;

/** All connections at once. */
const mostConnections = 2 * mostUnknown;

/** How long a request may take to arrive: milliseconds. */
const arrivalTimeout = 10_000;

/** A file of the page. */
export interface PageFile {
  readonly type: string;
  readonly content: Uint8Array;
}

/** What came of an action. */
export interface ActionAnswer {
  readonly status: 200 | 400 | 409;
  readonly body: object;
}

export interface ConsoleServerOptions {
  readonly access: ConsoleAccess;
  readonly viewers: Viewers;
  /** By path. */
  readonly files: ReadonlyMap<string, PageFile>;
  /** Carries out the action of a request; undefined: the console is for reading only. */
  readonly act: ((body: Buffer) => Promise<ActionAnswer>) | undefined;
  /** A page has got its bearer. */
  readonly onEntered: () => void;
  /** A request could not be answered: a fault of the console. */
  readonly onFault: (error: unknown) => void;
}

/** Where a console listens: on this host alone. */
export type ConsolePlace =
  | {
      readonly kind: "port";
      readonly address: "127.0.0.1" | "::1";
      /** 0: any that is free. */
      readonly port: number;
    }
  | { readonly kind: "socket"; readonly path: string };

/** Listens. Throws SYSTEM. */
export async function serveConsole(
  place: ConsolePlace,
  options: ConsoleServerOptions,
): Promise<ConsoleServer> {
  const settings = {
    maxHeaderSize: 8192,
    headersTimeout: arrivalTimeout,
    requestTimeout: arrivalTimeout,
    connectionsCheckingInterval: 5000,
  };
  const unknown = new UnknownConnections(mostUnknown);
  const server = createServer(settings, (request, response) => {
    if (options.access.accepts(request.headers.authorization)) unknown.accept(request.socket);
    // A connection that ends while we answer is no fault.
    request.on("error", () => {});
    response.on("error", () => {});
    answer(request, response, options).catch((error: unknown) => {
      options.onFault(error);
      if (response.headersSent) response.destroy();
      else refuse(response, 500, "internal error of the console: please report it");
    });
  });
  server.on("connection", (socket) => unknown.add(socket));
  server.maxConnections = mostConnections;
  const where = place.kind === "port" ? `${place.address} port ${place.port}` : place.path;
  const listening = once(server, "listening");
  if (place.kind === "port") server.listen(place.port, place.address);
  else listenPrivately(server, place.path);
  try {
    await listening;
  } catch (cause) {
    throw new KnockError("SYSTEM", `cannot listen on ${where}: ${reason(cause)}`, { cause });
  }
  return new ConsoleServer(server);
}

/** The call makes the socket, which other users must not reach at any moment. */
function listenPrivately(server: Server, path: string): void {
  const umask = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(umask);
  }
}

/** `serveConsole` makes one. */
export class ConsoleServer {
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
    // Such as no descriptor left for a connection: it waits, and we go on.
    server.on("error", () => {});
  }

  /** The port that it listens on; 0 for a socket. */
  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" ? (address?.port ?? 0) : 0;
  }

  /** Closes all connections, and removes the socket. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: ConsoleServerOptions,
): Promise<void> {
  for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
  const { method = "", url = "" } = request;
  const origin = {
    host: request.headers.host,
    origin: request.headers.origin,
    site: request.headers["sec-fetch-site"]?.toString(),
  };
  const file = options.files.get(url);
  const refused = file === undefined ? refuseRequest(origin) : refuseHost(origin);
  if (refused !== undefined) return refuse(response, 403, refused);
  if (file !== undefined) return sendFile(method, response, file);
  switch (`${method} ${url}`) {
    case "POST /session":
      return await enter(request, response, options);
    case "GET /events":
      if (!isAllowed(request, response, options)) return;
      return stream(response, options);
    case "POST /actions":
      if (!isAllowed(request, response, options)) return;
      return await act(request, response, options);
    default:
      return refuse(response, 404, "not found");
  }
}

function sendFile(method: string, response: ServerResponse, { type, content }: PageFile): void {
  if (method !== "GET" && method !== "HEAD") {
    response.setHeader("Allow", "GET, HEAD");
    refuse(response, 405, "only GET and HEAD");
    return;
  }
  response.setHeader("Content-Type", type);
  response.setHeader("Content-Length", content.byteLength);
  response.end(method === "HEAD" ? undefined : content);
}

async function enter(
  request: IncomingMessage,
  response: ServerResponse,
  { access, act, onEntered }: ConsoleServerOptions,
): Promise<void> {
  const body = await readBody(request, response);
  if (body === undefined) return;
  const bearer = access.exchange(readText(body));
  if (bearer === undefined) return refuse(response, 401, "this address was used, or is not valid");
  onEntered();
  sendJson(response, 200, { bearer, readOnly: act === undefined });
}

function isAllowed(
  request: IncomingMessage,
  response: ServerResponse,
  { access }: ConsoleServerOptions,
): boolean {
  if (access.accepts(request.headers.authorization)) return true;
  response.setHeader("WWW-Authenticate", "Bearer");
  refuse(response, 401, "this needs the address that knockctl console prints");
  return false;
}

function stream(response: ServerResponse, { viewers }: ConsoleServerOptions): void {
  if (viewers.count >= mostViewers) {
    refuse(response, 503, `at most ${mostViewers} pages at once`);
    return;
  }
  response.setHeader("Content-Type", "text/event-stream; charset=utf-8");
  viewers.add(response);
}

async function act(
  request: IncomingMessage,
  response: ServerResponse,
  { act }: ConsoleServerOptions,
): Promise<void> {
  if (act === undefined) return refuse(response, 403, "this console is read-only");
  const body = await readBody(request, response);
  if (body === undefined) return;
  const { status, body: result } = await act(body);
  sendJson(response, status, result);
}
