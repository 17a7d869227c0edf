import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import type { Socket } from "node:net";
import { createServer } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import type { LiveHost } from "./host.ts";
import { Folder, knock, knockctl, knockd, startKnockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";

describe.skipIf(needs("nft"))("knockd --dry-run", () => {
  let network: LiveNetwork;
  let server: LiveHost;
  let client: LiveHost;
  beforeAll(async () => {
    network = await LiveNetwork.open();
    [server, client] = [network.host("server"), network.host("client")];
  });
  afterAll(() => network?.close());
  afterEach(() => server.killAll());

  function configure(folder: Folder): string {
    folder.write("list", " 31,32\n 33,34\n");
    const effects = folder.at("effects");
    return `[options]
StateDir = ${folder.at("state")}
ControlSocket = ${folder.at("control.sock")}
LogFile = ${folder.at("k.log")}
Fleet = redis+unix://${folder.at("store.sock")}
FleetFile = ${folder.at("knockd.fleet")}
[timed]
sequence = 12,11
tcpflags = syn
start_command = echo start >>${effects}
stop_command = echo stop >>${effects}
cmd_timeout = 300ms
[native]
sequence = 22,21
tcpflags = syn
open = tcp/22, icmp
open_for = 30s
protect = yes
[once]
one_time_sequences = ${folder.at("list")}
tcpflags = syn
command = echo once >>${effects}
rest = 0
`;
  }

  test("says what it would do, and does nothing of it", async () => {
    const folder = new Folder();
    const path = folder.write("k.conf", configure(folder));
    folder.writePrivately("knockd.fleet", `key = ${randomBytes(32).toString("base64")}\n`);
    const onConnection = vi.fn((socket: Socket) => socket.destroy());
    const store = createServer(onConnection).listen(folder.at("store.sock"));
    onTestFinished(() => void store.close());
    for (const argv of [
      [...knockd, "-t", "-c", path],
      [...knockctl, "check", path],
    ]) {
      await server.run(argv, { ok: "any" });
    }
    const daemon = server.start([...knockd, "--dry-run", "-c", path]);
    await daemon.waitFor(/^listening on any\.\.\.$/m);
    const { address } = client;
    await knock(client, server.address, 12, 11);
    await daemon.waitFor(/^timed: would run: echo stop/m);
    await knock(client, server.address, 22, 21);
    await knock(client, server.address, 31, 32);
    await daemon.waitFor(/^once: would run/m);
    await knock(client, server.address, 31, 32, 33, 34);
    await daemon.waitFor(/(^once: would run[\s\S]*){2}/m);
    await knock(client, server.address, 22, 21);
    await daemon.waitFor(/(native: OPEN SESAME[\s\S]*){2}/m);

    expect(onConnection).not.toHaveBeenCalled();
    const effects = folder.at("effects");
    const told = daemon.stdout.split("\n").filter((line) => /would/.test(line));
    expect(told).toEqual([
      "would protect: tcp/22, icmp",
      `timed: would run: echo start >>${effects}`,
      `timed: would run: echo stop >>${effects}`,
      `${address}: native: would open tcp/22, icmp for ${address} for 30 s`,
      `once: would run: echo once >>${effects}`,
      `once: would run: echo once >>${effects}`,
    ]);
    expect(folder.log()).toEqual(expect.arrayContaining(told));
    expect(daemon.output).not.toMatch(/running command|command ended/);

    expect(folder.read("effects")).toBe("");
    expect(folder.read("list")).toBe(" 31,32\n 33,34\n");
    expect(existsSync(folder.at("state"))).toBe(false);
    expect(existsSync(folder.at("control.sock"))).toBe(false);
    expect((await server.run(["nft", "list", "ruleset"])).stdout).toBe("");
    const ended = await daemon.stop();
    expect([ended.code, ended.stderr]).toEqual([
      15,
      expect.stringMatching(/^(?:.*about 374 opens .*\n){2}no more sequences.*\n$/),
    ]);
  });

  test("takes a new configuration like the daemon; what it used up stays so", async () => {
    const folder = new Folder();
    const path = folder.write("k.conf", configure(folder));
    const daemon = server.start([...knockd, "--dry-run", "-c", path]);
    await daemon.waitFor(/^listening on/m);
    await knock(client, server.address, 31, 32);
    await daemon.waitFor(/^once: would run/m);
    folder.write("k.conf", configure(folder).replace("sequence = 12,11", "sequence = 14,13"));
    daemon.signal("SIGHUP");
    await daemon.waitFor(/(^dry run: [\s\S]*){2}/m);
    await knock(client, server.address, 31, 32, 14, 13);
    await daemon.waitFor(/^timed: would run: echo stop/m);
    expect(daemon.stdout).not.toMatch(/(^once: would run[\s\S]*){2}/m);
  });

  test("runs beside the daemon of the same configuration, and leaves it alone", async () => {
    const folder = new Folder();
    const text = configure(folder).replace("protect = yes\n", "");
    const real = await startKnockd(server, text);
    const path = folder.write("k.conf", text);
    const dry = server.start([...knockd, "--dry-run", "-c", path]);
    await dry.waitFor(/^listening on/m);
    await knock(client, server.address, 12, 11);
    await real.waitFor(/^timed: running command: echo stop/m);
    await dry.waitFor(/^timed: would run: echo stop/m);
    await dry.stop();
    expect(existsSync(folder.at("control.sock"))).toBe(true);
    await real.stop();
    expect(folder.read("effects")).toBe("start\nstop\n");
  });
});
