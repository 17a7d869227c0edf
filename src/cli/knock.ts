import { KnockError } from "../base/errors.ts";
import { KnockCommandLine } from "./knock/command-line.ts";
import { deliver } from "./knock/deliver.ts";
import { findTarget, hintsOfName } from "./knock/target.ts";
import type { Io } from "./program.ts";
import { version } from "./version.ts";
import { messageLanguage } from "./words/catalogue.ts";

/**
 * knockd's client, extended. Exit codes are those of knockd's client: 0, or 1 for any failure and for --help; with
 * a command after `--`, that of the command.
 */
export async function main(args: readonly string[], io: Io): Promise<number> {
  let line: KnockCommandLine | undefined;
  try {
    refuseSecrets(args);
    line = new KnockCommandLine(args);
    return await run(line, args, io);
  } catch (error) {
    if (!(error instanceof KnockError)) throw error;
    const { code, message, hints } = error;
    if (line?.has("json") ?? asksForJson(args))
      io.stdout(`${JSON.stringify({ result: "failed", reason: message })}\n`);
    // --quiet hides failed knocks, but not errors in the command line.
    if (line?.has("quiet") && (code === "SEND" || code === "RESOLVE")) return 1;
    if (messageLanguage() === "ko" && !process.env["SESAME_TRACE"]) {
      const { formatError } = await import("./words/error.ts");
      const { localizeKnock } = await import("./words/knock-korean.ts");
      io.stderr(formatError("knock", error, localizeKnock));
      return 1;
    }
    if (code !== "CONFIG") throw error;
    // Problems name their file and line.
    const errors = message.split("\n").map((one) => `error: ${one}`);
    const lines = [...errors, ...hints.map((hint) => `hint: ${hint}`)];
    io.stderr(lines.map((one) => `knock: ${one}\n`).join(""));
    return 1;
  }
}

/** Throws `USAGE` if a key stands on the command line, where all users of this machine can read it. */
function refuseSecrets(args: readonly string[]): void {
  const own = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  if (!own.some((arg) => /(?:^|[=\s])sesame:|(?:key|lock)1:/i.test(arg))) return;
  throw new KnockError("USAGE", "a key or a sesame: line is not an argument", {
    hints: [
      "knock --import reads it from standard input",
      "other users can list arguments, and the shell keeps them: ask for a new key",
    ],
  });
}

/** Returns whether an invalid command line asks for JSON. */
function asksForJson(args: readonly string[]): boolean {
  const own = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  return own.some((arg) => arg.length > 2 && "--json".startsWith(arg));
}

async function run(line: KnockCommandLine, args: readonly string[], io: Io): Promise<number> {
  const first = line.first("version", "help");
  if (first === "version") {
    io.stdout(`knock 0.8 (Sesame ${version})\n`);
    return 0;
  }
  if (first === "help" || args.length === 0) {
    io.stdout((await import("./knock/usage.ts")).formatUsage());
    return 1;
  }
  if (line.has("import")) return await (await import("./knock/import.ts")).importLine(line, io);
  if (line.has("request")) return await (await import("./knock/request.ts")).request(line, io);
  if (line.has("list")) return await (await import("./knock/list.ts")).list(line, io);
  if (line.has("print")) return await (await import("./knock/print.ts")).print(line, io);
  const isJson = line.has("json");
  const words = line.operands.length + (line.rest?.length ?? 0);
  if (Number(line.get("delay")) < 0 && words > 1 && !isJson) {
    io.stderr("error: delay cannot be negative\n");
    return 1;
  }
  const target = await findTarget(line, io);
  if (target === undefined) {
    const lack = await explainLack(line, io);
    if (isJson) throw lack;
    io.stdout((await import("./knock/usage.ts")).usageLines);
    throw lack;
  }
  if (line.has("save")) return await (await import("./knock/save.ts")).save(target, line, io);
  return await deliver(target, line, io);
}

/**
 * Explains a command line without a host, or with one word: an unknown profile, or a host without a port.
 * Throws USAGE for `HOST:PORT`, as with more ports.
 */
async function explainLack(line: KnockCommandLine, io: Io): Promise<KnockError> {
  const [host] = line.operands;
  if (host === undefined) {
    const hints = ["--help explains the options"];
    return new KnockError("USAGE", "no host to knock at", { hints });
  }
  (await import("../client/plan.ts")).readHost(host);
  const { usualPath } = await import("../client/profile-file.ts");
  const file = line.get("file") ?? usualPath();
  const message = `no port to knock at, and no profile '${host}' in ${file}`;
  return new KnockError("USAGE", message, { hints: await hintsOfName(host, line, io) });
}
