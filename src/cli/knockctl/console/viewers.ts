// The open pages of a console: each gets what has changed since what it was sent last.
import type { ServerResponse } from "node:http";
import type { ConsoleLine, ConsoleView } from "./view.ts";
import { emptyView, formatChange } from "./view.ts";

/** Pages at once. */
export const mostViewers = 8;

/** A page that gets nothing for so long cannot tell a silent console from a dead one: milliseconds. */
const heartbeat = 10_000;

/** A page that takes nothing for so long is gone: milliseconds. */
const patience = 60_000;

/** Lines of the log that a new page gets. */
const mostLines = 100;

interface Viewer {
  readonly response: ServerResponse;
  sent: ConsoleView;
  /** How many lines were there when it was last sent some. */
  lines: number;
  lastSent: number;
}

export interface ViewersOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** There is the first page, or there is none any more. */
  readonly onWatched: (isWatched: boolean) => void;
}

export class Viewers {
  readonly #options: ViewersOptions;
  readonly #viewers = new Set<Viewer>();
  readonly #lines: ConsoleLine[] = [];
  #view: ConsoleView = emptyView;
  #lineCount = 0;

  constructor(options: ViewersOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#viewers.size;
  }

  /** Begins the stream of a page, which ends with its connection. */
  add(response: ServerResponse): void {
    const viewer = { response, sent: emptyView, lines: 0, lastSent: this.#options.now() };
    this.#viewers.add(viewer);
    response.on("close", () => {
      this.#viewers.delete(viewer);
      if (this.#viewers.size === 0) this.#options.onWatched(false);
    });
    response.on("drain", () => this.#send(viewer));
    response.write(": knockctl console\n\n");
    this.#send(viewer);
    if (this.#viewers.size === 1) this.#options.onWatched(true);
  }

  /** Shows another state to all pages. */
  show(view: ConsoleView): void {
    this.#view = view;
    this.#sendAll();
  }

  /** Shows a line of the log with the next state. */
  log(line: ConsoleLine): void {
    this.#lineCount++;
    this.#lines.push(line);
    if (this.#lines.length > mostLines) this.#lines.shift();
  }

  /** Ends all streams. */
  close(): void {
    for (const { response } of this.#viewers) response.destroy();
  }

  #sendAll(): void {
    for (const viewer of this.#viewers) this.#send(viewer);
  }

  #send(viewer: Viewer): void {
    const now = this.#options.now();
    const { response, sent, lines, lastSent } = viewer;
    // What a slow page has not taken waits here as a difference, not in a buffer.
    if (response.writableNeedDrain) {
      if (now - lastSent > patience) response.destroy();
      return;
    }
    const news = Math.min(this.#lineCount - lines, this.#lines.length);
    const fresh = this.#lines.slice(this.#lines.length - news);
    const change = formatChange(sent, this.#view, fresh, now);
    if (change === undefined && now - lastSent < heartbeat) return;
    viewer.sent = this.#view;
    viewer.lines = this.#lineCount;
    viewer.lastSent = now;
    response.write(change === undefined ? ": still here\n\n" : `data: ${change}\n\n`);
  }
}
