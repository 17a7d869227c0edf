import { afterEach, describe, expect, test } from "vitest";
import type { RespAnswer } from "../../test/support/resp-server.ts";
import { RespServer, respList, respText } from "../../test/support/resp-server.ts";
import type { StoreHost } from "../base/store-address.ts";
import { findServer } from "./redis-sentinel.ts";

const servers: RespServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

async function serve(answer: RespAnswer): Promise<StoreHost> {
  const server = await RespServer.open((words) =>
    words[0] === "PING" ? "+PONG\r\n" : answer(words),
  );
  servers.push(server);
  return server.at;
}

const storeOf = (role: string) => serve(() => respText(`# Replication\r\nrole:${role}\r\n`));
/** Connections come about, and nothing is ever said. */
async function frozen(): Promise<StoreHost> {
  const server = await RespServer.open(() => undefined);
  servers.push(server);
  return server.at;
}
const sentinelOf = ({ host, port }: StoreHost) =>
  serve(([command]) => (command === "SENTINEL" ? respList(host, String(port)) : undefined));

const patient = 30_000;

/** `limit`: milliseconds after which a server hangs. */
const find = async (limit: number, ...sentinels: readonly StoreHost[]) => {
  const limits = { answer: limit, connect: limit };
  const { address } = await findServer({
    ...{ address: { kind: "sentinel", name: "office", sentinels }, limits },
  });
  return address;
};

describe("the master is found", () => {
  test("where most sentinels say it is, and one that is cut off says another for ever", async () => {
    const [old, master] = [await frozen(), await storeOf("master")];
    const stale = await sentinelOf(old);
    const others = [await sentinelOf(master), await sentinelOf(master)];
    for (let i = 0; i < 10; i++) {
      expect(await find(patient, stale, ...others)).toMatchObject(master);
    }
  });

  test("where as many say another that hangs, or is a replica by now", async () => {
    const master = await storeOf("master");
    for (const old of [await frozen(), await storeOf("slave")]) {
      const sentinels = [await sentinelOf(old), await sentinelOf(master), await frozen()];
      // What answers may be late on a busy machine.
      const found = () => find(500, ...sentinels);
      await expect.poll(found, { timeout: patient }).toMatchObject(master);
    }
  });

  test("without delay where one sentinel hangs, and also where it may not be asked", async () => {
    const master = await serve(() => "-NOPERM no permission\r\n");
    const sentinels = [await frozen(), await sentinelOf(master), await sentinelOf(master)];
    const began = performance.now();
    expect(await find(patient, ...sentinels)).toMatchObject(master);
    expect(performance.now() - began).toBeLessThan(patient);
  });
});

test("what they all say is said where it is no master, or hangs", async () => {
  const [replica, silent] = [await storeOf("slave"), await frozen()];
  await expect(find(patient, await sentinelOf(replica))).rejects.toMatchObject({
    kind: "lost",
    message: `the store redis://127.0.0.1:${replica.port} is a replica`,
  });
  const sentinel = await sentinelOf(silent);
  const reason = () => find(500, sentinel).catch((thrown: Error) => thrown.message);
  await expect
    .poll(reason, { timeout: patient })
    .toBe(`the store redis://127.0.0.1:${silent.port} is lost: no answer for 0.5 s`);
});
