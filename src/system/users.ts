import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import type { Clock } from "../base/clock.ts";
import { KnockError } from "../base/errors.ts";
import { complaint, runProgram } from "./run-program.ts";

/** Milliseconds that a directory service may take. */
const timeout = 5_000;

/** How long a look-up that failed is not tried again: milliseconds. */
const failureLasts = 30_000;

/** The numbers of a user, to run commands as. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Finds a user by name. Rejected with SYSTEM if there is none. */
export type FindUser = (name: string) => Promise<User>;

/** A look-up, and until when it counts: milliseconds on the clock's `now()`. */
interface Known {
  readonly user: Promise<User>;
  until: number;
  isFound: boolean;
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

  /**
   * Asks for these users, and no others, before a knock has to wait for the answer. What was known of one
   * counts until there is another answer: a directory that is away must not keep a door from closing.
   */
  expect(names: readonly string[]): void {
    const before = new Map(this.#known);
    this.#known.clear();
    for (const name of new Set(names)) {
      const asked = this.#look(name);
      const known = before.get(name);
      this.#known.set(name, known?.isFound ? known : asked);
      // What fails is told when a command needs it.
      asked.user.then(
        () => this.#known.has(name) && this.#known.set(name, asked),
        () => {},
      );
    }
  }

  /** Rejected with SYSTEM if there is none of this name, or nobody answers. */
  find(name: string): Promise<User> {
    const known = this.#known.get(name);
    if (known !== undefined && this.#clock.now() < known.until) return known.user;
    const asked = this.#look(name);
    this.#known.set(name, asked);
    return asked.user;
  }

  #look(name: string): Known {
    const until = Number.POSITIVE_INFINITY;
    const asked: Known = { user: this.#ask(name), until, isFound: false };
    asked.user.then(
      () => {
        asked.isFound = true;
      },
      () => {
        asked.until = this.#clock.now() + failureLasts;
      },
    );
    return asked;
  }
}

/** Does this system know the user? Waits for the answer. */
export function hasUser(name: string): boolean {
  const { status } = spawnSync("id", ["-u", "--", name], { stdio: "ignore", timeout });
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
  const ask = async (what: string) => {
    const result = await runProgram(["id", what, "--", name], { timeout });
    if (result.code === 0) return Number(result.stdout.trim());
    throw new KnockError("SYSTEM", `cannot find the user "${name}": ${complaint(result)}`);
  };
  const [uid, gid] = await Promise.all([ask("-u"), ask("-g")]);
  return { uid, gid };
}
