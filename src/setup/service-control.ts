import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../base/clock.ts";
import { KnockError } from "../base/errors.ts";
import { defaultConfigFile } from "../base/paths.ts";
import { openClient } from "../control/client.ts";
import type { ProgramResult } from "../system/run-program.ts";
import { complaint, runProgram } from "../system/run-program.ts";
import { ownProgram } from "./own-program.ts";
import type { StartedBy } from "./record.ts";

/** What starts and stops knockd on this machine. */
export type StartMethod = "systemd" | "script" | "command";

const initScript = "/etc/init.d/knockd";

/** Milliseconds until a daemon that was started should answer. */
const patience = 10_000;

/** The best way to start the knockd of a configuration file here. */
export async function findStartMethod(configFile: string): Promise<StartMethod> {
  // Service managers start knockd with that file alone.
  if (configFile !== defaultConfigFile) return "command";
  if (existsSync("/run/systemd/system")) {
    const { code } = await runProgram(["systemctl", "cat", "knockd.service"]);
    if (code === 0) return "systemd";
  }
  return existsSync(initScript) ? "script" : "command";
}

/** What `start` does, as an administrator would type it. */
export function describeStart(way: StartMethod, configFile: string): string {
  switch (way) {
    case "systemd":
      return "systemctl enable --now knockd";
    case "script":
      return `${initScript} start`;
    case "command":
      return `knockd -d -c ${configFile}`;
  }
}

/** How it will have been started, for `stop`. */
export async function predictStart(way: StartMethod): Promise<StartedBy> {
  if (way !== "systemd") return way;
  const enabled = await runProgram(["systemctl", "is-enabled", "--quiet", "knockd"]);
  return enabled.code === 0 ? "systemd-enabled" : "systemd";
}

/** Starts knockd, and waits until it can be asked. Throws SYSTEM. */
export async function start(way: StartMethod, configFile: string, socket: string): Promise<void> {
  const argv = {
    systemd: ["systemctl", "enable", "--now", "knockd"],
    script: [initScript, "start"],
    command: [...ownProgram("knockd"), "-d", "-c", configFile],
  }[way];
  const ended = await runProgram(argv);
  if (ended.code !== 0) throw failure("start", ended);
  const until = systemClock.now() + patience;
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

/** Stops what `start` started; `pid`: the daemon's, if it answered. Throws SYSTEM. */
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
  const ended = await runProgram(argv);
  if (ended.code !== 0) throw failure("stop", ended);
}

/** Whether a daemon listens there. */
export async function answers(socket: string): Promise<boolean> {
  try {
    (await openClient(socket, systemClock)).close();
    return true;
  } catch {
    return false; // Why not is for those to say who need an answer.
  }
}

function failure(what: string, ended: ProgramResult): KnockError {
  const hints = ["the log may say more: journalctl -u knockd"];
  return new KnockError("SYSTEM", `cannot ${what} knockd: ${complaint(ended)}`, { hints });
}
