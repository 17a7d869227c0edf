import type { StoreAddress } from "../../src/base/store-address.ts";
import { parseStore } from "../../src/base/store-address.ts";
import { RedisBoard } from "../../src/fleet/redis-board.ts";
import { Folder } from "./knockd.ts";
import { Process } from "./process.ts";
import { patientLimits } from "./redis-server.ts";
import { peer } from "./requirements.ts";

export function storeAt(text: string): StoreAddress {
  const address = parseStore(text);
  if (address === undefined) throw new Error(`no store: ${text}`);
  return address;
}

/** Runs a server, or a sentinel, with these words of its command line. */
export async function serve(folder: Folder, port: number, ...words: string[]): Promise<Process> {
  const place = ["--bind", "127.0.0.1", "--dir", folder.path, "--daemonize", "no", "--save", ""];
  const server = new Process([peer("redis-server"), ...words, "--port", String(port), ...place]);
  await server.waitFor(/ready to accept connections|Sentinel ID is|monitor master/i);
  return server;
}

const ports = [7003, 7004, 7005];

/** A master, a replica, and three sentinels that watch them. */
export class WatchedStore {
  readonly address: StoreAddress = storeAt(
    `sentinel://${ports.map((port) => `127.0.0.1:${port}`).join(",")}/office`,
  );
  readonly master: Process;
  readonly replica: Process;
  readonly sentinels: readonly Process[];

  private constructor(master: Process, replica: Process, sentinels: readonly Process[]) {
    this.master = master;
    this.replica = replica;
    this.sentinels = sentinels;
  }

  static async start(): Promise<WatchedStore> {
    const folder = new Folder();
    const master = await serve(folder, 7001);
    const replica = await serve(folder, 7002, "--replicaof", "127.0.0.1", "7001");
    await replica.waitFor(/(?:MASTER|PRIMARY) <-> REPLICA sync: Finished with success/);
    const sentinels: Process[] = [];
    for (const port of ports) {
      const file = folder.write(
        `sentinel-${port}.conf`,
        "sentinel monitor office 127.0.0.1 7001 2\n" +
          "sentinel down-after-milliseconds office 1000\n" +
          "sentinel failover-timeout office 5000\n",
      );
      sentinels.push(await serve(folder, port, file, "--sentinel"));
    }
    // Each knows the others and the replica before anything fails.
    for (const one of sentinels) {
      await one.waitFor(/(?:\+sentinel sentinel [\s\S]*){2}/);
      await one.waitFor(/\+slave slave /);
    }
    return new WatchedStore(master, replica, sentinels);
  }

  /** Returns how many records the table of the master has. */
  async rows(): Promise<number> {
    const board = await RedisBoard.open("office", { address: this.address, limits: patientLimits });
    let count = 0;
    for await (const part of board.table()) count += part.length;
    board.close();
    return count;
  }

  async close(): Promise<void> {
    const all = [this.master, this.replica, ...this.sentinels];
    // A frozen one ends by no other signal.
    for (const one of all) one.signal("SIGKILL");
    await Promise.all(all.map((one) => one.ended));
  }
}
