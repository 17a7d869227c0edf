import { connect, createServer } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { parseEndpoint } from "../../base/endpoint.ts";
import type { MetricsServer } from "./metrics-server.ts";
import { serveMetrics } from "./metrics-server.ts";

const loopback = parseEndpoint("127.0.0.1:1")?.address;
if (loopback === undefined) throw new Error("no address");
/** Any port that is free. */
const anywhere = { address: loopback, port: 0 };

describe("the page of metrics", () => {
  let server: MetricsServer;
  const problems = vi.fn();
  const text = vi.fn(() => "a 1\n");
  beforeEach(async () => {
    server = await serveMetrics(anywhere, { text, onProblem: problems });
  });
  afterEach(() => server.close());

  const ask = (path: string, method = "GET") =>
    fetch(`http://127.0.0.1:${server.port}${path}`, { method });

  /** Sends bytes as they are; the answer up to the end of the connection. */
  const send = (bytes: string) =>
    new Promise<string>((resolve, reject) => {
      let answer = "";
      const socket = connect(server.port, "127.0.0.1", () => socket.write(bytes));
      socket.setEncoding("utf8").on("data", (chunk) => {
        answer += chunk;
      });
      socket.on("end", () => resolve(answer)).on("error", reject);
    });

  test.each(["/metrics", "/metrics?x=1"])("answers %s", async (path) => {
    const response = await ask(path);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(response.headers.get("connection")).toBe("close");
    expect(await response.text()).toBe("a 1\n");
  });

  test("answers HEAD without the text, but with its length", async () => {
    const response = await ask("/metrics", "HEAD");
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBe("4");
    expect(await response.text()).toBe("");
  });

  test.each([
    ["/", "GET", 404],
    ["/metrics/", "GET", 404],
    ["/metric", "GET", 404],
    ["/metrics", "POST", 405],
    ["/metrics", "DELETE", 405],
  ])("refuses %s by %s", async (path, method, status) => {
    const response = await ask(path, method);
    expect(response.status).toBe(status);
    expect(response.headers.get("allow")).toBe(status === 405 ? "GET, HEAD" : null);
  });

  test("takes one request a connection, and small ones", async () => {
    const request = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
    expect((await send(request + request)).match(/a 1/g)).toHaveLength(1);
    const long = `GET /metrics HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(10_000)}\r\n\r\n`;
    expect(await send(long)).toMatch(/^HTTP\/1.1 431 /);
    expect(await send("rubbish\r\n\r\n")).toMatch(/^HTTP\/1.1 400 /);
  });

  test("turns away who comes when too many are there", async () => {
    const sockets = Array.from({ length: 16 }, () => connect(server.port, "127.0.0.1"));
    await Promise.all(
      sockets.map((socket) => new Promise((resolve) => socket.once("connect", resolve))),
    );
    await expect(ask("/metrics")).rejects.toThrow();
    for (const socket of sockets) socket.destroy();
    await expect.poll(async () => (await ask("/metrics")).status).toBe(200);
  });

  test("does not wait for ever for somebody who says nothing, or half of it", async () => {
    await server.close();
    server = await serveMetrics(anywhere, { text, onProblem: problems, timeout: 500 });
    expect(await Promise.all([send(""), send("GET /metrics HTTP/1.1\r\nHost:")])).toEqual(["", ""]);
  });

  test("tells of a mistake, and goes on", async () => {
    text.mockImplementationOnce(() => {
      throw new Error("oh");
    });
    expect((await ask("/metrics")).status).toBe(500);
    expect(problems.mock.calls).toEqual([["oh"]]);
    expect((await ask("/metrics")).status).toBe(200);
  });
});

test("a port that is taken is an error that says so", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const address = other.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  const options = { text: () => "", onProblem: () => {} };
  await expect(serveMetrics({ ...anywhere, port }, options)).rejects.toMatchObject({
    code: "SYSTEM",
    message: expect.stringMatching(`^cannot listen on 127.0.0.1:${port}: `),
  });
  other.close();
});
