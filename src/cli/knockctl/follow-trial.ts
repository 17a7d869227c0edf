// The wait of `knockctl guard` and `knockctl init` for the end of a trial.
import { printable } from "../../base/text.ts";
import type { ControlClient } from "../../control/client.ts";
import type { Result } from "../../control/methods.ts";
import type { TrialReport } from "../../setup/watch-trial.ts";
import { watchTrial } from "../../setup/watch-trial.ts";
import type { Io } from "../program.ts";
import { cutToWidth } from "../text-width.ts";
import { labelWords } from "../words/error.ts";
import { localize } from "../words/korean.ts";
import { trialWords } from "../words/trial.ts";
import type { CommandLine } from "./command.ts";
import { sshConnection } from "./ssh-connection.ts";
import { explainKnocks, formatEnd, formatGuarded, formatProgress } from "./trial.ts";
import { warnOfKeys, watchDuringTrial } from "./trial-watch.ts";

export interface FollowParts {
  readonly line: Pick<CommandLine, "given">;
  readonly io: Io;
  /** This server, as the client names it. */
  readonly host: string;
  /** What the device types after "knock"; `undefined` if it is unknown. */
  readonly profile?: string;
  /** Ends the wait; the trial goes on. */
  readonly signal?: AbortSignal;
}

export function warnAll(warnings: readonly string[], io: Io): void {
  const { warning } = labelWords();
  for (const text of warnings) io.stderr(`knockctl: ${warning}: ${printable(localize(text))}\n`);
}

/** Explains a trial and waits for its end. Returns the exit code: 0 if everything was confirmed. */
export async function followTrial(
  daemon: ControlClient,
  guarded: Result<"guard">,
  { line, io, host, profile, signal }: FollowParts,
): Promise<number> {
  const { trial } = await daemon.ask("trial", {});
  // At the console there is another way in.
  if (trial !== undefined && sshConnection() !== undefined) warnAll(warnOfKeys(trial), io);
  io.stdout(formatGuarded(guarded, trial?.doors ?? [], { host, profile, line }));
  const display = new TrialDisplay(io, guarded.remainingMs, terminalWidth());
  const show = (text: string) => display.print(text);
  const watchParts = { daemon, line, io, show, doors: trial?.doors ?? [] };
  const result = await watchDuringTrial(watchParts, async () => {
    const end = watchTrial(daemon, guarded.services, (report) => display.show(report));
    return await (signal === undefined ? end : Promise.race([end, aborted(signal)]));
  });
  display.end();
  if (result === "aborted") {
    io.stdout(`\n${trialWords().goesOn}\n`);
    return 1;
  }
  io.stdout(formatEnd(guarded, result, line));
  return result.kind === "over" && result.lost.length === 0 ? 0 : 1;
}

function aborted(signal: AbortSignal): Promise<"aborted"> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve("aborted");
    signal.addEventListener("abort", () => resolve("aborted"), { once: true });
  });
}

/** Shows a trial while its administrator has to act: on a terminal it counts down. */
class TrialDisplay {
  readonly #io: Io;
  /** The width of the terminal; `undefined`: the output is not a terminal. */
  readonly #columns: number | undefined;
  /** Milliseconds that are left when the absence of a knock is explained. */
  #half: number;
  #isDirty = false;

  /** `length`: of the trial, in milliseconds. */
  constructor(io: Io, length: number, columns: number | undefined) {
    this.#io = io;
    this.#half = length / 2;
    this.#columns = columns;
  }

  show(report: TrialReport): void {
    if (report.remainingMs <= this.#half) {
      this.#half = -1;
      const text = explainKnocks(report);
      if (text !== "") this.print(`\n${text}`);
    }
    if (this.#columns === undefined) return;
    this.#isDirty = true;
    this.#io.stdout(`\r${cutToWidth(formatProgress(report), this.#columns - 1)}\x1b[K`);
  }

  /** Prints a text above the line that counts down. */
  print(text: string): void {
    this.end();
    this.#io.stdout(text);
  }

  /** Removes the line that counts down. */
  end(): void {
    if (this.#isDirty) this.#io.stdout("\r\x1b[K");
    this.#isDirty = false;
  }
}

/** Returns the width of the terminal that shows standard output; `undefined` if none does. */
function terminalWidth(): number | undefined {
  // A terminal that does not know its width says 0.
  return process.stdout.isTTY ? process.stdout.columns || 80 : undefined;
}
