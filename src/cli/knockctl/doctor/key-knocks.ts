// The knocks by key that `knockctl doctor` sees, and what knockd makes of them.
import type { Address } from "../../../base/address.ts";
import { parseAddress } from "../../../base/address.ts";
import type { Monotonic } from "../../../base/time.ts";
import type { LoggedEntry } from "../../../control/protocol.ts";
import type { SeenDatagram } from "../../../daemon/diagnosis/key-observer.ts";

/** A knock that knockd refused, and said why. */
export interface RefusedKnock {
  readonly source: string;
  /** `alice/laptop` */
  readonly who: string;
  /** As in docs/knock-packet.md. */
  readonly check: string;
  /** As the log has it. */
  readonly message: string;
}

/**
 * A datagram in the form of a knock of which knockd says nothing:
 * - `port`: it came to another port than those of the configuration
 * - `interface`: knockd does not listen where it came in
 * - `unknown`: no key of the users file made it, as far as knockd searches
 */
export interface StrangeKnock {
  readonly kind: "port" | "interface" | "unknown";
  readonly time: Monotonic;
  readonly source: Address;
  readonly port: number;
  readonly interfaceName: string | undefined;
}

/** What came by key, the latest last. */
export interface SeenKeyKnocks {
  readonly refused: readonly RefusedKnock[];
  readonly strange: readonly StrangeKnock[];
}

export interface KeyKnockLogParts {
  /** Those of the configuration. */
  readonly knockPorts: readonly number[];
  /** `undefined`: all. */
  readonly interfaces: readonly string[] | undefined;
  /** Returns whether other programs use a UDP port: then its datagrams are none of ours. */
  readonly isInUse: (port: number) => boolean;
  readonly wantsSource: (source: string) => boolean;
  readonly wantsDoor: (door: string) => boolean;
  readonly onRefused: (knock: RefusedKnock) => void;
  readonly onStrange: (knock: StrangeKnock) => void;
}

/** An accepted knock. */
export interface AcceptedKeyKnock {
  readonly door: string;
  /** For which the door opens. */
  readonly source: Address;
}

/** How long knockd may take to say something of a datagram: milliseconds. */
const wordTime = 3_000;

/** Sources, and knocks of each kind, that are kept. */
const most = 256;

/** Matches the datagrams with the lines of the log. */
export class KeyKnockLog {
  readonly #parts: KeyKnockLogParts;
  readonly #refused: RefusedKnock[] = [];
  readonly #strange: StrangeKnock[] = [];
  /** By source: datagrams of which knockd has said nothing yet, or lines whose datagram is still to come. */
  readonly #waiting = new Map<string, { readonly datagrams: SeenDatagram[]; lines: number }>();

  constructor(parts: KeyKnockLogParts) {
    this.#parts = parts;
  }

  get seen(): SeenKeyKnocks {
    // Some are told seconds after they came.
    const strange = [...this.#strange].sort((a, b) => a.time - b.time);
    return { refused: this.#refused, strange };
  }

  /** Takes a line of the log. Returns the knock if it is one that opens a door. */
  take(entry: LoggedEntry): AcceptedKeyKnock | undefined {
    const { event, message } = entry;
    const [source, who, check, door] = ["source", "who", "result", "door"].map((name) =>
      String(entry[name] ?? ""),
    ) as [string, string, string, string];
    if (event !== "knock" || who === "" || !this.#parts.wantsSource(source)) return undefined;
    const waiting = this.#of(source);
    if (waiting.datagrams.shift() === undefined) waiting.lines++;
    if (check === "accepted") {
      const address = parseAddress(String(entry["address"] ?? source));
      const isWanted = address !== undefined && this.#parts.wantsDoor(door);
      return isWanted ? { door, source: address } : undefined;
    }
    const refused = { source, who, check, message };
    keep(this.#refused, refused);
    this.#parts.onRefused(refused);
    return undefined;
  }

  see(datagram: SeenDatagram): void {
    const { time, source, port, interfaceName } = datagram;
    const { knockPorts, interfaces, isInUse, wantsSource } = this.#parts;
    if (!wantsSource(`${source}`)) return;
    const isOurs = knockPorts.includes(port);
    if (!isOurs && isInUse(port)) return;
    const isHeard =
      interfaces === undefined || interfaceName === undefined || interfaces.includes(interfaceName);
    if (!isOurs || !isHeard) {
      this.#report({ kind: isOurs ? "interface" : "port", time, source, port, interfaceName });
      return;
    }
    const waiting = this.#of(`${source}`);
    if (waiting.lines > 0) waiting.lines--;
    else if (waiting.datagrams.length < most) waiting.datagrams.push(datagram);
  }

  /** Gives up waiting for what knockd says of old datagrams. */
  expire(now: Monotonic): void {
    for (const { datagrams } of this.#waiting.values()) {
      while (datagrams[0] !== undefined && now - datagrams[0].time >= wordTime) {
        const { time, source, port, interfaceName } = datagrams[0];
        datagrams.shift();
        this.#report({ kind: "unknown", time, source, port, interfaceName });
      }
    }
  }

  #report(knock: StrangeKnock): void {
    keep(this.#strange, knock);
    this.#parts.onStrange(knock);
  }

  #of(source: string) {
    const found = this.#waiting.get(source) ?? { datagrams: [], lines: 0 };
    this.#waiting.delete(source);
    this.#waiting.set(source, found);
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size > most && oldest !== undefined) this.#waiting.delete(oldest);
    return found;
  }
}

function keep<T>(list: T[], one: T): void {
  list.push(one);
  if (list.length > most) list.shift();
}
