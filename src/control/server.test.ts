import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { startServer, temporaryFolder } from "../../test/support/control-server.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { MemoryHandlers } from "../../test/support/memory-handlers.ts";
import { MemoryLog } from "../../test/support/memory-log.ts";
import { KnockError } from "../base/errors.ts";
import { serve } from "./server.ts";

/** A connection without any manners, and all that it is told. */
class Raw {
  readonly socket: Socket;
  text = "";

  constructor(path: string) {
    this.socket = connect({ path, allowHalfOpen: true });
    this.socket.on("data", (chunk) => {
      this.text += chunk;
    });
    this.socket.on("error", () => {});
    onTestFinished(() => void this.socket.destroy());
  }

  get answers(): unknown[] {
    return this.text
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }

  /** What came until the server hung up. */
  async rest(): Promise<unknown[]> {
    if (!this.socket.readableEnded) await once(this.socket, "end");
    return this.answers;
  }
}

const line = (id: number, method: string, rest = "") =>
  `{"id":${id},"method":"${method}"${rest}}\n`;

describe("the socket", () => {
  test("is for its owner alone, in a directory that was made for it", async () => {
    const { path } = await startServer();
    expect((statSync(path).mode & 0o7777).toString(8)).toBe("600");
    expect((statSync(join(path, "..")).mode & 0o7777).toString(8)).toBe("750");
  });

  test("is gone when the server has closed, which may be twice", async () => {
    const { path, server } = await startServer();
    await server.close();
    await server.close();
    expect(existsSync(path)).toBe(false);
  });

  const options = () => {
    const clock = new ManualClock();
    return { handlers: new MemoryHandlers(clock), log: new MemoryLog(), clock };
  };

  test("of a daemon that was killed is replaced", async () => {
    const path = join(temporaryFolder(), "control.sock");
    const script = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
    await once(spawn(process.execPath, ["-e", script]), "exit");
    expect(statSync(path).isSocket()).toBe(true);
    const server = await serve(path, options());
    await server.close();
  });

  test("of a daemon that lives is left alone", async () => {
    const { path, connect } = await startServer();
    await expect(serve(path, options())).rejects.toMatchObject({
      code: "SYSTEM",
      message: `cannot listen on ${path}: another daemon listens there`,
      hints: ["stop the other one, or give this one another ControlSocket"],
    });
    expect(await (await connect()).ask("leases", {})).toHaveLength(2);
  });

  test("is not put in the place of something else", async () => {
    const path = join(temporaryFolder(), "control.sock");
    writeFileSync(path, "precious");
    await expect(serve(path, options())).rejects.toThrow(
      "there is something else that is no socket",
    );
    expect(readFileSync(path, "utf8")).toBe("precious");
  });

  test("is not put where anybody could replace it", async () => {
    const folder = join(temporaryFolder(), "open");
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    await expect(serve(join(folder, "s"), options())).rejects.toThrow(
      "other users may replace a socket",
    );
  });

  test.each(["", `/tmp/${"x".repeat(103)}`])("has a path that fits: %j", async (path) => {
    await expect(serve(path, options())).rejects.toMatchObject({ code: "USAGE" });
  });
});

describe("a client", () => {
  test("may ask before it has an answer, and end what it says", async () => {
    const { path, handlers } = await startServer();
    let finish: (() => void) | undefined;
    vi.spyOn(handlers, "reload").mockImplementation(
      () => new Promise((resolve) => (finish = () => resolve(handlers.nextReload))) as never,
    );
    const raw = new Raw(path);
    raw.socket.end(line(1, "reload") + line(2, "protect"));
    await expect.poll(() => raw.answers).toHaveLength(1);
    finish?.();
    expect(await raw.rest()).toEqual([
      { id: 2, version: 2, result: { services: ["tcp/22"] } },
      { id: 1, version: 2, result: handlers.nextReload },
    ]);
  });

  test("gets the reason of what failed", async () => {
    const { path, handlers, log } = await startServer();
    vi.spyOn(handlers, "protect").mockImplementation(() => {
      throw new KnockError("FIREWALL", "nft is missing", { hints: ["install nftables"] });
    });
    vi.spyOn(handlers, "unprotect").mockRejectedValue(new TypeError("x is undefined") as never);
    const raw = new Raw(path);
    raw.socket.end(line(1, "protect") + line(2, "unprotect"));
    expect(await raw.rest()).toEqual([
      {
        id: 1,
        version: 2,
        error: { code: "FIREWALL", message: "nft is missing", hints: ["install nftables"] },
      },
      { id: 2, version: 2, error: { code: "INTERNAL", message: "x is undefined", hints: [] } },
    ]);
    expect(log.texts).toContain("internal error at a request: x is undefined");
  });

  test("that changes something is in the log", async () => {
    const { path, log } = await startServer();
    const raw = new Raw(path);
    raw.socket.end(
      line(1, "status") + line(2, "close", ',"door":"ssh"') + line(3, "close", ',"all":true'),
    );
    await raw.rest();
    const who = `(user ${process.geteuid?.()}, process ${process.pid})`;
    expect(log.texts).toEqual([`control: close door=ssh ${who}`, `control: close all=true ${who}`]);
  });

  test("is in the log with the program that asks", async () => {
    const { path, log } = await startServer();
    const raw = new Raw(path);
    raw.socket.end(line(1, "close", ',"all":true,"by":"console"'));
    await raw.rest();
    const who = `(user ${process.geteuid?.()}, process ${process.pid}, by console)`;
    expect(log.texts).toEqual([`control: close all=true ${who}`]);
  });

  test("is not waited for any more when it left before its answers", async () => {
    const { path, connections, handlers, clock } = await startServer();
    const waiting = new Set<() => void>();
    vi.spyOn(clock, "wakeAt").mockImplementation((_, task) => {
      waiting.add(task);
      return () => waiting.delete(task);
    });
    const answers: (() => void)[] = [];
    const later = () => {
      return new Promise<never>((_, reject) => answers.push(() => reject(new Error("late"))));
    };
    vi.spyOn(handlers, "protect").mockImplementation(later as never);
    vi.spyOn(handlers, "unprotect").mockImplementation(later as never);
    const client = new Raw(path);
    client.socket.write(line(1, "protect") + line(2, "unprotect"));
    await expect.poll(() => answers).toHaveLength(2);
    client.socket.destroy();
    // The first answer finds nobody, the second one not even a socket.
    answers[0]?.();
    await expect.poll(() => connections()).toBe(0);
    answers[1]?.();
    await new Promise(setImmediate);
    expect(waiting.size).toBe(0);
  });

  test("watches until it leaves", async () => {
    const { path, handlers } = await startServer();
    const raw = new Raw(path);
    raw.socket.write(line(7, "watch"));
    await expect.poll(() => handlers.watchers).toBe(1);
    handlers.say({ level: "notice", event: "open", text: "OPEN SESAME", door: "ssh" });
    const event = {
      time: "2026-11-22T13:26:05.000Z",
      level: "notice",
      event: "open",
      door: "ssh",
      message: "OPEN SESAME",
    };
    await expect.poll(() => raw.answers).toEqual([{ id: 7, event }]);
    raw.socket.destroy();
    await expect.poll(() => handlers.watchers).toBe(0);
  });

  test("that reads too slowly loses events, and is told how many", async () => {
    const { path, handlers } = await startServer({ backlog: 65_536 });
    const raw = new Raw(path);
    raw.socket.write(line(1, "watch"));
    await expect.poll(() => handlers.watchers).toBe(1);
    raw.socket.pause();
    const text = "x".repeat(1000);
    const all = 5000;
    for (let i = 0; i < all; i++) handlers.say({ level: "info", event: "ignored", text });
    raw.socket.resume();
    await expect.poll(() => raw.answers.at(-1)).toMatchObject({ dropped: expect.anything() });
    const answers = raw.answers as { dropped?: number }[];
    const dropped = answers.reduce((sum, answer) => sum + (answer.dropped ?? 0), 0);
    expect(answers.filter((answer) => answer.dropped === undefined).length + dropped).toBe(all);
  });
});

describe("a client may not", () => {
  const refused = (code: string, message: string) => ({
    id: null,
    version: 2,
    error: expect.objectContaining({ code, message }),
  });

  test("send what is no request", async () => {
    const raw = new Raw((await startServer()).path);
    raw.socket.write(`\x00\xff\n${line(1, "status")}`);
    const message = "the request is not a line of JSON in UTF-8";
    expect(await raw.rest()).toEqual([refused("USAGE", message)]);
  });

  test("send a line that never ends", async () => {
    const { path, clock, connections } = await startServer();
    const raw = new Raw(path);
    raw.socket.write(Buffer.alloc(70_000, "x"));
    expect(await raw.rest()).toEqual([refused("LIMIT", "a request has at most 65536 bytes")]);
    // It does not hang up by itself; then the server does.
    clock.advance(10_000);
    await expect.poll(() => connections()).toBe(0);
  });

  test("take its time over a request, byte by byte", async () => {
    const { path, clock, connections } = await startServer();
    const raw = new Raw(path);
    await expect.poll(() => connections()).toBe(1);
    for (const byte of '{"id":1') {
      await new Promise<void>((resolve) => raw.socket.write(byte, () => resolve()));
      await new Promise((resolve) => setTimeout(resolve, 5));
      clock.advance(1500);
    }
    expect(await raw.rest()).toEqual([refused("LIMIT", "the request took too long to arrive")]);
  });

  test("sit there for ever", async () => {
    const { path, clock, connections } = await startServer();
    const raw = new Raw(path);
    await expect.poll(() => connections()).toBe(1);
    clock.advance(300_000);
    expect(await raw.rest()).toEqual([]);
  });

  test("but may watch, or wait for an answer, for as long as it likes", async () => {
    const { path, clock, handlers } = await startServer();
    let finish: (() => void) | undefined;
    vi.spyOn(handlers, "protect").mockImplementation(
      () => new Promise((resolve) => (finish = () => resolve({ services: [] }))) as never,
    );
    const [watcher, asker] = [new Raw(path), new Raw(path)];
    // In two parts, so that every kind of waiting has begun before.
    watcher.socket.write(line(1, "watch").slice(0, 5));
    asker.socket.write(line(1, "protect"));
    await expect.poll(() => finish).toBeDefined();
    watcher.socket.write(line(1, "watch").slice(5));
    await expect.poll(() => handlers.watchers).toBe(1);
    clock.advance(86_400_000);
    handlers.say({ level: "notice", event: "x", text: "still here" });
    finish?.();
    await expect.poll(() => watcher.answers).toMatchObject([{ event: {} }]);
    await expect
      .poll(() => asker.answers)
      .toEqual([{ id: 1, version: 2, result: { services: [] } }]);
  });

  test("ask everything at once", async () => {
    const { path, handlers } = await startServer({ inFlight: 2 });
    vi.spyOn(handlers, "protect").mockReturnValue(new Promise(() => {}) as never);
    const raw = new Raw(path);
    raw.socket.write(line(1, "protect") + line(2, "protect") + line(3, "status"));
    const message = "at most 2 requests at once: wait for an answer";
    await expect.poll(() => raw.answers).toEqual([{ ...refused("LIMIT", message), id: 3 }]);
  });

  test("be one too many", async () => {
    const { path, connections } = await startServer({ connections: 2 });
    const [first] = [new Raw(path), new Raw(path)];
    await expect.poll(() => connections()).toBe(2);
    const message = "at most 2 connections at once";
    expect(await new Raw(path).rest()).toEqual([refused("LIMIT", message)]);
    first?.socket.end(line(1, "protect"));
    expect(await first?.rest()).toHaveLength(1);
  });
});

const mapped = existsSync("/proc/self/uid_map")
  ? Number(/(\d+)\s*$/.exec(readFileSync("/proc/self/uid_map", "utf8"))?.[1])
  : 0;
const canBeNobody = process.geteuid?.() === 0 && mapped > 65534;

describe.skipIf(!canBeNobody)("another user (needs root)", () => {
  const ask = async (path: string) => {
    const script = `const socket = require("net").connect(${JSON.stringify(path)});
      socket.on("error", ({ code }) => console.log(code)).on("data", (data) => process.stdout.write(data));`;
    const child = spawn(process.execPath, ["-e", script], { uid: 65534, gid: 65534, cwd: "/" });
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
    });
    await once(child, "close");
    return text.trim();
  };

  test("cannot connect", async () => {
    const { path } = await startServer();
    expect(await ask(path)).toBe("EACCES");
    chmodSync(join(path, ".."), 0o755);
    expect(await ask(path)).toBe("EACCES");
  });

  test("is turned away even if the socket lets him in, with one line a minute in the log", async () => {
    const { path, log, clock } = await startServer();
    chmodSync(join(path, ".."), 0o755);
    chmodSync(path, 0o666);
    const answer = {
      id: null,
      version: 2,
      error: { code: "DENIED", message: "only root may ask knockd" },
    };
    expect(JSON.parse(await ask(path))).toMatchObject(answer);
    expect(JSON.parse(await ask(path))).toMatchObject(answer);
    clock.advance(60_000);
    expect(JSON.parse(await ask(path))).toMatchObject(answer);
    expect(log.texts).toEqual([
      expect.stringMatching(/^control: denied: user 65534, process \d+$/),
      expect.stringMatching(/ 2 connections since the last such line$/),
    ]);
  });
});

test("whatever clients send, the server goes on and forgets them", {
  timeout: 60_000,
}, async () => {
  const { path, connections, handlers, log, connect } = await startServer({ connections: 1000 });
  const valid = fc.constantFrom(
    line(1, "status"),
    line(2, "watch"),
    line(3, "close", ',"all":true'),
    line(4, "open", ',"door":"ssh","address":"192.0.2.1"'),
    line(5, "open", ',"door":"none","address":"::1","for":-1'),
  );
  const chunk = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((json) => Buffer.from(`${json}\n`)),
    fc
      .record({ id: fc.nat(), method: fc.string(), door: fc.jsonValue() })
      .map((json) => Buffer.from(`${JSON.stringify(json)}\n`)),
    valid.map((text) => Buffer.from(text)),
    valid.map((text) => Buffer.from(text.repeat(100))),
    fc.nat(20).map((at) => Buffer.from(line(1, "status").slice(0, at))),
    fc.constantFrom(Buffer.alloc(70_000, "{"), Buffer.alloc(70_000, "\n")),
  );
  const endings = fc.constantFrom("end", "destroy", "reset");
  await fc.assert(
    fc.asyncProperty(fc.array(chunk, { maxLength: 8 }), endings, async (chunks, ending) => {
      const socket = carelessly(path);
      for (const bytes of chunks) socket.write(bytes);
      if (ending === "end") socket.end();
      else setImmediate(() => socket.destroy());
      await once(socket, "close");
    }),
    { numRuns: 300 },
  );
  expect(await (await connect()).ask("doors", {})).toHaveLength(4);
  await expect.poll(() => connections()).toBe(1);
  expect(handlers.watchers).toBe(0);
  expect(log.texts.filter((text) => text.includes("internal"))).toEqual([]);
});

function carelessly(path: string): Socket {
  return connect(path)
    .on("error", () => {})
    .resume();
}

test("a descriptor of something else than a unix socket is nobody's", async () => {
  const { peerOf } = await import("../ffi/peer-credentials.ts");
  const server = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const socket = connect((server.address() as { port: number }).port, "127.0.0.1");
  await once(socket, "connect");
  // The kernel knows nobody there, and says so with impossible numbers.
  expect(peerOf(socket)).toMatchObject({ pid: 0, uid: 2 ** 32 - 1 });
  socket.destroy();
  expect(() => peerOf(socket)).toThrow("Bad file descriptor");
});
