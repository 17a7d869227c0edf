import { spawn } from "node:child_process";
import { reason } from "../base/errors.ts";
import type { Firewall, Outcome, Passage } from "./firewall.ts";

/**
 * Opens and closes with the commands of the configuration: shell text by contract, run by
 * `/bin/sh -c` in a session of its own, as the daemon's user, with the daemon's environment and
 * KNOCK_IP, KNOCK_DOOR, KNOCK_PORT and KNOCK_PROTO.
 */
export class CommandFirewall implements Firewall {
  open(passage: Passage): Promise<Outcome> {
    return run(passage.start, passage);
  }

  close(passage: Passage): Promise<Outcome> {
    return passage.stop === undefined
      ? Promise.resolve({ kind: "done" })
      : run(passage.stop, passage);
  }
}

function run(command: string, passage: Passage): Promise<Outcome> {
  return new Promise((resolve) => {
    const notStarted = (error: unknown) => resolve({ kind: "not-started", reason: reason(error) });
    try {
      const child = spawn("/bin/sh", ["-c", command], {
        detached: true,
        stdio: ["ignore", "inherit", "inherit"],
        env: { ...process.env, ...environment(passage) },
      });
      child.once("error", notStarted);
      child.once("exit", (status, signal) => {
        if (signal !== null) resolve({ kind: "killed", signal });
        else resolve(status === 0 ? { kind: "done" } : { kind: "failed", status: status ?? 0 });
      });
    } catch (error) {
      // spawn throws for what no retry mends, such as a NUL in the command.
      notStarted(error);
    }
  });
}

function environment({ source, door, port, protocol }: Passage): Record<string, string> {
  return {
    KNOCK_IP: source.toString(),
    KNOCK_DOOR: door,
    KNOCK_PORT: String(port),
    KNOCK_PROTO: protocol,
  };
}
