import { RedisBoard } from "../../src/fleet/redis-board.ts";
import type { RedisAccess, StoreLimits } from "../../src/fleet/redis-connection.ts";
import { Folder } from "./knockd.ts";
import { Process } from "./process.ts";
import { peer } from "./requirements.ts";

/** Ten times the usual ones: a busy machine may stop a store for seconds. */
export const patientLimits: StoreLimits = { answer: 20_000, connect: 30_000 };

/** A store for one test, on a socket in a folder of its own. */
export class RedisServer {
  readonly folder: Folder;
  readonly access: RedisAccess;
  #process: Process;
  readonly #options: readonly string[];

  private constructor(folder: Folder, options: readonly string[]) {
    this.folder = folder;
    this.#options = options;
    const address = { kind: "unix", path: folder.at("redis.sock") } as const;
    this.access = { address, limits: patientLimits };
    this.#process = this.#run();
  }

  /** `options`: words of its command line, beside those that keep it in its folder. */
  static async start(...options: readonly string[]): Promise<RedisServer> {
    const server = new RedisServer(new Folder(), options);
    await server.#ready();
    return server;
  }

  signal(name: NodeJS.Signals): void {
    this.#process.signal(name);
  }

  connect(limits = patientLimits): Promise<RedisBoard> {
    return RedisBoard.open("office", { ...this.access, limits });
  }

  /** Runs redis-cli; returns what it prints. */
  async cli(...words: readonly string[]): Promise<string> {
    const socket = ["-s", this.folder.at("redis.sock")];
    const { stdout } = await new Process([peer("redis-cli"), ...socket, ...words]).ended;
    return stdout.trim();
  }

  async kill(): Promise<void> {
    this.#process.signal("SIGKILL");
    await this.#process.ended;
  }

  /** Starts a killed one again; `more`: words of its command line beside those of before. */
  async restart(...more: readonly string[]): Promise<void> {
    this.#process = this.#run(more);
    await this.#ready();
  }

  async close(): Promise<void> {
    await this.kill();
  }

  #run(more: readonly string[] = []): Process {
    const settings = ["--port", "0", "--unixsocket", this.folder.at("redis.sock"), "--save", ""];
    const place = ["--dir", this.folder.path, "--daemonize", "no"];
    return new Process([peer("redis-server"), ...settings, ...place, ...this.#options, ...more]);
  }

  async #ready(): Promise<void> {
    await this.#process.waitFor(/ready to accept connections/i);
  }
}
