import type { Port } from "../../src/base/port.ts";
import type { RandomDoor } from "./doors.ts";
import { behind, flagBits } from "./doors.ts";
import type { SeededRandom } from "./random.ts";
import { ticks } from "./timetable.ts";

/** The server's addresses: two from the start, and one that comes once the daemons run. */
export const addresses = {
  4: { first: "10.77.0.1", second: "10.77.0.3", later: "10.77.0.2", nobody: "10.77.0.200" },
  6: { first: "fd77::1", second: "fd77::3", later: "fd77::2", nobody: "fd77::200" },
} as const;

/** A packet that is to be sent. */
export interface Knock extends Port {
  readonly stream: number;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  /** TCP: the flag bits; UDP: 0. */
  readonly flags: number;
  /** TCP: the sequence number. A retransmission is the same packet again. */
  readonly sequenceNumber: number;
  /** When it is sent: the number of the moment in the timetable. */
  readonly tick: number;
}

/** What one to three clients send, in this order: knocks at the doors, more or less spoilt. */
export function randomStream(
  random: SeededRandom,
  stream: number,
  doors: readonly RandomDoor[],
  families: readonly (4 | 6)[],
): Knock[] {
  const clients = random.percent(65) ? 1 : random.from(2, 3);
  const lists = Array.from({ length: clients }, (_, i) => {
    const family = random.percent(25) ? random.pick(families) : 4;
    const client = new RandomClient(random, doors, family, sourceAddress(family, stream, i));
    return client.knock().map((knock) => ({ ...knock, stream }));
  });
  const knocks = random.interleave(lists);
  // Sorting is stable: what is sent at one moment stays in its order.
  return knocks.sort((a, b) => a.tick - b.tick);
}

function sourceAddress(family: 4 | 6, stream: number, client: number): string {
  if (family === 6) return `fd88::${client + 1}:${(stream + 1).toString(16)}`;
  return `10.${100 + client + 3 * (stream >> 16)}.${(stream >> 8) & 255}.${stream & 255}`;
}

type StreamKnock = Omit<Knock, "stream">;

class RandomClient {
  readonly #random: SeededRandom;
  readonly #doors: readonly RandomDoor[];
  readonly #source: string;
  readonly #server: (typeof addresses)[4 | 6];
  readonly #later: boolean;
  readonly #hurried: boolean;
  readonly #careless: number;
  readonly #sent: StreamKnock[] = [];
  #tick: number;

  constructor(random: SeededRandom, doors: readonly RandomDoor[], family: 4 | 6, source: string) {
    this.#random = random;
    this.#doors = doors;
    this.#source = source;
    this.#server = addresses[family];
    // A client knows one name for the server: all its packets go to the new address, or none.
    this.#later = random.percent(6);
    this.#hurried = random.percent(55);
    this.#careless = random.pick([0, 0, 5, 15, 35]);
    this.#tick = random.from(0, this.#hurried ? ticks - 1 : ticks >> 1);
  }

  knock(): StreamKnock[] {
    const { doors, random } = { doors: this.#doors, random: this.#random };
    for (let knocks = random.pick([1, 1, 1, 2, 3]); knocks > 0; knocks--) {
      const door = random.pick(doors);
      if (random.percent(this.#careless)) this.#begin(random.pick(doors));
      this.#walk(door);
      if (random.percent(this.#careless)) this.#walk(door);
    }
    if (this.#sent.length === 0) this.#walk(random.pick(doors));
    return this.#sent;
  }

  /** Knocks at a door, and what goes wrong at that. */
  #walk(door: RandomDoor): void {
    const random = this.#random;
    for (const step of door.steps) {
      if (random.percent(this.#careless / 3)) continue;
      this.#send(step, door);
      while (random.percent(this.#careless)) this.#stumble(step, door);
    }
  }

  #begin(door: RandomDoor): void {
    for (const step of door.steps.slice(0, this.#random.from(1, door.steps.length))) {
      this.#send(step, door);
    }
  }

  /** What goes wrong after a step: each is as likely as the others. */
  #stumble(step: Port, door: RandomDoor): void {
    const random = this.#random;
    const other = random.pick(this.#doors);
    const unlisted: Port = { number: random.from(9000, 9999), protocol: step.protocol };
    const crossed: Port = { ...step, protocol: step.protocol === "tcp" ? "udp" : "tcp" };
    const [first = step] = door.steps;
    random.pick([
      () => this.#send(step, door),
      () => this.#retransmit(),
      () => this.#send(random.pick(other.steps), door),
      () => this.#send(first, door),
      () => this.#send(unlisted, door),
      () => this.#send(crossed, door),
      () => this.#send(step, door, random.pick([flagBits.rst, flagBits.ack, flagBits.fin])),
      () => this.#begin(other),
    ])();
  }

  #retransmit(): void {
    const last = this.#sent.at(-1);
    if (last !== undefined) this.#sent.push({ ...last, tick: this.#tick });
  }

  #send(port: Port, door: RandomDoor, flags?: number): void {
    const random = this.#random;
    if (!this.#hurried && random.percent(45)) {
      this.#tick = Math.min(ticks - 1, this.#tick + random.pick([1, 1, 1, 2, 3, 6]));
    }
    const usual = random.percent(4) ? flagBits.syn | flagBits.ack : flagBits.syn;
    this.#sent.push({
      ...port,
      source: this.#source,
      sourcePort: 20_000 + this.#sent.length,
      destination: this.#destination(door),
      flags: port.protocol === "udp" ? 0 : (flags ?? usual),
      sequenceNumber: random.from(0, 2 ** 32 - 1),
      tick: this.#tick,
    });
  }

  #destination(door: RandomDoor): string {
    const server = this.#server;
    if (this.#later) return server.later;
    if (door.target !== undefined && server === addresses[4] && this.#random.percent(90)) {
      return behind;
    }
    if (this.#random.percent(this.#careless / 5)) return server.nobody;
    return this.#random.percent(10) ? server.second : server.first;
  }
}
