// Two gateways of one fleet: keys and one-time lists open once, and a removed device is out everywhere.
import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { formatStore } from "../../src/base/store-address.ts";
import { KnockDevice } from "../support/knock-device.ts";
import type { LiveHost } from "./host.ts";
import { Folder, keyOptions, knock, knockctl, knockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import type { Process } from "./process.ts";
import { RedisServer } from "./redis-server.ts";
import { needs } from "./requirements.ts";

const port = 23_547;
const patient = { timeout: 60_000, interval: 250 };

/** A gateway, with its files. */
class FleetHost {
  readonly folder: Folder = new Folder();
  readonly host: LiveHost;

  constructor(host: LiveHost, store: RedisServer, key: string, device: KnockDevice) {
    this.host = host;
    const { folder } = this;
    folder.writePrivately("knockd.fleet", `key = ${key}\n`);
    folder.writePrivately("knockd.users", `[${device.name}]\nkey = ${device.lockText}\n`);
    folder.write("list", "7101,7102\n7103,7104\n7105,7106\n");
    const config = [
      keyOptions(folder, port),
      `Fleet = ${formatStore(store.access.address)}`,
      `FleetFile = ${folder.at("knockd.fleet")}`,
      `GatewayName = ${host.name}`,
      ...["[ssh]", "users = alice", "open = tcp/2222", "open_for = 1h", "protect = yes"],
      ...["[once]", `one_time_sequences = ${folder.at("list")}`, "tcpflags = syn"],
      ...["open = tcp/2223", "open_for = 1h", "protect = yes"],
    ];
    folder.write("knockd.conf", `${config.join("\n")}\n`);
  }

  async start(): Promise<Process> {
    const daemon = this.host.start([...knockd, "-v", "-c", this.folder.at("knockd.conf")]);
    await daemon.waitFor(/joined by the store/);
    return daemon;
  }

  /** Runs knockctl, or one of its commands with a users file. */
  async ctl(...words: readonly string[]) {
    const [command = "", ...rest] = words;
    const socket = ["--socket", this.folder.at("control.sock")];
    return await this.host.run([...knockctl, ...socket, command, ...rest], { ok: "any" });
  }

  async user(...words: readonly string[]) {
    const config = ["--config", this.folder.at("knockd.conf")];
    return await this.ctl("user", ...words, ...config);
  }
}

describe.skipIf(needs("nc", "nft", "redis-server"))("two gateways of a fleet", () => {
  const alice = new KnockDevice("alice/laptop");
  let network: LiveNetwork;
  let home: LiveHost;
  let elsewhere: LiveHost;
  let store: RedisServer;
  let one: FleetHost;
  let two: FleetHost;
  beforeAll(async () => {
    network = await LiveNetwork.open(["gw-1", "gw-2", "home", "elsewhere"]);
    [home, elsewhere] = [network.host("home"), network.host("elsewhere")];
  });
  afterAll(() => network?.close());
  beforeEach(async () => {
    store = await RedisServer.start();
    const key = randomBytes(32).toString("base64");
    one = new FleetHost(network.host("gw-1"), store, key, alice);
    two = new FleetHost(network.host("gw-2"), store, key, alice);
    for (const { host } of [one, two]) {
      await host.listen(2222);
      await host.listen(2223);
    }
  });
  afterEach(async () => {
    await Promise.all([one.host.killAll(), two.host.killAll()]);
    await store.close();
  });

  async function send(from: LiveHost, payload: Uint8Array, to: FleetHost): Promise<void> {
    const udp = ["nc", "-u", "-q", "0", "-w", "1", to.host.address, String(port)];
    await from.run(udp, { input: payload });
  }

  const reach = (from: LiveHost, to: FleetHost, service = 2222) =>
    expect.poll(() => from.canConnect(to.host.address, service), patient);

  test("a knock by key opens at both, and its copy nothing at the other one, also after a crash", async () => {
    await one.start();
    let second = await two.start();
    const packet = alice.packet(Date.now());
    await send(home, packet, one);
    await reach(home, one).toBe("open");
    await reach(home, two).toBe("open");
    await send(elsewhere, packet, two);
    await second.waitFor(/refused \((?:replay|claimed)\)/);
    second.signal("SIGKILL");
    await second.ended;
    // The kernel keeps the door open, and the journal knows the knock.
    await reach(home, two).toBe("open");
    second = await two.start();
    await send(elsewhere, packet, two);
    await second.waitFor(/refused \(replay\)/);
    expect(await elsewhere.canConnect(two.host.address, 2222)).toBe("silent");
    const leases = await two.ctl("leases", "--json");
    expect(JSON.parse(leases.stdout).leases).toMatchObject([
      { door: "ssh", by: ["alice/laptop"], from: "gw-1", inKernel: true },
    ]);

    // Without the store each goes on alone; what was removed is out everywhere when it is back.
    await store.kill();
    await second.waitFor(/goes on alone/);
    await store.restart();
    await expect.poll(async () => (await one.ctl("status")).stdout, patient).toMatch(/2 of 2/);
    const removed = await one.user("remove", "alice/laptop", "--yes");
    expect(removed.stdout + removed.stderr).toMatch(/gw-2 still accepts/);
    expect(removed.code).toBe(3);
    await reach(home, two).toBe("silent");
    await reach(home, one).toBe("silent");
  });

  test("a line of a one-time list opens at both, and is used at both", async () => {
    await one.start();
    await two.start();
    await knock(home, one.host.address, 7101, 7102);
    await reach(home, two, 2223).toBe("open");
    await expect.poll(() => two.folder.read("list"), patient).toMatch(/^#101,7102\n7103/);
    await knock(elsewhere, two.host.address, 7101, 7102);
    await knock(elsewhere, two.host.address, 7103, 7104);
    await reach(elsewhere, one, 2223).toBe("open");
    await expect.poll(() => one.folder.read("list"), patient).toMatch(/^#101,7102\n#103,7104\n7/);
    const closed = await one.ctl("close", "once", "--here");
    expect(closed.code).toBe(0);
    expect(await home.canConnect(one.host.address, 2223)).toBe("silent");
    expect(await home.canConnect(two.host.address, 2223)).toBe("open");
    expect((await two.ctl("close", "once", "--fleet")).stdout).toMatch(/2 of 2 gateways/);
    await reach(home, two, 2223).toBe("silent");
  });
});
