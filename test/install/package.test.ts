import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { daemonPids } from "./daemon-pids.ts";
import { bases } from "./debian.ts";
import { doors, rule, Site } from "./site.ts";

describe.each(Object.keys(bases))("the Debian package on %s", (release) => {
  let site: Site;
  beforeEach(async () => {
    site = await Site.open(release);
  });
  afterEach(() => site.close());

  test("installs without Node.js, starts harmless, and opens doors of both kinds", async () => {
    const said = await site.debian.install();
    expect(said).toContain("no doors yet; to set up a protected server: sudo knockctl init\n");
    expect(await site.debian.status()).toBe(0);
    expect(await site.debian.says("dpkg -V sesame-knock")).toBe("");
    expect(await site.debian.says("stat -c %a /etc/knockd.conf /var/lib/knockd")).toBe("600\n700");
    expect(await site.debian.says("nft list ruleset | grep sesame")).toBe("");
    expect(await site.debian.says("command -v node nodejs")).toBe("");
    // V8 takes the code caches: it says where it does not.
    expect(await site.debian.says("SESAME_TRACE=1 knock -V; SESAME_TRACE=1 knockd -V")).not.toMatch(
      /cache/,
    );
    await site.debian.sh("/etc/init.d/knockd stop");
    await site.openBoth();
  });

  test("is steered by its init script, and found by the name of its process", async () => {
    await site.debian.install();
    await site.configure(doors);
    const pid = await daemonPids(site.debian);
    expect(pid).toMatch(/^\d+$/);
    expect(await site.debian.says("cat /run/knockd.pid")).toBe(pid);
    site.debian.write(
      "etc/knockd.conf",
      `${doors}\n[third]\nsequence = 7777\ncommand = true\ntcpflags = syn\n`,
    );
    await site.debian.sh("/etc/init.d/knockd reload");
    await expect.poll(() => site.debian.says("knockctl doors")).toContain("third");
    site.debian.write("etc/knockd.conf", "[broken\n");
    for (const action of ["reload", "restart"]) {
      const refused = await site.debian.sh(`/etc/init.d/knockd ${action}`, { ok: [1] });
      expect(refused.stderr).toContain("/etc/knockd.conf:1:");
      expect(await daemonPids(site.debian)).toBe(pid);
    }
    await site.debian.sh("/etc/init.d/knockd start");
    expect(await daemonPids(site.debian)).toBe(pid);
    await site.debian.sh("/etc/init.d/knockd stop");
    expect(await site.debian.status()).toBe(3);
    expect(await daemonPids(site.debian)).toBe("");
  });

  test("is set up by knockctl init wherever it is unpacked, and whatever else the PATH has", async () => {
    await site.debian.unpack("/opt/sesame");
    // Whoever starts these has neither our doors nor our control socket.
    for (const name of ["knock", "knockd"]) {
      site.debian.write(`usr/local/bin/${name}`, "#!/bin/sh\nexit 3\n", 0o755);
    }
    const knockctl = "/opt/sesame/usr/bin/knockctl";
    const options = "--yes --json --service tcp/2200 --config /root/knockd.conf";
    const session = `SSH_CONNECTION="10.77.0.2 50000 ${site.debian.host.address} 22"`;
    const { stdout } = await site.debian.sh(`${session} ${knockctl} init ${options}`);
    expect(JSON.parse(stdout)).toMatchObject({ started: "command", proven: true });
    expect(await site.debian.says(`readlink /proc/${await daemonPids(site.debian)}/exe`)).toBe(
      "/opt/sesame/usr/lib/sesame-knock/sesame",
    );
    // On trial, and the tester has not knocked.
    expect(await site.connects(2200)).toBe("silent");
    await site.debian.sh(`${knockctl} undo --config /root/knockd.conf`);
    expect(await daemonPids(site.debian)).toBe("");
  });

  test("takes the pid file and options from where they are said", async () => {
    await site.debian.install();
    await site.debian.sh("/etc/init.d/knockd stop");
    site.debian.write("etc/default/knockd", 'KNOCKD_OPTS="-c /etc/other.conf"\n');
    site.debian.write(
      "etc/other.conf",
      `[options]\nPidFile = /run/other.pid # here\n[a]\nsequence = 7777\n`,
    );
    await site.debian.sh("/etc/init.d/knockd restart");
    expect(await site.debian.says("cat /run/other.pid")).toBe(await daemonPids(site.debian));
    expect(await site.debian.status()).toBe(0);
    await site.debian.sh("/etc/init.d/knockd stop");
    expect(await daemonPids(site.debian)).toBe("");
  });

  test("does not start where START_KNOCKD is 0", async () => {
    await site.debian.install();
    site.debian.write("etc/default/knockd", "START_KNOCKD=0\n");
    await site.debian.sh("/etc/init.d/knockd restart");
    expect(await site.debian.status()).toBe(3);
    await site.debian.install();
    expect(await site.debian.status()).toBe(3);
    expect(site.debian.read("etc/default/knockd")).toBe("START_KNOCKD=0\n");
  });

  test("is installed again over itself, with doors open", async () => {
    await site.openBoth();
    const pid = await daemonPids(site.debian);
    await site.debian.install();
    expect(site.debian.read("etc/knockd.conf")).toBe(doors);
    const after = await daemonPids(site.debian);
    expect(after).toMatch(/^\d+$/);
    expect(after).not.toBe(pid);
    expect(await site.rules()).toEqual([rule]);
    expect([await site.connects(2200), await site.connects(2300)]).toEqual(["open", "open"]);
    await site.debian.sh("knockctl close 규칙");
    expect(await site.rules()).toEqual([]);
  });

  test("writes into a new log file after logrotate", async () => {
    await site.openBoth();
    await site.debian.sh("logrotate -f /etc/logrotate.d/knockd");
    // A signal and a request may overtake each other.
    const pid = await daemonPids(site.debian);
    const opened = () => site.debian.says(`readlink /proc/${pid}/fd/*`);
    await expect.poll(opened).toMatch(/\/var\/log\/knockd\.log$/m);
    await site.debian.sh("knockctl close all");
    await expect.poll(() => site.debian.read("var/log/knockd.log")).toContain("규칙");
    expect(await site.debian.says("stat -c '%a %U %G' /var/log/knockd.log")).toBe("640 root adm");
    expect(site.debian.read("var/log/knockd.log.1")).toContain("OPEN SESAME");
  });

  test("closes every door when it is removed, and opens services without a terminal to ask", async () => {
    await site.openBoth();
    await site.debian.sh("dpkg -r sesame-knock </dev/null");
    expect(await site.rules()).toEqual([]);
    expect(await site.connects(2200)).toBe("open");
    expect(await daemonPids(site.debian)).toBe("");
    expect(site.debian.read("etc/knockd.conf")).toBe(doors);
    const rules =
      "find /var/lib/knockd -name '*.nft' -o -name '*.doors'; nft list ruleset | grep sesame";
    expect(await site.debian.says(rules)).toBe("");
    // And back again.
    await site.debian.install();
    await site.knock(7103, 9240, 8555);
    await expect.poll(() => site.rules()).toEqual([rule]);
  });

  test("opens services when it is removed, also where knockd reads another file", async () => {
    await site.debian.install();
    await site.debian.sh("/etc/init.d/knockd stop");
    site.debian.write("etc/default/knockd", 'KNOCKD_OPTS="-c /etc/other.conf"\n');
    site.debian.write("etc/other.conf", doors.replace("[options]", "[options]\nTable = other"));
    await site.debian.sh("/etc/init.d/knockd start");
    expect(await site.debian.says("nft list tables")).toContain("inet other");
    expect(await site.connects(2200)).toBe("silent");
    await site.debian.sh("dpkg -r sesame-knock </dev/null");
    expect(await site.connects(2200)).toBe("open");
    expect(await site.debian.says("nft list tables")).not.toContain("inet other");
  });

  test.each(["runs", "does not run"])(
    "closes every door when it is removed, also where knockd keeps its files elsewhere, and %s",
    async (state) => {
      await site.debian.install();
      const elsewhere = "[options]\nStateDir = /srv/knockd\nControlSocket = /srv/knockd/socket";
      await site.configure(doors.replace("[options]", elsewhere));
      await site.knock(7103, 9240, 8555);
      await expect.poll(() => site.rules()).toEqual([rule]);
      if (state === "does not run") await site.debian.sh("/etc/init.d/knockd stop");
      const selection = "sesame-knock sesame-knock/unprotect boolean false";
      await site.debian.sh(`echo ${selection} | debconf-set-selections`);
      await site.debian.sh("dpkg -r sesame-knock </dev/null", { ok: [1] });
      await site.debian.sh(`echo ${selection.replace("false", "true")} | debconf-set-selections`);
      await site.debian.sh("dpkg -r sesame-knock </dev/null");
      expect(await site.rules()).toEqual([]);
      expect(await site.connects(2200)).toBe("open");
      expect(await site.debian.says("pidof knockd; find /srv -name '*.nft'")).toBe("");
    },
  );

  test("closes what a daemon left open that runs no more", async () => {
    await site.openBoth();
    await site.debian.sh("/etc/init.d/knockd stop");
    expect(await site.rules()).toEqual([rule]);
    expect(await site.debian.says("dpkg -r sesame-knock </dev/null")).not.toContain(
      "knockctl: error",
    );
    expect(await site.rules()).toEqual([]);
    expect(await site.connects(2200)).toBe("open");
    expect(await daemonPids(site.debian)).toBe("");
  });

  test("stays, and all as it was, where the answer to its question is no", async () => {
    await site.openBoth();
    const selection = "sesame-knock sesame-knock/unprotect boolean false";
    await site.debian.sh(`echo ${selection} | debconf-set-selections`);
    const refused = await site.debian.sh("dpkg -r sesame-knock </dev/null", { ok: [1] });
    expect(refused.stderr).toContain("not removed, and all is as it was");
    await site.debian.sh(
      "echo sesame-knock sesame-knock/unprotect boolean true | debconf-set-selections",
    );
    const asked = await site.debian.atTerminal("dpkg -r sesame-knock", "no\n");
    expect(asked).toContain("Open the protected services to all sources?");
    // Wanted away, but installed.
    expect(await site.installed()).toBe("ri");
    expect(await site.debian.status()).toBe(0);
    expect(await site.rules()).toEqual([rule]);
    expect(await site.client.canConnect(site.debian.host.address, 2200, 400)).toBe("open");
    await site.debian.sh("knockctl close all");
    expect(await site.connects(2200)).toBe("silent");
    expect(await site.debian.atTerminal("dpkg -r sesame-knock", "yes\n")).not.toContain(
      "not removed",
    );
    expect(await site.connects(2200)).toBe("open");
  });

  test("leaves nothing behind when it is purged", async () => {
    const before = await files();
    await site.openBoth();
    await site.debian.sh("knockctl migrate /etc/knockd.conf --write");
    for (const made of ["init", "init-2", "undo"]) {
      site.debian.write(`etc/knockd.conf.before-${made}`, doors);
    }
    await site.debian.sh(
      "logrotate -f /etc/logrotate.d/knockd; dpkg --purge sesame-knock </dev/null",
    );
    expect(await files()).toBe(before);
    expect(await site.debian.says("nft list tables | grep sesame; ls -d /run/knockd*")).toMatch(
      /^ls: cannot access/,
    );
  });

  test("runs on where what was to take its place cannot be installed", async () => {
    await site.openBoth();
    await site.debian.sh(`dpkg -i ${await site.debian.makePackage("other", "usr/bin/thing")}`);
    const fields = "Conflicts: sesame-knock\nReplaces: sesame-knock\n";
    const rival = await site.debian.makePackage("rival", "usr/bin/thing", fields);
    const { stderr } = await site.debian.sh(`dpkg -i ${rival} </dev/null`, { ok: [1] });
    expect(stderr).toContain("trying to overwrite");
    expect(await site.installed()).toBe("ii");
    expect(await site.debian.status()).toBe(0);
    await site.knock(7003, 9140, 8455);
    await expect.poll(() => site.debian.says("knockctl leases")).toContain("native");
  });

  test("is installed where its init script was removed, and its configuration", async () => {
    await site.debian.install();
    const removed = "/etc/init.d/knockd /etc/knockd.conf /etc/default/knockd";
    await site.debian.sh(`/etc/init.d/knockd stop; rm ${removed}`);
    await site.debian.install();
    expect(await site.installed()).toBe("ii");
    await site.debian.sh("dpkg --purge sesame-knock </dev/null");
  });

  /** All files but those that dpkg, logrotate and debconf keep for themselves. */
  async function files(): Promise<string> {
    const theirs = "^/etc/(mtab|ld.so.cache)|^/var/(log/(dpkg|alternatives|apt)|cache/debconf)";
    return await site.debian.says(
      `find /etc /usr /var -path /var/lib/dpkg -prune -o -path /var/lib/logrotate -prune -o -print | grep -vE '${theirs}' | sort`,
    );
  }
});
