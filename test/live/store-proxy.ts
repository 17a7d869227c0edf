import type { Server, Socket } from "node:net";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { RedisBoard } from "../../src/fleet/redis-board.ts";
import type { RedisAccess } from "../../src/fleet/redis-connection.ts";
import type { RedisServer } from "./redis-server.ts";
import { patientLimits } from "./redis-server.ts";

/** The way of one gateway to a store, which a test may cut or slow down. */
export class StoreProxy {
  readonly access: RedisAccess;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** While true all bytes vanish, and no connection ends. */
  isSilent = false;
  /** Milliseconds by which all bytes are late, each way. */
  delay = 0;

  private constructor(server: Server, access: RedisAccess) {
    this.#server = server;
    this.access = access;
  }

  static async open(store: RedisServer, name: string, limits = patientLimits): Promise<StoreProxy> {
    const path = store.folder.at(`${name}.sock`);
    const server = createServer({ allowHalfOpen: true });
    const proxy = new StoreProxy(server, { address: { kind: "unix", path }, limits });
    const target = store.folder.at("redis.sock");
    server.on("connection", (gateway) => proxy.#join(gateway, connect(target)));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return proxy;
  }

  connect(): Promise<RedisBoard> {
    return RedisBoard.open("office", this.access);
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(gateway: Socket, store: Socket): void {
    for (const [from, to] of [
      [gateway, store],
      [store, gateway],
    ] as const) {
      this.#sockets.add(from);
      // What is late delays what comes after it: nothing overtakes on a connection.
      let last = Promise.resolve<unknown>(undefined);
      let waiting = 0;
      from.on("data", (bytes) => {
        if (this.isSilent) return;
        if (this.delay === 0 && waiting === 0) {
          to.write(bytes);
          return;
        }
        waiting++;
        const late = sleep(this.delay);
        last = last
          .then(() => late)
          .then(() => {
            waiting--;
            to.write(bytes);
          });
      });
      // The end of a connection is lost on a silent way, too.
      from.on("end", () => {
        if (!this.isSilent) void last.then(() => to.end());
      });
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.on("error", () => to.destroy());
    }
  }
}
