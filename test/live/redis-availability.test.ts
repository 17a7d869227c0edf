// A store by TLS, and one that moves to another server.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { RedisBoard } from "../../src/fleet/redis-board.ts";
import type { RedisAccess } from "../../src/fleet/redis-connection.ts";
import { FleetGateway, holderOfSource } from "../support/fleet-bench.ts";
import { Folder } from "./knockd.ts";
import { Process } from "./process.ts";
import { patientLimits } from "./redis-server.ts";
import { needs } from "./requirements.ts";
import { serve, storeAt, WatchedStore } from "./watched-store.ts";

const patience = { timeout: 40_000 };
const hour = 3_600_000;

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
  let store: WatchedStore;
  let gateways: FleetGateway[];
  beforeEach(async () => {
    store = await WatchedStore.start();
    gateways = ["gw-1", "gw-2"].map((name) =>
      new FleetGateway(name, {
        clock: systemClock,
        connect: () => RedisBoard.open("office", { address: store.address, limits: patientLimits }),
      }).start(),
    );
  });
  afterEach(async () => {
    await Promise.all((gateways ?? []).map((gateway) => gateway.stop()));
    await store?.close();
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
    store.master.signal("SIGKILL");
    await expect.poll(isJoined, patience).toBe(false);
    gateways[1]?.fleet.opened(holderOfSource(2), hour);
    await expect.poll(isJoined, patience).toBe(true);
    await openAtAll(2);
    expect(await store.rows()).toBe(2);
  });

  test("is lost where no sentinel knows it, or answers", async () => {
    const other = storeAt("sentinel://127.0.0.1:7003,127.0.0.1:7009/home");
    await expect(RedisBoard.open("office", { address: other })).rejects.toMatchObject({
      kind: "lost",
      message: "no sentinel knows the master of sentinel://127.0.0.1:7003,127.0.0.1:7009/home",
    });
  });
});
