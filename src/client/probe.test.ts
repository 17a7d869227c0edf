import { once } from "node:events";
import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { probe } from "./probe.ts";

test("an answer that comes while this process is held up is no silence", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const reply = probe([{ address: "127.0.0.1" }], port, 50, new AbortController().signal);
  await new Promise((resolve) => process.nextTick(resolve));
  const end = performance.now() + 100;
  while (performance.now() < end);
  const { answer, socket } = await reply;
  expect(answer).toBe("open");
  socket?.destroy();
});
