import { ownerName } from "../base/access-owner.ts";
import type { Clock } from "../base/clock.ts";
import type { Entry, Level, Log } from "../base/log.ts";
import { formatService } from "../base/service.ts";
import type { Monotonic } from "../base/time.ts";
import type { Access, Firewall, FirewallResult } from "../firewall/firewall.ts";
import type { AccessEvent, AccessListener, ClosedBecause } from "./access-event.ts";
import { openerOf } from "./access-event.ts";
import { whoMember } from "./holders.ts";
import type { LockHandle } from "./journal/command-locks.ts";
import type { Lease } from "./lease.ts";

export interface LoggedFirewallOptions {
  readonly clock: Clock;
  readonly firewall: Firewall;
  readonly log: Log;
  /** Told of what is opened and closed. */
  readonly onAccess?: AccessListener;
}

/** An event without the access that it is about. */
type BareEvent = AccessEvent extends infer Event
  ? Event extends AccessEvent
    ? Omit<Event, "owner" | "source" | "method" | "origin">
    : never
  : never;

/** Opens and closes as it is told, and logs that. Decides nothing. */
export class LoggedFirewall {
  readonly #options: LoggedFirewallOptions;

  constructor(options: LoggedFirewallOptions) {
    this.#options = options;
  }

  /**
   * Opens, or makes the kernel keep open for longer, for `length` milliseconds. Resolves to false if
   * nothing was opened: the kernel refused, or the command did not even start. `lock` shows the next
   * daemon that the command still runs; it is released at the end.
   */
  async open(access: Access, length: number, lock?: LockHandle): Promise<boolean> {
    const isCommand = access.method.kind === "command";
    this.#announce("open", access);
    if (isCommand) this.tell(access, { kind: "opened", ...openerOf(access) });
    const result = await this.#options.firewall.open(access, length, lock?.fd);
    lock?.release();
    if (isCommand) this.#report("open", access, result);
    if (isCommand || result.kind !== "done") this.tell(access, { kind: "ended", result });
    if (isCommand) return result.kind !== "not-started";
    if (result.kind === "done") return true;
    this.log("error", "open-failed", access, describe(result));
    return false;
  }

  /** Closes. Returns how that ended. Without `because` it is not the end of the lease. */
  async close(access: Access, because?: ClosedBecause): Promise<FirewallResult> {
    this.#announce("close", access);
    const result = await this.#options.firewall.close(access);
    const isDone = result.kind === "done";
    if (access.method.kind === "command") this.#report("close", access, result);
    else if (isDone) this.log("info", "closed", access, "closed");
    if (isDone && because !== undefined) this.tell(access, { kind: "closed", because });
    return result;
  }

  /** Logs that the kernel has an access open, for `length` milliseconds. */
  logOpened({ id, access }: Lease, length: number): void {
    const { method, source, who, origin } = access;
    const services = method.kind === "native" ? method.services.map(formatService).join(", ") : "";
    const what = this.#options.firewall.isDryRun ? `would open ${services} for ${source}` : "open";
    const from = origin === undefined ? "" : `, as at ${origin}`;
    const detail = {
      lease: id,
      ...(who !== undefined && { who }),
      ...(origin !== undefined && { from: origin }),
    };
    this.log("notice", "opened", access, `${what} for ${length / 1000} s${from}`, detail);
    this.tell(access, { kind: "opened", ...openerOf(access) });
  }

  /** Logs that the kernel opened by itself, at `since`, until `due`. */
  logAdopted(access: Access, since: Monotonic, due: Monotonic): void {
    const now = this.#options.clock.now();
    const [age, left] = [now - since, due - now].map((time) => Math.round(time / 1000));
    const what = `opened by the kernel ${age} s ago, without knockd (${left} s left)`;
    this.log("notice", "kernel-opened", access, what);
    this.tell(access, { kind: "opened", by: "kernel" });
  }

  /** Logs that an open door stays open for longer, for a holder. */
  logExtended({ id, access }: Lease, holder: string): void {
    const detail = { lease: id, ...whoMember(holder) };
    this.log("info", "extended", access, "open already, stays open longer", detail);
  }

  /** Logs that the time of a lease is over, and for whom it was open last. */
  logExpired({ id, access, by, due }: Lease): void {
    const [last = ""] = [...by].find(([, until]) => until === due) ?? [];
    const native = this.#options.firewall.isDryRun ? "would be closed again" : "closed";
    const what = access.method.kind === "native" ? native : "command timeout";
    this.log("notice", "expired", access, what, { lease: id, ...whoMember(last) });
    if (access.method.kind === "native") this.tell(access, { kind: "closed", because: "due" });
  }

  /** Tells the listener of an event. */
  tell({ owner, source, method, origin }: Access, event: BareEvent): void {
    const subject = { owner, source, method: method.kind, ...(origin !== undefined && { origin }) };
    this.#options.onAccess?.({ ...subject, ...event });
  }

  /**
   * Logs a line about an access. Where any packet opens a door (a sequence of one port), any packet can
   * fail, so errors of openings are limited. What may still be open is always logged.
   */
  log(
    level: Level,
    event: string,
    { owner, source }: Access,
    what: string,
    detail?: NonNullable<Entry["detail"]>,
  ): void {
    const door = ownerName(owner);
    const text = `${source}: ${door}: ${what}`;
    const isOpening = level === "error" && event !== "close-failed";
    const limited = isOpening && ({ limited: true } as const);
    const more = { ...limited, ...(detail && { detail }) };
    this.#options.log.write({ level, event, text, door, source, ...more });
  }

  #announce(what: "open" | "close", { owner, source, method }: Access): void {
    if (method.kind !== "command") return;
    const door = ownerName(owner);
    const { firewall, log } = this.#options;
    const verb = firewall.isDryRun ? "would run" : "running command";
    const text = `${door}: ${verb}: ${what === "open" ? method.start : method.stop}`;
    log.write({ level: "notice", event: "command", text, door, source, detail: { what } });
  }

  #report(what: "open" | "close", { owner, source }: Access, outcome: FirewallResult): void {
    const { firewall, log } = this.#options;
    const door = ownerName(owner);
    // What did not run has not ended either.
    if (firewall.isDryRun) return;
    const level = outcome.kind === "done" ? "info" : "error";
    const text = `${door}: ${describe(outcome)}`;
    const event = outcome.kind === "not-started" ? "command-not-started" : "command-exit";
    log.write({ level, event, text, door, source, detail: { what, ...outcome } });
    if (outcome.kind === "done" || outcome.kind === "not-started") return;
    if (outcome.stderr === undefined) return;
    const said = { level: "notice", event: "command-stderr", to: "log", limited: true } as const;
    log.write({ ...said, text: `${door}: command wrote: ${outcome.stderr}`, door, source });
  }
}

/** Returns a result as the log says it. */
export function describe(outcome: FirewallResult): string {
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
