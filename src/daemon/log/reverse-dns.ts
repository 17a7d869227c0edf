import type { Address } from "../../base/address.ts";
import type { Entry, EntryListener } from "../../base/log.ts";
import type { WallTime } from "../../base/time.ts";

/** Sources whose names are remembered, found or not. */
const mostKnown = 10_000;

/** Sources that are being asked for. Beyond it, lines are written without a name. */
const mostPending = 200;

/** Lines of one source that wait. Beyond it they are all written without a name. */
const mostWaiting = 1000;

/** A name server that does not answer holds lines back for no longer: milliseconds. */
const lookUpTimeout = 2000;

/** Finds the name of an address; undefined if it has none. Never rejects. */
export type LookUp = (address: Address) => Promise<string | undefined>;

/**
 * Makes `IP (name): …` of the log's `IP: …`. The lines of a source wait here until its name is known, in
 * their order and with their own time; nothing else waits.
 */
export class ReverseDns {
  readonly #passOn: EntryListener;
  readonly #lookUp: LookUp;
  readonly #known = new Map<string, string | undefined>();
  readonly #pending = new Map<string, [Entry, WallTime][]>();

  /** `passOn` takes the lines. */
  constructor(passOn: EntryListener, lookUp: LookUp) {
    this.#passOn = passOn;
    this.#lookUp = lookUp;
  }

  write(entry: Entry, wall: WallTime): void {
    const { source } = entry;
    if (source === undefined || entry.level === "debug") {
      this.#passOn(entry, wall);
      return;
    }
    const key = source.toString();
    const waiting = this.#pending.get(key);
    if (waiting !== undefined) {
      waiting.push([entry, wall]);
      if (waiting.length >= mostWaiting) this.#release(key, undefined);
    } else if (this.#known.has(key)) this.#passOn(named(entry, this.#known.get(key)), wall);
    else if (this.#pending.size >= mostPending) this.#passOn(entry, wall);
    else {
      this.#pending.set(key, [[entry, wall]]);
      void this.#ask(source, key);
    }
  }

  /** Writes what waits, without names. */
  close(): void {
    for (const key of [...this.#pending.keys()]) this.#release(key, undefined);
  }

  async #ask(source: Address, key: string): Promise<void> {
    const name = await this.#lookUp(source);
    if (this.#known.size >= mostKnown) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    this.#known.set(key, name);
    this.#release(key, name);
  }

  #release(key: string, name: string | undefined): void {
    const waiting = this.#pending.get(key) ?? [];
    this.#pending.delete(key);
    for (const [entry, wall] of waiting) this.#passOn(named(entry, name), wall);
  }
}

function named(entry: Entry, name: string | undefined): Entry {
  if (name === undefined) return entry;
  const prefix = `${entry.source}: `;
  const text = entry.text.startsWith(prefix)
    ? `${entry.source} (${name}): ${entry.text.slice(prefix.length)}`
    : entry.text;
  return { ...entry, text, detail: { ...entry.detail, host: name } };
}

/** Asks the name servers, or the hosts file. */
export async function reverseLookUp(address: Address): Promise<string | undefined> {
  const { lookupService, Resolver } = await import("node:dns/promises");
  const resolver = new Resolver({ timeout: lookUpTimeout, tries: 1 });
  const timer = setTimeout(() => resolver.cancel(), lookUpTimeout);
  try {
    const [name] = await resolver.reverse(address.toString());
    // Of a name that stands in the hosts file alone, Node tells no more than that there is one.
    return name ?? (await lookupService(address.toString(), 0)).hostname;
  } catch {
    // No name, or no answer: the address says enough.
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
