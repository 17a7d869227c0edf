// Only this file knows the client of Redis. It is loaded with the first connection.
import { Buffer } from "node:buffer";
import type { RedisClientOptions } from "@redis/client";
import { expireAt, systemClock } from "../base/clock.ts";
import { reason } from "../base/errors.ts";
import type { ServerAddress, StoreAddress } from "../base/store-address.ts";
import { formatStore } from "../base/store-address.ts";
import { later } from "../base/time.ts";
import { BoardError } from "./board.ts";
import { storeWords } from "./store-words.ts";

/** An answer of the store: texts are bytes. */
export type RedisReply = Buffer | string | number | null | readonly RedisReply[];

/** How the store is reached. */
export interface RedisAccess extends Omit<ServerAccess, "address"> {
  readonly address: StoreAddress;
  /** For sentinels, who have users of their own. */
  readonly sentinelUser?: string;
  readonly sentinelPassword?: string;
}

/** How one server is reached. */
export interface ServerAccess {
  readonly address: ServerAddress;
  readonly user?: string;
  readonly password?: string;
  /** Certificates of the authority that the store's certificate is checked against, as PEM. */
  readonly ca?: string;
  readonly limits?: StoreLimits;
}

/** How long a store may take: milliseconds. */
export interface StoreLimits {
  /** For an answer, beside those that an operation waits by itself. */
  readonly answer: number;
  /** For a connection with all that is asked at its start. */
  readonly connect: number;
}

export const usualLimits: StoreLimits = { answer: 2_000, connect: 3_000 };

/** Error replies of a server that cannot do its work now: another connection may find one that can. */
const unusable = /^(?:READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|UNKILLABLE)\b/;

/** One connection to a store. */
export interface RedisConnection {
  /** Sends a command. Throws a `BoardError`, `lost` also after `limit` milliseconds without an answer. */
  ask(words: readonly (string | Buffer)[], limit: number): Promise<RedisReply>;
  /** Calls `task` once when the connection has ended. */
  onLost(task: () => void): void;
  close(): void;
}

/** Connects. Throws a `BoardError`. */
export async function openConnection(access: ServerAccess): Promise<RedisConnection> {
  const { createClient, RESP_TYPES, ErrorReply } = await import("@redis/client");
  const { connect } = access.limits ?? usualLimits;
  const client = createClient(optionsOf(access, connect));
  const store = formatStore(access.address);
  let lost: BoardError | undefined;
  let tasks: (() => void)[] = [];

  const lose = (error: BoardError) => {
    if (lost !== undefined) return;
    lost = error;
    try {
      client.destroy();
    } catch {
      // It was never open, or has closed by itself.
    }
    for (const task of tasks.splice(0)) task();
  };
  const fail = (thrown: unknown): BoardError => {
    if (lost !== undefined) return lost;
    const text = storeWords(reason(thrown), access.password);
    if (thrown instanceof ErrorReply && !unusable.test(text)) {
      return new BoardError("refused", `the store ${store} refuses: ${text}`, thrown);
    }
    const error = new BoardError("lost", `the store ${store} is lost: ${text}`, thrown);
    lose(error);
    return error;
  };
  const within = async <T>(limit: number, answer: Promise<T>): Promise<T> => {
    let cancel = () => {};
    const silence = new Promise<never>((_, reject) => {
      // The client's own limits end when a command is written.
      const error = () => new Error(`no answer for ${(limit / 1000).toFixed(1)} s`);
      cancel = expireAt(systemClock, later(systemClock.now(), limit), () => reject(error()));
    });
    try {
      return await Promise.race([answer, silence]);
    } catch (thrown) {
      throw fail(thrown);
    } finally {
      cancel();
    }
  };

  client.on("error", (error: unknown) => fail(error));
  client.on("end", () => fail(new Error("the connection has ended")));
  try {
    await within(connect, client.connect());
    // Without a password nothing was said so far, and anything may listen there.
    await within(connect, client.sendCommand(["PING"]));
  } catch (thrown) {
    // Whatever the store refuses at the start, there is no connection.
    lose(thrown instanceof BoardError ? thrown : fail(thrown));
    throw thrown;
  }
  const bytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  return {
    ask(words, limit) {
      if (lost !== undefined) return Promise.reject(lost);
      return within(limit, bytes.sendCommand<RedisReply>(words));
    },
    onLost(task) {
      if (lost === undefined) tasks = [...tasks, task];
      else task();
    },
    close: () => lose(new BoardError("lost", "this gateway has closed the connection")),
  };
}

function optionsOf(
  { address, user, password, ca }: ServerAccess,
  connectTimeout: number,
): RedisClientOptions {
  const common = { connectTimeout, reconnectStrategy: false } as const;
  const { kind } = address;
  const tls = { ...common, tls: true, ...(ca === undefined ? {} : { ca }) } as const;
  return {
    // One shape of answers, whatever the server.
    RESP: 2,
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    // Redis 7.0 does not know the command that it sends otherwise, nor may an ACL name it.
    disableClientInfo: true,
    disableOfflineQueue: true,
    maintNotifications: "disabled",
    socket:
      kind === "unix"
        ? { ...common, path: address.path, tls: false }
        : { ...(address.tls ? tls : common), host: address.host, port: address.port },
  };
}
