import { KnockError } from "../base/errors.ts";
import { CommandLine } from "./knock/command-line.ts";
import { deliver } from "./knock/deliver.ts";
import { findTarget } from "./knock/target.ts";
import { usage } from "./knock/usage.ts";
import type { Io } from "./program.ts";
import { version } from "./version.ts";

/**
 * knockd's client, and more. Exit codes are its own: 0, or 1 for whatever went wrong and for --help. A
 * command after `--` decides about its own.
 */
export async function main(args: readonly string[], io: Io): Promise<number> {
  try {
    return await run(new CommandLine(args), io);
  } catch (error) {
    if (!(error instanceof KnockError) || error.code !== "CONFIG") throw error;
    // Problems bring their own file and line.
    const lines = [...error.message.split("\n"), ...error.hints.map((hint) => `hint: ${hint}`)];
    io.stderr(lines.map((line) => `knock: ${line}\n`).join(""));
    return 1;
  }
}

async function run(line: CommandLine, io: Io): Promise<number> {
  const first = line.first("version", "help");
  if (first === "version") {
    io.stdout(`knock 0.8 (Sesame ${version})\n`);
    return 0;
  }
  if (first === "help") {
    io.stdout(usage);
    return 1;
  }
  if (line.has("list")) return await (await import("./knock/list.ts")).list(line, io);
  if (line.has("print")) return await (await import("./knock/print.ts")).print(line, io);
  if (Number(line.get("delay")) < 0 && line.operands.length + (line.rest?.length ?? 0) > 1) {
    io.stderr("error: delay cannot be negative\n");
    return 1;
  }
  const target = await findTarget(line, io);
  if (target === undefined) {
    io.stdout(usage);
    await explainLack(line, io);
    return 1;
  }
  if (line.has("save")) return await (await import("./knock/save.ts")).save(target, line, io);
  return await deliver(target, line, io);
}

/** One word alone is a profile, or a port is missing. */
async function explainLack(line: CommandLine, io: Io): Promise<void> {
  const [host] = line.operands;
  if (host === undefined) return;
  const { usualPath } = await import("../client/profile-file.ts");
  const file = line.get("file") ?? usualPath();
  io.stderr(`knock: error: no port to knock at, and no profile '${host}' in ${file}\n`);
}
