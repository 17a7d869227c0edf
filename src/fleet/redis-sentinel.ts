import { parsePortNumber } from "../base/port.ts";
import type { ServerAddress, StoreAddress, StoreHost } from "../base/store-address.ts";
import { formatStore } from "../base/store-address.ts";
import { BoardError } from "./board.ts";
import type { RedisAccess, RedisReply, ServerAccess } from "./redis-connection.ts";
import { openConnection, usualLimits } from "./redis-connection.ts";

type Sentinels = StoreAddress & { readonly kind: "sentinel" };

/**
 * Returns how the server is reached that takes changes now. Throws a `BoardError` if no sentinel knows it, or what
 * they know takes none.
 */
export async function findServer(access: RedisAccess): Promise<ServerAccess> {
  const { address } = access;
  return {
    ...access,
    address: address.kind === "sentinel" ? await find(address, access) : address,
  };
}

/** A sentinel that is cut off from the others may know an old master for ever: what most of them say is tried first. */
async function find(address: Sentinels, access: RedisAccess): Promise<ServerAddress> {
  let failure: unknown;
  const named = await askAll(address, access);
  for (const server of named) {
    try {
      if (await isMaster({ ...access, address: server })) return server;
      failure = new BoardError("lost", `the store ${formatStore(server)} is a replica`);
    } catch (thrown) {
      failure = thrown;
    }
  }
  const message = `no sentinel knows the master of ${formatStore(address)}`;
  throw failure ?? new BoardError("lost", message);
}

/**
 * Returns the servers that sentinels name as the master, those that most of them name first. One that hangs delays
 * this no more once a majority agrees.
 */
async function askAll(
  { sentinels, name }: Sentinels,
  access: RedisAccess,
): Promise<ServerAddress[]> {
  const votes = new Map<string, { readonly server: ServerAddress; count: number }>();
  let isDecided = () => {};
  const decided = new Promise<void>((resolve) => {
    isDecided = resolve;
  });
  const asked = sentinels.map(async (sentinel) => {
    const server = await askOne(sentinel, name, access);
    const text = formatStore(server);
    const vote = votes.get(text) ?? { server, count: 0 };
    vote.count++;
    votes.set(text, vote);
    if (2 * vote.count > sentinels.length) isDecided();
  });
  await Promise.race([Promise.allSettled(asked), decided]);
  const sorted = [...votes.values()].sort((a, b) => b.count - a.count);
  return sorted.map(({ server }) => server);
}

async function askOne(
  sentinel: StoreHost,
  name: string,
  { sentinelUser, sentinelPassword, limits = usualLimits }: RedisAccess,
): Promise<ServerAddress> {
  const access = {
    address: { kind: "tcp", tls: false, ...sentinel },
    ...(sentinelUser === undefined ? {} : { user: sentinelUser }),
    ...(sentinelPassword === undefined ? {} : { password: sentinelPassword }),
    limits,
  } as const;
  const reply = await askOnce(access, ["SENTINEL", "get-master-addr-by-name", name]);
  const [host, digits] = Array.isArray(reply) ? reply.map(String) : [];
  const port = parsePortNumber(digits ?? "");
  if (host === undefined || port === undefined) throw new Error("an unknown master");
  return { kind: "tcp", tls: false, host, port };
}

/** A master that failed may be back as a replica, or not be one yet. */
async function isMaster(access: ServerAccess): Promise<boolean> {
  try {
    const reply = await askOnce(access, ["INFO", "replication"]);
    return /^role:master\r?$/m.test(String(reply));
  } catch (thrown) {
    // Without the right to ask, or any: the next connection says which.
    if (thrown instanceof BoardError && thrown.kind === "refused") return true;
    throw thrown;
  }
}

async function askOnce(access: ServerAccess, words: readonly string[]): Promise<RedisReply> {
  const connection = await openConnection(access);
  try {
    return await connection.ask(words, (access.limits ?? usualLimits).answer);
  } finally {
    connection.close();
  }
}
