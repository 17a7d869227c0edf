import { Worker } from "node:worker_threads";
import { afterEach, expect, test } from "vitest";
import { RespServer } from "../../test/support/resp-server.ts";
import { openConnection } from "./redis-connection.ts";

const closings: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

const patient = { answer: 30_000, connect: 30_000 };

/** Says PONG to whatever it is asked, in a thread of its own, and counts in `said` what the kernel has. */
const pongs = `
const { createServer } = require("node:net");
const { parentPort, workerData: said } = require("node:worker_threads");
const note = () => { Atomics.add(said, 0, 1); Atomics.notify(said, 0); };
const server = createServer((socket) => socket.on("data", () => socket.write("+PONG\\r\\n", note)));
server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
`;

test("an answer that is there counts, however long this process was held up", async () => {
  const said = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(pongs, { eval: true, workerData: said });
  closings.push(() => worker.terminate());
  const port = await new Promise<number>((resolve) => worker.once("message", resolve));
  const address = { kind: "tcp", tls: false, host: "127.0.0.1", port } as const;
  const connection = await openConnection({ address, limits: patient });
  const before = Atomics.load(said, 0);
  const answer = connection.ask(["PING"], 100);
  // The command is written at the end of this turn.
  await new Promise((resolve) => setImmediate(resolve));
  Atomics.wait(said, 0, before, 30_000);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  expect(String(await answer)).toBe("PONG");
  connection.close();
});

test("a store that accepts and never answers is lost each time, and one in its place is joined", async () => {
  const hung = await RespServer.open(() => undefined);
  const { host, port } = hung.at;
  const address = { kind: "tcp", tls: false, host, port } as const;
  for (let i = 0; i < 3; i++) {
    const opened = openConnection({ address, limits: { answer: 100, connect: 100 } });
    await expect(opened).rejects.toMatchObject({ kind: "lost" });
  }
  await expect.poll(() => hung.sockets.size).toBe(0);
  hung.answer = () => "+PONG\r\n";
  closings.push(() => hung.close());
  const connection = await openConnection({ address, limits: patient });
  expect(String(await connection.ask(["PING"], patient.answer))).toBe("PONG");
  connection.close();
});
