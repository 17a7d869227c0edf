import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { reason } from "../base/errors.ts";
import type { CommandWay, Firewall, Outcome, Passage } from "./firewall.ts";

/** The numbers of a user, to run commands as. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Finds a user by name. Throws if there is none. */
export type FindUser = (name: string) => User;

/**
 * Opens and closes with the commands of the configuration: shell text by contract, run by
 * `/bin/sh -c` in a session of its own, with the daemon's environment and KNOCK_IP, KNOCK_DOOR,
 * KNOCK_PORT and KNOCK_PROTO.
 */
export class CommandFirewall implements Firewall {
  readonly #findUser: FindUser;
  readonly #grace: number;

  /** `grace`: how long a command that was told to end may take to do so, in milliseconds. */
  constructor(findUser: FindUser, grace: number = 5000) {
    this.#findUser = findUser;
    this.#grace = grace;
  }

  open(passage: Passage, _length: number, hold?: number): Promise<Outcome> {
    return this.#run("start", passage, hold);
  }

  close(passage: Passage): Promise<Outcome> {
    return this.#run("stop", passage, undefined);
  }

  #run(which: "start" | "stop", passage: Passage, hold: number | undefined): Promise<Outcome> {
    const { way } = passage;
    const command = way.kind === "command" ? way[which] : undefined;
    if (way.kind !== "command" || command === undefined) return Promise.resolve({ kind: "done" });
    return new Promise((resolve) => {
      const notStarted = (error: unknown) =>
        resolve({ kind: "not-started", reason: reason(error) });
      try {
        const child = spawn("/bin/sh", ["-c", command], {
          detached: true,
          stdio: ["ignore", "inherit", "inherit", ...(hold === undefined ? [] : [hold])],
          env: { ...process.env, ...environment(passage) },
          ...(way.user === undefined ? {} : this.#findUser(way.user)),
        });
        const relax = limit(child, way, this.#grace);
        child.once("error", notStarted);
        child.once("exit", (status, signal) => {
          if (relax()) resolve({ kind: "timed-out" });
          else if (signal !== null) resolve({ kind: "killed", signal });
          else resolve(status === 0 ? { kind: "done" } : { kind: "failed", status: status ?? 0 });
        });
      } catch (error) {
        // spawn throws for what no retry mends, such as a NUL in the command.
        notStarted(error);
      }
    });
  }
}

/**
 * Ends a command, and all of its process group, that takes too long. The function returned ends the
 * wait, and tells whether that happened.
 */
function limit(child: ChildProcess, { timeout }: CommandWay, grace: number): () => boolean {
  const { pid } = child;
  if (timeout === undefined || pid === undefined) return () => false;
  let late = false;
  let timer = setTimeout(() => {
    late = true;
    kill(pid, "SIGTERM");
    timer = setTimeout(() => kill(pid, "SIGKILL"), grace);
  }, timeout);
  return () => {
    clearTimeout(timer);
    // The shell listened, a child of it may not have. Later the number may be another group's.
    if (late) kill(pid, "SIGKILL");
    return late;
  };
}

function kill(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // It has just ended.
  }
}

function environment({ source, door, knock }: Passage): Record<string, string> {
  return {
    KNOCK_IP: source.toString(),
    KNOCK_DOOR: door,
    ...(knock && { KNOCK_PORT: String(knock.port), KNOCK_PROTO: knock.protocol }),
  };
}
