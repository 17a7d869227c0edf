import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import type { Socket } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { startServer, temporaryFolder } from "../../test/support/control-server.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { Address } from "../base/address.ts";
import { systemClock } from "../base/clock.ts";
import { openClient } from "./client.ts";

const home = Address.v4(0xc0000207);

describe("client and server", () => {
  test("status", async () => {
    const { connect, clock } = await startServer();
    clock.advance(1000);
    expect(await (await connect()).ask("status", {})).toMatchObject({
      uptimeMs: 273_601_000,
      knocksByStage: [3, 1],
      capture: { received: 10_234, dropped: 0 },
    });
  });

  test("doors tell nothing of the ports of their sequences", async () => {
    const { connect } = await startServer();
    const [ssh] = await (await connect()).ask("doors", {});
    expect(ssh).toEqual({
      name: "ssh",
      steps: 3,
      protocols: ["tcp"],
      stepProtocols: ["tcp", "tcp", "tcp"],
      decoys: 32,
      timeoutMs: 15_000,
      kind: "native",
      opens: ["tcp/22"],
      lastsMs: 600_000,
      state: "enabled",
      open: 1,
      openings: 0,
    });
  });

  test("leases keep addresses and times", async () => {
    const { connect, handlers } = await startServer();
    expect(await (await connect()).ask("leases", {})).toEqual(
      handlers.leases().map((lease) => ({ ...lease, source: expect.any(Address) })),
    );
  });

  test("a request carries the program that asks, for the log", async () => {
    const { connect, path, log } = await startServer();
    await (await connect()).ask("forgive", { all: true });
    const client = await openClient(path, systemClock, "console");
    onTestFinished(() => client.close());
    await client.ask("forgive", { all: true });
    const lines = log.entries.filter(({ event }) => event === "control");
    expect(lines.map(({ detail }) => detail?.["by"])).toEqual([undefined, "console"]);
  });

  test("open, extend, close", async () => {
    const client = await (await startServer()).connect();
    const guest = Address.v4(0xc6336401);
    const opened = await client.ask("open", { door: "vpn", address: guest, forMs: 5000 });
    expect(opened.lease).toMatchObject({ door: "vpn", remainingMs: 5000, state: "open" });
    const longer = { door: "vpn", address: guest, forMs: 9000 };
    expect(await client.ask("extend", longer)).toMatchObject({ remainingMs: 9000 });
    expect(await client.ask("extend", { ...longer, forMs: 1 })).toMatchObject({
      remainingMs: 9000,
    });
    const { closed, connectionsCut: cut } = await client.ask("close", {
      address: guest,
      cut: true,
    });
    expect([`${closed[0]?.door} ${closed[0]?.source}`, cut]).toEqual(["vpn 198.51.100.1", 1]);
    expect(await client.ask("open", { door: "wake-up", address: guest })).toEqual({});
    await expect(client.ask("extend", longer)).rejects.toThrow(
      '"vpn" is not open for 198.51.100.1',
    );
  });

  test("reload, protect, unprotect", async () => {
    const { connect, handlers } = await startServer();
    const client = await connect();
    expect(await client.ask("reload", {})).toEqual(handlers.nextReload);
    handlers.nextReload = { kind: "refused", file: "/k.conf", problems: ["/k.conf:1:1: no"] };
    expect(await client.ask("reload", {})).toEqual(handlers.nextReload);
    expect(await client.ask("unprotect", {})).toEqual({ services: [] });
    expect(await client.ask("protect", {})).toEqual({ services: ["tcp/22"] });
  });

  test("watch, and ask meanwhile", async () => {
    const { connect, handlers } = await startServer();
    const client = await connect();
    const found: string[] = [];
    const stop = new AbortController();
    const watching = client.watch(
      { onEvent: ({ message }) => found.push(message), onDropped: () => {} },
      stop.signal,
    );
    await expect.poll(() => handlers.watchers).toBe(1);
    handlers.say({ level: "notice", event: "stage", text: "Stage 1", source: home });
    expect(await client.ask("leases", {})).toHaveLength(2);
    handlers.say({ level: "notice", event: "stage", text: "Stage 2", source: home });
    await expect.poll(() => found).toEqual(["Stage 1", "Stage 2"]);
    stop.abort();
    await watching;
  });

  test("a refusal keeps its hints, and cannot drive a terminal", async () => {
    const client = await (await startServer()).connect();
    await expect(client.ask("close", { door: "gone\u001b[2J" })).rejects.toMatchObject({
      code: "SYSTEM",
      message: 'there is no door "gone?[2J"',
      hints: ["knockctl doors lists them"],
    });
  });

  test("whoever asks when the daemon has gone is told", async () => {
    const { connect, server } = await startServer();
    const client = await connect();
    const watching = client.watch(
      { onEvent: () => {}, onDropped: () => {} },
      new AbortController().signal,
    );
    const ended = expect(watching).rejects.toThrow("knockd has closed the connection");
    await server.close();
    await ended;
    await expect(client.ask("status", {})).rejects.toThrow("knockd has closed the connection");
  });
});

describe("no daemon:", () => {
  const hints = [
    expect.stringMatching(/^start it: (?:systemctl start knockd|.*knockd start|knockd -d)$/),
  ];

  test("no socket", async () => {
    const path = join(temporaryFolder(), "s");
    const message = `knockd is not running: there is no ${path}`;
    await expect(openClient(path, systemClock)).rejects.toMatchObject({ message, hints });
  });

  test("a socket where nobody listens", async () => {
    const path = await fakeDaemon(() => {}, "dead");
    const message = `knockd is not running: no daemon listens on ${path}`;
    await expect(openClient(path, systemClock)).rejects.toMatchObject({ message, hints });
  });

  test("no socket at all", async () => {
    const path = join(temporaryFolder(), "s");
    writeFileSync(path, "");
    await expect(openClient(path, systemClock)).rejects.toThrow(`${path} is not a socket`);
  });

  test("a path that no socket can have", async () => {
    const path = "x".repeat(108);
    await expect(openClient(path, systemClock)).rejects.toMatchObject({ code: "USAGE" });
  });

  test.skipIf(process.geteuid?.() !== 0)(
    "a socket that is for root alone (needs root)",
    async () => {
      const { path } = await startServer();
      onTestFinished(() => process.seteuid?.(0));
      process.seteuid?.(65534);
      await expect(openClient(path, systemClock)).rejects.toMatchObject({
        message: `no permission to use ${path}`,
        hints: ["run knockctl as root"],
      });
    },
  );

  test.skipIf(process.geteuid?.() !== 0)("a socket of somebody else's", async () => {
    const path = await fakeDaemon(() => {});
    chownSync(path, 1234, 1234);
    const message = `the socket ${path} belongs to user 1234, not to root`;
    await expect(openClient(path, systemClock)).rejects.toThrow(message);
  });

  test.skipIf(process.geteuid?.() !== 0)(
    "a socket of another user in a directory that root did not give to that user",
    async () => {
      // Not below TMPDIR, where every user may make directories.
      const top = mkdtempSync("/run/sesame-client-");
      onTestFinished(() => rmSync(top, { recursive: true }));
      chmodSync(top, 0o755);
      const folder = join(top, "knockd");
      const path = join(folder, "s");
      mkdirSync(folder, { mode: 0o750 });
      renameSync(await fakeDaemon(() => {}), path);
      chownSync(path, 1234, 1234);
      const open = async () => (await openClient(path, systemClock)).close();
      const refusal = "belongs to user 1234, not to root";
      for (const owner of [0, 1234]) {
        chownSync(folder, owner, 1234);
        await open();
        chmodSync(folder, 0o770);
        await expect(open()).rejects.toThrow(refusal);
        chmodSync(folder, 0o750);
      }
      // Another user's directory, and one below a directory that others can write.
      chownSync(folder, 1235, 1234);
      await expect(open()).rejects.toThrow(refusal);
      chownSync(folder, 1234, 1234);
      chmodSync(top, 0o1777);
      await expect(open()).rejects.toThrow(refusal);
      chmodSync(top, 0o755);
      chownSync(top, 1234, 1234);
      await expect(open()).rejects.toThrow(refusal);
    },
  );

  test("one that never answers", async () => {
    const clock = new ManualClock();
    const client = await openClient(await fakeDaemon(() => {}), clock);
    const asking = expect(client.ask("status", {})).rejects.toMatchObject({
      message: "no answer from knockd within 60 seconds",
      hints: ["what was asked for may still happen"],
    });
    clock.advance(60_000);
    await asking;
    client.close();
  });

  test.each([
    ["hello\n", "knockd answered something that is no answer"],
    [
      '{"id":1,"result":{}}\n',
      'knockd answered "status" with something else: "release" is missing',
    ],
    [
      '{"id":null,"error":{"code":"DENIED","message":"only root may ask knockd","hints":[]}}\n',
      "only root may ask knockd",
    ],
  ])("one that answers %j", async (answer, message) => {
    const client = await openClient(
      await fakeDaemon((socket) => socket.write(answer)),
      systemClock,
    );
    await expect(client.ask("status", {})).rejects.toMatchObject({ code: "SYSTEM", message });
    client.close();
  });
});

/** A socket behind which something listens, or did once, and does `greet` with who comes. */
async function fakeDaemon(
  greet: (socket: Socket) => void,
  state: "alive" | "dead" = "alive",
): Promise<string> {
  const path = join(temporaryFolder(), "s");
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.once("data", () => greet(socket));
  });
  server.listen(path);
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  if (state === "alive") return path;
  // Under another name, for closing removes the one that it knows.
  const moved = `${path}.dead`;
  renameSync(path, moved);
  server.close();
  return moved;
}
