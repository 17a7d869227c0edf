import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { LiveHost } from "./host.ts";
import type { Folder } from "./knockd.ts";
import { needs, peer } from "./requirements.ts";
import { run } from "./run.ts";

/** The reason to skip a test that needs an sshd, one who logs in, and these programs besides; see `needs`. */
export function needsSshd(...commands: string[]): string | undefined {
  return needs("sshd", "ssh", "ssh-keygen", ...commands) ?? needsUsers();
}

/** sshd becomes another user for what it does before a log-in: in a world with one user it cannot. */
function needsUsers(): string | undefined {
  if (readFileSync("/proc/self/uid_map", "utf8").includes("4294967295")) return undefined;
  console.warn("skipped: sshd needs root, not a user namespace");
  return "no users";
}

/**
 * Starts an sshd on port 22 that lets root in by the key `user` of the folder, which it makes. Until
 * `releaseUsers` there may be a list of users in place of the system's. `more` are lines of sshd_config.
 */
export async function startSshd(
  host: LiveHost,
  folder: Folder,
  more: readonly string[] = [],
): Promise<void> {
  for (const key of ["host", "user"]) {
    await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder.at(key)]);
  }
  // One that is unpacked has no user of its own, and its parts are not where it looks for them.
  const passwd = readFileSync("/etc/passwd", "utf8");
  if (!passwd.includes("\nsshd:")) {
    const user = "sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n";
    const users = folder.write("passwd", passwd.replace(/\n*$/, "\n") + user);
    await run(["mount", "--bind", users, "/etc/passwd"]);
  }
  const parts = join(dirname(peer("sshd")), "../lib/openssh");
  const session = join(parts, "sshd-session");
  const auth = join(parts, "sshd-auth");
  mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const settings = [
    "Port 22",
    `HostKey ${folder.at("host")}`,
    `AuthorizedKeysFile ${folder.at("user.pub")}`,
    "StrictModes no",
    "UsePAM no",
    "PermitRootLogin yes",
    "PidFile none",
    "PrintMotd no",
    "PrintLastLog no",
    "Subsystem sftp internal-sftp",
    ...(existsSync(session) ? [`SshdSessionPath ${session}`] : []),
    ...(existsSync(auth) ? [`SshdAuthPath ${auth}`] : []),
    ...more,
  ];
  const config = folder.write("sshd_config", `${settings.join("\n")}\n`);
  await host.start([peer("sshd"), "-D", "-e", "-f", config]).waitFor(/listening on 0\.0\.0\.0/);
}

/** The system has its own users again. */
export async function releaseUsers(): Promise<void> {
  await run(["umount", "/etc/passwd"], { ok: "any" });
}
