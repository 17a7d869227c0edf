import type { Level, Log } from "../base/log.ts";
import { formatService } from "../base/service.ts";
import type { Firewall, Outcome, Passage } from "../firewall/firewall.ts";
import type { Hold } from "./journal/command-locks.ts";

export interface OperatorOptions {
  readonly firewall: Firewall;
  readonly log: Log;
}

/** Carries out what is decided about a passage, and tells the log of it. Decides nothing. */
export class Operator {
  readonly #options: OperatorOptions;

  constructor(options: OperatorOptions) {
    this.#options = options;
  }

  /**
   * Opens by a command. `hold`, which is released at the end: with it a daemon after this one can tell
   * whether the command still runs. False if it was not even started.
   */
  async start(passage: Passage, length: number, hold?: Hold): Promise<boolean> {
    this.#announce("open", passage);
    const outcome = await this.#options.firewall.open(passage, length, hold?.fd);
    hold?.release();
    this.#report("open", passage, outcome);
    return outcome.kind !== "not-started";
  }

  /** Opens by the kernel, or makes what is open last longer. False if that failed. */
  async admit(passage: Passage, length: number): Promise<boolean> {
    const outcome = await this.#options.firewall.open(passage, length);
    if (outcome.kind === "done") return true;
    this.tell("error", "open-failed", passage, describe(outcome));
    return false;
  }

  async close(passage: Passage): Promise<void> {
    this.#announce("close", passage);
    this.#report("close", passage, await this.#options.firewall.close(passage));
  }

  /** The kernel has a passage open, for so many milliseconds. */
  tellAdmitted(passage: Passage, length: number): void {
    const { way, source } = passage;
    const services = way.kind === "native" ? way.services.map(formatService).join(", ") : "";
    const what = this.#options.firewall.pretends ? `would open ${services} for ${source}` : "open";
    this.tell("notice", "opened", passage, `${what} for ${length / 1000} s`);
  }

  /** The time of a passage is over. */
  tellExpired(passage: Passage): void {
    const pretends = this.#options.firewall.pretends;
    const native = pretends ? "would be closed again" : "closed";
    const what = passage.way.kind === "native" ? native : "command timeout";
    this.tell("notice", "expired", passage, what);
  }

  tell(level: Level, event: string, { door, source }: Passage, what: string): void {
    const text = `${source}: ${door}: ${what}`;
    this.#options.log.write({ level, event, text, door, source });
  }

  #announce(what: "open" | "close", { door, source, way }: Passage): void {
    if (way.kind !== "command") return;
    const { firewall, log } = this.#options;
    const verb = firewall.pretends ? "would run" : "running command";
    const text = `${door}: ${verb}: ${what === "open" ? way.start : way.stop}`;
    log.write({ level: "notice", event: "command", text, door, source, detail: { what } });
  }

  #report(what: "open" | "close", { door, source }: Passage, outcome: Outcome): void {
    const { firewall, log } = this.#options;
    // What did not run has not ended either.
    if (firewall.pretends) return;
    const level = outcome.kind === "done" ? "info" : "error";
    const text = `${door}: ${describe(outcome)}`;
    log.write({ level, event: "command-exit", text, door, source, detail: { what, ...outcome } });
  }
}

function describe(outcome: Outcome): string {
  switch (outcome.kind) {
    case "done":
      return "command ended";
    case "failed":
      return `command returned non-zero status code (${outcome.status})`;
    case "killed":
      return `command was killed by ${outcome.signal}`;
    case "timed-out":
      return "command took longer than command_timeout, and was ended";
    case "not-started":
      return `command could not be started: ${outcome.reason}`;
  }
}
