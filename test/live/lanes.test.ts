import { chmodSync, existsSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { Folder, knock, knockctl, knockd, startKnockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";

/** Reads its whole list, changes it, and writes it back. Two at once lose a change. */
const readModifyWrite = `#!/bin/sh
list=$1; touch "$list"
case $2 in
  add) new=$(cat "$list"; echo "$3") ;;
  delete) new=$(grep -vxF "$3" "$list") ;;
esac
sleep 0.3
printf '%s\\n' "$new" | sed '/^$/d' >"$list.$$" && mv "$list.$$" "$list"
`;

describe.skipIf(needs())("commands that run beside each other", () => {
  let network: LiveNetwork;
  let server: LiveHost;
  let client: LiveHost;
  beforeAll(async () => {
    network = await LiveNetwork.open();
    [server, client] = [network.host("server"), network.host("client")];
  });
  afterAll(() => network?.close());
  afterEach(() => server.killAll());

  test("a tool that rewrites its list closes all leases that are overdue at the start", async () => {
    const folder = new Folder();
    const tool = folder.write("rules", readModifyWrite);
    chmodSync(tool, 0o755);
    const list = folder.at("list");
    const ports = [1, 2, 3, 4, 5, 6];
    const doors = ports.map(
      (port) => `[door-${port}]
  sequence = ${port}
  tcpflags = syn
  decoys = 0
  start_command = ${tool} ${list} add %DOOR%
  stop_command = ${tool} ${list} delete %DOOR%
  cmd_timeout = 6
`,
    );
    const options = `[options]\nStateDir = ${folder.path}\nControlSocket = ${folder.at("c")}\n`;
    const config = folder.write("k.conf", [options, ...doors].join(""));
    const start = async () => {
      const daemon = server.start([...knockd, "-v", "-c", config]);
      await daemon.waitFor(/^listening on/m);
      return daemon;
    };
    const first = await start();
    await knock(client, server.address, ...ports);
    const lines = () => folder.read("list").split("\n").filter(Boolean);
    await expect.poll(lines).toHaveLength(6);
    first.signal("SIGKILL");
    await first.ended;
    await new Promise((resolve) => setTimeout(resolve, 6000));
    const second = await start();
    await second.waitFor(/(door-\d: running command[\s\S]*){6}/);
    await expect.poll(lines).toEqual([]);
  });

  test("a door that opens slowly and one that closes at once end closed", async () => {
    const folder = new Folder();
    const open = folder.at("open");
    const daemon = await startKnockd(
      server,
      `[opens]
  sequence = 1
  tcpflags = syn
  decoys = 0
  command = sleep 1; touch ${open}; echo opened
[closes]
  sequence = 2
  tcpflags = syn
  decoys = 0
  serial = no
  command = rm -f ${open}; echo closed
`,
    );
    await knock(client, server.address, 1, 2);
    await daemon.waitFor(/^closed$/m);
    expect(existsSync(open)).toBe(false);
    expect(daemon.stdout).toMatch(/^opened$[\s\S]*^closed$/m);
  });

  test("commands of one door that hang keep neither another shut nor the administrator", async () => {
    const folder = new Folder();
    const socket = folder.at("c.sock");
    const daemon = await startKnockd(
      server,
      `[options]
  MaxCommands = 4
  ControlSocket = ${socket}
[hangs]
  sequence = 1
  tcpflags = syn
  decoys = 0
  rest = 0
  serial = no
  command = sleep 60
[works]
  sequence = 2
  tcpflags = syn
  decoys = 0
  command = echo works
`,
    );
    const hosts = [2, 3, 4, 5, 6].map((nth) => `198.51.100.${nth}`);
    for (const host of hosts) await client.run(["ip", "addr", "add", `${host}/24`, "dev", "lo"]);
    await server.run(["ip", "route", "add", "198.51.100.0/24", "via", client.address]);
    for (const host of hosts) await knock(client, "--source", host, server.address, 1);
    await daemon.waitFor(/hangs: OPEN SESAME([\s\S]*hangs: OPEN SESAME){4}/);
    await knock(client, server.address, 2);
    await daemon.waitFor(/^works$/m);
    const ctl = async (...args: string[]) =>
      (await server.run([...knockctl, ...args, "--socket", socket], { ok: "any" })).stdout;
    await ctl("open", "works", "192.0.2.99");
    await daemon.waitFor(/(^works$[\s\S]*){2}/m);
    await expect.poll(() => ctl("status")).toMatch(/ wait, the oldest since /);
  });
});
