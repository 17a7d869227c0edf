import type { Socket } from "node:net";
import type { Clock } from "../base/clock.ts";
import { Deadline } from "./deadline.ts";
import type { ControlHandlers, MethodHandlers } from "./handlers.ts";
import type { Limits } from "./limits.ts";
import { Lines } from "./lines.ts";
import type { Method } from "./methods.ts";
import type { MethodRequest, Request, WireError } from "./protocol.ts";
import { formatError, formatResult, parseRequest, toWire } from "./protocol.ts";
import { WatchStream } from "./watch.ts";

export interface ConnectionParts {
  readonly handlers: ControlHandlers;
  readonly limits: Limits;
  readonly clock: Clock;
  /** Is told of each request before it is carried out. */
  readonly onRequest: (request: Request) => void;
  /** Is told what a handler threw that was no KnockError. */
  readonly onMistake: (error: unknown) => void;
}

/**
 * One client: reads its requests, and writes the answers as they get ready. Who sends what is no
 * request, or is too slow, is told so and must go; who does not read waits alone.
 */
export class ControlConnection {
  readonly #socket: Socket;
  readonly #parts: ConnectionParts;
  readonly #lines: Lines;
  readonly #watches = new Map<WatchStream, () => void>();
  #inFlight = 0;
  /** Reading; or all is read, and not all answered; or only waiting for the client to hang up. */
  #state: "reading" | "answering" | "leaving" = "reading";
  readonly #deadline: Deadline<"request" | "rest" | "farewell">;

  constructor(socket: Socket, parts: ConnectionParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#lines = new Lines(parts.limits.request);
    this.#deadline = new Deadline(parts.clock);
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("drain", () => this.#drained());
    socket.on("end", () => this.#finish());
    socket.on("close", () => this.#forget());
    // "close" follows.
    socket.on("error", () => {});
    this.#wait();
  }

  /** Says why, and hangs up. */
  refuse(error: WireError, id: number | null = null): void {
    if (!this.#isReading) return;
    this.#write(formatError(id, error));
    this.#hangUp();
  }

  /** Ends the connection as soon as what was answered is sent. */
  #hangUp(): void {
    this.#state = "leaving";
    this.#endWatches();
    // With unread bytes the kernel would drop our last answer: read on, and ignore them.
    this.#socket.resume();
    this.#socket.end();
    this.#wait();
  }

  #read(chunk: Uint8Array): void {
    if (!this.#isReading) return;
    for (const line of this.#lines.push(chunk)) {
      this.#deadline.clear();
      this.#take(line);
      if (!this.#isReading) return;
    }
    if (this.#lines.isTooLong) {
      this.refuse(limit(`a request has at most ${this.#parts.limits.request} bytes`));
    } else this.#wait();
  }

  get #isReading(): boolean {
    return this.#state === "reading";
  }

  #take(line: Uint8Array): void {
    const request = parseRequest(line);
    if ("error" in request) {
      if (request.id === null) this.refuse(request.error);
      else this.#write(formatError(request.id, request.error));
      return;
    }
    const { inFlight } = this.#parts.limits;
    if (this.#inFlight + this.#watches.size >= inFlight) {
      const error = limit(`at most ${inFlight} requests at once: wait for an answer`);
      this.#write(formatError(request.id, error));
      return;
    }
    this.#parts.onRequest(request);
    if (request.method === "watch") this.#watch(request.id);
    else void this.#answer(request);
  }

  #watch(id: number): void {
    const { handlers, limits } = this.#parts;
    const watch = new WatchStream(id, this.#socket, limits.backlog);
    const stop = handlers.watch((entry, wall) => watch.send(entry, wall));
    this.#watches.set(watch, stop);
  }

  async #answer(request: MethodRequest): Promise<void> {
    this.#inFlight++;
    let line: string;
    try {
      line = formatResult(request.id, await call(this.#parts.handlers, request));
    } catch (thrown) {
      const error = toWire(thrown);
      if (error.code === "INTERNAL") this.#parts.onMistake(thrown);
      line = formatError(request.id, error);
    }
    this.#inFlight--;
    this.#write(line);
    if (this.#state === "answering" && this.#inFlight === 0) this.#hangUp();
    else this.#wait();
  }

  #write(line: string): void {
    if (!this.#socket.writable) return;
    this.#socket.write(`${line}\n`);
    if (this.#socket.writableLength > this.#parts.limits.backlog) this.#socket.pause();
  }

  #drained(): void {
    for (const watch of this.#watches.keys()) watch.catchUp();
    this.#socket.resume();
  }

  /** The client says no more; what it asked for is still answered. */
  #finish(): void {
    if (!this.#isReading) return;
    this.#state = "answering";
    this.#endWatches();
    if (this.#inFlight === 0) this.#hangUp();
    else this.#wait();
  }

  #forget(): void {
    this.#state = "leaving";
    this.#endWatches();
    this.#deadline.clear();
  }

  #endWatches(): void {
    for (const stop of this.#watches.values()) stop();
    this.#watches.clear();
  }

  /** Waits for what the client has to do next, and no longer than it may take. */
  #wait(): void {
    const { idleTime, requestTime, farewellTime } = this.#parts.limits;
    // It may have left before its answer was ready.
    if (this.#socket.destroyed) this.#deadline.clear();
    else if (this.#state === "leaving") {
      this.#deadline.keep("farewell", farewellTime, () => this.#socket.destroy());
    } else if (this.#state === "reading" && this.#lines.isPartial) {
      // A byte now and then does not extend the time.
      const error = limit("the request took too long to arrive");
      this.#deadline.keep("rest", requestTime, () => this.refuse(error));
    } else if (this.#state === "reading" && this.#inFlight + this.#watches.size === 0) {
      this.#deadline.keep("request", idleTime, () => this.#hangUp());
    } else this.#deadline.clear();
  }
}

function limit(message: string): WireError {
  return { code: "LIMIT", message, hints: [] };
}

/** `async`, so that what a handler throws at once is caught where what it rejects with is. */
async function call<M extends Method>(
  handlers: MethodHandlers,
  { method, params }: MethodRequest<M>,
): Promise<unknown> {
  return handlers[method](params);
}
