import { performance } from "node:perf_hooks";
import { setImmediate } from "node:timers/promises";
import { PacketSender, synKind } from "./packet-sender.ts";
import type { Syn } from "./syn.ts";
import { addressNumber } from "./syn.ts";
import type { BenchTestBed } from "./test-bed.ts";
import { clientLink, clientNetwork } from "./test-bed.ts";
import { block, sleepExactly, wallTime } from "./timing.ts";
import { Wiretap } from "./wiretap.ts";

const SYN = 0x02;
const SYN_ACK = 0x12;

/** What a look at a door showed. */
export interface MeasuredOpening {
  /** From the last knock to the first SYN that got in: milliseconds; undefined if none got in. */
  readonly time: number | undefined;
  /** The longest time between two SYNs up to there: what `time` may be too long by. Milliseconds. */
  readonly gap: number;
}

export interface Look {
  /** Who knocks, as a number. */
  readonly source: number;
  /** The port that is to open. */
  readonly port: number;
  /** How long to wait for it: milliseconds. */
  readonly patience: number;
}

/**
 * The client's eyes: sends SYNs to a port in quick succession and tells which was the first that was
 * answered. Each has its own sequence number, so that the answer says which one it is for.
 */
export class Prober {
  readonly #destination: number;
  readonly #sender: PacketSender<Syn>;
  readonly #wiretap: Wiretap;
  #sequence = Math.floor(Math.random() * 2 ** 31);

  /** `server`: its address. */
  constructor(stage: BenchTestBed, server: string) {
    sleepExactly();
    this.#destination = addressNumber(server);
    const parts = stage.at(stage.client, () => ({
      sender: new PacketSender("eth0", synKind(clientLink, this.#destination), 1),
      wiretap: new Wiretap("eth0", clientNetwork),
    }));
    this.#sender = parts.sender;
    this.#wiretap = parts.wiretap;
  }

  /** Sends these SYNs and looks from then on, a SYN each `pace` milliseconds. Blocks this thread. */
  knock(ports: readonly number[], look: Look, pace: number): MeasuredOpening {
    const send = () => {
      let sent = wallTime();
      for (const port of ports) {
        sent = wallTime();
        this.#send(look.source, port);
      }
      return sent;
    };
    return this.knockBy(send, look, pace);
  }

  /** As `knock`. `send` sends what opens the door, and returns when it began with the last packet. */
  knockBy(send: () => number, look: Look, pace: number): MeasuredOpening {
    while (this.#wiretap.next() !== undefined); // Left over from the look before.
    const probing = new Probing(send(), look);
    for (;;) {
      const answer = this.#answer(probing);
      if (answer !== undefined) return answer;
      this.#probe(probing);
      block((pace - (wallTime() - probing.last)) * 1_000);
    }
  }

  /** Waits until a program of the client has sent a SYN to `lastPort`, then looks. Does not block. */
  async watch(lastPort: number, look: Look, pace: number): Promise<MeasuredOpening> {
    const begin = performance.now();
    let sent = this.#lastKnock(look.source, lastPort);
    while (sent === undefined) {
      if (performance.now() - begin > 5_000) throw new Error("the client did not knock");
      await setImmediate();
      block(100);
      sent = this.#lastKnock(look.source, lastPort);
    }
    return await this.#follow(new Probing(sent, look), pace);
  }

  /** Looks from now on, while a program of the client knocks, and takes the time from now on. Does not block. */
  async follow(look: Look, pace: number): Promise<MeasuredOpening> {
    while (this.#wiretap.next() !== undefined); // Left over from the look before.
    return await this.#follow(new Probing(wallTime(), look), pace);
  }

  close(): void {
    this.#sender.close();
    this.#wiretap.close();
  }

  #send(source: number, port: number): void {
    this.#sequence = (this.#sequence + 64) >>> 0;
    this.#sender.packets[0]?.set(source, 40_000 + (this.#sequence % 20_000), port, this.#sequence);
    if (this.#sender.send(1) !== 1) throw new Error("cannot send a SYN");
  }

  async #follow(probing: Probing, pace: number): Promise<MeasuredOpening> {
    for (;;) {
      const answer = this.#answer(probing);
      if (answer !== undefined) return answer;
      if (wallTime() - probing.last >= pace) this.#probe(probing);
      await setImmediate();
      block(100);
    }
  }

  #probe(probing: Probing): void {
    probing.add((this.#sequence + 64) >>> 0);
    this.#send(probing.look.source, probing.look.port);
  }

  /** What came of it, if that is known already. */
  #answer(probing: Probing): MeasuredOpening | undefined {
    for (let seen = this.#wiretap.next(); seen !== undefined; seen = this.#wiretap.next()) {
      const isAnswer = seen.flags === SYN_ACK && seen.destination === probing.look.source;
      if (!isAnswer || seen.sourcePort !== probing.look.port) continue;
      const answer = probing.answered((seen.acknowledged - 1) >>> 0);
      if (answer !== undefined) return answer;
    }
    if (wallTime() - probing.start < probing.look.patience) return undefined;
    return { time: undefined, gap: probing.gap };
  }

  /** When the kernel sent it. */
  #lastKnock(source: number, port: number): number | undefined {
    for (let seen = this.#wiretap.next(); seen !== undefined; seen = this.#wiretap.next()) {
      const isKnock = seen.source === source && seen.port === port && seen.flags === SYN;
      if (isKnock && seen.destination === this.#destination) return seen.time;
    }
    return undefined;
  }
}

/** The SYNs that were sent to see whether a door is open. */
class Probing {
  readonly start: number;
  readonly look: Look;
  readonly #sent = new Map<number, number>();
  last: number;
  gap = 0;

  constructor(start: number, look: Look) {
    this.start = start;
    this.look = look;
    this.last = start;
  }

  add(sequence: number): void {
    const now = wallTime();
    this.gap = Math.max(this.gap, now - this.last);
    this.last = now;
    this.#sent.set(sequence, now);
  }

  answered(sequence: number): MeasuredOpening | undefined {
    const sent = this.#sent.get(sequence);
    return sent === undefined ? undefined : { time: sent - this.start, gap: this.gap };
  }
}
