import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { knock, knockctl, knockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import type { Process } from "./process.ts";
import { needs } from "./requirements.ts";

/** A user without a name, a group or a home. */
const user = 4242;

/** Runs a program as the user with these capabilities alone, such as `+net_raw`. */
const asUser = (...capabilities: readonly string[]) => {
  const caps = ["-all", ...capabilities].join(",");
  return [
    "setpriv",
    `--reuid=${user}`,
    `--regid=${user}`,
    "--clear-groups",
    `--bounding-set=${caps}`,
    `--inh-caps=${caps}`,
    `--ambient-caps=${caps}`,
    "--no-new-privs",
  ];
};

/** Milliseconds: long enough for an answer on this network. */
const timeout = 400;

describe.skipIf(needs("nft", "iptables", "setpriv"))(
  "an ordinary user with two capabilities",
  () => {
    let network: LiveNetwork;
    let server: LiveHost;
    let client: LiveHost;
    let other: LiveHost;
    let folder: string;
    let daemon: Process;

    beforeAll(async () => {
      network = await LiveNetwork.open(["server", "client", "other"]);
      [server, client, other] = ["server", "client", "other"].map((name) => network.host(name)) as [
        LiveHost,
        LiveHost,
        LiveHost,
      ];
      // What root gives a user: the directories above it are root's alone.
      folder = mkdtempSync("/run/sesame-user-");
      chownSync(folder, user, user);
      chmodSync(folder, 0o755);
      await server.listen(22);
      await server.listen(2222);
      await server.run(["iptables", "-A", "INPUT", "-p", "tcp", "--dport", "2222", "-j", "DROP"]);
      daemon = await start("+net_raw", "+net_admin");
    });
    afterAll(async () => {
      await network?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    const rule = "INPUT -s %IP% -p tcp --dport 2222 -j ACCEPT";
    const start = async (...capabilities: readonly string[]) => {
      const path = join(folder, "knockd.conf");
      writeFileSync(
        path,
        `[options]
StateDir = ${folder}/state
ControlSocket = ${folder}/control.sock
[native]
sequence = 7003,7001,7002
tcpflags = syn
open = tcp/22
protect = yes
[command]
sequence = 7013,7011,7012
tcpflags = syn
start_command = iptables -w -I ${rule}
stop_command = iptables -w -D ${rule}
cmd_timeout = 1h
`,
      );
      const process = server.start([...asUser(...capabilities), ...knockd, "-v", "-c", path]);
      await process.waitFor(/^listening on .*\.\.\.$/m);
      return process;
    };
    /** The knockctl of root. */
    const ctl = (...args: string[]) =>
      server.run([...knockctl, ...args, "--socket", join(folder, "control.sock")], { ok: "any" });
    const reach = (from: LiveHost, port: number) => from.canConnect(server.address, port, timeout);

    test("protects, and opens doors of both kinds, for root's knockctl too", async () => {
      expect(daemon.output).not.toMatch(/warning|cannot/);
      expect((await ctl("protect")).code).toBe(0);
      expect([await reach(client, 22), await reach(client, 2222)]).toEqual(["silent", "silent"]);
      await knock(client, server.address, 7003, 7001, 7002);
      await knock(client, server.address, 7013, 7011, 7012);
      await expect.poll(() => reach(client, 22)).toBe("open");
      await expect.poll(() => reach(client, 2222)).toBe("open");
      expect([await reach(other, 22), await reach(other, 2222)]).toEqual(["silent", "silent"]);
      expect((await ctl("open", "native", other.address, "for", "1h")).code).toBe(0);
      expect(await reach(other, 22)).toBe("open");
      const { stdout, code } = await ctl("status");
      expect([code, stdout]).toEqual([0, expect.not.stringContaining("problem")]);
    });

    test("closes after a kill what it opened", async () => {
      daemon.signal("SIGKILL");
      await daemon.ended;
      daemon = await start("+net_raw", "+net_admin");
      expect(await reach(client, 22)).toBe("open");
      expect((await ctl("reload")).code).toBe(0);
      expect((await ctl("close", "all")).code).toBe(0);
      await expect.poll(() => reach(client, 2222)).toBe("silent");
      expect([await reach(client, 22), await reach(other, 22)]).toEqual(["silent", "silent"]);
      expect((await ctl("unprotect")).code).toBe(0);
      await sleep(50);
      expect(await reach(client, 22)).toBe("open");
    });

    test("without CAP_NET_ADMIN the log and the status name it", async () => {
      daemon.signal("SIGTERM");
      await daemon.ended;
      daemon = await start("+net_raw");
      const message =
        "native doors stay closed: cannot bind a netlink socket (netfilter): Operation not permitted";
      const hint = "run it as root, or with CAP_NET_ADMIN";
      expect(daemon.output).toContain(`${message}; ${hint}`);
      const { code, stdout } = await ctl("status", "--json");
      expect(code).toBe(3);
      expect(JSON.parse(stdout).status.problems).toContainEqual({
        code: "firewall",
        message,
        hints: [hint],
      });
      const text = await ctl("status");
      expect([text.code, text.stdout]).toEqual([3, expect.stringContaining(hint)]);
    });
  },
);
