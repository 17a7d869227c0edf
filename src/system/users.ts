import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import type { Clock } from "../base/clock.ts";
import { KnockError } from "../base/errors.ts";
import type { Monotonic } from "../base/time.ts";
import { later, never } from "../base/time.ts";
import { runBeside } from "./run-beside.ts";
import { complaint } from "./run-program.ts";

/** Milliseconds that a directory service may take. */
const timeout = 5_000;

/** Milliseconds until a failed look-up is tried again. */
const failureLasts = 30_000;

/** What passwd(5) tells of a user. */
interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

/** A user to run commands as. */
export interface User extends PasswdEntry {
  /** The ids of all groups that the user is in, with `gid`. */
  readonly groups: readonly number[];
}

/** Finds a user by name. Rejects with SYSTEM if the user is unknown. */
export type FindUser = (name: string) => Promise<User>;

/** A look-up, and how long it is valid. */
interface Known {
  readonly user: Promise<User>;
  until: Monotonic;
  isFound: boolean;
}

/** The users that run the commands of doors. Looks each up once: a directory service may be slow. */
export class Users {
  readonly #clock: Clock;
  readonly #ask: FindUser;
  readonly #known = new Map<string, Known>();

  constructor(clock: Clock, ask: FindUser = askSystem) {
    this.#clock = clock;
    this.#ask = ask;
  }

  /**
   * Looks up these users, and forgets all others, before a knock has to wait for the answer. An old answer is
   * valid until there is a new one: an unavailable directory must not keep a door from closing.
   */
  expect(names: readonly string[]): void {
    const before = new Map(this.#known);
    this.#known.clear();
    for (const name of new Set(names)) {
      const asked = this.#look(name);
      const known = before.get(name);
      this.#known.set(name, known?.isFound ? known : asked);
      // A failure is reported when a command needs the user.
      asked.user.then(
        () => this.#known.has(name) && this.#known.set(name, asked),
        () => {},
      );
    }
  }

  /** Rejects with SYSTEM if the user is unknown, or the directory does not answer. */
  find(name: string): Promise<User> {
    const known = this.#known.get(name);
    if (known !== undefined && this.#clock.now() < known.until) return known.user;
    const asked = this.#look(name);
    this.#known.set(name, asked);
    return asked.user;
  }

  #look(name: string): Known {
    const until = never;
    const asked: Known = { user: this.#ask(name), until, isFound: false };
    asked.user.then(
      () => {
        asked.isFound = true;
      },
      () => {
        asked.until = later(this.#clock.now(), failureLasts);
      },
    );
    return asked;
  }
}

/** Returns whether this system knows the user. Blocks until the answer. */
export function hasUser(name: string): boolean {
  const { status } = spawnSync("id", ["-u", "--", name], { stdio: "ignore", timeout });
  return status === 0;
}

/** Returns the user from the text of a passwd(5). Pure. */
export function findInPasswd(text: string, name: string): PasswdEntry | undefined {
  const line = text.split("\n").find((one) => one.startsWith(`${name}:`)) ?? "";
  const [, uid, gid, home = "", shell = ""] =
    /^[^:]*:[^:]*:(\d+):(\d+):[^:]*:([^:]*):([^:]*)$/.exec(line) ?? [];
  if (uid === undefined) return undefined;
  // What is empty means this: login(1), passwd(5).
  return {
    name,
    uid: Number(uid),
    gid: Number(gid),
    home: home || "/",
    shell: shell || "/bin/sh",
  };
}

/** Looks in /etc/passwd, then in the other directories of the system, such as LDAP. Rejects with SYSTEM. */
async function askSystem(name: string): Promise<User> {
  const [groups, passwd] = await Promise.all([
    askId("-G", name),
    readFile("/etc/passwd", "utf8").catch(() => ""),
  ]);
  const entry = findInPasswd(passwd, name) ?? (await askDirectory(name));
  return { ...entry, groups };
}

async function askDirectory(name: string): Promise<PasswdEntry> {
  const { stdout } = await runBeside(["getent", "passwd", name], { timeout });
  const entry = findInPasswd(stdout.trimEnd(), name);
  if (entry !== undefined) return entry;
  // Not every system has getent(1), and a user may be given by a number.
  const [[uid], [gid]] = await Promise.all([askId("-u", name), askId("-g", name)]);
  return { name, uid, gid, home: "/", shell: "/bin/sh" };
}

/** The numbers that id(1) prints. Rejects with SYSTEM. */
async function askId(
  what: "-u" | "-g" | "-G",
  name: string,
): Promise<readonly [number, ...number[]]> {
  const result = await runBeside(["id", what, "--", name], { timeout });
  const [first, ...others] = result.stdout.match(/\d+/g)?.map(Number) ?? [];
  if (result.code === 0 && first !== undefined) return [first, ...others];
  throw new KnockError("SYSTEM", `cannot find the user "${name}": ${complaint(result)}`);
}
