import { closeSync } from "node:fs";
import { KnockError, reason } from "../../base/errors.ts";
import { openMemoryFile } from "../../ffi/memory-file.ts";
import { runBeside } from "../../system/run-beside.ts";

/** Milliseconds that nft may take: beside hundreds of thousands of foreign elements it reads for seconds. */
const timeout = 30_000;

/** Characters of nft's complaint that are kept: it quotes the lines it does not like. */
const longestComplaint = 2_000;

/** What a ruleset may hold that is not to be in a log. */
export interface RulesetSecrets {
  /** Ports of sequences are in it. */
  readonly hasSequences: boolean;
}

/** The descriptor that `hold` becomes. */
const rulesetPath = "/proc/self/fd/3";

/**
 * Loads a ruleset with `nft -f`: all of it, or nothing. nft reads it from memory: a full or read-only disk
 * must not keep a protection from being loaded or ended, and other users can read an argument. `started`
 * gets the child's process id, by which the kernel names its changes. Throws FIREWALL.
 */
export async function loadRuleset(
  text: string,
  started: (pid: number) => void,
  { hasSequences }: RulesetSecrets = { hasSequences: false },
): Promise<void> {
  let hold: number | undefined;
  try {
    hold = openMemoryFile("sesame-ruleset", text);
    await nft(hold, started, hasSequences ? withoutQuotes : (said) => said);
  } catch (cause) {
    if (cause instanceof KnockError && cause.code === "FIREWALL") throw cause;
    throw new KnockError("FIREWALL", `cannot load the nftables rules: ${reason(cause)}`, { cause });
  } finally {
    if (hold !== undefined) closeSync(hold);
  }
}

async function nft(
  hold: number,
  started: (pid: number) => void,
  redact: (said: string) => string,
): Promise<void> {
  const argv = ["nft", "-f", rulesetPath];
  const { code, stderr } = await runBeside(argv, { timeout, hold, started });
  if (code === 0) return;
  const text = stderr.slice(0, longestComplaint).replaceAll(rulesetPath, "ruleset").trim();
  const said = redact(text);
  if (code === 126 || code === 127) {
    const hints = code === 127 ? ["install the package nftables"] : [];
    throw new KnockError("FIREWALL", `cannot run nft: ${said}`, { hints });
  }
  const end = code > 128 ? "" : `exit status ${code}`;
  const why = [end, said].filter((part) => part !== "").join(": ");
  throw new KnockError("FIREWALL", `nft cannot load the rules: ${why}`);
}

/** Returns a complaint of nft without the lines that it quotes, and without numbers. */
function withoutQuotes(said: string): string {
  const lines = said.split("\n");
  const errors = lines.filter((line) => /(?:^|: )(?:Error|Warning): /.test(line));
  const [text = ""] = errors.length > 0 ? errors : lines;
  return text.replace(/^ruleset:[\d:-]+ /, "").replaceAll(/\d+/g, "N");
}
