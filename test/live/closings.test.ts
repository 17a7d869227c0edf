import { writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { Folder, knock, knockctl, knockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import type { Process } from "./process.ts";
import { needs } from "./requirements.ts";

describe.skipIf(needs())("a stop command that fails", () => {
  let network: LiveNetwork;
  let server: LiveHost;
  let client: LiveHost;
  beforeAll(async () => {
    network = await LiveNetwork.open(["server", "client"]);
    server = network.host("server");
    client = network.host("client");
  });
  afterAll(() => network?.close());
  afterEach(() => server.killAll());

  test("keeps the door in the list, across a restart, until it works", async () => {
    const folder = new Folder();
    const socket = folder.at("control");
    const config = folder.write(
      "knockd.conf",
      `
        [options]
          StateDir = ${folder.at("state")}
          ControlSocket = ${socket}
        [x]
          sequence = 9:udp
          start_command = echo opened %IP%
          stop_command = test -e ${folder.at("mended")} && echo closed %IP%
          cmd_timeout = 200ms
      `,
    );
    const start = async (): Promise<Process> => {
      const daemon = server.start([...knockd, "-v", "-c", config]);
      await daemon.waitFor(/^listening on .*\.\.\.$/m);
      return daemon;
    };
    const ask = async (...words: string[]) => {
      const argv = [...knockctl, ...words, "--socket", socket];
      const { code, stdout, stderr } = await server.run(argv, { ok: "any" });
      return { code, text: `${stdout}${stderr}` };
    };
    const said = `"x" for ${client.address} may still be open: closing failed`;

    const first = await start();
    await knock(client, server.address, "9:udp");
    await first.waitFor(/x: may still be open: closing failed 1 time/);
    expect((await ask("leases")).text).toContain("could not be closed");
    expect((await ask("status")).text).toContain(said);
    await first.stop();

    const next = await start();
    await next.waitFor(/x: may still be open: closing failed \d+ times/);
    const failed = await ask("close", "x", client.address);
    expect(failed).toEqual({ code: 1, text: expect.stringContaining(said) });

    folder.write("mended", "");
    const closed = { code: 0, text: `closed x for ${client.address}\n` };
    expect(await ask("close", "x", client.address)).toEqual(closed);
    expect(next.stdout).toContain(`\nclosed ${client.address}\n`);
    expect((await ask("leases")).text).toBe("nothing is open\n");
    await next.stop();
  });

  test("runs again in the next daemon, if this one is killed before its next attempt", async () => {
    const folder = new Folder();
    const mended = folder.at("mended");
    const config = folder.write(
      "knockd.conf",
      `
        [options]
          StateDir = ${folder.at("state")}
        [x]
          sequence = 9:udp
          start_command = echo opened %IP%
          stop_command = test -e ${mended} && echo closed %IP%
          cmd_timeout = 200ms
      `,
    );
    const first = server.start([...knockd, "-v", "-c", config]);
    await first.waitFor(/^listening on .*\.\.\.$/m);
    await knock(client, server.address, "9:udp");
    await first.waitFor(/closing failed 1 time/);
    first.signal("SIGKILL");
    await first.ended;
    folder.write("mended", "");
    const next = server.start([...knockd, "-v", "-c", config]);
    await next.waitFor(new RegExp(`^closed ${client.address}$`, "m"));
    await next.stop();
  });

  test("is not what a shortage of descriptors makes of it: commands open and close meanwhile", async () => {
    const folder = new Folder();
    const config = folder.write(
      "knockd.conf",
      `
        [options]
          StateDir = ${folder.at("state")}
        [x]
          sequence = 9:udp
          start_command = echo opened %IP%
          stop_command = echo closed %IP%
          cmd_timeout = 1s
      `,
    );
    const daemon = server.start([...knockd, "-v", "-c", config]);
    await daemon.waitFor(/^listening on .*\.\.\.$/m);
    // The daemon has more open already; the loader of a command needs one.
    await server.run(["prlimit", `--pid=${daemon.pid}`, "--nofile=4:1024"]);
    await knock(client, server.address, "9:udp");
    await daemon.waitFor(/^opened [\s\S]*^closed /m);
    await daemon.stop();
  });

  test("of a user that is gone is tried again, also by the next daemon, until the user is back", async () => {
    const folder = new Folder();
    const socket = folder.at("control");
    const passwd = folder.at("passwd");
    const known = "root:x:0:0::/root:/bin/sh\n";
    const config = folder.write(
      "knockd.conf",
      `
        [options]
          StateDir = ${folder.at("state")}
          ControlSocket = ${socket}
        [x]
          sequence = 9:udp
          user = keeper
          start_command = echo opened by $(id -u)
          stop_command = echo closed by $(id -u)
          cmd_timeout = 1h
      `,
    );
    const start = async (users: string): Promise<Process> => {
      writeFileSync(passwd, users);
      const script = 'mount --bind "$0" /etc/passwd && exec "$@"';
      const argv = [
        "unshare",
        "--mount",
        "sh",
        "-c",
        script,
        passwd,
        ...knockd,
        "-v",
        "-c",
        config,
      ];
      const daemon = server.start(argv);
      await daemon.waitFor(/^listening on .*\.\.\.$/m);
      return daemon;
    };
    const ask = async (...words: string[]) => {
      const argv = [...knockctl, ...words, "--socket", socket];
      const { code, stdout, stderr } = await server.run(argv, { ok: "any" });
      return { code, text: `${stdout}${stderr}` };
    };
    const before = await start(`${known}keeper:x:4711:4711::/:/bin/sh\n`);
    await knock(client, server.address, "9:udp");
    await before.waitFor(/^opened by 4711$/m);
    before.signal("SIGKILL");
    await before.ended;

    for (const times of [1, 2]) {
      const without = await start(known);
      const { code, text } = await ask("close", "x", client.address);
      expect([times, code, text]).toEqual([times, 1, expect.stringContaining("may still be open")]);
      await without.waitFor(/closing failed \d+ times?: .*cannot find the user "keeper"/);
      expect((await ask("leases")).text).toContain("could not be closed");
      expect((await ask("status")).text).toContain('cannot find the user "keeper"');
      await without.stop();
    }
    const next = await start(`${known}keeper:x:4712:4712::/:/bin/sh\n`);
    await next.waitFor(/^closed by 4712$/m);
    expect((await ask("leases")).text).toBe("nothing is open\n");
    await next.stop();
  });
});
