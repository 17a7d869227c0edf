import { spawn } from "node:child_process";
import { systemClock } from "../../base/clock.ts";
import { reason } from "../../base/errors.ts";
import { later } from "../../base/time.ts";
import { sendSignal } from "../../ffi/send-signal.ts";
import type { Exit, SpawnOptions } from "../../ffi/spawn.ts";
import { formatVariables, StartGivenUp, spawnProgram } from "../../ffi/spawn.ts";
import type { SpawnJob } from "../../ffi/spawn-job.ts";
import type { FindUser, User } from "../../system/users.ts";
import type { CommandAccess, Firewall, FirewallResult } from "../firewall.ts";
import { commandEnvironment } from "./environment.ts";
import type { ShowErrors } from "./error-output.ts";
import { ErrorOutput } from "./error-output.ts";
import { plainWords } from "./plain-words.ts";
import { setUser } from "./set-user.ts";

const shell = "/bin/sh";

/** A command that runs; without a number it could not be started, and `ended` is rejected. */
interface CommandProcess {
  readonly pid: number | undefined;
  readonly ended: Promise<Exit>;
}

/**
 * Opens and closes with the commands of the configuration: shell text by contract, run as by
 * `/bin/sh -c` in a session of its own.
 */
export class CommandFirewall implements Firewall<CommandAccess> {
  readonly #findUser: FindUser;
  readonly #showErrors: ShowErrors;
  readonly #grace: number;

  /**
   * `showErrors` takes what commands write to their standard error. `grace`: how long a command that was
   * told to end may take to do so, in milliseconds.
   */
  constructor(findUser: FindUser, showErrors: ShowErrors = () => {}, grace: number = 5000) {
    this.#findUser = findUser;
    this.#showErrors = showErrors;
    this.#grace = grace;
  }

  open(access: CommandAccess, _length: number, hold?: number): Promise<FirewallResult> {
    return this.#run("start", access, hold);
  }

  close(access: CommandAccess): Promise<FirewallResult> {
    return this.#run("stop", access, undefined);
  }

  async #run(
    which: "start" | "stop",
    access: CommandAccess,
    hold: number | undefined,
  ): Promise<FirewallResult> {
    const { method } = access;
    const command = method[which];
    if (command === undefined) return { kind: "done" };
    const limit = new TimeLimit(method.timeout, this.#grace);
    const errors = ErrorOutput.open(this.#showErrors);
    try {
      const user = method.user === undefined ? undefined : await this.#findUser(method.user);
      const how = { isUrgent: which === "stop", signal: limit.signal };
      const descriptors = { ...(errors && { stderr: errors.fd }), hold };
      const child = await start(command, commandEnvironment(access, user), user, descriptors, how);
      if (child.pid !== undefined) limit.apply(child.pid);
      const exit = await child.ended;
      const isLate = limit.end();
      const stderr = errors?.close();
      return { ...resultOf(exit, isLate), ...(stderr !== undefined && { stderr }) };
    } catch (error) {
      limit.end();
      errors?.close();
      const why = error instanceof StartGivenUp ? "not within command_timeout" : reason(error);
      return { kind: "not-started", reason: why };
    }
  }
}

function resultOf({ status, signal }: Exit, isLate: boolean): FirewallResult {
  if (isLate) return { kind: "timed-out" };
  if (signal !== undefined) return { kind: "killed", signal };
  return status === 0 ? { kind: "done" } : { kind: "failed", status };
}

/** Descriptors that a command gets. */
type Descriptors = Pick<SpawnJob, "stderr" | "hold">;

/** Rejected with what kept the command from starting. */
async function start(
  command: string,
  env: NodeJS.ProcessEnv,
  user: User | undefined,
  descriptors: Descriptors,
  how: SpawnOptions,
): Promise<CommandProcess> {
  const variables = formatVariables(env);
  if (user === undefined) {
    const plain = await startPlain(command, variables, descriptors, how);
    if (plain !== undefined) return plain;
  }
  const inShell = [shell, "-c", command] as const;
  const isOther = user !== undefined && user.uid !== process.getuid?.();
  const [file, ...args] = (user && (await setUser(user, inShell))) ?? inShell;
  // Without a program for it, Node changes the user, and the groups to one, between fork and exec.
  if (isOther && file === shell) return startByNode(command, env, user, descriptors);
  return await spawnProgram({ file, args, env: variables, ...descriptors }, how);
}

/** Without a shell, where none is needed: that saves 0.8 ms, a third of what iptables takes by one. */
async function startPlain(
  command: string,
  env: readonly string[],
  descriptors: Descriptors,
  how: SpawnOptions,
): Promise<CommandProcess | undefined> {
  const [file, ...args] = plainWords(command) ?? [];
  if (file === undefined) return undefined;
  try {
    return await spawnProgram({ file, args, env, ...descriptors }, how);
  } catch (error) {
    if (error instanceof StartGivenUp) throw error;
    return undefined; // The shell looks further, and says what is wrong in words that are known.
  }
}

function startByNode(
  command: string,
  env: NodeJS.ProcessEnv,
  user: User | undefined,
  { stderr, hold }: Descriptors,
): CommandProcess {
  const child = spawn(shell, ["-c", command], {
    detached: true,
    stdio: ["ignore", "inherit", stderr ?? "inherit", ...(hold === undefined ? [] : [hold])],
    env,
    ...(user && { uid: user.uid, gid: user.gid }),
  });
  const ended = new Promise<Exit>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (status, signal) => {
      if (signal === null) resolve({ status: status ?? 0, signal: undefined });
      else resolve({ status: undefined, signal });
    });
  });
  return { pid: child.pid, ended };
}

/** How long a command may take, from when it was asked for: its start counts, too. */
class TimeLimit {
  readonly #grace: number;
  readonly #late = new AbortController();
  #pid: number | undefined;
  #relax = () => {};

  /** Milliseconds; without `timeout` there is no limit. */
  constructor(timeout: number | undefined, grace: number) {
    this.#grace = grace;
    if (timeout === undefined) return;
    const { now, wakeAt } = systemClock;
    this.#relax = wakeAt(later(now(), timeout), () => {
      this.#late.abort();
      this.#terminate();
    });
  }

  /** Aborted when the time is over. */
  get signal(): AbortSignal {
    return this.#late.signal;
  }

  /** Limits a command that runs: ends it, and all of its process group, when the time is over. */
  apply(pid: number): void {
    this.#pid = pid;
    if (this.signal.aborted) this.#terminate();
  }

  /** Ends the wait. Returns whether the time was over. */
  end(): boolean {
    this.#relax();
    const { aborted } = this.signal;
    // The shell listened, a child of it may not have. Later the number may be another group's.
    if (aborted && this.#pid !== undefined) sendSignal(-this.#pid, "SIGKILL");
    return aborted;
  }

  #terminate(): void {
    const pid = this.#pid;
    if (pid === undefined) return;
    sendSignal(-pid, "SIGTERM");
    const { now, wakeAt } = systemClock;
    this.#relax = wakeAt(later(now(), this.#grace), () => sendSignal(-pid, "SIGKILL"));
  }
}
