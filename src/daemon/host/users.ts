import { execFile, spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { Clock } from "../../base/clock.ts";
import { KnockError, reason } from "../../base/errors.ts";
import type { FindUser, User } from "../../firewall/command.ts";

const run = promisify(execFile);

/** How long a directory service may take: milliseconds. */
const patience = 5_000;

/** How long a look-up that failed is not tried again: milliseconds. */
const failureLasts = 30_000;

/** A look-up, and until when it counts: milliseconds on the clock's `now()`. */
interface Known {
  readonly user: Promise<User>;
  until: number;
}

/** Who runs the commands of doors. Each user is asked for once, since a directory service may be slow. */
export class Users {
  readonly #clock: Clock;
  readonly #ask: FindUser;
  readonly #known = new Map<string, Known>();

  constructor(clock: Clock, ask: FindUser = askSystem) {
    this.#clock = clock;
    this.#ask = ask;
  }

  /** Asks for these users, whatever was known of them: before a knock has to wait for the answer. */
  expect(names: readonly string[]): void {
    this.#known.clear();
    // What fails is told when a command needs it.
    for (const name of names) this.find(name).catch(() => {});
  }

  /** Rejected with SYSTEM if there is none of this name, or nobody answers. */
  find(name: string): Promise<User> {
    const known = this.#known.get(name);
    if (known !== undefined && this.#clock.now() < known.until) return known.user;
    const asked: Known = { user: this.#ask(name), until: Number.POSITIVE_INFINITY };
    this.#known.set(name, asked);
    asked.user.catch(() => {
      asked.until = this.#clock.now() + failureLasts;
    });
    return asked.user;
  }
}

/** Does this system know the user? Waits for the answer. */
export function hasUser(name: string): boolean {
  const { status } = spawnSync("id", ["-u", "--", name], { stdio: "ignore", timeout: patience });
  return status === 0;
}

/** The user in the text of a passwd(5). Pure. */
export function findInPasswd(text: string, name: string): User | undefined {
  const line = text.split("\n").find((one) => one.startsWith(`${name}:`));
  const [, uid, gid] = /^[^:]*:[^:]*:(\d+):(\d+):/.exec(line ?? "") ?? [];
  return uid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

/** By /etc/passwd, or by whatever else the system asks: LDAP, … Rejected with SYSTEM. */
async function askSystem(name: string): Promise<User> {
  const passwd = await readFile("/etc/passwd", "utf8").catch(() => "");
  return findInPasswd(passwd, name) ?? (await askDirectory(name));
}

async function askDirectory(name: string): Promise<User> {
  const ask = async (what: string) =>
    Number((await run("id", [what, "--", name], { timeout: patience })).stdout.trim());
  try {
    const [uid, gid] = await Promise.all([ask("-u"), ask("-g")]);
    return { uid, gid };
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim();
    const message = `cannot find the user "${name}": ${said || reason(cause)}`;
    throw new KnockError("SYSTEM", message, { cause });
  }
}
