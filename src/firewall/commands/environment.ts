import { ownerName } from "../../base/access-owner.ts";
import type { User } from "../../system/users.ts";
import type { CommandAccess } from "../firewall.ts";

/** As login(1) has them; only root's has programs for administrators. */
const userPath = "/usr/local/bin:/usr/bin:/bin";
const rootPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * Returns the environment of a command: that of the daemon, in which `user`, if there is one, finds what
 * a log-in would set, and KNOCK_IP, KNOCK_DOOR, KNOCK_WHO, KNOCK_PORT and KNOCK_PROTO.
 */
export function commandEnvironment(
  { source, owner, knock, who = "" }: CommandAccess,
  user: User | undefined,
): Record<string, string | undefined> {
  return {
    ...process.env,
    ...(user && logInVariables(user)),
    KNOCK_IP: source.toString(),
    KNOCK_DOOR: ownerName(owner),
    KNOCK_WHO: who,
    ...(knock && { KNOCK_PORT: String(knock.port), KNOCK_PROTO: knock.protocol }),
  };
}

function logInVariables({ name, uid, home, shell }: User): Record<string, string> {
  const path = uid === 0 ? rootPath : userPath;
  return { HOME: home, USER: name, LOGNAME: name, SHELL: shell, PATH: path };
}
