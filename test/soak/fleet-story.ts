// Gateways around a store that fails again and again: what they do, what fails, and whether they are alike.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../src/base/clock.ts";
import { reason } from "../../src/base/errors.ts";
import type { Board } from "../../src/fleet/board.ts";
import { fleetTime } from "../../src/fleet/stamp.ts";
import type { FleetSubject } from "../../src/fleet/subject.ts";
import type { SeededRandom } from "../differential/random.ts";
import { RedisServer } from "../live/redis-server.ts";
import { StoreProxy } from "../live/store-proxy.ts";
import { FleetGateway, holderOfSource } from "../support/fleet-bench.ts";

/** Sources of the leases, and those who hold them. */
const sources = 60;
const names = ["", "alice/laptop", "bob/phone"] as const;

/** Milliseconds by which the ends of one lease may differ. */
const tolerance = 1_000;

const minute = 60_000;

/** What has been done, and what was found. */
export interface FleetStoryReport {
  readonly faults: ReadonlyMap<string, number>;
  readonly openings: number;
  readonly closings: number;
  readonly claims: number;
  /** Packets that two gateways took while the store was there all the time. */
  readonly doubleClaims: number;
  /** From the end of a fault until all gateways were alike: milliseconds, the longest. */
  readonly longestMending: number;
}

/** One gateway: its way to the store, what came of its last attempts to connect, and what it holds. */
interface SoakGateway {
  readonly proxy: StoreProxy;
  readonly attempts: string[];
  member: FleetGateway;
}

/** Attempts to connect that are kept of each gateway. */
const keptAttempts = 8;

export class FleetStory {
  readonly #random: SeededRandom;
  readonly #store: RedisServer;
  readonly #gateways: SoakGateway[] = [];
  readonly #faults = new Map<string, number>();
  /** How late the event loop of this process was, which has all the gateways. */
  readonly #delays = monitorEventLoopDelay({ resolution: 10 });
  #ahead = 0;
  #openings = 0;
  #closings = 0;
  #claims = 0;
  #doubleClaims = 0;
  #longestMending = 0;

  private constructor(store: RedisServer, random: SeededRandom) {
    this.#store = store;
    this.#random = random;
    this.#delays.enable();
  }

  static async begin(count: number, random: SeededRandom): Promise<FleetStory> {
    const store = await RedisServer.start("--appendonly", "yes", "--appendfsync", "always");
    const story = new FleetStory(store, random);
    for (let i = 1; i <= count; i++) {
      const limits = { answer: 2_000, connect: 3_000 };
      const proxy = await StoreProxy.open(store, `gw-${i}`, limits);
      const attempts: string[] = [];
      const member = story.#start(`gw-${i}`, { proxy, attempts });
      story.#gateways.push({ proxy, attempts, member });
    }
    await story.#mended("the start");
    return story;
  }

  get report(): FleetStoryReport {
    return {
      faults: this.#faults,
      ...{ openings: this.#openings, closings: this.#closings, claims: this.#claims },
      ...{ doubleClaims: this.#doubleClaims, longestMending: this.#longestMending },
    };
  }

  /** Bytes that the store holds. */
  async storeSize(): Promise<number> {
    return Number(/used_memory:(\d+)/.exec(await this.#store.cli("info", "memory"))?.[1]);
  }

  /** Acts for a while, lets something fail meanwhile, and throws if the gateways are not alike afterwards. */
  async round(): Promise<void> {
    await this.#act(20);
    const [name, fault] = this.#random.pick(this.#allFaults());
    this.#faults.set(name, (this.#faults.get(name) ?? 0) + 1);
    const mend = await fault();
    await this.#act(20);
    await mend();
    const began = performance.now();
    await this.#act(5);
    await this.#mended(name);
    this.#longestMending = Math.max(this.#longestMending, performance.now() - began);
    await this.#claimOnce();
    for (const { member } of this.#gateways) member.forgetNews();
  }

  async end(): Promise<void> {
    this.#delays.disable();
    await Promise.all(this.#gateways.map(({ member }) => member.stop()));
    for (const { proxy } of this.#gateways) proxy.close();
    await this.#store.close();
  }

  #start(name: string, { proxy, attempts }: Omit<SoakGateway, "member">): FleetGateway {
    const connect = async (): Promise<Board> => {
      const began = performance.now();
      const note = (result: string) => {
        const took = Math.round(performance.now() - began);
        attempts.push(`at ${Math.round(began)} for ${took} ms: ${result}`);
        attempts.splice(0, attempts.length - keptAttempts);
      };
      const board = await proxy.connect().catch((thrown) => {
        note(reason(thrown));
        throw thrown;
      });
      note("connected");
      const time = board.time.bind(board);
      board.time = async () => fleetTime((await time()) + this.#ahead);
      return board;
    };
    return new FleetGateway(name, { clock: systemClock, connect }).start();
  }

  /** Opens, extends and closes at random gateways. */
  async #act(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      const { fleet } = this.#random.pick(this.#gateways).member;
      const source = this.#random.from(1, sources);
      const holder = holderOfSource(source, this.#random.pick(names));
      if (this.#random.percent(75)) {
        fleet.opened(holder, this.#random.from(1_000, 3 * minute));
        this.#openings++;
      } else {
        const scopes: readonly FleetSubject[] = [
          holder,
          { kind: "door-source", door: holder.door, source: holder.source },
          { kind: "source", source: holder.source },
          { kind: "who", who: "alice/laptop" },
          ...(this.#random.percent(5) ? [{ kind: "all" } as const] : []),
        ];
        fleet.closed(this.#random.pick(scopes), 4 * minute);
        this.#closings++;
      }
      await sleep(this.#random.from(0, 20));
    }
  }

  /** All gateways have one packet in one moment, while the store is there. */
  async #claimOnce(): Promise<void> {
    const use = { kind: "packet", key: "00", time: this.#claims++ } as const;
    const claims = this.#gateways.map(({ member }) =>
      member.fleet.uses.claim({ use, life: minute }),
    );
    const mine = (await Promise.all(claims)).filter((result) => result === "mine");
    if (mine.length > 1) this.#doubleClaims++;
  }

  #allFaults(): readonly (readonly [string, () => Promise<() => Promise<unknown>>])[] {
    const store = this.#store;
    const some = () => this.#gateways.filter(() => this.#random.percent(40));
    const nothing = async () => {};
    const down = async (emptied: boolean) => {
      if (emptied) await store.cli("flushall");
      await store.kill();
      return () => store.restart();
    };
    return [
      ["kill", () => down(false)],
      ["empty restart", () => down(true)],
      [
        "frozen store",
        async () => {
          store.signal("SIGSTOP");
          await sleep(this.#random.percent(10) ? 30_000 : this.#random.from(100, 5_000));
          return async () => store.signal("SIGCONT");
        },
      ],
      ["flush", () => store.cli("flushall").then(() => nothing)],
      ["lost table", () => store.cli("del", "sesame:{office}:now").then(() => nothing)],
      [
        "full store",
        async () => {
          await store.cli("config", "set", "maxmemory", "1");
          return () => store.cli("config", "set", "maxmemory", "0");
        },
      ],
      [
        "eviction",
        async () => {
          await store.cli("config", "set", "maxmemory-policy", "allkeys-random");
          await store.cli("config", "set", "maxmemory", "1");
          return async () => {
            await store.cli("config", "set", "maxmemory", "0");
            await store.cli("config", "set", "maxmemory-policy", "noeviction");
          };
        },
      ],
      [
        "replica",
        async () => {
          await store.cli("replicaof", "127.0.0.1", "1");
          return () => store.cli("replicaof", "no", "one");
        },
      ],
      [
        "cut ways",
        async () => {
          const cut = some();
          for (const { proxy } of cut) proxy.isSilent = true;
          await sleep(this.#random.from(100, 4_000));
          return async () => {
            for (const { proxy } of cut) proxy.isSilent = false;
          };
        },
      ],
      [
        "slow ways",
        async () => {
          const slow = some();
          for (const { proxy } of slow) proxy.delay = this.#random.from(20, 200);
          await sleep(1_000);
          return async () => {
            for (const { proxy } of slow) proxy.delay = 0;
          };
        },
      ],
      [
        "clock",
        async () => {
          this.#ahead = this.#random.pick([0, 60 * minute, -60 * minute]);
          return nothing;
        },
      ],
      [
        "started again",
        async () => {
          const again = some();
          const kept = again.map(({ member }) => member.fleet.living());
          await Promise.all(again.map(({ member }) => member.stop()));
          return async () => {
            for (const [i, gateway] of again.entries()) {
              const { member } = gateway;
              gateway.member = this.#start(member.name, gateway);
              for (const { holder, opening, origin } of kept[i] ?? []) {
                const left = opening.end - member.fleet.now();
                const { stamp } = opening;
                gateway.member.fleet.restored({ holder, left, stamp, origin });
              }
            }
          };
        },
      ],
    ];
  }

  /** Waits until all gateways are alike; throws after two minutes. */
  async #mended(after: string): Promise<void> {
    const deadline = performance.now() + 2 * minute;
    this.#delays.reset();
    for (;;) {
      const difference = this.#difference();
      if (difference === undefined) return;
      if (performance.now() > deadline) {
        throw new Error(
          [`after "${after}": ${difference}`, ...(await this.#circumstances())].join("\n"),
        );
      }
      await sleep(100);
    }
  }

  /** Says how it goes with the store, and with the gateways that are away. */
  async #circumstances(): Promise<string[]> {
    const asked = performance.now();
    const pong = await Promise.race([this.#store.cli("ping"), sleep(10_000, "no answer")]);
    const clients = await Promise.race([this.#store.cli("info", "clients"), sleep(10_000, "")]);
    return [
      `at ${Math.round(performance.now())} the store: ${pong} in ${Math.round(performance.now() - asked)} ms`,
      ...clients.split(/\r?\n/).filter((line) => /^(?:connected|blocked)_clients/.test(line)),
      `this process was late by ${Math.round(this.#delays.max / 1e6)} ms at most`,
      ...this.#gateways
        .filter(({ member }) => !member.fleet.state.isJoined)
        .flatMap(({ member, attempts }) => [member.name, ...attempts]),
    ];
  }

  /** Says in what gateways differ, if they do. */
  #difference(): string | undefined {
    const fleets = this.#gateways.map(({ member }) => member.fleet);
    const away = fleets.filter(({ state }) => !state.isJoined || state.waiting > 0);
    const [first] = away;
    if (first !== undefined) return `${away.length} are like ${JSON.stringify(first.state)}`;
    for (let n = 1; n <= sources; n++) {
      for (const who of names) {
        const holder = holderOfSource(n, who);
        const left = fleets.map((fleet) => (fleet.endOf(holder) ?? 0) - fleet.now());
        const open = left.map((one) => Math.max(0, one));
        const spread = Math.max(...open) - Math.min(...open);
        if (spread > tolerance) return `${n} "${who}" is open for ${open.map(Math.round)} ms`;
      }
    }
    return undefined;
  }
}
