// Doors open while the daemon hangs, is dead, or does not run yet; and beside it, both are one.
import { existsSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { Folder, knock, knockArgv } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { needs, peer } from "./requirements.ts";
import { Server } from "./server.ts";
import { echoTcp } from "./session.ts";

const options = "KernelDoors = yes";
const steps = ["7003", "9140", "8455"];
const other = ["17003", "19140", "18455"];
const door = (sequence: readonly string[], more = "", name = "ssh") =>
  `[${name}]\nsequence = ${sequence.join()}\ntcpflags = syn\nopen = tcp/22\nopen_for = 1m\nprotect = yes\n${more}`;

interface LeaseAnswer {
  readonly door: string;
  readonly source: string;
  readonly remainingMs: number;
  readonly inKernel?: boolean;
}

describe.skipIf(needs("nft"))("with doors in the kernel", () => {
  let network: LiveNetwork;
  let host: LiveHost;
  let client: LiveHost;
  let server: Server;

  beforeEach(async () => {
    network = await LiveNetwork.open(["server", "client", "other", "fresh"]);
    [host, client] = ["server", "client"].map((name) => network.host(name)) as [LiveHost, LiveHost];
    await echoTcp(host, 22);
    server = new Server(host, door(steps), `${options}\nLogFile = ${new Folder().at("k.log")}`);
  });
  afterEach(() => network.close());

  const reaches = (from = client, to = host) => from.canConnect(to.address, 22, 300);
  const leases = async () =>
    (await server.ask<{ leases: readonly LeaseAnswer[] }>("leases")).leases;
  const kernelDoors = async () =>
    (await server.ask<{ doors: readonly { kernel: object }[] }>("doors")).doors.map(
      ({ kernel }) => kernel,
    );
  /** The sources in a set, or in all sets of doors. */
  const sources = async (kind: "open4" | "door4") => {
    const { stdout } = await host.run(["nft", "list table inet sesame"], { ok: "any" });
    const sets = stdout.split(/^\tset /m).filter((set) => set.startsWith(kind));
    return sets.flatMap((set) => set.match(/10\.77\.0\.\d+/g) ?? []);
  };

  test("a knock opens while the daemon hangs, and after it was killed", async () => {
    await server.start();
    expect(await reaches()).toBe("silent");
    server.daemon?.signal("SIGSTOP");
    await knock(client, host.address, ...steps);
    expect(await reaches()).toBe("open");
    expect(await reaches(network.host("other"))).toBe("silent");
    await server.kill();
    await knock(network.host("other"), host.address, ...steps.toReversed());
    expect(await reaches(network.host("other"))).toBe("silent");
    await knock(network.host("other"), host.address, ...steps);
    expect(await reaches(network.host("other"))).toBe("open");
  });

  test("the next daemon takes over what the kernel opened, also the one after it", async () => {
    await server.start();
    await server.kill();
    await knock(client, host.address, ...steps);
    const daemon = await server.start();
    await daemon.waitFor(
      /10\.77\.0\.2: ssh: opened by the kernel \d+ s ago, without knockd \(\d+ s left\)/,
    );
    const [lease, ...more] = await leases();
    expect(lease).toMatchObject({ door: "ssh", source: client.address, inKernel: true });
    expect(lease?.remainingMs).toBeLessThan(60_000);
    expect(more).toEqual([]);
    expect(await server.ask("history")).toMatchObject({
      history: [{ event: "opened", door: "ssh", source: client.address, by: "kernel" }],
    });
    await server.kill();
    await server.start();
    expect(await leases()).toHaveLength(1);
    expect(server.daemon?.output).toContain("open since an earlier start (keep)");
    expect(server.daemon?.output).not.toContain("opened by the kernel");
    await server.ask("close ssh");
    expect(await leases()).toEqual([]);
    expect(await sources("door4")).toEqual([]);
    expect(await reaches()).toBe("silent");
  });

  test("kernel and daemon make one lease, which close ends in both", async () => {
    await server.start();
    await knock(client, host.address, ...steps);
    await expect.poll(leases).toHaveLength(1);
    await expect.poll(() => sources("door4")).toHaveLength(1);
    const end = async () => Date.now() + ((await leases())[0]?.remainingMs ?? 0);
    const first = await end();
    await client.run(["sleep", "2"]);
    await knock(client, host.address, ...steps);
    await expect.poll(async () => (await end()) - first).toBeGreaterThan(1000);
    expect(await leases()).toHaveLength(1);
    expect(server.daemon?.output).not.toContain("opened by the kernel");
    await server.ask(`close ${client.address}`);
    expect(await sources("door4")).toEqual([]);
    expect(await sources("open4")).toEqual([]);
    expect(await reaches()).toBe("silent");
  });

  test("doors that share a service are told apart, and closing one leaves the other", async () => {
    const more = `[web]\nsequence = ${other.join()}\ntcpflags = syn\nopen = tcp/22\nopen_for = 1m\n`;
    server.configure(door(steps, more), options);
    await server.start();
    await server.kill();
    await knock(client, host.address, ...other);
    await server.start();
    expect((await leases()).map((lease) => lease.door)).toEqual(["web"]);
    await server.ask("close web");
    expect(await leases()).toEqual([]);
    expect(await reaches()).toBe("silent");
    await knock(client, host.address, ...steps);
    await knock(client, host.address, ...other);
    await expect.poll(leases).toHaveLength(2);
    await server.ask("close web");
    expect((await leases()).map((lease) => lease.door)).toEqual(["ssh"]);
    expect(await reaches()).toBe("open");
    await server.ask(`close ${client.address}`);
    expect(await sources("door4")).toEqual([]);
    expect(await reaches()).toBe("silent");
  });

  test("what a door that is gone had opened is closed by the next daemon", async () => {
    await server.start();
    await server.kill();
    await knock(client, host.address, ...steps);
    server.configure(door(steps).replace("tcp/22", "tcp/22, udp/9"), options);
    const daemon = await server.start();
    await daemon.waitFor(
      /^closed what the kernel had opened by doors that are gone: 10\.77\.0\.2$/m,
    );
    expect(await leases()).toEqual([]);
    expect(await sources("door4")).toEqual([]);
    expect(await reaches()).toBe("silent");
  });

  test("what a door opened before a reload changes it stays open as a lease", async () => {
    await server.start();
    server.daemon?.signal("SIGSTOP");
    await knock(client, host.address, ...steps);
    server.daemon?.signal("SIGCONT");
    await expect.poll(leases).toHaveLength(1);
    server.configure(door(other, "", "new"), options);
    await server.ask("reload");
    expect(await sources("door4")).toEqual([]);
    expect(await reaches()).toBe("open");
    await server.ask(`close ${client.address}`);
    expect(await reaches()).toBe("silent");
  });

  test("an old sequence is dead when a reload answers, and the new one opens", async () => {
    await server.start();
    server.configure(door(other), options);
    await server.ask("reload");
    await server.kill();
    await knock(client, host.address, ...steps);
    expect(await reaches()).toBe("silent");
    await knock(client, host.address, ...other);
    expect(await reaches()).toBe("open");
    expect((await host.run(["nft", "list ruleset"])).stdout).not.toMatch(/\b9140\b/);
  });

  test("nothing is left in the kernel and on the disk when the protection ends", async () => {
    await server.start();
    await expect.poll(() => server.bootFile?.replace(/nft$/, "doors")).toSatisfy(existsSync);
    const file = server.bootFile?.replace(/nft$/, "doors") ?? "";
    await server.ask("unprotect");
    expect(existsSync(file)).toBe(false);
    const gone = /knock|watched|9140|firsts|door4/;
    expect(await server.table()).not.toMatch(gone);
    expect(await server.table()).toContain("open4");
    await server.ask("protect");
    expect(await server.table()).toMatch(gone);
    await server.kill();
    await server.knockctl(`unprotect --config ${server.config}`);
    expect(await server.table()).not.toMatch(gone);
    expect(existsSync(file)).toBe(false);
  });

  test("KernelDoors = no leaves them out at a reload", async () => {
    await server.start();
    server.configure(door(steps), "KernelDoors = no");
    await server.ask("reload");
    expect(await server.table()).not.toMatch(/door4|9140/);
    expect(await reaches()).toBe("silent");
    await knock(client, host.address, ...steps);
    await expect.poll(reaches).toBe("open");
  });

  test("the rules of the boot open doors on a machine without a daemon", async () => {
    await server.start();
    const fresh = network.host("fresh");
    await echoTcp(fresh, 22);
    for (const kind of ["nft", "doors"]) {
      const file = server.bootFile?.replace(/nft$/, kind) ?? "";
      await fresh.run(["nft", `include "${file}"`]);
    }
    expect(await reaches(client, fresh)).toBe("silent");
    await knock(client, fresh.address, ...steps);
    expect(await reaches(client, fresh)).toBe("open");
  });

  test("a kernel that refuses the doors protects all the same, and one warning says so", async () => {
    const folder = new Folder();
    const nft = folder.write(
      "nft",
      "#!/bin/sh\ngrep -q jhash /proc/self/fd/3 && { echo 'no jhash here' >&2; exit 1; }\nPATH=/usr/sbin:/usr/bin:/sbin:/bin exec nft \"$@\"\n",
    );
    await host.run(["chmod", "755", nft]);
    const daemon = await server.start({ PATH: `${folder.path}:${process.env["PATH"]}` });
    await daemon.waitFor(/doors open only while knockd runs: .*no jhash here/);
    expect(await reaches()).toBe("silent");
    await server.ask("reload");
    expect(daemon.output.match(/doors open only while/g)).toHaveLength(1);
    const status = await server.knockctl("status");
    expect(status.stdout).toContain("doors open only while knockd runs");
    expect(await kernelDoors()).toEqual([
      { opens: false, why: "the kernel or nft refuses the rules for it" },
    ]);
    await knock(client, host.address, ...steps);
    await expect.poll(reaches).toBe("open");
  });

  test("what the kernel had opened stays open as a lease where the next rules are refused", async () => {
    await server.start();
    await server.kill();
    await knock(client, host.address, ...steps);
    const folder = new Folder();
    const nft = folder.write(
      "nft",
      '#!/bin/sh\ngrep -q jhash /proc/self/fd/3 && exit 1\nPATH=/usr/sbin:/usr/bin:/sbin:/bin exec nft "$@"\n',
    );
    await host.run(["chmod", "755", nft]);
    const daemon = await server.start({ PATH: `${folder.path}:${process.env["PATH"]}` });
    await daemon.waitFor(/ssh: opened by the kernel/);
    expect(await leases()).toHaveLength(1);
    expect(daemon.output).not.toContain("closed what the kernel had opened");
    expect(await reaches()).toBe("open");
  });

  test("what nft says of the doors is in the log without their ports", async () => {
    const folder = new Folder();
    const nft = folder.write(
      "nft",
      "#!/bin/sh\ngrep -q jhash /proc/self/fd/3 && { grep -m1 9140 /proc/self/fd/3 >&2; echo 'ruleset:9:1-2: Error: 9140 is odd' >&2; grep 9140 /proc/self/fd/3 >&2; exit 1; }\nPATH=/usr/sbin:/usr/bin:/sbin:/bin exec nft \"$@\"\n",
    );
    await host.run(["chmod", "755", nft]);
    const daemon = await server.start({ PATH: `${folder.path}:${process.env["PATH"]}` });
    await daemon.waitFor(/doors open only while knockd runs: .*Error: N is odd/);
    expect(daemon.output).not.toContain("9140");
  });

  test.each(["2d", "60d", "36525d"])("the kernel opens doors whose times are %s", async (time) => {
    const long = door(steps).replace("open_for = 1m", `open_for = ${time}`);
    server.configure(`${long}seq_timeout = ${time}\n`, options);
    const daemon = await server.start();
    expect(daemon.output).not.toContain("doors open only while knockd runs");
    expect(await kernelDoors()).toEqual([{ opens: true }]);
    daemon.signal("SIGSTOP");
    await knock(client, host.address, ...steps);
    await expect.poll(() => sources("door4")).toEqual([client.address]);
  });

  test("who touched decoys is ignored by the kernel, too, until an administrator forgives", async () => {
    await server.start();
    const { stdout } = await host.run(["nft", "list set inet sesame decoys"]);
    const decoys = [...stdout.matchAll(/tcp \. (\d+)/g)].flatMap(([, port]) => port ?? []);
    await knock(client, host.address, ...decoys.slice(0, 3));
    await knock(client, host.address, ...steps);
    expect(await sources("door4")).toEqual([]);
    await server.ask(`forgive ${client.address}`);
    server.daemon?.signal("SIGSTOP");
    await knock(client, host.address, ...steps);
    expect(await sources("door4")).toEqual([client.address]);
  });

  test("a scanner is ignored by the kernel, too, where another program has removed its table", async () => {
    await server.start();
    const { stdout } = await host.run(["nft", "list set inet sesame decoys"]);
    const decoys = [...stdout.matchAll(/tcp \. (\d+)/g)].flatMap(([, port]) => port ?? []);
    await knock(client, host.address, ...decoys.slice(0, 3));
    const status = async () => (await server.knockctl("status")).stdout;
    await expect.poll(status).toMatch(/ignored.*10\.77\.0\.2/);
    await host.run(["nft", "flush ruleset"]);
    await expect.poll(() => server.table()).toContain("door4");
    await server.kill();
    await knock(client, host.address, ...steps);
    expect(await sources("door4")).toEqual([]);
    expect(await reaches()).toBe("silent");
  });

  test("a dry run ends in the kernel on time, also where the daemon dies meanwhile", async () => {
    await server.start();
    const file = server.bootFile?.replace(/nft$/, "doors") ?? "";
    await expect.poll(() => existsSync(file)).toBe(true);
    const request = { id: 1, method: "rehearse", forMs: 8_000 };
    const ask =
      'const s = require("net").connect(process.argv[1]); s.write(process.argv[2] + "\\n"); s.on("data", (d) => { console.log(String(d)); process.exit(); });';
    const argv = [process.execPath, "-e", ask, server.socket, JSON.stringify(request)];
    expect((await host.run(argv)).stdout).toContain("remainingMs");
    expect(await kernelDoors()).toEqual([{ opens: false, why: "a dry run is under way" }]);
    expect(existsSync(file)).toBe(true);
    await server.kill();
    await knock(client, host.address, ...steps);
    expect(await sources("door4")).toEqual([]);
    const paused = async () => (await host.run(["nft", "list set inet sesame paused"])).stdout;
    await expect.poll(paused, { interval: 500 }).not.toContain("elements");
    await knock(client, host.address, ...steps);
    expect(await reaches()).toBe("open");
  });

  test("doors that the kernel cannot open are the daemon's, and knockctl says why", async () => {
    const more = "[twice]\nsequence = 1,2,1\nopen = tcp/23\n[run]\nsequence = 5\ncommand = true\n";
    server.configure(door(steps, more), options);
    await server.start();
    expect(await kernelDoors()).toEqual([
      { opens: true },
      { opens: false, why: "its sequence has a port twice" },
      { opens: false, why: "it runs commands" },
    ]);
    await server.ask("unprotect");
    expect((await kernelDoors())[0]).toEqual({ opens: false, why: "nothing is protected" });
  });

  describe("while the daemon is dead, a knock opens by", () => {
    const ways: [name: string, needed: readonly string[], argv: () => readonly string[][]][] = [
      ["our knock", [], () => [[...knockArgv, host.address, ...steps]]],
      ["Debian's knock", ["knock"], () => [[peer("knock"), host.address, ...steps]]],
      [
        "nmap",
        ["nmap"],
        () =>
          steps.map((port) => [
            "nmap",
            "-Pn",
            "-n",
            "--max-retries",
            "0",
            "-p",
            port,
            host.address,
          ]),
      ],
      ["nc", ["nc"], () => steps.map((port) => ["nc", "-z", "-w", "1", host.address, port])],
      [
        "telnet, one after the other",
        ["telnet"],
        () => steps.map((port) => ["timeout", "0.5", "telnet", host.address, port]),
      ],
    ];
    test.each(ways)("%s", async (_, needed, argv) => {
      if (needs(...needed) !== undefined) return;
      await server.start();
      await server.kill();
      for (const words of argv()) await client.run(words, { ok: "any" });
      await expect.poll(reaches, { timeout: 20_000 }).toBe("open");
      expect(await reaches(network.host("other"))).toBe("silent");
    });

    test("a client that waits, behind rules that drop: its system sends each SYN again", async () => {
      await server.start();
      await server.kill();
      const drop = `table inet quiet { chain input { type filter hook input priority 10; tcp dport { ${steps.join()} } drop; }; }`;
      await host.run(["nft", drop]);
      for (const port of steps) {
        client.start(["nc", "-z", "-w", "4", host.address, port]);
        await client.run(["sleep", "0.6"]);
      }
      expect(await reaches()).toBe("open");
    });
  });
});
