import { Buffer } from "node:buffer";
import { expireAt, systemClock } from "../base/clock.ts";
import { later } from "../base/time.ts";
import type { Board, BoardRow, LogBatch, LogPosition, StoreFacts, ToldRow } from "./board.ts";
import { BoardError, hasGapAfter, logStart, longestLog } from "./board.ts";
import { boundedRows } from "./bounded-rows.ts";
import type { RedisAccess, RedisConnection, RedisReply } from "./redis-connection.ts";
import { openConnection, usualLimits } from "./redis-connection.ts";
import { markScript, putScript } from "./redis-scripts.ts";
import { findServer } from "./redis-sentinel.ts";
import type { FleetStamp, FleetTime } from "./stamp.ts";
import { fleetTime, noStamp } from "./stamp.ts";

/** Rows of the table, and entries of the log, that one reply has, about. */
const tablePart = "500";
const logPart = "200";

/** A board in Redis or Valkey, on two connections: one of them waits for the log. */
export class RedisBoard implements Board {
  readonly #fleet: string;
  readonly #commands: RedisConnection;
  readonly #log: RedisConnection;
  /** Milliseconds for an answer. */
  readonly #limit: number;

  private constructor(
    fleet: string,
    commands: RedisConnection,
    log: RedisConnection,
    limit: number,
  ) {
    this.#fleet = fleet;
    this.#commands = commands;
    this.#log = log;
    this.#limit = limit;
  }

  /** Connects for a fleet of this name. Throws a `BoardError`. */
  static async open(fleet: string, access: RedisAccess): Promise<RedisBoard> {
    const server = await findServer(access);
    const opened = await Promise.allSettled([openConnection(server), openConnection(server)]);
    const connections = opened.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    const [commands, log] = connections;
    if (commands !== undefined && log !== undefined) {
      commands.onLost(() => log.close());
      log.onLost(() => commands.close());
      return new RedisBoard(fleet, commands, log, (access.limits ?? usualLimits).answer);
    }
    for (const one of connections) one.close();
    const failed = opened.find((one) => one.status === "rejected");
    throw failed?.reason;
  }

  async time(): Promise<FleetTime> {
    const [seconds, microseconds] = listOf(await this.#ask(["TIME"])).map(numberOf);
    return fleetTime((seconds ?? 0) * 1000 + (microseconds ?? 0) / 1000);
  }

  async put(rows: readonly ToldRow[]): Promise<string> {
    const keys = ["now", "end", "log", "n"].map((name) => this.#key(name));
    const words = rows.flatMap(({ field, stamp, sealed, left }) => [
      field,
      Buffer.concat([Buffer.from(`${stamp} `), sealed]),
      String(Math.max(1, Math.ceil(left))),
    ]);
    const count = String(keys.length);
    return textOf(
      await this.#ask(["EVAL", putScript, count, ...keys, String(longestLog), ...words]),
    );
  }

  async *table(): AsyncIterable<readonly BoardRow[]> {
    yield* boundedRows(this.#scan("now"));
  }

  async lookUp(fields: readonly string[]): Promise<readonly BoardRow[]> {
    if (fields.length === 0) return [];
    const values = listOf(await this.#ask(["HMGET", this.#key("now"), ...fields]));
    return fields.flatMap((field, i) => {
      const value = values[i];
      return value instanceof Buffer ? [rowOf(field, value)] : [];
    });
  }

  async end(): Promise<LogPosition> {
    const newest = ["XREVRANGE", this.#key("log"), "+", "-", "COUNT", "1"];
    const [entry] = listOf(await this.#ask(newest)).map(entryOf);
    return entry?.position ?? logStart;
  }

  async follow(after: LogPosition, wait: number): Promise<LogBatch> {
    const words = ["COUNT", logPart, "BLOCK", String(wait), "STREAMS", this.#key("log"), after.id];
    const reply = await this.#log.ask(["XREAD", ...words], this.#limit + wait);
    const [stream] = reply === null ? [] : listOf(reply).map(listOf);
    const entries = stream === undefined ? [] : listOf(stream[1] ?? []).map(entryOf);
    const numbers = entries.map(({ position }) => position.n);
    return {
      rows: entries.flatMap(({ rows }) => rows),
      position: entries.at(-1)?.position ?? after,
      hasGap: hasGapAfter(after.n, numbers),
    };
  }

  async claim(name: string, owner: string, life: number, limit: number): Promise<boolean> {
    const key = this.#key(`seen:${name}`);
    const words = ["SET", key, owner, "NX", "GET", "PX", String(Math.ceil(life))];
    const holder = await this.#inTime(this.#ask(words), limit);
    return holder === null || textOf(holder) === owner;
  }

  async mark(
    list: string,
    mark: string,
    expected: string | undefined,
    limit: number,
  ): Promise<string | undefined> {
    // The mark that is held may be any bytes, which Latin-1 keeps.
    const texts = [mark, expected ?? mark].map((text) => Buffer.from(text, "latin1"));
    const words = ["EVAL", markScript, "1", this.#key("used"), list, ...texts];
    const held = await this.#inTime(this.#ask(words), limit);
    return held instanceof Buffer ? held.toString("latin1") : undefined;
  }

  async beat(gateway: string, { stamp, sealed }: BoardRow): Promise<void> {
    const value = Buffer.concat([Buffer.from(`${stamp} `), sealed]);
    await this.#ask(["HSET", this.#key("gateways"), gateway, value]);
  }

  async heartbeats(): Promise<readonly BoardRow[]> {
    const all: BoardRow[] = [];
    for await (const rows of boundedRows(this.#scan("gateways"))) all.push(...rows);
    return all;
  }

  async forget(gateway: string): Promise<void> {
    await this.#ask(["HDEL", this.#key("gateways"), gateway]);
  }

  async facts(): Promise<StoreFacts> {
    const [server, memory] = [
      await this.#ask(["INFO", "server"]),
      await this.#ask(["INFO", "memory"]),
    ];
    const member = (reply: RedisReply, name: string) =>
      new RegExp(`^${name}:(.*?)\r?$`, "m").exec(textOf(reply))?.[1] ?? "";
    return {
      version: member(server, "redis_version"),
      maxmemoryPolicy: member(memory, "maxmemory_policy"),
    };
  }

  close(): void {
    this.#commands.close();
    this.#log.close();
  }

  /** The braces keep all keys of a fleet in one slot of a cluster. */
  #key(name: string): string {
    return `sesame:{${this.#fleet}}:${name}`;
  }

  #ask(words: readonly (string | Buffer)[]): Promise<RedisReply> {
    return this.#commands.ask(words, this.#limit);
  }

  async *#scan(hash: string): AsyncIterable<readonly BoardRow[]> {
    let cursor = "0";
    do {
      const words = ["HSCAN", this.#key(hash), cursor, "COUNT", tablePart];
      const [next = "", found = []] = listOf(await this.#ask(words));
      cursor = textOf(next);
      yield rowsOf(listOf(found));
    } while (cursor !== "0");
  }

  async #inTime(answer: Promise<RedisReply>, limit: number): Promise<RedisReply> {
    let cancel = () => {};
    const late = new Promise<never>((_, reject) => {
      const error = () => new BoardError("late", `no answer within ${Math.round(limit)} ms`);
      cancel = expireAt(systemClock, later(systemClock.now(), limit), () => reject(error()));
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      cancel();
    }
  }
}

/** Fields and values in turn. */
function rowsOf(found: readonly RedisReply[]): BoardRow[] {
  const rows: BoardRow[] = [];
  for (let i = 0; i + 1 < found.length; i += 2) {
    const value = found[i + 1];
    if (value instanceof Buffer) rows.push(rowOf(textOf(found[i] ?? ""), value));
  }
  return rows;
}

/** `STAMP SEALED`. Of something else the stamp is `noStamp`: no sealed record bears it. */
function rowOf(field: string, value: Buffer): BoardRow {
  const blank = value.indexOf(0x20);
  const stamp = Number(value.toString("latin1", 0, Math.max(blank, 0)));
  return {
    field,
    stamp: (Number.isSafeInteger(stamp) ? stamp : noStamp) as FleetStamp,
    sealed: value.subarray(blank + 1),
  };
}

/** An entry of the log: its id, and `n`, its number, fields and values in turn. */
function entryOf(entry: RedisReply): { readonly position: LogPosition; readonly rows: BoardRow[] } {
  const [id = "", members = []] = listOf(entry);
  const [, n = "", ...found] = listOf(members);
  return { position: { id: textOf(id), n: numberOf(n) }, rows: rowsOf(found) };
}

function listOf(reply: RedisReply): readonly RedisReply[] {
  if (Array.isArray(reply)) return reply;
  throw new BoardError("lost", "the store's answer is not a list");
}

function textOf(reply: RedisReply): string {
  return String(reply ?? "");
}

function numberOf(reply: RedisReply): number {
  return Number(textOf(reply));
}
