import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { Endpoint } from "../../base/endpoint.ts";
import { formatEndpoint } from "../../base/endpoint.ts";
import { KnockError, reason } from "../../base/errors.ts";
import { contentType } from "./exposition.ts";

/** Connections at once: one or two scrape. */
const mostConnections = 16;

/** How long a connection may last, from its beginning to the last byte: milliseconds. */
const defaultTimeout = 10_000;

const never = 2 ** 31 - 1;

export interface MetricsServerOptions {
  /** The metrics, at this moment. */
  readonly text: () => string;
  /** What goes wrong later. */
  readonly onProblem: (text: string) => void;
  /** How long a connection may last: milliseconds. */
  readonly timeout?: number;
}

/** Answers GET /metrics over HTTP, and nothing else. Throws SYSTEM. */
export async function serveMetrics(
  endpoint: Endpoint,
  options: MetricsServerOptions,
): Promise<MetricsServer> {
  const settings = {
    maxHeaderSize: 8192,
    // The limit of each connection is ours: Node's look at all of them again and again, at rest, too.
    connectionsCheckingInterval: never,
    headersTimeout: 0,
    requestTimeout: 0,
    keepAlive: false,
  };
  const server = createServer(settings, (request, response) => answer(request, response, options));
  server.maxConnections = mostConnections;
  try {
    const listening = once(server, "listening");
    server.listen(endpoint.port, `${endpoint.address}`);
    await listening;
  } catch (error) {
    const where = formatEndpoint(endpoint);
    throw new KnockError("SYSTEM", `cannot listen on ${where}: ${reason(error)}`, { cause: error });
  }
  return new MetricsServer(server, options);
}

/** The daemon's page for Prometheus. `serveMetrics` makes one. */
export class MetricsServer {
  readonly #server: Server;

  constructor(server: Server, { onProblem, timeout = defaultTimeout }: MetricsServerOptions) {
    this.#server = server;
    server.on("error", (error) => onProblem(reason(error)));
    server.on("connection", (socket) => {
      const timer = setTimeout(() => socket.destroy(), timeout);
      socket.once("close", () => clearTimeout(timer));
    });
  }

  /** The port it listens on. */
  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" ? (address?.port ?? 0) : 0;
  }

  /** Closes all connections. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}

function answer(
  { method, url = "" }: IncomingMessage,
  response: ServerResponse,
  { text, onProblem }: MetricsServerOptions,
): void {
  response.setHeader("Connection", "close");
  if (url.replace(/\?.*$/s, "") !== "/metrics") {
    refuse(response, 404, "not found: try /metrics");
  } else if (method !== "GET" && method !== "HEAD") {
    response.setHeader("Allow", "GET, HEAD");
    refuse(response, 405, "only GET and HEAD");
  } else {
    try {
      const body = text();
      response.setHeader("Content-Type", contentType);
      response.setHeader("Content-Length", Buffer.byteLength(body));
      response.end(method === "HEAD" ? undefined : body);
    } catch (error) {
      onProblem(reason(error));
      refuse(response, 500, "internal error");
    }
  }
}

function refuse(response: ServerResponse, status: number, why: string): void {
  response.statusCode = status;
  response.setHeader("Content-Type", "text/plain; charset=utf-8");
  response.end(`${why}\n`);
}
