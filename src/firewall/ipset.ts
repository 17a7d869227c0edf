// For people who keep their own iptables rules: sets for one rule of theirs to match.
import { execFile } from "node:child_process";
import type { Clock } from "../base/clock.ts";
import { KnockError, reason } from "../base/errors.ts";
import type { Service } from "../base/service.ts";
import type { Firewall, Outcome, Passage } from "./firewall.ts";

/** How long ipset may take: milliseconds. */
const patience = 5000;

/** An ipset time-out is 32 bits of milliseconds in the kernel: seconds. */
const longestTimeout = 2_147_483;

const sets = { 4: "sesame4", 6: "sesame6" } as const;

/** ipset's text that makes both sets, if they are not there. */
const createSets = [
  `create ${sets[4]} hash:ip,port family inet timeout 0 maxelem 1000000`,
  `create ${sets[6]} hash:ip,port family inet6 timeout 0 maxelem 1000000`,
].join("\n");

/**
 * Opens services by elements with kernel time-outs in the sets sesame4 and sesame6, which a rule of
 * the administrator matches: `-m set --match-set sesame4 src,dst -j ACCEPT`.
 */
export class IpsetFirewall implements Firewall {
  readonly #clock: Clock;
  /** Until when the kernel has an element open: milliseconds on the clock's `now()`. */
  readonly #ends = new Map<string, number>();
  #purgeAt = 1000;

  private constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Makes the sets if they are not there. Throws FIREWALL. */
  static async open(clock: Clock): Promise<IpsetFirewall> {
    const outcome = await restore(createSets);
    if (outcome.kind === "not-started") throw new KnockError("FIREWALL", outcome.reason);
    return new IpsetFirewall(clock);
  }

  async open(passage: Passage, length: number): Promise<Outcome> {
    const seconds = Math.min(longestTimeout, Math.max(1, Math.ceil(length / 1000)));
    const now = this.#clock.now();
    const end = now + seconds * 1000;
    this.#purge(now);
    // With -exist an element that is there gets the new time-out, which must not be a shorter one:
    // another door may have opened it, too.
    const wanted = elements(passage).filter((key) => (this.#ends.get(key) ?? 0) < end);
    for (const key of wanted) this.#ends.set(key, end);
    // Somebody may have destroyed the sets; where they are there, -exist makes it no error.
    const adds = wanted.map((key) => `add ${key} timeout ${seconds}`);
    const outcome = await restore([createSets, ...adds].join("\n"));
    if (outcome.kind !== "done") for (const key of wanted) this.#ends.delete(key);
    return outcome;
  }

  close(passage: Passage): Promise<Outcome> {
    const closed = elements(passage);
    for (const key of closed) this.#ends.delete(key);
    return restore(closed.map((key) => `del ${key}`).join("\n"));
  }

  /** Forgets what is over, but not each time: that would take long where there is much. */
  #purge(now: number): void {
    if (this.#ends.size < this.#purgeAt) return;
    for (const [key, end] of this.#ends) if (end <= now) this.#ends.delete(key);
    this.#purgeAt = 1000 + 2 * this.#ends.size;
  }
}

/** Such as `sesame4 192.0.2.7,tcp:22`. */
function elements({ source, way }: Passage): string[] {
  if (way.kind !== "native") return [];
  const { family } = source;
  return way.services.map((service) => `${sets[family]} ${source},${portOf(service, family)}`);
}

/** Echo requests are type 8 (RFC 792) and 128 (RFC 4443 §4.1), code 0. */
function portOf(service: Service, family: 4 | 6): string {
  if (service.protocol !== "icmp") return `${service.protocol}:${service.port}`;
  return family === 4 ? "icmp:8/0" : "icmpv6:128/0";
}

function restore(text: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { timeout: patience, encoding: "utf8" } as const;
    const child = execFile("ipset", ["-exist", "restore"], options, (error, _, stderr) => {
      if (error === null) resolve({ kind: "done" });
      else resolve({ kind: "not-started", reason: `ipset: ${stderr.trim() || reason(error)}` });
    });
    child.stdin?.on("error", () => {});
    child.stdin?.end(`${text}\n`);
  });
}
