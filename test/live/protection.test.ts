// A protection that lasts: no disk stands in its way, what others remove is back within a second, and the
// status says what the kernel has.
import { mkdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { Folder } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";
import { run } from "./run.ts";
import { Server } from "./server.ts";
import { echoTcp } from "./session.ts";

const door = "[ssh]\nsequence = 7003,7001,7002\ntcpflags = syn\nopen = tcp/22\nprotect = yes\n";

interface StatusAnswer {
  readonly firewall: { readonly protects: readonly string[] };
  readonly problems: readonly { readonly code: string; readonly message: string }[];
}

describe.skipIf(needs("nft"))("a protected service", () => {
  let network: LiveNetwork;
  let host: LiveHost;
  let client: LiveHost;
  let server: Server;

  beforeEach(async () => {
    network = await LiveNetwork.open(["server", "client"]);
    [host, client] = ["server", "client"].map((name) => network.host(name)) as [LiveHost, LiveHost];
    await echoTcp(host, 22);
    server = new Server(host, door);
  });
  afterEach(() => network.close());

  const reaches = () => client.canConnect(host.address, 22, 400);
  const status = async () => (await server.ask<{ status: StatusAnswer }>("status")).status;
  const nft = (text: string) => host.run(["nft", text]);

  describe("where no disk can be written", () => {
    let full: string;

    beforeEach(async () => {
      full = new Folder().path;
      await run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", full]);
      await run(["sh", "-c", 'head -c 4096 /dev/zero >"$0/file"; ! echo >"$0/more"', full]);
    });
    afterEach(() => run(["umount", full]));

    test("is protected by a start, put back after a flush, and ends being protected", async () => {
      await server.start({ TMPDIR: full });
      expect(await status()).toMatchObject({ firewall: { protects: ["tcp/22"] }, problems: [] });
      expect(await reaches()).toBe("silent");
      await nft("flush ruleset");
      await expect.poll(() => server.table()).toContain("protect");
      expect(await reaches()).toBe("silent");
      await server.ask("unprotect");
      expect(await reaches()).toBe("open");
      await server.ask("protect");
      expect(await reaches()).toBe("silent");
      await server.kill();
      const offline = await host.run(server.argv(`unprotect --config ${server.config}`), {
        env: { TMPDIR: full },
      });
      expect(offline.stdout).toContain("nothing is protected");
      expect(await reaches()).toBe("open");
    });

    test("ends being protected where its state cannot be written, and that is said", async () => {
      await server.start();
      const state = server.folder.at("state");
      await run(["chattr", "+i", state]);
      try {
        const { code, stderr } = await server.knockctl("unprotect");
        expect([code === 0, stderr]).toEqual([
          false,
          expect.stringContaining("the protection is removed, but the next boot begins"),
        ]);
        expect(await reaches()).toBe("open");
        const { firewall, problems } = await status();
        expect(firewall.protects).toEqual([]);
        const message = expect.stringContaining("the next boot begins with another protection");
        expect(problems).toEqual([{ code: "protection-not-stored", message }]);
      } finally {
        await run(["chattr", "-i", state]);
      }
    });
  });

  test("is protected, put back and ends being protected where root is read-only and TMPDIR is full", async () => {
    const state = server.folder.at("state");
    const full = new Folder().path;
    mkdirSync(state, { mode: 0o700 });
    const script = `
      set -e
      mount --make-rprivate /
      mount -o remount,bind,ro /
      mount -t tmpfs -o size=4k tmpfs ${full}
      head -c 4096 /dev/zero >${full}/file
      mount --bind ${state} ${state}
      mount -o remount,bind,ro ${state}
      for folder in / ${full} ${state}; do ! (echo more >$folder/more) 2>/dev/null; done
      export TMPDIR=${full}
      exec "$@"`;
    server.prefix = ["unshare", "--mount", "sh", "-c", script, "sh"];
    await server.start();
    expect((await status()).firewall.protects).toEqual(["tcp/22"]);
    expect(await reaches()).toBe("silent");
    await nft("flush ruleset");
    await expect.poll(() => server.table()).toContain("protect");
    expect(await reaches()).toBe("silent");
    const { stderr } = await server.knockctl("unprotect");
    expect(stderr).toMatch(/^$|the protection is removed, but /);
    expect(await reaches()).toBe("open");
    await server.ask("protect");
    expect(await reaches()).toBe("silent");
    await server.kill();
    await server.knockctl(`unprotect --config ${server.config}`);
    expect(await reaches()).toBe("open");
  });

  test("is put back within a second each time, and the status says that it goes on", async () => {
    await server.start();
    // A pause that doubles without a limit of 0.8 s is 6 s at the end; a busy processor takes seconds, too.
    for (let times = 0; times < 7; times++) {
      await nft("flush ruleset");
      await expect.poll(() => server.table(), { interval: 20 }).toContain("drop");
    }
    await expect.poll(reaches).toBe("silent");
    const { firewall, problems } = await status();
    expect(firewall.protects).toEqual(["tcp/22"]);
    const message = expect.stringMatching(
      /^another program keeps modifying table inet sesame: restored \d times$/,
    );
    expect(problems).toEqual([{ code: "firewall", message }]);
  });

  test.each([
    ["has foreign rules", "insert rule inet sesame protect accept"],
    ["is dormant", "add table inet sesame { flags dormant; }"],
  ])("is not claimed where the table %s", async (_, change) => {
    await server.start();
    await nft(change);
    const message = "tcp/22 is not protected: its rules are not in the kernel";
    expect(await status()).toMatchObject({
      firewall: { protects: [] },
      problems: [{ code: "not-protected", message }],
    });
    expect(await reaches()).toBe("open");
  });

  test("is not claimed where the rules cannot be put back, and the status says why", async () => {
    await server.start();
    await nft(
      "delete table inet sesame; add table inet sesame; add set inet sesame open4 { type ipv4_addr; }",
    );
    await expect.poll(status).toMatchObject({
      firewall: { protects: [] },
      problems: [/incomplete/, /./].map((one) => ({ message: expect.stringMatching(one) })),
    });
    expect(await reaches()).toBe("open");
    await nft("delete table inet sesame");
    await expect.poll(status).toMatchObject({ firewall: { protects: ["tcp/22"] }, problems: [] });
  });
});
