import { readFileSync, statSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { knock } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { paceOf } from "./pace.ts";
import { needs } from "./requirements.ts";
import { Server } from "./server.ts";
import { echoTcp, goesOn, talkTcp } from "./session.ts";

/** Long enough for an answer on this network, and short enough that Linux sends one SYN. */
const patience = 400;

const sequence = [7003, 7001, 7002];

const door = (name: string, ...lines: string[]) =>
  [`[${name}]`, `sequence = ${sequence.join(",")}`, "tcpflags = syn", ...lines, ""].join("\n");

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A TCP connection that stays, and the port that it comes from. */
const stay = `
  const socket = require("node:net").connect(22, process.argv[1], () => console.log("port " + socket.localPort));
`;

/** From the first guard to the closed door: all that an administrator of a server goes through. */
describe.skipIf(needs("nft", "unshare", "script", "iptables"))("a server", () => {
  let network: LiveNetwork;
  let host: LiveHost;
  let admin: LiveHost;
  let other: LiveHost;
  let server: Server;
  let pace = 1;

  beforeEach(async () => {
    network = await LiveNetwork.open(["server", "admin", "other"]);
    [host, admin, other] = ["server", "admin", "other"].map((name) => network.host(name)) as [
      LiveHost,
      LiveHost,
      LiveHost,
    ];
    pace = await paceOf(() => echoTcp(host, 22));
  });
  afterEach(() => network.close());

  /** So many seconds, such as `8s`, or more on a machine that does other work; below a minute. */
  const seconds = (count: number) => `${Math.min(59, Math.ceil(count * pace))}s`;
  const ssh = () => door("ssh", "open = tcp/22", `open_for = ${seconds(8)}`);

  const reaches = (from: LiveHost) => from.canConnect(host.address, 22, patience);
  /** The far end of an ssh connection of the administrator's. */
  const session = (port: number) => ({ from: `${admin.address} ${port}` });
  /** That of one that is made after a knock, and stays. */
  const newSession = async () => {
    await knock(admin, host.address, ...sequence);
    return await connect();
  };
  const connect = async () => {
    const connection = admin.start([process.execPath, "-e", stay, host.address]);
    const [, port] = await connection.waitFor(/port (\d+)/);
    return session(Number(port));
  };

  /** Waits until somebody gets in, or nobody does; returns the milliseconds that took. */
  async function until(
    from: LiveHost,
    state: "open" | "silent",
    timeout = 90_000,
  ): Promise<number> {
    const begin = performance.now();
    while ((await reaches(from)) !== state) {
      if (performance.now() - begin > timeout) throw new Error(`not ${state} in ${timeout} ms`);
    }
    return performance.now() - begin;
  }

  test("goes through the whole story", async () => {
    server = new Server(host, ssh());
    await server.start();
    expect(await reaches(other)).toBe("open");
    const work = talkTcp(admin, host.address, 22);
    await goesOn(work);

    // Guard, over one connection, and confirm, from another.
    const terminal = server.begin("guard", session(50_000));
    await terminal.waitFor(/knockctl guard --confirm/);
    expect([await reaches(admin), await reaches(other)]).toEqual(["silent", "silent"]);
    expect(server.bootFile).toBeUndefined();
    const same = await server.knockctl("guard --confirm", session(50_000));
    expect([same.code, same.stderr]).toEqual([1, expect.stringContaining("was there before")]);
    const confirmed = await server.knockctl("guard --confirm", await newSession());
    expect([confirmed.code, confirmed.stderr]).toEqual([0, ""]);
    expect(confirmed.stdout).toContain("Protected from now on, also after a restart: tcp/22");
    expect(await terminal.ended).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("Confirmed: tcp/22 stays protected."),
    });
    await goesOn(work);

    // The lease of that knock has ended.
    await server.knockctl(`close ${admin.address}`);
    expect(await reaches(admin)).toBe("silent");
    await knock(admin, host.address, ...sequence);
    await until(admin, "open");
    expect(await reaches(other)).toBe("silent");

    // Nobody is there to close the door: the kernel does.
    await server.kill();
    expect(await reaches(admin)).toBe("open");
    await until(admin, "silent");
    expect(await reaches(other)).toBe("silent");
    await goesOn(work);

    // The next daemon finds everything as it should be.
    await server.start();
    expect(await server.ask("leases")).toMatchObject({ leases: [] });
    expect(await reaches(other)).toBe("silent");
    const { firewall } = (await server.ask<{ status: { firewall: unknown } }>("status")).status;
    expect(firewall).toEqual({ kind: "nftables", protects: ["tcp/22"] });
    const local = "fib daddr type { local, broadcast, anycast, multicast }";
    const syn = `tcp flags & (syn | ack) == syn meta l4proto . tcp dport @protected ${local}`;
    const udp = `meta l4proto . udp dport @protected ${local}`;
    const ended = (address: "ip" | "ip6", version: 4 | 6) =>
      `meta l4proto . udp dport @protected ${address} saddr . meta l4proto . udp dport @ended${version} ${local}`;
    const { stdout } = await host.run(["nft", "list chain inet sesame protect"]);
    const plain = stdout
      .replaceAll("syn / syn,ack", "& (syn | ack) == syn")
      .replaceAll(/\s+/g, " ");
    expect(plain.trim()).toBe(
      [
        "table inet sesame {",
        "chain protect { type filter hook prerouting priority mangle; policy accept;",
        'iif "lo" accept',
        "meta l4proto . th dport @watched jump knock",
        `${syn} ip saddr . meta l4proto . tcp dport != @open4 ip saddr != @any4 goto shut4`,
        `${syn} ip6 saddr . meta l4proto . tcp dport != @open6 ip6 saddr != @any6 goto shut6`,
        `${ended("ip", 4)} ip saddr . meta l4proto . udp dport != @open4 ip saddr != @any4 goto shut4`,
        `${ended("ip6", 6)} ip6 saddr . meta l4proto . udp dport != @open6 ip6 saddr != @any6 goto shut6`,
        "ct state established accept",
        `${udp} ip saddr . meta l4proto . udp dport != @open4 ip saddr != @any4 goto shut4`,
        `${udp} ip6 saddr . meta l4proto . udp dport != @open6 ip6 saddr != @any6 goto shut6`,
        "} }",
      ].join(" "),
    );
    await goesOn(work);
  });

  test("gets back what somebody flushes, with the time it has left", async () => {
    const length = Number.parseInt(seconds(10), 10);
    const native = [`open_for = ${length}s`, "protect = yes"];
    server = new Server(host, door("ssh", "open = tcp/22", ...native));
    await server.start();
    await knock(admin, host.address, ...sequence);
    await until(admin, "open");
    await sleep(3_000);
    await host.run(["nft", "flush ruleset"]);
    await expect.poll(() => server.table()).toContain("10.77.0.2 . tcp . 22");
    expect(await reaches(other)).toBe("silent");
    // The rules come back first, then what was open.
    await expect.poll(() => reaches(admin)).toBe("open");
    const { leases } = await server.ask<{ leases: { remainingMs: number }[] }>("leases");
    const [lease] = leases;
    expect(lease?.remainingMs).toBeLessThan(1_000 * (length - 3));
    // Not the time of a fresh lease: the kernel has forgotten the element before it.
    const set = ["list", "set", "inet", "sesame", "open4"];
    const { stdout } = await host.run(["nft", "--json", ...set]);
    const [, expires] = /"expires": ?(\d+)/.exec(stdout) ?? [];
    expect(Number(expires)).toBeLessThanOrEqual(length - 3);
    await until(admin, "silent");
    expect(server.daemon?.output).toContain("table inet sesame was modified externally");
  });

  describe("guard", () => {
    beforeEach(async () => {
      server = new Server(host, ssh());
      await server.start();
    });

    test("says what happens, and takes itself back without a confirmation", async () => {
      const terminal = server.begin(`guard --for ${seconds(5)}`, session(50_000));
      await terminal.waitFor(/knockctl guard --confirm/);
      expect(await reaches(other)).toBe("silent");
      const { status } = await server.ask<{ status: { firewall: object } }>("status");
      expect(status.firewall).toMatchObject({ protects: [], trial: { services: ["tcp/22"] } });
      await until(other, "open");
      const warning = `there is no connection from ${admin.address} port 50000`;
      const option = `--socket ${server.socket}`;
      expect(await terminal.ended).toEqual({
        code: 1,
        stderr: expect.stringContaining(warning),
        stdout: `\
door ssh opens also while knockd does not run: the kernel opens it.
On trial for ${seconds(5)}: tcp/22
New connections need a knock now, yours too. Existing sessions continue.

1. On the client, knock, and log in by a NEW connection:

    knock -d 200 ${host.address} 7003 7001 7002 && ssh -S none ${host.address}

2. There, type:

    knockctl guard --confirm ${option}

Then the protection stays, also after a restart. Without step 2 within ${seconds(5)}, the
kernel removes it, even if this terminal or knockd ends. Ctrl-C only stops
waiting.

No knock from ${admin.address} has opened [ssh]. Packets that came: tcp/7003: 0,
tcp/7001: 0, tcp/7002: 0. No packet for tcp/7003, tcp/7001, tcp/7002 has come:
if you have knocked, a firewall on the way drops it. Let these ports pass there.
Cloud servers have such a firewall: the "security group".

Not confirmed: tcp/22 is as before.
Try again: knockctl guard ${option}
`,
      });
      const late = await server.knockctl("guard --confirm", session(50_001));
      expect([late.code, late.stderr]).toEqual([1, expect.stringContaining("its time is over")]);
      expect(await server.table()).not.toContain("chain protect");
    });

    test.each(["knockctl is", "the daemon is", "both are"])(
      "does so, too, when %s killed",
      async (who) => {
        const terminal = server.begin(`guard --for ${seconds(5)}`, session(50_000));
        await terminal.waitFor(/knockctl guard --confirm/);
        expect(await reaches(other)).toBe("silent");
        if (who !== "the daemon is") terminal.signal("SIGKILL");
        if (who !== "knockctl is") await server.kill();
        expect(await reaches(admin)).toBe("silent");
        await until(other, "open");
        if (who === "the daemon is") {
          const { code, stdout } = await terminal.ended;
          expect([code, stdout]).toEqual([
            1,
            expect.stringContaining("The connection to knockd is lost"),
          ]);
        }
        if (who !== "knockctl is") await server.start();
        expect(await reaches(other)).toBe("open");
      },
    );

    test("is begun and confirmed at the console, for given services", async () => {
      const begun = await server.ask<{ services: string[] }>("guard tcp/22");
      expect(begun).toMatchObject({ services: ["tcp/22"], remainingMs: expect.any(Number) });
      expect(begun).not.toHaveProperty("address");
      expect([await reaches(admin), await reaches(other)]).toEqual(["silent", "silent"]);
      expect((await server.knockctl("guard --confirm")).stderr).toContain("--from-console");
      const ssh = await server.knockctl("guard --confirm --from-console", session(50_000));
      expect([ssh.code, ssh.stderr]).toEqual([2, expect.stringContaining("not a console")]);
      expect((await server.knockctl("guard --confirm --from-console")).code).toBe(0);
      expect((await server.knockctl("guard --confirm --from-console")).code).toBe(1);
      expect(await reaches(other)).toBe("silent");
    });

    test("does not count a connection that was there before, also after a knock", async () => {
      const before = await connect();
      const begun = await server.knockctl("guard --json", before);
      expect([begun.code, begun.stderr]).toEqual([0, ""]);
      const second = other.start([process.execPath, "-e", stay, host.address]);
      await expect(second.waitFor(/port/, patience)).rejects.toThrow();
      const after = await newSession();
      // What ssh sends over a shared connection comes from the old one.
      const old = await server.knockctl("guard --confirm", before);
      expect(old.stderr).toContain("was there before the trial");
      expect(old.stderr).toContain("ssh -S none");
      expect((await server.knockctl("guard --confirm", after)).code).toBe(0);
    });

    test("is not confirmed while a port of the sequence is dropped on the way, and names it", async () => {
      const drop = (flag: string) =>
        admin.run(["iptables", flag, "OUTPUT", "-p", "tcp", "--dport", "7001", "-j", "DROP"]);
      await drop("-A");
      const terminal = server.begin(`guard --for ${seconds(20)}`, session(50_000));
      await terminal.waitFor(/knockctl guard --confirm/);
      await knock(admin, host.address, ...sequence);
      expect(await reaches(admin)).toBe("silent");
      await terminal.waitFor(/No\spacket\sfor\stcp\/7001\shas\scome/);
      expect(terminal.stdout).toMatch(/tcp\/7003: 1,\stcp\/7001: 0,\stcp\/7002: 1/);
      // An administrator lets the address in, so that a connection exists.
      await server.knockctl(`open ssh ${admin.address}`);
      const refused = await server.knockctl("guard --confirm", await connect());
      expect([refused.code, refused.stderr]).toEqual([
        1,
        expect.stringContaining(`no knock from ${admin.address} has opened a door since`),
      ]);
      expect(server.daemon?.output).not.toMatch(/7001|7003/);
      await drop("-D");
      expect((await server.knockctl("guard --confirm", await newSession())).code).toBe(0);
      expect((await terminal.ended).code).toBe(0);
    });

    test("does not count a lease from before", async () => {
      await knock(admin, host.address, ...sequence);
      await server.daemon?.waitFor(/open for/);
      await server.ask("guard", session(50_000));
      const { stderr } = await server.knockctl("guard --confirm", await connect());
      expect(stderr).toContain("has opened a door since the trial began");
      expect((await server.knockctl("guard --confirm", await newSession())).code).toBe(0);
    });

    test.skipIf(!LiveNetwork.hasIPv6)("is proven over IPv6 as well", async () => {
      const terminal = server.begin("guard", { from: `${admin.address6} 50000` });
      await terminal.waitFor(/knockctl guard --confirm/);
      const reach = () => admin.canConnect(host.address6, 22, patience);
      expect(await reach()).toBe("silent");
      await knock(admin, host.address6, ...sequence);
      await expect.poll(reach).toBe("open");
      const connection = admin.start([process.execPath, "-e", stay, host.address6]);
      const [, port] = await connection.waitFor(/port (\d+)/);
      const from = `${admin.address6} ${port}`;
      expect(await server.knockctl("guard --confirm", { from })).toMatchObject({ code: 0 });
      expect((await terminal.ended).code).toBe(0);
    });

    test("does not count a connection that is not there, or comes from this machine", async () => {
      await server.ask("guard", session(50_000));
      const none = await server.knockctl("guard --confirm", session(50_001));
      expect([none.code, none.stderr]).toEqual([
        1,
        expect.stringContaining(`there is no connection from ${admin.address} port 50001`),
      ]);
      expect(none.stderr).toContain("--from-console");
      await host.run(["ip", "route", "add", "local", "10.99.0.0/24", "dev", "lo"]);
      const six = LiveNetwork.hasIPv6 ? [host.address6, "::1"] : [];
      for (const own of ["127.0.0.1", host.address, "10.99.0.1", ...six]) {
        // This machine knocks at itself, and gets in, as it always does.
        await knock(host, own, ...sequence);
        const inside = host.start([process.execPath, "-e", stay, own]);
        const [, port] = await inside.waitFor(/port (\d+)/);
        const refused = await server.knockctl("guard --confirm", { from: `${own} ${port}` });
        expect([own, refused.code, refused.stderr]).toEqual([
          own,
          1,
          expect.stringContaining("comes from this machine itself"),
        ]);
      }
      expect((await server.knockctl("guard --confirm", await newSession())).code).toBe(0);
    });

    test("of two doors keeps only what a knock has proven", async () => {
      const web = `[web]\nsequence = 7101,7104\ntcpflags = syn\nopen = tcp/80\nopen_for = ${seconds(8)}\n`;
      server.configure(`${ssh()}${web}`);
      await server.knockctl("reload");
      const terminal = server.begin("guard --for 3m", session(50_000));
      await terminal.waitFor(/knock -d 200 \S+ 7101 7104\n.* 7003 7001 7002 && ssh/);
      const first = await server.knockctl("guard --confirm", await newSession());
      expect([first.code, first.stdout]).toEqual([
        0,
        expect.stringContaining("after a restart: tcp/22\n"),
      ]);
      expect(first.stdout).toContain("Not proven by a knock since the trial began: web.");
      expect(first.stdout).toMatch(/on trial for \S+(?: \d+s)? more: tcp\/80/);
      const { status } = await server.ask<{ status: { firewall: object } }>("status");
      expect(status.firewall).toMatchObject({
        ...{ protects: ["tcp/22"], trial: { services: ["tcp/80"] } },
      });
      expect(terminal.running).toBe(true);
      await knock(admin, host.address, 7101, 7104);
      const second = await server.knockctl("guard --confirm", await newSession());
      expect([second.code, second.stdout]).toEqual([0, expect.stringContaining(": tcp/80\n")]);
      expect(await terminal.ended).toMatchObject({ code: 0 });
    });

    test("counts down on a terminal, and says when the knock has come", async () => {
      const line = server.argv(`guard --for ${seconds(20)}`).join(" ");
      const from = `${admin.address} 50000 ${host.address} 22`;
      const commands = [
        "mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts",
        "mount --bind /dev/pts/ptmx /dev/ptmx",
        `exec script -qec "exec ${line}" /dev/null`,
      ];
      const settings = { env: { SSH_CONNECTION: from } };
      const terminal = host.start(["sh", "-ec", commands.join("\n")], settings);
      await terminal.waitFor(/\rconfirm within \d\ds; no knock yet/);
      const peer = await newSession();
      await terminal.waitFor(/\rconfirm within \d+s; a knock has opened \[ssh\]/);
      await server.knockctl("guard --confirm", peer);
      expect(await terminal.ended).toMatchObject({
        ...{ code: 0, stdout: expect.stringContaining("Confirmed: tcp/22 stays protected.") },
      });
    });

    test("protects pings on trial, too", async () => {
      server.configure(`${ssh()}${door("ping", "open = icmp", "open_for = 4s")}`);
      await server.knockctl("reload");
      expect(await other.pings(host.address, patience)).toBe(true);
      await server.ask(`guard icmp --for ${seconds(5)}`, session(50_000));
      expect(await reaches(other)).toBe("open");
      expect(await other.pings(host.address, patience)).toBe(false);
      expect(await admin.pings(host.address, patience)).toBe(false);
      await server.kill();
      await expect.poll(() => other.pings(host.address, patience)).toBe(true);
    });

    test("keeps what is on trial through a flush and a reload, no longer than it lasts", async () => {
      await server.ask(`guard --for ${seconds(8)}`, session(50_000));
      await host.run(["nft", "flush ruleset"]);
      await expect.poll(() => server.table()).toContain("tcp . 22 timeout");
      expect((await server.knockctl("reload")).code).toBe(0);
      expect([await reaches(admin), await reaches(other)]).toEqual(["silent", "silent"]);
      await until(other, "open");
    });

    test("goes on when its terminal stops waiting", async () => {
      const terminal = server.begin("guard --for 3m", session(50_000));
      await terminal.waitFor(/knockctl guard --confirm/);
      terminal.signal("SIGINT");
      expect((await terminal.ended).code).toBe(130);
      expect(await reaches(other)).toBe("silent");
      expect((await server.knockctl("guard --confirm", await newSession())).code).toBe(0);
    });

    test("finds the ssh connection behind a program that hides it, such as sudo", async () => {
      const command = [...server.argv("guard --json"), "; :"].join(" ");
      const { stdout } = await host.run(["sh", "-c", `env -u SSH_CONNECTION ${command}`], {
        env: { SSH_CONNECTION: `${admin.address} 50000 ${host.address} 22` },
      });
      expect(JSON.parse(stdout)).toMatchObject({ address: admin.address, services: ["tcp/22"] });
      expect((await server.knockctl("guard --confirm", session(50_000))).code).toBe(1);
    });

    test("cannot be confirmed where that could not be remembered", async () => {
      await server.daemon?.stop();
      server = new Server(host, ssh());
      server.folder.write("state", "a file, not a directory");
      await server.start();
      await server.ask(`guard --for ${seconds(5)}`, session(50_000));
      const { code, stderr } = await server.knockctl("guard --confirm", await newSession());
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/cannot (?:read|write) .*\.guarded: Not a dir/),
      ]);
      expect(await reaches(other)).toBe("silent");
      await until(other, "open");
    });

    test("does not protect what nobody could open then", async () => {
      const { code, stderr } = await server.knockctl("guard tcp/22 tcp/80", session(50_000));
      expect([code, stderr]).toEqual([1, expect.stringContaining("no door opens tcp/80")]);
      expect(await reaches(other)).toBe("open");
    });
  });

  describe("protection", () => {
    const both = `${door("ssh", "open = tcp/22")}${door("web", "open = tcp/80", "protect = yes")}`;

    const confirm = async () => {
      await server.ask("guard tcp/22");
      await server.ask("guard --confirm --from-console");
    };
    const protectedNow = async () =>
      (await server.ask<{ status: { firewall: { protects: string[] } } }>("status")).status.firewall
        .protects;

    beforeEach(async () => {
      server = new Server(host, both);
      await server.start();
    });

    test("is a file for the next boot, which nft loads without the daemon", async () => {
      await confirm();
      expect((await protectedNow()).sort()).toEqual(["tcp/22", "tcp/80"]);
      const file = server.bootFile ?? "";
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(readFileSync(file, "utf8")).not.toMatch(/timeout \d/);
      await server.kill();
      await host.run(["nft", "flush ruleset"]);
      expect(await reaches(other)).toBe("open");
      await host.run(["nft", `include "${server.folder.at("state")}/*.nft"`]);
      expect([await reaches(admin), await reaches(other)]).toEqual(["silent", "silent"]);
    });

    test("is lifted as a whole until somebody asks for it, or the next start", async () => {
      await confirm();
      expect(await server.knockctl("unprotect")).toMatchObject({ code: 0, stderr: "" });
      expect(await protectedNow()).toEqual([]);
      expect(server.bootFile).toBeUndefined();
      expect(await reaches(other)).toBe("open");
      await server.knockctl("reload");
      expect(await protectedNow()).toEqual([]);
      expect(await server.table()).not.toContain("chain protect");
      await server.knockctl("protect");
      expect(await protectedNow()).toEqual(["tcp/80"]);
      await server.knockctl("unprotect");
      await server.daemon?.stop();
      await server.start();
      expect(await protectedNow()).toEqual(["tcp/80"]);
      expect(await reaches(other)).toBe("open");
    });

    test("is lifted during a trial, which ends with it", async () => {
      const terminal = server.begin("guard tcp/22", session(50_000));
      await terminal.waitFor(/--confirm/);
      await server.knockctl("unprotect");
      expect(await reaches(other)).toBe("open");
      expect((await terminal.ended).stdout).toContain("Not confirmed");
      expect((await server.knockctl("guard --confirm", session(50_001))).code).toBe(1);
    });

    test("is lifted without a daemon, for good", async () => {
      await confirm();
      await server.kill();
      expect(await reaches(other)).toBe("silent");
      const { code, stdout, stderr } = await server.knockctl(`unprotect --config ${server.config}`);
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toMatch(
        /^knockd is not running: the rules of table inet sesame were removed without it\n.*\.nft was removed, too\nnothing is protected\nknockd will protect tcp\/80 again when it starts: "protect = yes"\n$/,
      );
      expect(await reaches(other)).toBe("open");
      expect(server.bootFile).toBeUndefined();
      await host.run(["nft", "delete", "table", "inet", "sesame"]);
      const again = await server.knockctl(`unprotect --config ${server.config}`);
      expect(again.stdout).toContain(
        "knockd is not running: the kernel has no rules in a table inet sesame\n",
      );
      expect((await host.run(["nft", "list", "tables"])).stdout).not.toContain("sesame");
      await server.start();
      expect(await protectedNow()).toEqual(["tcp/80"]);
      expect(await reaches(other)).toBe("open");
    });

    test("is lifted without a daemon by what can be read of a broken configuration", async () => {
      await server.daemon?.stop();
      server = new Server(host, both, "Table = other");
      await server.start();
      await confirm();
      await server.kill();
      expect(await reaches(other)).toBe("silent");
      server.configure("[broken]\nsequence = nonsense\n", "Table = other\nTabel = x");
      const { code, stderr } = await server.knockctl(`unprotect --config ${server.config}`);
      expect([code, stderr]).toEqual([0, expect.stringContaining("has problems")]);
      expect(await reaches(other)).toBe("open");
      expect(server.bootFile).toBeUndefined();
    });

    test("is lifted without a daemon and its configuration as far as anybody knows", async () => {
      await confirm();
      await server.kill();
      const { code, stdout, stderr } = await server.knockctl("unprotect --config /run/nothing");
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/nothing: No such file .*\n.*Table and StateDir are unknown/),
      ]);
      expect(stdout).toContain("the rules of table inet sesame were removed");
      expect(await reaches(other)).toBe("open");
    });

    test("that cannot be lifted stays, and only who is not root is told to be root", async () => {
      await confirm();
      await server.kill();
      const unprotect = server.argv(`unprotect --config ${server.config} --socket /run/no`);
      const noNft = 'mount --bind /dev/null "$(command -v nft)" && exec "$@"';
      const asRoot = await host.run(["unshare", "--mount", "sh", "-c", noNft, "sh", ...unprotect], {
        ok: [1],
      });
      expect(asRoot.stderr).toMatch(/cannot run nft: .*Permission denied/);
      expect(asRoot.stderr).not.toContain("only root");
      await host.run(["chmod", "-R", "a+rX", server.folder.at("")]);
      const nobody = ["setpriv", "--reuid=65534", "--clear-groups", "--inh-caps=-all"];
      const asNobody = await host.run([...nobody, ...unprotect], { ok: [1] });
      expect(asNobody.stderr).toContain("only root can do this");
      expect(await reaches(other)).toBe("silent");
    });

    test("of one table is the affair of one daemon", async () => {
      const before = await server.table();
      const second = new Server(host, door("ssh", "open = tcp/22", "protect = yes"));
      const daemon = await second.start();
      const problem = "native doors stay closed: another daemon uses table inet sesame";
      expect(daemon.output).toContain(problem);
      expect((await second.knockctl("status")).stdout).toContain(`problem: ${problem}`);
      for (const command of ["protect", "unprotect"]) {
        const { code, stderr } = await second.knockctl(command);
        expect([code, stderr]).toEqual([1, expect.stringContaining("Table = another_name")]);
      }
      await sleep(500);
      expect(await server.table()).toBe(before);
      expect(server.daemon?.output).not.toContain("removed rules");
      await server.daemon?.stop();
      expect((await second.knockctl("protect")).code).toBe(0);
      expect(await reaches(other)).toBe("silent");
      expect((await second.knockctl("status")).stdout).not.toContain("problem");
    });

    test("is not lifted behind the back of a daemon that listens elsewhere", async () => {
      const { code, stderr } = await server.knockctl(
        `unprotect --config ${server.config} --socket /run/nobody`,
      );
      expect([code, stderr]).toEqual([1, expect.stringContaining("listens somewhere else")]);
    });

    test("that no door opens any more is a problem", async () => {
      await confirm();
      server.configure(door("web", "open = tcp/80", "protect = yes"));
      const { stderr } = await server.knockctl("reload");
      expect(stderr).toContain("warning: tcp/22 is protected, but no door opens it");
      const { stdout } = await server.knockctl("status");
      expect(stdout).toContain("problem: tcp/22 is protected, but no door opens it");
    });

    test("goes over to other rules, and back, with what is open", async () => {
      const mine = door("ssh", "open = tcp/22", "open_for = 50s", "protect = yes");
      server.configure(mine);
      await server.knockctl("reload");
      expect(await reaches(other)).toBe("silent");
      await knock(other, host.address, ...sequence);
      expect(await reaches(other)).toBe("open");
      await sleep(1500);
      server.configure(mine, "Firewall = ipset");
      await server.knockctl("reload");
      const member = new RegExp(`^${other.address},tcp:22 timeout (\\d+)$`, "m");
      const left = async () => {
        const { stdout } = await host.run(["ipset", "list", "sesame4"]);
        return Number(member.exec(stdout)?.[1]);
      };
      await expect.poll(left).toBeGreaterThan(0);
      expect(await left()).toBeLessThan(50);
      // It must come back because it is a lease, not because it was still there.
      await host.run(["nft", "flush set inet sesame open4"]);
      server.configure(mine);
      await server.knockctl("reload");
      expect(await reaches(other)).toBe("open");
      expect(await reaches(admin)).toBe("silent");
    });

    test("ends when iptables rules of the administrator's are to decide", async () => {
      await confirm();
      await server.daemon?.stop();
      server.configure(both, "Firewall = ipset");
      await server.start();
      expect(await reaches(other)).toBe("open");
      for (const command of ["unprotect", "protect", "guard --address 192.0.2.1"]) {
        const { code, stderr } = await server.knockctl(command);
        expect([code, stderr]).toEqual([
          1,
          expect.stringContaining("with Firewall = ipset knockd protects nothing"),
        ]);
      }
    });
  });
});
