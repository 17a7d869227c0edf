import type { Socket } from "node:net";

/**
 * Connections that have shown no bearer, as those of other local users. They are bounded, and one more ends the
 * oldest: connections that wait keep no new page out.
 */
export class UnknownConnections {
  readonly #most: number;
  /** The oldest first. */
  readonly #sockets = new Set<Socket>();

  constructor(most: number) {
    this.#most = most;
  }

  add(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    const [oldest] = this.#sockets;
    if (this.#sockets.size > this.#most) oldest?.destroy();
  }

  /** A request of this connection had a bearer. */
  accept(socket: Socket): void {
    this.#sockets.delete(socket);
  }
}
