import type { User } from "../../src/system/users.ts";

/** A user in no group but the own one. */
export function makeUser(name: string, uid: number, gid: number = uid): User {
  return { name, uid, gid, groups: [gid], home: `/home/${name}`, shell: "/bin/bash" };
}
