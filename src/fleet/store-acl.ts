/** What the gateways of a fleet may do in the store, and nothing else. */
const commands = [
  ...["hmget", "info", "eval", "time", "incr", "hset", "hget", "hdel", "hscan", "zadd", "zrem"],
  ...["zrangebyscore", "xadd", "xread", "xrevrange", "set", "ping", "auth"],
];

/**
 * Returns the line of an ACL file that gives `user` the keys of one fleet. `secret`: a password as ACL files have
 * it, `#` and its SHA-256 or `>` and itself.
 */
export function storeAcl(fleet: string, user: string, secret: string): string {
  const rights = commands.map((command) => `+${command}`).join(" ");
  return `user ${user} on ${secret} resetchannels ~sesame:{${fleet}}:* -@all ${rights}`;
}
