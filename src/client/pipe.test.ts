import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { connect, createServer } from "node:net";
import type { Readable } from "node:stream";
import { PassThrough, Writable } from "node:stream";
import { expect, onTestFinished, test } from "vitest";
import { pipe } from "./pipe.ts";

/** A connection's two ends: the client's, and the server's. */
async function pair(): Promise<[Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true }).pause();
  const [[far]] = await Promise.all([once(server, "connection"), once(socket, "connect")]);
  server.close();
  onTestFinished(() => {
    socket.destroy();
    far.destroy();
  });
  return [socket, far];
}

/** All that comes until the end. Unlike an iterator, it leaves the other direction open. */
async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk) => chunks.push(chunk));
  await once(stream, "end");
  return Buffer.concat(chunks);
}

test("bytes go both ways, and the end of one direction leaves the other", async () => {
  const [socket, far] = await pair();
  const [input, output] = [new PassThrough(), new PassThrough()];
  const carried = pipe(socket, input, output);
  const request = randomBytes(1_000_000);
  input.end(request);
  // The far side answers when it has read all: only then does it know that all was said.
  expect((await collect(far)).equals(request)).toBe(true);
  const answer = randomBytes(2_000_000);
  far.end(answer);
  expect((await collect(output)).equals(answer)).toBe(true);
  await carried;
});

test("the end of the server's direction is passed on while we go on", async () => {
  const [socket, far] = await pair();
  const [input, output] = [new PassThrough(), new PassThrough()];
  const carried = pipe(socket, input, output);
  far.end("all I say");
  expect(String(await collect(output))).toBe("all I say");
  input.end("and yet");
  expect(String(await collect(far))).toBe("and yet");
  await carried;
});

test("a reader who does not read keeps the server from sending", async () => {
  const [socket, far] = await pair();
  const [input, output] = [new PassThrough(), new PassThrough()];
  const carried = pipe(socket, input, output);
  let sent = 0;
  const chunk = Buffer.alloc(1 << 20);
  while (far.write(chunk) || far.writableLength === 0) sent += chunk.length;
  // The kernel's buffers are full, and ours hold no more than a stream does.
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(far.writableLength).toBeGreaterThan(0);
  expect(output.readableLength + socket.readableLength).toBeLessThan(1 << 18);
  const all = collect(output);
  far.end();
  input.end();
  expect((await all).length).toBeGreaterThan(sent);
  await carried;
});

test.each(["ends", "breaks"])(
  "when the connection %s, a slow reader still gets all that came",
  async (how) => {
    const [socket, far] = await pair();
    const input = new PassThrough();
    let written = 0;
    const output = new Writable({
      highWaterMark: 1 << 20,
      write(chunk: Buffer, _, done) {
        setTimeout(() => {
          written += chunk.length;
          done();
        }, 200);
      },
    });
    const carried = pipe(socket, input, output);
    far.write(Buffer.alloc(100_000));
    await expect.poll(() => written + output.writableLength).toBeGreaterThanOrEqual(100_000);
    input.end();
    if (how === "ends") far.end();
    else far.resetAndDestroy();
    await carried.catch(() => {});
    expect(written).toBe(100_000);
  },
);

test("a reader who goes away ends the connection", async () => {
  const [socket, far] = await pair();
  const [input, output] = [new PassThrough(), new PassThrough()];
  const carried = pipe(socket, input, output);
  const closed = once(far.on("error", () => {}).resume(), "close");
  output.destroy(new Error("write EPIPE"));
  await carried;
  far.destroy();
  await closed;
});

test("a connection that breaks is an error", async () => {
  const [socket, far] = await pair();
  const carried = pipe(socket, new PassThrough(), new PassThrough());
  far.resetAndDestroy();
  await expect(carried).rejects.toMatchObject({ code: "ECONNRESET" });
});
