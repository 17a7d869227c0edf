import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../base/clock.ts";
import { KnockError } from "../base/errors.ts";
import { defaultConfigFile, initScript, systemdDirectory } from "../base/paths.ts";
import type { ProgramResult } from "../system/run-program.ts";
import { complaint, runProgram } from "../system/run-program.ts";
import { ownProgram } from "./own-program.ts";
import type { StartedBy } from "./record.ts";
import { answers } from "./running-daemon.ts";

/** How knockd is started on this machine. */
export type StartMethod = "systemd" | "script" | "command";

/** Milliseconds until a started daemon must answer. */
const startTimeout = 10_000;

/** Returns the best way to start the knockd of a configuration file. */
export async function findStartMethod(configFile: string): Promise<StartMethod> {
  // Service managers start knockd with that file alone.
  if (configFile !== defaultConfigFile) return "command";
  if (existsSync(systemdDirectory)) {
    const { code } = await runProgram(["systemctl", "cat", "knockd.service"]);
    if (code === 0) return "systemd";
  }
  return existsSync(initScript) ? "script" : "command";
}

/** Returns the command of `start`, as an administrator types it. */
export function startCommand(method: StartMethod, configFile: string): string {
  switch (method) {
    case "systemd":
      return "systemctl enable --now knockd";
    case "script":
      return `${initScript} start`;
    case "command":
      return `knockd -d -c ${configFile}`;
  }
}

/** Returns how `start` will have started it, for `stop`. */
export async function predictStart(method: StartMethod): Promise<StartedBy> {
  if (method !== "systemd") return method;
  const enabled = await runProgram(["systemctl", "is-enabled", "--quiet", "knockd"]);
  return enabled.code === 0 ? "systemd-enabled" : "systemd";
}

/** Starts knockd, and waits until it answers. Throws SYSTEM. */
export async function start(
  method: StartMethod,
  configFile: string,
  socket: string,
): Promise<void> {
  const argv = {
    systemd: ["systemctl", "enable", "--now", "knockd"],
    script: [initScript, "start"],
    command: [...ownProgram("knockd"), "-d", "-c", configFile],
  }[method];
  const result = await runProgram(argv);
  if (result.code !== 0) throw failure("start", result);
  const until = systemClock.now() + startTimeout;
  while (!(await answers(socket))) {
    if (systemClock.now() > until) {
      const hints = [
        "the log says why: journalctl -u knockd",
        "/etc/default/knockd may forbid it: START_KNOCKD=1",
      ];
      throw new KnockError("SYSTEM", `knockd was started, but does not answer at ${socket}`, {
        hints,
      });
    }
    await sleep(100);
  }
}

/** Stops the daemon that `start` started; `pid`: its process, if it answered. Throws SYSTEM. */
export async function stop(by: StartedBy, pid: number | undefined): Promise<void> {
  if (by === "command") {
    if (pid !== undefined) process.kill(pid, "SIGTERM");
    return;
  }
  const argv = {
    systemd: ["systemctl", "disable", "--now", "knockd"],
    "systemd-enabled": ["systemctl", "stop", "knockd"],
    script: [initScript, "stop"],
  }[by];
  const result = await runProgram(argv, { isShielded: true });
  if (result.code !== 0) throw failure("stop", result);
}

function failure(what: string, result: ProgramResult): KnockError {
  const hints = ["the log may say more: journalctl -u knockd"];
  return new KnockError("SYSTEM", `cannot ${what} knockd: ${complaint(result)}`, { hints });
}
