import { keyOfOwner, ownerName } from "../../base/access-owner.ts";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Config } from "../../config/config.ts";
import type { Hook } from "../../config/hook.ts";
import { formatHook } from "../../config/hook.ts";
import { expandCommands } from "../../firewall/commands/template.ts";
import type { CommandAccess, Firewall } from "../../firewall/firewall.ts";
import type { AccessEvent, AccessOpener } from "../../grant/access-event.ts";
import { whoMember } from "../../grant/holders.ts";
import { describe } from "../../grant/logged-firewall.ts";
import type { WebhookOptions } from "./webhook.ts";

/** Events that wait for one hook, at most. */
const mostWaiting = 100;

/** How long a command may take: milliseconds. */
const commandTimeout = 30_000;

/** What hooks are told. */
export type Notice = Extract<AccessEvent, { readonly kind: "opened" | "closed" }>;

export interface NotifierParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly commands: Pick<Firewall<CommandAccess>, "open">;
  readonly post: (
    url: string,
    body: string,
    options: WebhookOptions,
  ) => Promise<string | undefined>;
}

/** What is told of openings, and of closings. */
interface Hooks {
  readonly onOpen: Hook | undefined;
  readonly onClose: Hook | undefined;
}

/** The events that one hook is still to be told. */
interface HookQueue {
  readonly notices: (() => Promise<string | undefined>)[];
  dropped: number;
}

/**
 * Tells commands and web servers when doors are opened and closed: each hook one event after the other,
 * beside all that knocks need. An event that a hook cannot take is logged and lost.
 */
export class Notifier {
  readonly #parts: NotifierParts;
  readonly #queues = new Map<string, HookQueue>();
  /** The hooks of each door of the configuration, by the key of its owner. */
  #ofDoors: ReadonlyMap<string, Hooks> = new Map();
  /** Those of doors that the configuration has no more. */
  #ofAll: Hooks = { onOpen: undefined, onClose: undefined };
  readonly #stopping = new AbortController();

  constructor(parts: NotifierParts) {
    this.#parts = parts;
  }

  /** Tells the hooks of this configuration from now on. What waits goes where it was to go. */
  use({ options, doors }: Pick<Config, "options" | "doors">): void {
    const seen = new Map<string, number>();
    this.#ofAll = options;
    this.#ofDoors = new Map(
      doors.map(({ name, onOpen = options.onOpen, onClose = options.onClose }) => {
        const nth = (seen.get(name) ?? 0) + 1;
        seen.set(name, nth);
        return [keyOfOwner({ kind: "door", name, nth }), { onOpen, onClose }];
      }),
    );
  }

  /** Takes an event; returns at once. */
  notify(event: AccessEvent): void {
    if (event.kind !== "opened" && event.kind !== "closed") return;
    if (this.#stopping.signal.aborted) return;
    if (event.owner.kind !== "door") return;
    // The gateway of the fleet that opened it tells its own hooks.
    if (event.origin !== undefined) return;
    const { onOpen, onClose } = this.#ofDoors.get(keyOfOwner(event.owner)) ?? this.#ofAll;
    const hook = event.kind === "opened" ? onOpen : onClose;
    if (hook !== undefined) this.#add(hook, this.#prepare(hook, event));
  }

  /** Ends all that goes on with web servers. What waits is lost. */
  stop(): void {
    this.#stopping.abort();
    this.#queues.clear();
  }

  #add(hook: Hook, notice: () => Promise<string | undefined>): void {
    const key = hook.kind === "command" ? hook.text : hook.url;
    const queue = this.#queues.get(key);
    if (queue === undefined) {
      const fresh = { notices: [notice], dropped: 0 };
      this.#queues.set(key, fresh);
      void this.#run(key, hook, fresh);
    } else if (queue.notices.length < mostWaiting) queue.notices.push(notice);
    else queue.dropped++;
  }

  async #run(key: string, hook: Hook, queue: HookQueue): Promise<void> {
    for (let notice = queue.notices.shift(); notice !== undefined; notice = queue.notices.shift()) {
      const problem = await notice();
      if (this.#stopping.signal.aborted) return;
      if (problem !== undefined) this.#warn(`${formatHook(hook)} was not told: ${problem}`);
      const { dropped } = queue;
      if (dropped > 0) this.#warn(`${formatHook(hook)} is too slow: ${dropped} events were lost`);
      queue.dropped = 0;
    }
    this.#queues.delete(key);
  }

  #warn(text: string): void {
    this.#parts.log.write({ level: "warning", event: "hook-failed", text, limited: true });
  }

  /** Returns what tells the hook, and returns a problem: the event as it is now. */
  #prepare(hook: Hook, notice: Notice): () => Promise<string | undefined> {
    const { commands, clock, post } = this.#parts;
    const { signal } = this.#stopping;
    if (hook.kind === "webhook") {
      const body = JSON.stringify(noticeBody(notice, new Date(clock.wall())));
      return () => post(hook.url, body, { signal });
    }
    const access = hookAccess(hook.text, notice);
    return async () => {
      const result = await commands.open(access, 0);
      return result.kind === "done" ? undefined : describe(result);
    };
  }
}

/** The object that a web server gets. */
function noticeBody({ owner, source, ...notice }: Notice, time: Date): object {
  return {
    version: 1,
    event: notice.kind,
    door: ownerName(owner),
    address: source.toString(),
    ...(notice.kind === "opened" ? openerMembers(notice) : { because: notice.because }),
    time: time.toISOString(),
  };
}

function openerMembers({ by, who }: AccessOpener): AccessOpener {
  return { by, ...(who !== undefined && { who }) };
}

function hookAccess(text: string, notice: Notice): CommandAccess {
  const { owner, source } = notice;
  const known = { start: text.replaceAll("%EVENT%", notice.kind) };
  const who = notice.kind === "opened" ? whoMember(notice.who ?? "") : {};
  const words = { door: ownerName(owner), source, knock: undefined, ...who };
  const { start = "" } = expandCommands(known, words) ?? {};
  const fixed = { stop: undefined, user: undefined, timeout: commandTimeout, serial: "no" };
  return { owner, source, knock: undefined, ...who, method: { kind: "command", start, ...fixed } };
}
