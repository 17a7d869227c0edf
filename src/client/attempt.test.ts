import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { systemClock } from "../base/clock.ts";
import type { KnockListener, RetryOptions } from "./attempt.ts";
import { knockUntilOpen } from "./attempt.ts";
import type { KnockPlan } from "./plan.ts";

const quiet: KnockListener = { onStep() {}, onWait() {}, onRetry() {} };

const plan = (...ports: number[]): KnockPlan => ({
  host: "localhost",
  family: 0,
  steps: ports.map((number) => ({ number, protocol: "udp", text: `${number}` })),
  delay: 0,
  full: false,
  payload: new Uint8Array(1),
});

/** A port where nobody listens, and a server that could. */
async function service() {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.on("error", () => {}).resume();
  });
  const open = (port: number) => once(server.listen(port, "127.0.0.1"), "listening");
  await open(0);
  const { port } = server.address() as AddressInfo;
  const close = () => new Promise((resolve) => server.close(resolve));
  onTestFinished(() => void server.close());
  return { port, open: () => open(port), close, connections: () => connections };
}

/** A port to knock at: `onKnock` hears each knock's number. */
async function door(onKnock: (knock: number) => void): Promise<number> {
  const socket = createSocket("udp4");
  let knocks = 0;
  socket.on("message", () => onKnock(++knocks));
  await once(socket.bind(0, "127.0.0.1"), "listening");
  onTestFinished(() => void socket.close());
  return socket.address().port;
}

const routes = [{ address: "127.0.0.1" }];

/** Without chance: pauses are half of what they are on the average. */
async function knockAndProbe(
  options: Omit<RetryOptions, "routes">,
  listener: KnockListener = quiet,
) {
  const outcome = await knockUntilOpen({ routes, ...options }, listener, systemClock, () => 0);
  outcome.reply.socket?.destroy();
  return outcome;
}

describe("a knock", () => {
  test("that opens is followed by one connection", async () => {
    const { port, open, close, connections } = await service();
    await close();
    const knocked = await door(() => void open());
    const wait = { port, timeout: 5_000 };
    const outcome = await knockAndProbe({ plan: plan(knocked), wait, retry: 0 });
    expect(outcome).toMatchObject({ knocks: 1, openBefore: false, reply: { answer: "open" } });
    await expect.poll(connections).toBe(1);
  });

  test("is repeated until it opens, after longer and longer pauses, and slower", async () => {
    const { port, open, close } = await service();
    await close();
    const times: number[] = [];
    const knocked = await door((packet) => {
      times.push(systemClock.now());
      if (packet === 6) void open();
    });
    const pauses: [number, number][] = [];
    const listener = { ...quiet, onRetry: (n: number, pause: number) => pauses.push([n, pause]) };
    const wait = { port, timeout: 100 };
    const outcome = await knockAndProbe({ plan: plan(knocked, knocked), wait, retry: 5 }, listener);
    expect(outcome).toMatchObject({ knocks: 3, reply: { answer: "open" } });
    expect(pauses).toEqual([
      [2, 500],
      [3, 1_000],
    ]);
    const [first = 0, second = 0, third = 0, fourth = 0] = times;
    expect(fourth - third).toBeGreaterThan(second - first + 150);
  });

  test("at a door that is open costs one connection, and says so", async () => {
    const { port, connections } = await service();
    const knocked = await door(() => {});
    const wait = { port, timeout: 1_000 };
    const outcome = await knockAndProbe({ plan: plan(knocked), wait, retry: 3 });
    expect(outcome).toMatchObject({ knocks: 1, openBefore: true, reply: { answer: "open" } });
    await expect.poll(connections).toBe(1);
  });

  test("that does not open ends with what the machine said", async () => {
    const { port, close } = await service();
    await close();
    const knocked = await door(() => {});
    const outcome = await knockAndProbe({
      plan: plan(knocked),
      wait: { port, timeout: 100 },
      retry: 1,
    });
    expect(outcome).toMatchObject({
      knocks: 2,
      openBefore: false,
      reply: { answer: "refused", reason: "connection refused", route: routes[0] },
    });
  });

  test("that cannot be sent is SEND, once no other is left", async () => {
    const nowhere = { plan: plan(7), routes: [{ address: "255.255.255.255" }] };
    const wait = { port: 22, timeout: 100 };
    const knocks: number[] = [];
    const listener = { ...quiet, onRetry: (n: number) => knocks.push(n) };
    await expect(
      knockUntilOpen({ ...nowhere, wait, retry: 1 }, listener, systemClock, () => 0),
    ).rejects.toMatchObject({ code: "SEND" });
    expect(knocks).toEqual([2]);
  });

  test("of two families needs one that works", async () => {
    const { port } = await service();
    const knocked = await door(() => {});
    const both = [{ address: "255.255.255.255" }, { address: "127.0.0.1" }];
    const outcome = await knockUntilOpen(
      { plan: plan(knocked), routes: both, wait: { port, timeout: 1_000 }, retry: 0 },
      quiet,
      systemClock,
      () => 0,
    );
    outcome.reply.socket?.destroy();
    expect(outcome.reply).toMatchObject({ answer: "open", route: both[1] });
  });
});
