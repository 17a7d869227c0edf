import { createServer } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { MemoryLog } from "../../../test/support/memory-log.ts";
import type { Endpoint } from "../../base/endpoint.ts";
import { parseEndpoint } from "../../base/endpoint.ts";
import { MetricsPage } from "./metrics-page.ts";

/** Somewhere on this host where nobody listens, and a server that is not listening there yet. */
async function free() {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const endpoint = parseEndpoint(
    `127.0.0.1:${typeof address === "object" ? address?.port : undefined}`,
  );
  if (endpoint === undefined) throw new Error("no port");
  await new Promise((resolve) => server.close(resolve));
  return { endpoint, server };
}

function open() {
  const log = new MemoryLog();
  const load = vi.fn(() => Promise.resolve({ text: () => "a 1\n" }));
  const page = new MetricsPage(log, load);
  onTestFinished(() => page.close());
  return { log, page, load };
}

const status = async ({ port }: Endpoint) => {
  try {
    return (await fetch(`http://127.0.0.1:${port}/metrics`)).status;
  } catch {
    return "nobody";
  }
};

test("answers where it is told, until it is told otherwise", async () => {
  const { log, page, load } = open();
  const [{ endpoint: one }, { endpoint: two }] = [await free(), await free()];
  await page.listen(undefined);
  expect(load).not.toHaveBeenCalled();
  await page.listen(one);
  await page.listen(one);
  expect(await status(one)).toBe(200);
  await page.listen(two);
  expect([await status(one), await status(two)]).toEqual(["nobody", 200]);
  await page.close();
  await page.close();
  expect(await status(two)).toBe("nobody");
  expect(load).toHaveBeenCalledTimes(1);
  expect(log.texts).toEqual([
    `metrics at http://127.0.0.1:${one.port}/metrics`,
    `metrics at http://127.0.0.1:${two.port}/metrics`,
  ]);
});

test("a port that is taken is a warning, and is tried again", async () => {
  const { log, page } = open();
  const { endpoint, server } = await free();
  await new Promise<void>((resolve) => server.listen(endpoint.port, "127.0.0.1", resolve));
  await page.listen(endpoint);
  expect(log.entries).toMatchObject([
    {
      level: "warning",
      event: "metrics",
      text: `warning: no metrics: cannot listen on 127.0.0.1:${endpoint.port}: Address already in use`,
    },
  ]);
  await new Promise((resolve) => server.close(resolve));
  await page.listen(endpoint);
  expect(await status(endpoint)).toBe(200);
});

test("of several wishes at once the last one counts", async () => {
  const { page } = open();
  const [{ endpoint: one }, { endpoint: two }] = [await free(), await free()];
  await Promise.all([page.listen(one), page.listen(undefined), page.listen(two)]);
  expect([await status(one), await status(two)]).toEqual(["nobody", 200]);
});
