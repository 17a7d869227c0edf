import { once } from "node:events";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { request } from "node:http";
import { connect } from "node:net";
import { userInfo } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { startServer, temporaryFolder } from "../../../test/support/control-server.ts";
import { ignoredSource } from "../../../test/support/top.ts";
import { ConsoleAccess } from "./console/access.ts";
import { ConsoleActions } from "./console/actions.ts";
import type { ConsoleOptions } from "./console/run.ts";
import { runConsole } from "./console/run.ts";
import type { ConsoleEvent } from "./console/view.ts";
import { describeAddress, readPlace } from "./console.ts";

interface ConsoleReply {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface ConsoleCall {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A console with a daemon that only remembers, until the test ends. */
async function open(options: Partial<ConsoleOptions> = {}) {
  const daemon = await startServer();
  const end = new AbortController();
  const tokens: string[] = [];
  let port = 0;
  const told: string[] = [];
  const done = runConsole({
    ...{ place: { kind: "port", address: "127.0.0.1", port: 0 }, socket: daemon.path },
    ...{ isReadOnly: false, idleTime: 60_000, end: end.signal },
    describe: (number, token) => {
      port = number;
      tokens.push(token);
      return "";
    },
    tell: (text) => void told.push(text),
    ...options,
  });
  onTestFinished(() => {
    end.abort();
    return done.then(() => {});
  });
  await expect.poll(() => tokens.length).toBe(1);
  const place = options.place?.kind === "socket" ? { socketPath: options.place.path } : { port };
  const ask = (
    path: string,
    { method = "GET", headers = {}, body }: ConsoleCall = {},
  ): Promise<ConsoleReply> =>
    new Promise((resolve, reject) => {
      const asked = request({ ...place, path, method, headers: { host: "localhost", ...headers } });
      asked.on("error", reject);
      asked.on("response", (response) => {
        let text = "";
        response.on("data", (chunk) => (text += String(chunk)));
        const { statusCode: status, headers } = response;
        response.on("close", () => resolve({ status, headers, body: text }));
      });
      asked.end(body);
    });
  const json = { "content-type": "application/json" };
  const post = (path: string, body: unknown, headers: ConsoleCall["headers"] = {}) =>
    ask(path, { method: "POST", body: JSON.stringify(body), headers: { ...json, ...headers } });
  const enter = async (token = tokens.at(-1)) => {
    const { status, body } = await post("/session", token);
    expect(status).toBe(200);
    const { bearer } = JSON.parse(body) as { bearer: string };
    return { authorization: `Bearer ${bearer}` };
  };
  const act = async (bearer: ConsoleCall["headers"], action: object) => {
    const { status, body } = await post("/actions", action, bearer);
    return { status, ...JSON.parse(body) };
  };
  /** A page that looks. */
  const look = (bearer: ConsoleCall["headers"]) => {
    const events: ConsoleEvent[] = [];
    let rest = "";
    const asked = request({ ...place, path: "/events", headers: { host: "localhost", ...bearer } });
    asked.on("error", () => {});
    asked.on("response", (response) => {
      response.on("error", () => {});
      response.on("data", (chunk) => {
        const [first = "", ...others] = String(chunk).split("\n\n");
        let piece = rest + first;
        for (const next of others) {
          if (piece.startsWith("data: ")) events.push(JSON.parse(piece.slice(6)));
          piece = next;
        }
        rest = piece;
      });
    });
    asked.end();
    const leave = () => void asked.destroy();
    onTestFinished(leave);
    return { events, leave };
  };
  return { ...daemon, ask, post, enter, act, look, tokens, told, end, done, port };
}

describe("a request", () => {
  test.each(["evil.example", "evil.example:80", "127.0.0.2", "localhost.evil.example", "0.0.0.0"])(
    "with the Host %j is refused, also for files",
    async (host) => {
      const { ask, post } = await open();
      expect((await ask("/", { headers: { host } })).status).toBe(403);
      expect((await post("/session", "x", { host })).status).toBe(403);
    },
  );

  test.each(["localhost", "localhost:1", "127.0.0.1:65535", "[::1]", "[::1]:8080"])(
    "with the Host %s gets the page",
    async (host) => {
      const { ask } = await open();
      const { status, headers, body } = await ask("/", { headers: { host } });
      expect([status, headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
      expect(headers["content-security-policy"]).toMatch(/^default-src 'none'; script-src 'self';/);
      expect(headers["set-cookie"]).toBeUndefined();
      expect(body).toContain("<main");
    },
  );

  test.each([
    ["another origin", { origin: "http://localhost:9" }],
    ["https", { origin: "https://localhost" }],
    ["no origin", { origin: "null" }],
    ["another site", { "sec-fetch-site": "cross-site" }],
    ["another port of this host", { "sec-fetch-site": "same-site" }],
  ])("from %s is refused", async (_, headers) => {
    const { post, ask, enter, tokens } = await open();
    expect((await post("/session", tokens[0], headers)).status).toBe(403);
    const bearer = await enter();
    expect((await post("/actions", {}, { ...bearer, ...headers })).status).toBe(403);
    expect((await ask("/events", { headers: { ...bearer, ...headers } })).status).toBe(403);
  });

  test("without a bearer, or with a wrong one, gets nothing", async () => {
    const { ask, post, handlers } = await open();
    const spy = vi.spyOn(handlers, "close");
    for (const authorization of [
      "",
      "Bearer ",
      "Bearer x",
      `Bearer ${"A".repeat(43)}`,
      "Basic x",
    ]) {
      expect((await ask("/events", { headers: { authorization } })).status).toBe(401);
      const action = { id: 1, method: "close", all: true };
      expect((await post("/actions", action, { authorization })).status).toBe(401);
    }
    expect(spy).not.toHaveBeenCalled();
  });

  test("that is too long, of another type or for another path is refused", async () => {
    const { ask, post, enter } = await open();
    const bearer = await enter();
    expect((await post("/actions", "x".repeat(20_000), bearer)).status).toBe(413);
    const plain = { ...bearer, "content-type": "text/plain" };
    expect((await post("/actions", {}, plain)).status).toBe(415);
    expect((await ask("/../etc/passwd", { headers: bearer })).status).toBe(404);
    expect((await ask("/", { method: "DELETE" })).status).toBe(405);
    expect((await ask("/actions", { headers: bearer })).status).toBe(404);
  });
});

test("the next token replaces one that is not used, and a bearer outlives it", () => {
  const access = new ConsoleAccess();
  const [first, second] = [access.issueToken(), access.issueToken()];
  expect(access.exchange(first)).toBeUndefined();
  const bearer = access.exchange(second) ?? expect.unreachable();
  access.issueToken();
  expect(access.accepts(`Bearer ${bearer}`)).toBe(true);
  expect(access.accepts(`Bearer ${second}`)).toBe(false);
  expect(access.accepts(undefined)).toBe(false);
});

test("a token works once", async () => {
  const { post, tokens, enter } = await open();
  expect((await post("/session", "x")).status).toBe(401);
  await enter();
  expect((await post("/session", tokens[0])).status).toBe(401);
});

test("actions of the control socket are passed on, and the daemon's log names the console", async () => {
  const { enter, act, handlers, log } = await open();
  handlers.ignored = [ignoredSource("192.0.2.9", 43_000)];
  const bearer = await enter();
  const source = { door: "ssh", address: "192.0.2.7" };
  expect(await act(bearer, { id: 1, method: "extend", ...source, forMs: 900_000 })).toMatchObject({
    status: 200,
    result: { door: "ssh", source: "192.0.2.7", remainingMs: 900_000 },
  });
  expect(
    await act(bearer, { id: 1, method: "open", ...source, address: "192.0.2.8" }),
  ).toMatchObject({
    result: { lease: { source: "192.0.2.8" } },
  });
  expect(await act(bearer, { id: 1, method: "close", ...source, cut: true })).toMatchObject({
    result: { closed: [{ door: "ssh", source: "192.0.2.7" }], connectionsCut: 1 },
  });
  expect(await act(bearer, { id: 1, method: "forgive", address: "192.0.2.9" })).toMatchObject({
    result: { forgiven: ["192.0.2.9"] },
  });
  expect(await act(bearer, { id: 1, method: "reload" })).toMatchObject({
    result: { kind: "reloaded" },
  });
  const lines = log.entries.filter(({ event }) => event === "control");
  expect(lines.map(({ detail }) => [detail?.["method"], detail?.["by"]])).toEqual(
    ["extend", "open", "close", "forgive", "reload"].map((method) => [method, "console"]),
  );
});

test("what the daemon refuses is said, and other methods are not for the page", async () => {
  const { enter, act } = await open();
  const bearer = await enter();
  const cellar = { id: 1, method: "open", door: "cellar", address: "192.0.2.7" };
  expect(await act(bearer, cellar)).toMatchObject({
    status: 409,
    error: { message: 'there is no door "cellar"', hints: ["knockctl doors lists them"] },
  });
  for (const action of [
    { id: 1, method: "unprotect" },
    { id: 1, method: "watch" },
    { id: 1, method: "open", door: "ssh" },
    { action: "delete" },
    { action: "rotate", door: "ssh" },
    { action: "plan-device", name: "a/b", door: "ssh", host: "x", lock: "-" },
    [],
  ]) {
    expect(await act(bearer, action)).toMatchObject({ status: 400 });
  }
});

/** Makes this the configuration of a daemon that only remembers. */
function configure({ handlers }: Pick<Awaited<ReturnType<typeof open>>, "handlers">, text: string) {
  const configFile = join(temporaryFolder(), "knockd.conf");
  writeFileSync(configFile, text);
  const status = { ...handlers.status(), configFile };
  vi.spyOn(handlers, "status").mockReturnValue(status);
  return configFile;
}

test("a difference that is longer than a request may be can be confirmed, and no other", async () => {
  const opened = await open();
  const names = Array.from({ length: 1500 }, (_, i) => `person${i}/laptop`).join(", ");
  const users = join(temporaryFolder(), "knockd.users");
  const config = configure(
    opened,
    `[options]\nUsers = ${users}\nKnockPort = 23547\n[ssh]\nusers = ${names}\nopen = tcp/22\n`,
  );
  const bearer = await opened.enter();
  const device = { name: "alice/laptop", door: "ssh", host: "gate.example" };
  const plan = async () => (await opened.act(bearer, { action: "plan-device", ...device })).result;
  const add = (digest: string) => opened.act(bearer, { action: "add-device", digest, ...device });
  const first = await plan();
  expect(first.diff.length).toBeGreaterThan(40_000);
  appendFileSync(config, "# another line\n");
  expect(await add("x")).toMatchObject({
    status: 409,
    error: { message: expect.stringContaining("has been changed meanwhile") },
  });
  const { status, result } = await add((await plan()).digest);
  expect([status, result.warning]).toEqual([
    200,
    "This line is shown once; the server keeps only what checks it.",
  ]);
  expect(readFileSync(config, "utf8")).toContain("alice/laptop");
});

test("warnings about the configuration come with another sequence", async () => {
  const opened = await open();
  const door = "[ssh]\nsequence = 7003,9140,8455\ntcpflags = syn\nopen = tcp/22\n";
  configure(opened, `[options]\nMetricsListen = 0.0.0.0:9100\n${door}`);
  const action = { action: "rotate", door: "ssh", host: "gate.example", keepOldMs: 0 };
  const { status, result } = await opened.act(await opened.enter(), action);
  expect([status, result.warnings]).toEqual([
    200,
    [expect.stringContaining("can read the metrics")],
  ]);
});

test("connections that say nothing keep no page out, and end no page", async () => {
  const { ask, look, enter, port } = await open();
  const bearer = await enter();
  const { events } = look(bearer);
  await expect.poll(() => events.length, { timeout: 5000 }).toBeGreaterThan(0);
  const idle = Array.from({ length: 70 }, () => connect(port, "127.0.0.1"));
  onTestFinished(() => {
    for (const socket of idle) socket.destroy();
  });
  for (const socket of idle) socket.on("error", () => {});
  await Promise.all(idle.map((socket) => once(socket, "connect")));
  expect((await ask("/")).status).toBe(200);
  const count = events.length;
  const action = { id: 1, method: "close", door: "ssh" };
  const json = { "content-type": "application/json", ...bearer };
  const call = { method: "POST", headers: json, body: JSON.stringify(action) };
  expect((await ask("/actions", call)).status).toBe(200);
  await expect.poll(() => events.length).toBeGreaterThan(count);
});

test("a fault of the console is told in its terminal", async () => {
  const { post, enter, told } = await open();
  const run = vi.spyOn(ConsoleActions.prototype, "run").mockRejectedValue(new Error("no idea"));
  onTestFinished(() => run.mockRestore());
  expect((await post("/actions", {}, await enter())).status).toBe(500);
  expect(told.at(-1)).toMatch(/^internal error of the console: Error: no idea\n +at /);
});

test("--read-only passes nothing on", async () => {
  const { enter, post, handlers } = await open({ isReadOnly: true });
  const spy = vi.spyOn(handlers, "close");
  const bearer = await enter();
  const { status } = await post("/actions", { id: 1, method: "close", all: true }, bearer);
  expect([status, spy.mock.calls.length]).toEqual([403, 0]);
});

test("a page gets all at first, then what changes, while the daemon is asked once a second", async () => {
  const { enter, look, act, handlers, connections, told } = await open();
  const bearer = await enter();
  expect(told.join("")).toContain("A browser has opened the console.");
  expect(connections()).toBe(0);
  const { events, leave } = look(bearer);
  await expect.poll(() => events.length, { timeout: 5000 }).toBeGreaterThan(0);
  const [first] = events;
  expect(first?.put.map(({ door, source }) => `${door} ${source}`)).toEqual([
    "ssh 192.0.2.7",
    "vpn 2001:db8::7",
  ]);
  expect(first?.sections.doors?.map(({ name }) => name)).toEqual([
    "ssh",
    "vpn",
    "wake-up",
    "attic",
  ]);
  expect(first?.sections.lost).toBeNull();
  await act(bearer, { id: 1, method: "close", door: "ssh" });
  await expect.poll(() => events.flatMap(({ gone }) => gone)).toEqual(["0 192.0.2.7 ssh"]);
  // The moments at which leases end stay what they are.
  expect(events.slice(1).flatMap(({ put }) => put)).toEqual([]);
  leave();
  await expect.poll(connections).toBe(0);
  expect(handlers.leases()).toHaveLength(1);
});

test("more than eight pages are refused", async () => {
  const { enter, look, ask } = await open();
  const bearer = await enter();
  const pages = Array.from({ length: 8 }, () => look(bearer));
  await expect
    .poll(() => pages.every(({ events }) => events.length > 0), { timeout: 9000 })
    .toBe(true);
  expect((await ask("/events", { headers: bearer })).status).toBe(503);
});

test("a daemon that ends is said to, and is found again", async () => {
  const { enter, look, server } = await open();
  const { events } = look(await enter());
  await expect.poll(() => events.length, { timeout: 5000 }).toBeGreaterThan(0);
  await server.close();
  const lost = () => events.findLast(({ sections }) => sections.lost !== undefined)?.sections.lost;
  await expect.poll(lost, { timeout: 9000 }).toMatchObject({ why: /knockd is not running|closed/ });
});

test("it ends when no page has looked for a time", async () => {
  const { done, told } = await open({ idleTime: 300 });
  expect(await done).toBe(0);
  expect(told.at(-1)).toBe("The console ends: no page was open for an hour.\n");
});

test("a unix socket is for its owner alone, and goes with the console", async () => {
  const path = join(temporaryFolder(), "console.sock");
  const { ask, end, done } = await open({ place: { kind: "socket", path } });
  expect((await ask("/")).status).toBe(200);
  const { statSync, existsSync } = await import("node:fs");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  end.abort();
  await done;
  expect(existsSync(path)).toBe(false);
});

test("a unix socket whose path would be cut off is refused", async () => {
  const place = { kind: "socket", path: join(temporaryFolder(), "x".repeat(120)) } as const;
  const done = runConsole({
    ...{ place, socket: "/nowhere", isReadOnly: false, idleTime: 0 },
    ...{ end: AbortSignal.abort(), describe: () => "", tell: () => {} },
  });
  await expect(done).rejects.toThrow("the path of a socket has 1 to 107 bytes");
});

test("ssh is told the whole path of a unix socket, and the user whom it lets in", () => {
  vi.stubEnv("SUDO_USER", "somebody");
  onTestFinished(() => void vi.unstubAllEnvs());
  const place = readPlace({ given: new Map([["socket-file", "console.sock"]]) });
  const path = resolve("console.sock");
  expect(place).toEqual({ kind: "socket", path });
  expect(describeAddress(place, 0, "x")).toContain(`-L 7482:${path} ${userInfo().username}@`);
});
