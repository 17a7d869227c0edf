// Real daemons around a real store, on one wire: crashes, a stop command that hangs, a door that a reload adds, and a
// packet that all have in one moment.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { KnockDevice } from "../support/knock-device.ts";
import type { LiveHost } from "./host.ts";
import { Folder, keyOptions, knockctl, knockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import type { Process } from "./process.ts";
import { RedisServer } from "./redis-server.ts";
import { needs } from "./requirements.ts";

const port = 23_547;
const patience = { timeout: 30_000 };

describe.skipIf(needs("redis-server", "nc"))("daemons of a fleet", () => {
  const alice = new KnockDevice("alice/laptop");
  let network: LiveNetwork;
  let server: LiveHost;
  let home: LiveHost;
  let store: RedisServer;
  let key: string;
  let gateways: Gateway[];
  beforeAll(async () => {
    network = await LiveNetwork.open(["server", "home"]);
    [server, home] = [network.host("server"), network.host("home")];
  });
  afterAll(() => network?.close());
  beforeEach(async () => {
    store = await RedisServer.start("--appendonly", "yes", "--appendfsync", "always");
    key = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64");
    gateways = [];
  });
  afterEach(async () => {
    await server.killAll();
    await store?.close();
  });

  /** A daemon with files of its own, which outlive it. */
  class Gateway {
    readonly name: string;
    readonly folder = new Folder();
    daemon!: Process;

    readonly #options: string;

    /** `options`: directives beside those that all have. */
    constructor(name: string, options = "") {
      this.name = name;
      this.#options = options;
      this.folder.writePrivately("fleet", `key = ${key}\n`);
      this.folder.writePrivately("knockd.users", `[${alice.name}]\nkey = ${alice.lockText}\n`);
      gateways.push(this);
    }

    /** `doors`: sections beside those that all have. */
    async start(doors = "", stop = "echo closed for %IP%"): Promise<this> {
      const config = this.folder.write("knockd.conf", this.#config(doors, stop));
      this.daemon = server.start([...knockd, "-v", "-i", "eth0", "-c", config]);
      await this.daemon.waitFor(/^listening on .*\.\.\.$/m);
      await this.daemon.waitFor(/fleet "default": joined/, 30_000);
      return this;
    }

    async crash(): Promise<void> {
      this.daemon.signal("SIGKILL");
      await this.daemon.ended;
    }

    async reload(doors: string): Promise<void> {
      this.folder.write("knockd.conf", this.#config(doors, "echo closed for %IP%"));
      await this.ctl("reload");
    }

    async ctl(
      ...words: readonly string[]
    ): Promise<{ readonly code: number; readonly text: string }> {
      const socket = ["--socket", this.folder.at("control.sock")];
      const options = { ok: "any", timeout: 30_000 } as const;
      const { code, stdout, stderr } = await server.run(
        [...knockctl, ...words, ...socket],
        options,
      );
      return { code, text: stdout + stderr };
    }

    /** The doors that are open here. */
    async open(): Promise<string[]> {
      const { text } = await this.ctl("leases", "--json");
      const { leases } = JSON.parse(text);
      return leases.map(({ door, source }: Record<string, string>) => `${door} ${source}`).sort();
    }

    count(what: RegExp): number {
      return this.daemon.output.match(new RegExp(what, "gm"))?.length ?? 0;
    }

    #config(doors: string, stop: string): string {
      return [
        keyOptions(this.folder, port),
        `Fleet = redis+unix://${store.folder.at("redis.sock")}`,
        `GatewayName = ${this.name}`,
        `FleetFile = ${this.folder.at("fleet")}`,
        this.#options,
        "[ssh]",
        "users = alice",
        "start_command = echo opened for %IP%",
        `stop_command = ${stop}`,
        "cmd_timeout = 1h",
        doors,
        "",
      ].join("\n");
    }
  }

  const both = async (...results: readonly string[]) => {
    for (const gateway of gateways) {
      await expect.poll(() => gateway.open(), patience).toEqual(results);
    }
  };
  const start = (options = "") =>
    Promise.all(["gw-1", "gw-2"].map((name) => new Gateway(name, options).start()));
  const send = (packet: Uint8Array) =>
    home.run(["nc", "-u", "-q", "0", "-w", "1", server.address, String(port)], { input: packet });
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

  test("take a packet once that both have in one moment, and open both by it", async () => {
    await start("OnFleetLoss = refuse");
    const count = (what: RegExp) => gateways.map((gateway) => gateway.count(what));
    const accepted = () => sum(count(/OPEN SESAME: alice/));
    const refused = () => sum(count(/knock of alice\/laptop refused \((?:claimed|replay|fleet)\)/));
    const rounds = 8;
    for (let round = 1; round <= rounds; round++) {
      await send(alice.packet(Date.now()));
      // One of them takes it, unless its claim was late: then none does.
      await expect.poll(() => accepted() + refused(), patience).toBe(2 * round);
      expect(accepted()).toBeLessThanOrEqual(round);
    }
    expect(accepted()).toBeGreaterThan(0);
    await both(`ssh ${home.address}`);
    // Both have run the command once, for the first packet; the others made it last longer.
    expect(count(/^opened for /)).toEqual([1, 1]);
  });

  test("close what was closed while they were dead, and open what they missed", async () => {
    const [one, two] = await start();
    await one?.ctl("open", "ssh", "192.0.2.7");
    await one?.ctl("open", "ssh", "192.0.2.8");
    await both("ssh 192.0.2.7", "ssh 192.0.2.8");
    await two?.crash();
    const { code, text } = (await one?.ctl("close", "ssh", "192.0.2.7", "--fleet")) ?? {};
    expect([code, text]).toEqual([1, expect.stringMatching(/gw-2/)]);
    await one?.ctl("open", "ssh", "192.0.2.9");
    await two?.start();
    await both("ssh 192.0.2.8", "ssh 192.0.2.9");
    expect(two?.count(/^closed for 192\.0\.2\.7$/m)).toBe(1);
    // Now all say that they have.
    const closed = await two?.ctl("close", "all", "--fleet");
    expect(closed?.code).toBe(0);
    await both();
  });

  test("tell what they had opened before a crash, and the store forgot", async () => {
    const [one, two] = await start();
    await one?.ctl("open", "ssh", "192.0.2.7");
    await both("ssh 192.0.2.7");
    await store.kill();
    await one?.daemon.waitFor(/goes on alone/, 30_000);
    await one?.ctl("open", "ssh", "192.0.2.8");
    await expect.poll(() => one?.open(), patience).toHaveLength(2);
    // Killed before it was told.
    await one?.crash();
    await store.restart();
    await store.cli("flushall");
    await one?.start();
    await both("ssh 192.0.2.7", "ssh 192.0.2.8");
    expect(two?.count(/^opened for 192\.0\.2\.7$/m)).toBe(1);
  });

  test("name the gateway whose stop command hangs, and close at all others", async () => {
    const one = await new Gateway("gw-1").start();
    const two = await new Gateway("gw-2").start("", "sleep 60");
    const three = await new Gateway("gw-3").start();
    await one.ctl("open", "ssh", "192.0.2.7");
    await both("ssh 192.0.2.7");
    // Each has heard of the others.
    await expect.poll(async () => (await one.ctl("fleet")).text, patience).toMatch(/gw-3/);
    const { code, text } = await one.ctl("close", "ssh", "192.0.2.7", "--fleet");
    expect([code, text]).toEqual([1, expect.stringMatching(/at 2 of 3 gateways; gw-2/)]);
    expect(await three.open()).toEqual([]);
    expect(two.count(/closed for/)).toBe(0);
  });

  test("open by a reload what a new door may open", async () => {
    const web =
      "[web]\nsequence = 9001,9002\nstart_command = echo web\nstop_command = true\ncmd_timeout = 1h\n";
    const one = await new Gateway("gw-1").start(web);
    const two = await new Gateway("gw-2").start();
    await one.ctl("open", "web", "192.0.2.7");
    await one.ctl("open", "ssh", "192.0.2.7");
    await expect.poll(() => two.open(), patience).toEqual(["ssh 192.0.2.7"]);
    await two.reload(web);
    await expect.poll(() => two.open(), patience).toHaveLength(2);
    await two.ctl("close", "web");
    await expect.poll(() => one.open(), patience).toEqual(["ssh 192.0.2.7"]);
    // A second key in the file of the fleet is a change, too, and only once.
    const more = Buffer.alloc(32, 9).toString("base64");
    two.folder.writePrivately("fleet", `key = ${key}\nkey = ${more}\n`);
    expect((await two.ctl("reload")).text).toMatch(/is in use\noptions +FleetFile\n/);
    await expect
      .poll(async () => (await two.ctl("reload")).text, patience)
      .toMatch(/nothing changed/);
    two.folder.writePrivately("fleet", "key = short\n");
    expect((await two.ctl("reload")).text).toMatch(/nothing changed\n[\s\S]*fleet:1:7: key is not/);
  });
});
