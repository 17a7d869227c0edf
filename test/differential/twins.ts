import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LiveHost } from "../live/host.ts";
import { LiveNetwork } from "../live/network.ts";

import { peer } from "../live/requirements.ts";
import { run } from "../live/run.ts";
import type { Batch } from "./batch.ts";
import { endMark } from "./batch.ts";
import { formatConfig, lastDoor } from "./doors.ts";
import { serverMac } from "./frames.ts";
import { Injector } from "./injector.ts";
import type { DaemonAccount } from "./log.ts";
import { readLog } from "./log.ts";
import { addresses } from "./streams.ts";

const ours = join(import.meta.dirname, "../../bin/knockd");

/** How often a batch is tried when this machine is too busy to keep to the timetable. */
const attempts = 6;

let opened = 0;

/** What both daemons made of the same packets. */
export interface Accounts {
  /** The batch with the times at which it was really sent. */
  readonly batch: Batch;
  readonly theirs: DaemonAccount;
  readonly ours: DaemonAccount;
}

/** Two servers with the same addresses that get the same packets: Debian's knockd runs on one, ours on the other. */
export class Twins {
  readonly #hosts: readonly [theirs: LiveHost, ours: LiveHost];
  readonly #injector: Injector;
  readonly #config: string;

  private constructor(hosts: readonly [LiveHost, LiveHost], injector: Injector, config: string) {
    this.#hosts = hosts;
    this.#injector = injector;
    this.#config = config;
  }

  static async open(): Promise<Twins> {
    const name = `d${process.pid}-${++opened}`;
    const host = (which: string) => {
      return new LiveHost(which, `${name}${which}`, addresses[4].first, addresses[6].first);
    };
    const hosts = [host("a"), host("b")] as const;
    await Promise.all(hosts.map(equip));
    const interfaces = hosts.map(({ namespace }) => namespace);
    return new Twins(hosts, new Injector(interfaces), join(tmpdir(), `${name}.conf`));
  }

  async close(): Promise<void> {
    this.#injector.close();
    for (const config of [this.#config, this.#ourConfig]) await rm(config, { force: true });
    for (const host of this.#hosts) {
      await host.killAll();
      await run(["ip", "netns", "del", host.namespace]);
    }
  }

  /** Plays a batch to fresh daemons. Fails if this machine cannot keep to the timetable. */
  async play(batch: Batch): Promise<Accounts> {
    await writeFile(this.#config, formatConfig(batch.doors));
    // What opens there opens here except through a decoy: without them there is no exception. And every
    // line is needed.
    await writeFile(
      this.#ourConfig,
      formatConfig(batch.doors, ["LogRate = 0"], ["decoys = 0", "rest = 0"]),
    );
    for (let left = attempts; left > 0; left--) {
      const accounts = await this.#try(batch);
      if (accounts !== undefined) return accounts;
    }
    throw new Error("this machine is too busy to send packets on time");
  }

  async #try(batch: Batch): Promise<Accounts | undefined> {
    const options = ["-i", "eth0", "-v", "-D", "-c"];
    const daemons = [
      this.#hosts[0].start([peer("knockd"), ...options, this.#config]),
      this.#hosts[1].start([ours, ...options, this.#ourConfig]),
    ] as const;
    try {
      await Promise.all(daemons.map((daemon) => daemon.waitFor(/^listening on/m, 20_000)));
      await this.#laterAddresses("add");
      const times = await this.#injector.send(batch.knocks);
      const last = new RegExp(`^${endMark.source}: ${lastDoor.name}: OPEN SESAME`, "m");
      await Promise.all(daemons.map((daemon) => daemon.waitFor(last, 20_000)));
      await this.#laterAddresses("del");
      if (times === undefined) return undefined;
      const [theirs, mine] = daemons.map((daemon) => readLog(daemon.stdout, batch));
      return theirs && mine && { batch: { ...batch, times }, theirs, ours: mine };
    } finally {
      for (const daemon of daemons) daemon.signal("SIGKILL");
    }
  }

  get #ourConfig(): string {
    return `${this.#config}.ours`;
  }

  async #laterAddresses(verb: "add" | "del"): Promise<void> {
    for (const host of this.#hosts) {
      for (const family of families()) await host.ip(...address(verb, addresses[family].later));
    }
  }
}

/** The IP versions that this kernel has. */
export function families(): readonly (4 | 6)[] {
  return LiveNetwork.hasIPv6 ? [4, 6] : [4];
}

/** Makes the namespace, its end of the cable (`eth0`), and ours, which is called as the namespace. */
async function equip(host: LiveHost): Promise<void> {
  const { namespace } = host;
  await run(["ip", "netns", "add", namespace]);
  const peerEnd = ["peer", "name", "eth0", "address", serverMac, "netns", namespace];
  await run(["ip", "link", "add", "name", namespace, "type", "veth", ...peerEnd]);
  await run(["ip", "link", "set", namespace, "up"]);
  await host.ip("link", "set", "lo", "up");
  await host.ip("link", "set", "eth0", "up");
  for (const family of families()) {
    const { first, second } = addresses[family];
    for (const own of [first, second]) await host.ip(...address("add", own));
  }
}

/** Without a network around it: then no answer finds a way, and nothing but our frames is on the cable. */
function address(verb: "add" | "del", own: string): string[] {
  const bare = own.includes(":") ? [`${own}/128`] : [`${own}/32`];
  const now = verb === "add" && own.includes(":") ? ["nodad"] : [];
  return ["address", verb, ...bare, "dev", "eth0", ...now];
}
