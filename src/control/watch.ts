import type { Socket } from "node:net";
import type { Entry } from "../base/log.ts";
import type { WallTime } from "../base/time.ts";
import { formatDropped, formatEvent } from "./protocol.ts";

/** Events on their way to one client. One that reads too slowly loses some, and is told how many. */
export class WatchStream {
  readonly #id: number;
  readonly #socket: Socket;
  readonly #backlog: number;
  #dropped = 0;

  /** `id`: of the request; `backlog`: bytes that may wait to be read. */
  constructor(id: number, socket: Socket, backlog: number) {
    this.#id = id;
    this.#socket = socket;
    this.#backlog = backlog;
  }

  send(entry: Entry, wall: WallTime): void {
    if (this.#socket.writableLength > this.#backlog) {
      this.#dropped++;
      return;
    }
    this.catchUp();
    this.#socket.write(`${formatEvent(this.#id, entry, wall)}\n`);
  }

  /** Says how many events are missing at this place, if any are. */
  catchUp(): void {
    if (this.#dropped === 0) return;
    this.#socket.write(`${formatDropped(this.#id, this.#dropped)}\n`);
    this.#dropped = 0;
  }
}
