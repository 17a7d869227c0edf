// Leads a packet through the chains of a host's packet filter, as far as that can be known.
import type { FirstPacket } from "./packet.ts";
import type { ChainHook, FilterChain, FilterTable, RuleVerdict } from "./ruleset.ts";
import { seesFamily } from "./ruleset.ts";

/** A chain that drops a packet for certain. */
export interface DroppingChain {
  readonly table: FilterTable;
  /** The one that the kernel gives the packet to. */
  readonly chain: FilterChain & { readonly hook: ChainHook };
  /** The names of the chains through which the packet may have come, in their order. */
  readonly visited: readonly string[];
  /** Those of them that may drop it, by themselves or by a chain that they lead to. */
  readonly droppers: ReadonlySet<string>;
}

/** What becomes of a packet. A packet is accepted if each chain accepts it. */
export interface Decision {
  readonly outcome: "accepted" | "dropped" | "unknown";
  /** All chains that drop it. */
  readonly droppedBy: readonly DroppingChain[];
}

/** What may come of a packet in a chain: bits, of which several may be set. */
const may = { accept: 1, drop: 2, return: 4, translate: 8, untrack: 16 } as const;
const anything = 31;
const terminal = may.accept | may.drop | may.translate;

/** The hooks that a packet for this host passes, in their order. */
const hooks: readonly string[] = ["ingress", "prerouting", "input"];

/** Those of a packet for another host that drop by its destination; before them it may have another. */
const forwardHooks: readonly string[] = ["forward"];

/** Connections are tracked between this priority of prerouting and the next (NF_IP_PRI_CONNTRACK). */
const conntrackPriority = -200;

/** Decides what becomes of a packet. */
export function decide(tables: readonly FilterTable[], packet: FirstPacket): Decision {
  const droppedBy: DroppingChain[] = [];
  let isCertain = true;
  let current = packet;
  for (const { table, chain } of chainsFor(tables, packet)) {
    const walk = new ChainWalk(table, current);
    const outcome = walk.base(chain);
    if ((outcome & ~may.untrack) === may.drop) droppedBy.push({ table, chain, ...walk.trace() });
    if (outcome !== may.accept) isCertain = false;
    if ((outcome & may.untrack) !== 0 && chain.hook.priority <= conntrackPriority) {
      current = { ...current, mayBeUntracked: true };
    }
    // From here on it may have another port, or be for another host.
    if ((outcome & may.translate) !== 0) break;
  }
  if (droppedBy.length > 0) return { outcome: "dropped", droppedBy };
  return { outcome: isCertain ? "accepted" : "unknown", droppedBy };
}

interface HookedChain {
  readonly table: FilterTable;
  readonly chain: FilterChain & { readonly hook: ChainHook };
}

/** Returns the chains that the kernel gives a packet to, in their order. */
function chainsFor(tables: readonly FilterTable[], packet: FirstPacket): HookedChain[] {
  const hooked = tables
    .filter((table) => seesFamily(table, packet.family))
    .flatMap((table) =>
      [...table.chains.values()].flatMap(({ hook, ...chain }) =>
        hook !== undefined && isPassed(hook, packet) ? [{ table, chain: { ...chain, hook } }] : [],
      ),
    );
  const hooks = hooksOf(packet);
  const place = ({ chain: { hook } }: HookedChain) => hooks.indexOf(hook.name);
  return hooked.sort(
    (a, b) => place(a) - place(b) || a.chain.hook.priority - b.chain.hook.priority,
  );
}

function hooksOf({ destination }: FirstPacket): readonly string[] {
  return destination === undefined ? hooks : forwardHooks;
}

function isPassed({ name, devices }: ChainHook, packet: FirstPacket): boolean {
  const { interfaceName } = packet;
  if (name !== "ingress" || packet.destination !== undefined) return hooksOf(packet).includes(name);
  return interfaceName !== undefined && devices.includes(interfaceName);
}

/** The way of one packet through the chains of a table. */
class ChainWalk {
  readonly #table: FilterTable;
  readonly #packet: FirstPacket;
  /** What comes of the packet in each chain that it has met, in their order. */
  readonly #known = new Map<string, number>();

  constructor(table: FilterTable, packet: FirstPacket) {
    this.#table = table;
    this.#packet = packet;
  }

  base(chain: FilterChain & { readonly hook: ChainHook }): number {
    const outcome = this.#walk(chain.name);
    if ((outcome & may.return) === 0) return outcome;
    return (outcome & ~may.return) | may[chain.hook.policy];
  }

  trace(): Pick<DroppingChain, "visited" | "droppers"> {
    const droppers = [...this.#known].flatMap(([name, outcome]) =>
      (outcome & may.drop) === 0 ? [] : name,
    );
    return { visited: [...this.#known.keys()], droppers: new Set(droppers) };
  }

  #walk(name: string): number {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    // The kernel allows no loop.
    this.#known.set(name, anything);
    const outcome = this.#follow(this.#table.chains.get(name));
    this.#known.set(name, outcome);
    return outcome;
  }

  #follow(chain: FilterChain | undefined): number {
    if (chain === undefined) return anything;
    let outcome = 0;
    for (const { condition, verdict } of chain.rules) {
      const met = condition(this.#packet);
      if (met === "no") continue;
      const { result, goesOn } = this.#apply(verdict);
      outcome |= result;
      if (met === "yes" && !goesOn) return outcome;
    }
    return outcome | may.return;
  }

  /** Returns what comes of the packet if it does not go on with the next rule, and whether it may go on. */
  #apply(verdict: RuleVerdict): { readonly result: number; readonly goesOn: boolean } {
    switch (verdict.kind) {
      case "accept":
      case "drop":
      case "return":
      case "translate":
        return { result: may[verdict.kind], goesOn: false };
      case "next":
        return { result: 0, goesOn: true };
      case "untrack":
        return { result: may.untrack, goesOn: true };
      case "unknown":
        return { result: anything, goesOn: true };
      case "goto":
        return { result: this.#walk(verdict.chain), goesOn: false };
      case "jump": {
        const result = this.#walk(verdict.chain);
        return { result: result & (terminal | may.untrack), goesOn: (result & may.return) !== 0 };
      }
    }
  }
}
