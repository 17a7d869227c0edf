import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withSystemPath } from "../../base/environment.ts";
import { KnockError, reason } from "../../base/errors.ts";

/** Milliseconds that nft may take: beside hundreds of thousands of foreign elements it reads for seconds. */
const patience = 30_000;

/** Characters of nft's complaint that are kept: it quotes the lines it does not like. */
const longestComplaint = 2_000;

/**
 * Loads a ruleset with `nft -f`: all of it, or nothing. From a file, since Node gives a child a socket
 * for its standard input, which nft does not read. `started` hears the child's process id, by which
 * the kernel names its changes. Throws FIREWALL.
 */
export async function loadRuleset(text: string, started: (pid: number) => void): Promise<void> {
  let folder: string | undefined;
  try {
    // mkdtemp makes it for its owner only.
    folder = await mkdtemp(join(tmpdir(), "sesame-nft-"));
    const file = join(folder, "ruleset");
    await writeFile(file, text, { mode: 0o600 });
    await nft(file, started);
  } catch (cause) {
    if (cause instanceof KnockError) throw cause;
    throw new KnockError("FIREWALL", `cannot load the nftables rules: ${reason(cause)}`, { cause });
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}

function nft(file: string, started: (pid: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("nft", ["-f", file], {
      stdio: ["ignore", "ignore", "pipe"],
      env: withSystemPath(process.env),
      timeout: patience,
      killSignal: "SIGKILL",
    });
    if (child.pid !== undefined) started(child.pid);
    let complaint = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaint = (complaint + text).slice(0, longestComplaint);
    });
    child.once("error", (cause: NodeJS.ErrnoException) => {
      const hints = cause.code === "ENOENT" ? ["install the package nftables"] : [];
      reject(new KnockError("FIREWALL", `cannot run nft: ${reason(cause)}`, { cause, hints }));
    });
    child.once("close", (status, signal) => {
      if (status === 0) return resolve();
      const end = signal === null ? `exit status ${status}` : `killed by ${signal}`;
      const said = complaint.replaceAll(file, "ruleset").trim();
      const why = said === "" ? end : `${end}: ${said}`;
      reject(new KnockError("FIREWALL", `nft cannot load the rules: ${why}`));
    });
  });
}
