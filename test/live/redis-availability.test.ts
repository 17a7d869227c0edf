// A store by TLS, and one that moves to another server.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import type { StoreAddress } from "../../src/base/store-address.ts";
import { parseStore } from "../../src/base/store-address.ts";
import { RedisBoard } from "../../src/fleet/redis-board.ts";
import type { RedisAccess } from "../../src/fleet/redis-connection.ts";
import { FleetGateway, holderOfSource } from "../support/fleet-bench.ts";
import { Folder } from "./knockd.ts";
import { Process } from "./process.ts";
import { patientLimits } from "./redis-server.ts";
import { needs, peer } from "./requirements.ts";

const patience = { timeout: 40_000 };
const hour = 3_600_000;

function storeAt(text: string): StoreAddress {
  const address = parseStore(text);
  if (address === undefined) throw new Error(`no store: ${text}`);
  return address;
}

/** Runs a server, or a sentinel, with these words of its command line. */
async function serve(folder: Folder, port: number, ...words: string[]): Promise<Process> {
  const place = ["--bind", "127.0.0.1", "--dir", folder.path, "--daemonize", "no", "--save", ""];
  const server = new Process([peer("redis-server"), ...words, "--port", String(port), ...place]);
  await server.waitFor(/ready to accept connections|Sentinel ID is|monitor master/i);
  return server;
}

describe.skipIf(needs("redis-server", "openssl"))("a store by TLS", () => {
  let folder: Folder;
  let server: Process;
  beforeEach(async () => {
    folder = new Folder();
    const [key, certificate] = [folder.at("key.pem"), folder.at("certificate.pem")];
    const made = await new Process([
      ...["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=store"],
      ...["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
    ]).ended;
    expect(made.code).toBe(0);
    const tls = ["--tls-port", "6390", "--tls-key-file", key, "--tls-cert-file", certificate];
    server = await serve(folder, 0, ...tls, "--tls-auth-clients", "no");
  });
  afterEach(() => server?.stop());

  const open = (text: string, access: Partial<RedisAccess>) =>
    RedisBoard.open("office", { address: storeAt(text), limits: patientLimits, ...access });

  test("is used where its certificate is of the named authority, and for this host", async () => {
    const ca = folder.read("certificate.pem");
    const board = await open("rediss://127.0.0.1:6390", { ca });
    expect(await board.claim("c", "gw-1", 60_000, 10_000)).toBe(true);
    board.close();
    await expect(open("rediss://127.0.0.1:6390", {})).rejects.toMatchObject({
      kind: "lost",
      message: expect.stringMatching(/ is lost: self-signed certificate$/),
    });
    await expect(open("rediss://localhost:6390", { ca })).rejects.toMatchObject({
      kind: "lost",
      message: expect.stringMatching(/ is lost: Hostname\/IP does not match /),
    });
    await expect(open("redis://127.0.0.1:6390", {})).rejects.toMatchObject({ kind: "lost" });
  });
});

describe.skipIf(needs("redis-server"))("a store that sentinels watch", () => {
  const processes: Process[] = [];
  let gateways: FleetGateway[] = [];
  let master: Process;
  const sentinels = [7003, 7004, 7005];
  const address = storeAt(
    `sentinel://${sentinels.map((port) => `127.0.0.1:${port}`).join(",")}/office`,
  );

  beforeEach(async () => {
    const folder = new Folder();
    master = await serve(folder, 7001);
    const replica = await serve(folder, 7002, "--replicaof", "127.0.0.1", "7001");
    processes.push(master, replica);
    await replica.waitFor(/MASTER <-> REPLICA sync: Finished with success/);
    for (const port of sentinels) {
      const file = folder.write(
        `sentinel-${port}.conf`,
        "sentinel monitor office 127.0.0.1 7001 2\n" +
          "sentinel down-after-milliseconds office 1000\n" +
          "sentinel failover-timeout office 5000\n",
      );
      processes.push(await serve(folder, port, file, "--sentinel"));
    }
    // Each knows the others and the replica before anything fails.
    for (const one of processes.slice(2)) {
      await one.waitFor(/(?:\+sentinel sentinel [\s\S]*){2}/);
      await one.waitFor(/\+slave slave /);
    }
    gateways = ["gw-1", "gw-2"].map((name) =>
      new FleetGateway(name, {
        clock: systemClock,
        connect: () => RedisBoard.open("office", { address, limits: patientLimits }),
      }).start(),
    );
  });
  afterEach(async () => {
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    await Promise.all(processes.splice(0).map((one) => one.stop()));
  });

  const isJoined = () => gateways.every(({ fleet }) => fleet.state.isJoined);
  const openAtAll = (n: number) =>
    expect
      .poll(() => gateways.every(({ fleet }) => fleet.endOf(holderOfSource(n))), patience)
      .toBe(true);

  test("moves to the other server with all leases", async () => {
    await expect.poll(isJoined, patience).toBe(true);
    gateways[0]?.fleet.opened(holderOfSource(1), hour);
    await openAtAll(1);
    master.signal("SIGKILL");
    await expect.poll(isJoined, patience).toBe(false);
    gateways[1]?.fleet.opened(holderOfSource(2), hour);
    await expect.poll(isJoined, patience).toBe(true);
    await openAtAll(2);
    const board = await RedisBoard.open("office", { address, limits: patientLimits });
    const rows = [];
    for await (const part of board.table()) rows.push(...part);
    expect(rows).toHaveLength(2);
    board.close();
  });

  test("is lost where no sentinel knows it, or answers", async () => {
    const other = storeAt("sentinel://127.0.0.1:7003,127.0.0.1:7009/home");
    await expect(RedisBoard.open("office", { address: other })).rejects.toMatchObject({
      kind: "lost",
      message: "no sentinel knows the master of sentinel://127.0.0.1:7003,127.0.0.1:7009/home",
    });
  });
});
