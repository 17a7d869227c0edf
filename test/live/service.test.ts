import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Datagrams } from "../support/datagrams.ts";
import type { LiveHost } from "./host.ts";
import { knock, knockd, startKnockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";
import { Server } from "./server.ts";

const door = (name: string, port: number, ...lines: string[]) =>
  [`[${name}]`, `sequence = ${port}`, "tcpflags = syn", ...lines, ""].join("\n");

/** What systemd sees of knockd with packaging/knockd.service. */
describe.skipIf(needs())("knockd under a service manager", () => {
  let network: LiveNetwork;
  let host: LiveHost;
  let client: LiveHost;
  let server: Server;
  let manager: Datagrams;

  beforeEach(async () => {
    network = await LiveNetwork.open();
    [host, client] = [network.host("server"), network.host("client")];
    const lines = ["start_command = echo begun; sleep 60", "stop_command = echo closing; sleep 60"];
    const quick = door("quick", 7001, "start_command = true", ...lines.slice(1), "cmd_timeout = 0");
    server = new Server(host, door("slow", 7002, ...lines, "cmd_timeout = 1h") + quick);
    // Any datagram socket will do: sd_notify(3) is one line after another.
    manager = new Datagrams(server.folder.at("notify"));
  });
  afterEach(async () => {
    await network.close();
    manager.close();
  });

  const start = (env: Record<string, string> = {}) =>
    server.start({ NOTIFY_SOCKET: server.folder.at("notify"), ...env });
  const told = () => manager.received.flatMap((datagram) => datagram.split("\n"));

  test("says when it is ready, reads its configuration again, and stops", async () => {
    const daemon = await start();
    await expect.poll(told).toEqual(["READY=1", "STATUS=2 doors, 0 open"]);
    server.configure(door("one", 7001, "command = true"));
    daemon.signal("SIGHUP");
    await expect.poll(() => told().length).toBe(7);
    expect(told().slice(2)).toEqual([
      "RELOADING=1",
      expect.stringMatching(/^MONOTONIC_USEC=\d+$/),
      "STATUS=reading the configuration",
      "READY=1",
      "STATUS=1 doors, 0 open",
    ]);
    server.configure("[broken");
    daemon.signal("SIGHUP");
    await expect.poll(() => told().at(-1)).toMatch(/^STATUS=.*the one before stays in force$/);
    expect((await daemon.stop()).code).toBe(15);
    expect(told().at(-1)).toBe("STOPPING=1");
  });

  test("stays in the foreground with -d, says so, and writes the pid file", async () => {
    const { folder } = server;
    const config = folder.write("d.conf", door("x", 7001, "command = true"));
    const argv = [
      ...knockd,
      "-d",
      "-c",
      config,
      "-p",
      folder.at("k.pid"),
      "-g",
      folder.at("k.log"),
    ];
    const daemon = host.start(argv, { env: { NOTIFY_SOCKET: folder.at("notify") } });
    await expect.poll(told).toEqual(["READY=1", "STATUS=1 doors, 0 open"]);
    expect(daemon.stderr).toContain("knockd: warning: -d is ignored: the service manager follows");
    expect(folder.read("k.pid")).toBe(`${daemon.pid}\n`);
    expect((await daemon.stop()).code).toBe(15);
  });

  test("goes to the background with -d where it is a script of another service that starts it", async () => {
    const { folder } = server;
    const config = folder.write("d.conf", door("x", 7001, "command = true"));
    const argv = [...knockd, "-d", "-c", config, "-p", folder.at("k.pid")];
    const env = { NOTIFY_SOCKET: folder.at("notify"), SYSTEMD_EXEC_PID: "1" };
    expect((await host.run(argv, { env })).stderr).not.toContain("-d is ignored");
    process.kill(Number(folder.read("k.pid")), "SIGTERM");
  });

  test("feeds the watchdog twice as often as it must", async () => {
    await start({ WATCHDOG_USEC: "400000" });
    const fed = () => told().filter((line) => line === "WATCHDOG=1").length;
    await expect.poll(fed).toBeGreaterThanOrEqual(10);
  });

  test("does not hand the conversation on to commands", async () => {
    const file = server.folder.at("environment");
    server.configure(door("one", 7001, `command = env >${file}`));
    await start({ WATCHDOG_USEC: "60000000" });
    await knock(client, host.address, 7001);
    await expect.poll(() => server.folder.read("environment")).toContain("KNOCK_DOOR=one");
    expect(server.folder.read("environment")).not.toMatch(/NOTIFY_SOCKET|WATCHDOG/);
  });

  test("leaves soon after SIGTERM, whatever commands run", async () => {
    const daemon = await start();
    await knock(client, host.address, 7002, 7001);
    await daemon.waitFor(/^begun$/m);
    await daemon.waitFor(/^closing$/m);
    const begin = performance.now();
    daemon.signal("SIGTERM");
    // The end of its output is that of the commands; a missing process is what systemd sees.
    await expect.poll(() => isAlive(daemon.pid), { interval: 10 }).toBe(false);
    // It waits 0.8 s; the rest is for a machine that has other work.
    expect(performance.now() - begin).toBeLessThan(6_000);
    expect((await daemon.ended).code).toBe(15);
  });

  test("leaves at once after a second SIGTERM", async () => {
    // Without a journal nobody closes later what this daemon does not: it would wait for 8 s.
    const closing = "start_command = true\nstop_command = echo closing; sleep 60\ncmd_timeout = 0";
    const config = `[options]\nStateDir = /dev/null/none\n${door("quick", 7001, closing)}`;
    const daemon = await startKnockd(host, config);
    await knock(client, host.address, 7001);
    await daemon.waitFor(/^closing$/m);
    daemon.signal("SIGTERM");
    await daemon.waitFor(/waiting for child processes/);
    const begin = performance.now();
    daemon.signal("SIGTERM");
    await expect.poll(() => isAlive(daemon.pid), { interval: 10 }).toBe(false);
    expect(performance.now() - begin).toBeLessThan(6_000);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
