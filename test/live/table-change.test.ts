// The table of an earlier configuration keeps shut what that of this one opens.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { Folder, knock } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";
import { Server } from "./server.ts";
import { echoTcp } from "./session.ts";

const door =
  "[ssh]\nsequence = 7003,9140,8455\ntcpflags = syn\nopen = tcp/22\nopen_for = 1m\nprotect = yes\n";

describe.skipIf(needs("nft"))("where Table changes while knockd is dead", () => {
  let network: LiveNetwork;
  let host: LiveHost;
  let client: LiveHost;
  let server: Server;

  beforeEach(async () => {
    network = await LiveNetwork.open(["server", "client"]);
    [host, client] = ["server", "client"].map((name) => network.host(name)) as [LiveHost, LiveHost];
    await echoTcp(host, 22);
    server = new Server(host, door, "Table = gate");
    await server.start();
    await server.kill();
    expect(await tables()).toEqual(["gate"]);
    server.configure(door, "Table = wicket");
  });
  afterEach(() => network.close());

  const reaches = () => client.canConnect(host.address, 22, 300);
  const tables = async () => {
    const { stdout } = await host.run(["nft", "list tables inet"]);
    return [...stdout.matchAll(/^table inet (\w+)$/gm)].map(([, name]) => name).sort();
  };

  test("the next start removes the old table, and a knock opens", async () => {
    const daemon = await server.start();
    await daemon.waitFor(
      /^removed table inet gate of an earlier configuration: the table is wicket now$/m,
    );
    expect(await tables()).toEqual(["wicket"]);
    expect(await reaches()).toBe("silent");
    await knock(client, host.address, "7003", "9140", "8455");
    await expect.poll(reaches, { timeout: 10_000 }).toBe("open");
    await server.kill();
    const next = await server.start();
    expect(next.output).not.toContain("removed table");
    expect(await tables()).toEqual(["wicket"]);
  });

  test("it stays until nft removes it, and the status says why", async () => {
    const folder = new Folder();
    const nft = folder.write(
      "nft",
      "#!/bin/sh\ngrep -q 'delete table inet gate' /proc/self/fd/3 && { echo refused >&2; exit 1; }\nPATH=/usr/sbin:/usr/bin:/sbin:/bin exec nft \"$@\"\n",
    );
    await host.run(["chmod", "755", nft]);
    const daemon = await server.start({ PATH: `${folder.path}:${process.env["PATH"]}` });
    await daemon.waitFor(/native doors stay closed: nft cannot load the rules: .*refused/);
    expect(await tables()).toEqual(["gate", "wicket"]);
    expect((await server.knockctl("status")).stdout).toMatch(/problem.*refused/);
    expect((await server.knockctl("unprotect")).code).toBe(1);
    folder.write("nft", '#!/bin/sh\nPATH=/usr/sbin:/usr/bin:/sbin:/bin exec nft "$@"\n');
    await daemon.waitFor(/^removed table inet gate/m);
    await daemon.waitFor(/^native doors work again$/m);
    expect(await tables()).toEqual(["wicket"]);
  });

  test("unprotect without a daemon removes it, too", async () => {
    const { code, stdout } = await server.knockctl(`unprotect --config ${server.config}`);
    expect(code).toBe(0);
    expect(stdout).toContain("table inet gate of an earlier configuration was removed, too\n");
    expect(await tables()).not.toContain("gate");
    expect(await reaches()).toBe("open");
    expect(server.bootFile).toBeUndefined();
  });

  test("a firewall that does not protect leaves none of both", async () => {
    server.configure(door.replace("protect = yes\n", ""), "Firewall = ipset\nTable = wicket");
    await server.start();
    await expect.poll(tables, { timeout: 10_000 }).not.toContain("gate");
    expect(await reaches()).toBe("open");
  });

  test("a table that another daemon uses by now is left alone", async () => {
    const second = new Server(host, door, "Table = gate");
    await second.start();
    await server.start();
    expect(await tables()).toEqual(["gate", "wicket"]);
    expect(server.daemon?.output).not.toContain("removed table");
    expect(second.daemon?.output).not.toContain("removed rules");
  });
});
