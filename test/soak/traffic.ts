import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Address } from "../../src/base/address.ts";
import { systemClock } from "../../src/base/clock.ts";
import type { Port } from "../../src/base/port.ts";
import { openClient } from "../../src/control/client.ts";
import type { SeededRandom } from "../differential/random.ts";
import type { Process } from "../live/process.ts";
import { run } from "../live/run.ts";
import type { Wire } from "../live/wire.ts";
import { address, mss, tcpPacket, udpPacket } from "../support/packets.ts";
import type { Paths } from "./doors.ts";
import { configuration, longest, oneTimeSequence, sequences } from "./doors.ts";

/** A door that must have opened for a source. */
export interface SoakOpening {
  readonly door: string;
  readonly source: string;
}

export interface TrafficParts {
  readonly daemon: Process;
  readonly wire: Wire;
  /** Where the daemon can be reached; the second one, if there is IPv6. */
  readonly addresses: readonly [Address, Address?];
  readonly paths: Paths;
  /** Where the configuration is. */
  readonly config: string;
  /** The command line of knockctl with these arguments. */
  readonly knockctl: (...args: string[]) => readonly string[];
  readonly hasNftables: boolean;
  readonly random: SeededRandom;
}

/** Packets that are sent at once, before the daemon has its turn. */
const burst = 500;

/** Everything that a daemon meets in its life, in any order: knocks, strangers, administrators, changes. */
export class SoakTraffic {
  /** What must have opened. */
  readonly openings: SoakOpening[] = [];
  /** How often each thing was done. */
  readonly done: Record<string, number> = {};
  readonly #parts: TrafficParts;
  readonly #random: SeededRandom;
  #sources = 0;
  #turn = 0;

  constructor(parts: TrafficParts) {
    this.#parts = parts;
    this.#random = parts.random;
  }

  /** Goes on until `end` (milliseconds on performance.now()); then every kind of thing was done. */
  async run(end: number): Promise<void> {
    const actions = this.#actions();
    // Each once, and then by chance: a short run meets everything, too.
    const first = Object.keys(actions);
    while (performance.now() < end || first.length > 0) {
      const name = first.shift() ?? this.#random.pick(Object.keys(actions));
      await this.#goodKnock();
      await actions[name]?.();
      this.done[name] = (this.done[name] ?? 0) + 1;
      await sleep(this.#random.from(20, 250));
    }
  }

  #actions(): Record<string, () => Promise<void>> {
    return {
      "knock that stops half-way": () => this.#halfKnock(),
      "knock with a wrong port": () => this.#wrongKnock(),
      "one-time sequence": () => this.#oneTimeKnock(),
      "spoofed first steps": () => this.#spoof(),
      "port scan": () => this.#scan(),
      "hostile packets": () => this.#hostile(),
      reload: () => this.#reload(),
      "interface that comes and goes": () => this.#changeInterfaces(),
      "address that comes and goes": () => this.#changeAddresses(),
      "closing that fails": () => this.#closeBadly("failing"),
      "closing that hangs": () => this.#closeBadly("hanging"),
      "shortage of descriptors": () => this.#exhaustDescriptors(),
      ...(this.#parts.hasNftables && { "flush of all rules": () => this.#flush() }),
      "questions of an administrator": () => this.#ask(),
      "opening by an administrator": () => this.#openByHand(),
      "administrator who watches": () => this.#watch(),
      "knockctl status": () => this.#knockctl("status"),
      "client that talks nonsense": () => this.#nonsense(),
    };
  }

  /** Nobody who was here before. */
  #stranger(): Address {
    return Address.v4(0x0a800000 + ++this.#sources);
  }

  async #goodKnock(): Promise<void> {
    const doors = [
      "lease",
      "slow",
      "waiting",
      ...(this.#parts.hasNftables ? (["native"] as const) : []),
    ] as const;
    const door = this.#random.pick(doors);
    const [own, own6] = this.#parts.addresses;
    if (door === "native" && own6 !== undefined && this.#random.percent(50)) {
      const source = new Address(0x20010db8, 0, 0, ++this.#sources);
      await this.#knock(door, sequences[door], source, own6);
    } else await this.#knock(door, sequences[door], this.#stranger(), own);
  }

  /** Knocks as one who knows how, and expects the door to open. */
  async #knock(
    door: string,
    ports: readonly Port[],
    source: Address,
    destination: Address,
  ): Promise<void> {
    const begin = performance.now();
    await this.#steps(ports, source, destination);
    // One that this machine itself kept back for long may be too late.
    if (performance.now() - begin > longest / 2) return;
    this.openings.push({ door, source: source.toString() });
  }

  async #steps(ports: readonly Port[], source: Address, destination: Address): Promise<void> {
    for (const port of ports) {
      this.#parts.wire.send(this.#packet(port, source, destination));
      // Now and then the daemon sees a knock as one batch.
      if (this.#random.percent(70)) await sleep(this.#random.from(0, 20));
    }
  }

  #packet({ number: port, protocol }: Port, source: Address, destination: Address): Uint8Array {
    const ends = { source, destination };
    const sourcePort = this.#random.from(1024, 65535);
    if (protocol === "udp") return udpPacket(ends, { sourcePort, port });
    const sequence = this.#random.from(0, 2 ** 32 - 1);
    return tcpPacket(ends, { sourcePort, port, sequence, options: mss });
  }

  async #halfKnock(): Promise<void> {
    const ports = sequences.lease.slice(0, this.#random.from(1, 2));
    await this.#steps(ports, this.#stranger(), this.#parts.addresses[0]);
  }

  async #wrongKnock(): Promise<void> {
    const [one, two, three] = sequences.lease;
    const wrong = this.#random.pick([
      [one, three, two],
      [one, two, scanned(7505)],
      [two, three],
    ]);
    await this.#steps(wrong, this.#stranger(), this.#parts.addresses[0]);
  }

  async #oneTimeKnock(): Promise<void> {
    const { addresses, paths } = this.#parts;
    const used = () => readFileSync(paths.oneTimeList, "latin1").split("#").length - 1;
    const line = used();
    await this.#knock("once", oneTimeSequence(line), this.#stranger(), addresses[0]);
    // The next one counts only when this one is used up.
    for (let waited = 0; used() === line && waited < longest; waited += 20) await sleep(20);
  }

  async #spoof(): Promise<void> {
    const [port] = sequences.lease;
    await this.#burst(2_000, () => {
      const source = Address.v4(this.#random.from(0x0b000000, 0xdfffffff));
      return this.#packet(port, source, this.#parts.addresses[0]);
    });
  }

  async #scan(): Promise<void> {
    const source = this.#stranger();
    const first = this.#random.from(1, 60_000);
    const ordered = this.#random.percent(50);
    await this.#burst(3_000, (i) => {
      const port = ordered ? first + i : this.#random.from(1, 65535);
      return this.#packet(scanned(port), source, this.#parts.addresses[0]);
    });
  }

  /** Knocks of which some bytes are others, or missing. */
  async #hostile(): Promise<void> {
    await this.#burst(1_000, () => {
      const [port] = this.#random.pick(Object.values(sequences));
      const bytes = this.#packet(port, this.#stranger(), this.#parts.addresses[0]);
      for (let change = this.#random.from(1, 4); change > 0; change--) {
        bytes[this.#random.from(0, bytes.length - 1)] = this.#random.from(0, 255);
      }
      const length = this.#random.percent(30) ? this.#random.from(1, bytes.length) : bytes.length;
      return bytes.subarray(0, length);
    });
  }

  async #burst(count: number, make: (i: number) => Uint8Array): Promise<void> {
    for (let sent = 0; sent < count; sent += burst) {
      for (let i = sent; i < Math.min(sent + burst, count); i++) this.#parts.wire.send(make(i));
      await sleep(5);
    }
  }

  async #reload(): Promise<void> {
    const { config, paths, hasNftables, daemon } = this.#parts;
    this.#turn++;
    // Every fifth one cannot be used.
    const broken = this.#turn % 5 === 0 ? "[broken]\nsequence = nonsense\n" : "";
    writeFileSync(config, configuration(paths, this.#turn, hasNftables) + broken);
    daemon.signal("SIGHUP");
    await sleep(50);
  }

  async #changeInterfaces(): Promise<void> {
    await run(["ip", "link", "add", "soak0", "type", "veth", "peer", "name", "soak1"]);
    await run(["ip", "address", "add", "10.78.0.1/24", "dev", "soak0"]);
    await run(["ip", "link", "set", "soak0", "up"]);
    await run(["ip", "link", "del", "soak0"]);
  }

  async #changeAddresses(): Promise<void> {
    const { wire } = this.#parts;
    const words = ["10.77.0.9/24", "dev", wire.near];
    await run(["ip", "address", "add", ...words]);
    // The daemon looks at most once a second what is its own.
    await sleep(1_100);
    await this.#knock("lease", sequences.lease, this.#stranger(), address("10.77.0.9"));
    await run(["ip", "address", "del", ...words]);
  }

  /** The first closing does not succeed, the next one, some seconds later, does. */
  async #closeBadly(door: "failing" | "hanging"): Promise<void> {
    await this.#knock(door, sequences[door], this.#stranger(), this.#parts.addresses[0]);
  }

  /** Neither a command nor a connection can be had for a while. What opens nevertheless must be closed. */
  async #exhaustDescriptors(): Promise<void> {
    const { addresses, daemon } = this.#parts;
    const limit = (most: string) =>
      run(["prlimit", "--pid", String(daemon.pid), `--nofile=${most}`]);
    // What was knocked before opens before.
    await sleep(1_000);
    // As many as it has already, or fewer: each new one fails. Its commands inherit the limit.
    await limit("10:4096");
    for (const door of ["lease", "failing", "slow", "waiting"] as const) {
      await this.#steps(sequences[door], this.#stranger(), addresses[0]);
    }
    await sleep(this.#random.from(100, 1_500));
    await limit("4096:4096");
    // What could not be started is tried again after a second.
    await sleep(1_500);
  }

  /** What protects and what is open is back soon. */
  async #flush(): Promise<void> {
    await run(["nft", "flush", "ruleset"]);
    for (let tries = 0; tries < 100; tries++) {
      const { stdout } = await run(["nft", "list", "ruleset"]);
      if (/hook prerouting/.test(stdout)) return;
      await sleep(100);
    }
    throw new Error("the protection was not restored within 10 s");
  }

  async #ask(): Promise<void> {
    const client = await openClient(this.#parts.paths.socket, systemClock);
    await client.ask("status", {});
    await client.ask("leases", {});
    await client.ask("doors", {});
    client.close();
  }

  async #openByHand(): Promise<void> {
    const client = await openClient(this.#parts.paths.socket, systemClock);
    const source = this.#stranger();
    this.openings.push({ door: "lease", source: source.toString() });
    await client.ask("open", { door: "lease", address: source, forMs: 5_000 });
    await client.ask("extend", { door: "lease", address: source, forMs: 6_000 });
    await client.ask("close", { door: "lease", address: source });
    client.close();
  }

  /** Leaves without a word after a while, as somebody who presses ^C. */
  async #watch(): Promise<void> {
    const watcher = connect(this.#parts.paths.socket);
    watcher.on("error", () => {}).resume();
    watcher.write('{"id":1,"method":"watch"}\n');
    await this.#goodKnock();
    await sleep(this.#random.from(0, 100));
    watcher.destroy();
  }

  async #knockctl(...args: string[]): Promise<void> {
    // `status` ends with 3 while there are problems.
    await run(this.#parts.knockctl(...args), { ok: [0, 3] });
  }

  async #nonsense(): Promise<void> {
    const socket = connect(this.#parts.paths.socket);
    socket.on("error", () => {}).resume();
    const junk = Uint8Array.from(this.#random.several(1, 2_000, () => this.#random.from(0, 255)));
    socket.write(this.#random.pick<string | Uint8Array>([junk, "{}\n", '{"id":2', "\n\n"]));
    await sleep(this.#random.from(0, 20));
    if (this.#random.percent(50)) socket.end();
    else socket.destroy();
  }
}

function scanned(number: number): Port {
  return { number, protocol: "tcp" };
}
