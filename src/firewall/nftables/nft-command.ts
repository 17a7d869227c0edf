import { spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { withSystemPath } from "../../base/environment.ts";
import { isErrno, KnockError, reason } from "../../base/errors.ts";
import { openMemoryFile } from "../../ffi/memory-file.ts";

/** Milliseconds that nft may take: beside hundreds of thousands of foreign elements it reads for seconds. */
const patience = 30_000;

/** Characters of nft's complaint that are kept: it quotes the lines it does not like. */
const longestComplaint = 2_000;

/** The first descriptor of a child behind standard input, output and error. */
const rulesetFd = 3;
const rulesetPath = `/proc/self/fd/${rulesetFd}`;

/**
 * Loads a ruleset with `nft -f`: all of it, or nothing. nft reads it from memory: a full or read-only disk
 * must not keep a protection from being loaded or ended, and other users can read an argument. `started`
 * gets the child's process id, by which the kernel names its changes. Throws FIREWALL.
 */
export async function loadRuleset(text: string, started: (pid: number) => void): Promise<void> {
  let fd: number | undefined;
  try {
    fd = openMemoryFile("sesame-ruleset", text);
    await nft(fd, started);
  } catch (cause) {
    if (cause instanceof KnockError && cause.code === "FIREWALL") throw cause;
    throw new KnockError("FIREWALL", `cannot load the nftables rules: ${reason(cause)}`, { cause });
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function nft(fd: number, started: (pid: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("nft", ["-f", rulesetPath], {
      // Node gives a child a socket for its standard input, which nft does not read.
      stdio: ["ignore", "ignore", "pipe", fd],
      env: withSystemPath(process.env),
      timeout: patience,
      killSignal: "SIGKILL",
    });
    if (child.pid !== undefined) started(child.pid);
    let complaint = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      complaint = (complaint + text).slice(0, longestComplaint);
    });
    child.once("error", (cause) => {
      const hints = isErrno(cause, "ENOENT") ? ["install the package nftables"] : [];
      reject(new KnockError("FIREWALL", `cannot run nft: ${reason(cause)}`, { cause, hints }));
    });
    child.once("close", (status, signal) => {
      if (status === 0) return resolve();
      const end = signal === null ? `exit status ${status}` : `killed by ${signal}`;
      const said = complaint.replaceAll(rulesetPath, "ruleset").trim();
      const why = said === "" ? end : `${end}: ${said}`;
      reject(new KnockError("FIREWALL", `nft cannot load the rules: ${why}`));
    });
  });
}
