import { parsePortNumber } from "../base/port.ts";
import type { ServerAddress, StoreAddress, StoreHost } from "../base/store-address.ts";
import { formatStore } from "../base/store-address.ts";
import { BoardError } from "./board.ts";
import type { RedisAccess, ServerAccess } from "./redis-connection.ts";
import { openConnection, usualLimits } from "./redis-connection.ts";

/** Returns how the server is reached that takes changes now. Throws a `BoardError` if no sentinel knows it. */
export async function findServer(access: RedisAccess): Promise<ServerAccess> {
  const { address } = access;
  return { ...access, address: address.kind === "sentinel" ? await ask(address, access) : address };
}

/** One sentinel may hang, and one that is cut off from the others may know an old master: the first answer counts. */
async function ask(
  address: StoreAddress & { readonly kind: "sentinel" },
  access: RedisAccess,
): Promise<ServerAddress> {
  try {
    const { name, sentinels } = address;
    return await Promise.any(sentinels.map((sentinel) => askOne(sentinel, name, access)));
  } catch (thrown) {
    const store = formatStore(address);
    throw new BoardError("lost", `no sentinel knows the master of ${store}`, thrown);
  }
}

async function askOne(
  sentinel: StoreHost,
  name: string,
  { sentinelUser, sentinelPassword, limits = usualLimits }: RedisAccess,
): Promise<ServerAddress> {
  const connection = await openConnection({
    address: { kind: "tcp", tls: false, ...sentinel },
    ...(sentinelUser === undefined ? {} : { user: sentinelUser }),
    ...(sentinelPassword === undefined ? {} : { password: sentinelPassword }),
    limits,
  });
  try {
    const question = ["SENTINEL", "get-master-addr-by-name", name];
    const reply = await connection.ask(question, limits.answer);
    const [host, digits] = Array.isArray(reply) ? reply.map(String) : [];
    const port = parsePortNumber(digits ?? "");
    if (host === undefined || port === undefined) throw new Error("an unknown master");
    return { kind: "tcp", tls: false, host, port };
  } finally {
    connection.close();
  }
}
