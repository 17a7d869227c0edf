import { execFileSync } from "node:child_process";
import type { User } from "../../firewall/command.ts";

/** Asked for once each: a directory service may be slow, and a knock must not wait for it twice. */
const known = new Map<string, User>();

/** A user by name, as the system knows it: /etc/passwd, LDAP, … Throws if there is none. */
export function findUser(name: string): User {
  const user = known.get(name) ?? askForUser(name);
  known.set(name, user);
  return user;
}

function askForUser(name: string): User {
  const ask = (what: string) => {
    const how = { encoding: "utf8", timeout: 5000, stdio: "pipe" } as const;
    const answer = execFileSync("id", [what, "--", name], how);
    return Number(answer.trim());
  };
  return { uid: ask("-u"), gid: ask("-g") };
}
