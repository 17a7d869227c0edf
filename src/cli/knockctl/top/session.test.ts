import { expect, onTestFinished, test, vi } from "vitest";
import type { TestServer } from "../../../../test/support/control-server.ts";
import { startServer } from "../../../../test/support/control-server.ts";
import { ManualClock } from "../../../../test/support/manual-clock.ts";
import { ignoredSource } from "../../../../test/support/top.ts";
import { KnockError } from "../../../base/errors.ts";
import type { StatusProblem } from "../../../base/status-problem.ts";
import type { FullScreenListener } from "./full-screen.ts";
import { TopSession } from "./session.ts";
import { drawTop } from "./view.ts";

/** A terminal of 80x24 that remembers what it shows. */
class MemoryScreen {
  listener: FullScreenListener | undefined;
  text = "";
  suspended = 0;
  isClosed = false;
  readonly size = { columns: 80, rows: 24 };

  draw(lines: readonly string[]): void {
    this.text = lines.join("\n");
  }

  suspend(): void {
    this.suspended++;
  }

  close(): void {
    this.isClosed = true;
  }
}

async function start(
  server: TestServer,
  findProblems: () => Promise<readonly StatusProblem[]> = async () => [],
) {
  const clock = new ManualClock(Date.UTC(2026, 10, 22, 13, 26, 5));
  const screen = new MemoryScreen();
  const connect = vi.fn(server.connect);
  const session = new TopSession({
    ...{ clock, connect, findProblems },
    openScreen: (listener) => Object.assign(screen, { listener }),
    draw: (state, size) =>
      drawTop(state, { ...size, hasColors: false, glyphs: { full: "#", empty: "." } }),
  });
  const ended = session.run();
  await expect.poll(() => screen.text).toContain("LEASES");
  onTestFinished(() => screen.listener?.onEnd(0));
  return {
    ...{ clock, screen, connect, ended },
    press: (...keys: string[]) => {
      for (const key of keys) screen.listener?.onKey(key);
    },
    /** Lets seconds pass until this is shown. */
    shows: (pattern: RegExp) =>
      expect
        .poll(() => {
          clock.advance(1000);
          return screen.text;
        })
        .toMatch(pattern),
  };
}

test("keys act on the daemon, and what came of them is shown", async () => {
  const server = await startServer();
  server.handlers.ignored = [ignoredSource("192.0.2.9", 43_000)];
  const { press, shows, screen, ended } = await start(server);
  press("e");
  await shows(/^ssh for 192\.0\.2\.7 is open for 19m 58s more$/m);
  press("c", "y");
  await shows(/^closed ssh for 192\.0\.2\.7$/m);
  await shows(/^LEASES {2}1$/m);
  press("c", "x");
  await shows(/^closed vpn for 2001:db8::7, ended 1 connection$/m);
  await shows(/^LEASES {2}none$/m);
  press("f");
  await shows(/^forgave 192\.0\.2\.9$/m);
  expect(server.handlers.leases()).toEqual([]);
  press("ctrl-z");
  expect(screen.suspended).toBe(1);
  press("q");
  expect(await ended).toBe(0);
  expect(screen.isClosed).toBe(true);
  await expect.poll(() => server.connections()).toBe(0);
});

test("what the daemon refuses is shown", async () => {
  const server = await startServer();
  const { press, shows } = await start(server);
  vi.spyOn(server.handlers, "close").mockImplementation(() => {
    throw new KnockError("COMMAND", "iptables \u001b[2J failed");
  });
  press("c", "y");
  await shows(/^iptables \?\[2J failed$/m);
});

test("a daemon that ends is waited for", async () => {
  const server = await startServer();
  const { connect, shows } = await start(server);
  connect.mockRejectedValue(new KnockError("SYSTEM", "knockd is not running: there is no socket"));
  await server.server.close();
  await shows(/^knockd is not running: there is no socket; waiting for it since /m);
  const next = await startServer();
  next.handlers.close({ all: true });
  connect.mockImplementation(next.connect);
  await shows(/^LEASES {2}none$/m);
  await shows(/^knockctl top .*\npackets/);
});

test("a daemon that does not answer is said to be silent", async () => {
  const server = await startServer();
  const { shows, screen } = await start(server);
  vi.spyOn(server.handlers, "leases").mockReturnValue(new Promise(() => {}) as never);
  await shows(/^knockd has not answered for 4s; waiting for it since /m);
  expect(screen.text).toContain("192.0.2.7");
});

test("problems that the daemon does not know of are shown, and looked for twice a minute", async () => {
  const find = vi.fn(async () => [{ code: "service-blocked", message: "ufw blocks" } as const]);
  const { shows, clock } = await start(await startServer(), find);
  await shows(/^problem: ufw blocks$/m);
  find.mockClear();
  clock.advance(30_000);
  await expect.poll(() => find).toHaveBeenCalledTimes(1);
});

test("a daemon that is not there at the start is an error, and the screen stays as it is", async () => {
  const openScreen = vi.fn();
  const session = new TopSession({
    clock: new ManualClock(),
    connect: () => Promise.reject(new KnockError("SYSTEM", "knockd is not running")),
    ...{ openScreen, draw: () => [], findProblems: async () => [] },
  });
  await expect(session.run()).rejects.toThrow("knockd is not running");
  expect(openScreen).not.toHaveBeenCalled();
});
