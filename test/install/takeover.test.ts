import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { daemonPids } from "./daemon-pids.ts";
import type { Debian } from "./debian.ts";
import { bases } from "./debian.ts";
import { doors, rule, Site } from "./site.ts";

/** What people had with Debian's knockd. */
const before = `[options]
    logfile = /var/log/knockd.log
    interface = eth0

[openSSH]
    sequence      = 7103,9240,8555
    seq_timeout   = 10
    tcpflags      = syn
    start_command = /sbin/iptables -I INPUT -s %IP% -p tcp --dport 2300 -j ACCEPT
    cmd_timeout   = 600
    stop_command  = /sbin/iptables -D INPUT -s %IP% -p tcp --dport 2300 -j ACCEPT
`;
const switchedOn = 'START_KNOCKD=1\nKNOCKD_OPTS="-i eth0"\n';

/** Both ways from Debian's knockd to ours: dpkg removes the old one late, apt does it first. */
const ways = {
  dpkg: (debian: Debian) => debian.install("--force-confold"),
  apt: (debian: Debian) => debian.installByApt(),
};
const installers = Object.entries(ways);

describe.each(Object.keys(bases))("Debian's knockd and the package on %s", (release) => {
  let site: Site;
  beforeEach(async () => {
    site = await Site.open(release);
  });
  afterEach(() => site.close());

  /** knockd 0.8 runs, with a door open. */
  async function knockdBefore(defaults = switchedOn): Promise<void> {
    const { debian } = site;
    await debian.installKnockd();
    debian.write("etc/knockd.conf", before);
    debian.write("etc/default/knockd", defaults);
    await debian.sh("/usr/sbin/knockd -d -i eth0");
    await expect.poll(() => debian.read("var/log/knockd.log")).toContain("starting up");
    await site.knock(7103, 9240, 8555);
    await expect.poll(() => site.rules()).toEqual([rule]);
  }

  test.each(installers)(
    "takes the place of knockd 0.8, with its configuration and an open door, by %s",
    async (_, install) => {
      await knockdBefore();
      const said = await install(site.debian);
      expect(said).toContain("1 of the doors that knockd opened would be closed by knockd later");
      expect(site.debian.read("etc/knockd.conf")).toBe(before);
      expect(site.debian.read("etc/default/knockd")).toBe(switchedOn);
      expect(await site.rules()).toEqual([rule]);
      expect(await site.debian.says("knockd -V")).toContain("Sesame");
      expect(await site.debian.says(`readlink /proc/${await daemonPids(site.debian)}/exe`)).toBe(
        "/usr/lib/sesame-knock/sesame",
      );
      expect(site.debian.has("usr/lib/systemd/system/knockd.service")).toBe(true);
      expect(await site.debian.says("dpkg -V sesame-knock")).not.toMatch(/missing|usr|init.d/);
      // The old package has nothing left to remove, but the start at the boot.
      const again = "update-rc.d knockd defaults";
      expect(said).toContain(again);
      await site.debian.sh(`dpkg --purge knockd; ${again}`);
      expect(await site.debian.says("ls /etc/rc2.d | grep knockd")).toMatch(/^S\d\dknockd$/);
      expect(site.debian.read("etc/knockd.conf")).toBe(before);
      await site.debian.sh("iptables -D INPUT -s 10.77.0.2 -p tcp --dport 2300 -j ACCEPT");
      await site.knock(7103, 9240, 8555);
      await expect.poll(() => site.rules()).toEqual([rule]);
      await site.debian.sh("knockctl close all");
      expect(await site.rules()).toEqual([]);
    },
  );

  test("asks about a configuration that was edited, and keeps it unless told otherwise", async () => {
    await knockdBefore();
    const said = await site.debian.installAsking();
    expect(said).toContain("Configuration file '/etc/knockd.conf'");
    expect(site.debian.read("etc/knockd.conf")).toBe(before);
    expect(await site.debian.status()).toBe(0);
  });

  test.each(installers)(
    "keeps the doors of Debian's package, also where nobody has edited them, by %s",
    async (_, install) => {
      await site.debian.installKnockd();
      site.debian.write("etc/default/knockd", switchedOn);
      await site.debian.sh("/etc/init.d/knockd start");
      const theirs = site.debian.read("etc/knockd.conf");
      expect(theirs).toContain("[openSSH]");
      expect(await install(site.debian)).toContain("/etc/knockd.conf stays as it was");
      await site.debian.install();
      expect(site.debian.read("etc/knockd.conf")).toBe(theirs);
      expect(site.debian.read("etc/knockd.conf.dpkg-dist")).toContain(
        "No door is here until you choose",
      );
      expect(await site.debian.says("knockctl doors")).toContain("openSSH");
      expect(await site.debian.says("ls /var/lib/knockd")).not.toContain("found");
      await site.debian.sh("dpkg --purge sesame-knock knockd </dev/null");
      expect(await site.debian.says("ls -d /etc/knockd* /var/lib/knockd*")).not.toMatch(
        /^\/(etc|var)/m,
      );
    },
  );

  test("takes the configuration of ours where dpkg is told to take new ones", async () => {
    await site.debian.installKnockd();
    await site.debian.install("--force-confnew");
    expect(site.debian.read("etc/knockd.conf")).toContain("No door is here until you choose");
    expect(await site.debian.says("ls /var/lib/knockd")).not.toContain("found");
  });

  test("leaves Debian's knockd as it was where it cannot be installed", async () => {
    await site.debian.installKnockd();
    site.debian.write("etc/default/knockd", switchedOn);
    await site.debian.sh("/etc/init.d/knockd start");
    const theirs = site.debian.read("etc/knockd.conf");
    await site.debian.sh(`dpkg -i ${await site.debian.makePackage("other", "usr/bin/knockctl")}`);
    await expect(site.debian.install("--force-confold")).rejects.toThrow("trying to overwrite");
    expect(await site.debian.says("knockd -V")).not.toContain("Sesame");
    expect(await site.debian.says(`readlink /proc/${await daemonPids(site.debian)}/exe`)).toBe(
      "/usr/sbin/knockd",
    );
    expect(site.debian.read("etc/knockd.conf")).toBe(theirs);
    expect(site.debian.has("var/lib/knockd")).toBe(false);
  });

  test.each([
    ["has no quotes", "KNOCKD_OPTS=-i eth0 -p /run/other.pid\n"],
    ["has one quote", 'KNOCKD_OPTS="-i eth0 -p/run/other.pid\n'],
  ])("goes on where a value in /etc/default/knockd %s", async (_, defaults) => {
    await knockdBefore(defaults);
    await site.debian.install("--force-confold");
    expect(await site.debian.says("cat /run/other.pid")).toBe(await daemonPids(site.debian));
    expect(await site.debian.says("/etc/init.d/knockd restart")).toContain(
      "/etc/default/knockd is read as systemd reads it",
    );
    expect(await site.debian.status()).toBe(0);
    await site.debian.install();
    await site.debian.sh("dpkg --purge sesame-knock </dev/null");
    expect(await daemonPids(site.debian)).toBe("");
    expect(await site.installed()).not.toMatch(/^i/);
  });

  test.each(installers)("stays off where knockd was off, by %s", async (_, install) => {
    await site.debian.installKnockd();
    site.debian.write("etc/knockd.conf", before);
    const said = await install(site.debian);
    expect(said).toContain("knockd was off, and stays off");
    expect(await daemonPids(site.debian)).toBe("");
    expect(await site.debian.says("ls /etc/rc2.d | grep knockd")).toMatch(/^K\d\dknockd$/);
  });

  test("keeps running what systemd ran in spite of START_KNOCKD=0", async () => {
    await knockdBefore('START_KNOCKD=0\nKNOCKD_OPTS="-i eth0"\n');
    const systemctl = `#!/bin/sh
      echo "$*" >>/run/systemctl
      case "$*" in
        *stop*knockd*) start-stop-daemon --stop --oknodo --exec /usr/sbin/knockd ;;
        *is-active*) pidof -q knockd ;;
      esac
    `;
    await site.debian.sh("mkdir -p /run/systemd/system; rm -f /usr/bin/systemctl");
    site.debian.write("usr/bin/systemctl", systemctl, 0o755);
    const said = await site.debian.install("--force-confold");
    expect(said).toContain("START_KNOCKD is 0 but knockd ran");
    expect(site.debian.read("etc/systemd/system/knockd.service.d/start-knockd.conf")).toMatch(
      /^\[Service\]\nExecCondition=$/m,
    );
    // Though nobody had enabled it.
    expect(site.debian.read("run/systemctl")).toMatch(/^restart knockd.service$/m);
  });

  test("lets knockd of Debian come back, and does not harm it when it is purged", async () => {
    await site.openBoth();
    await site.debian.sh("dpkg -r sesame-knock </dev/null");
    await site.debian.sh("dpkg -i --force-confold /var/cache/apt/archives/*.deb </dev/null");
    expect(await site.rules()).toEqual([]);
    expect(site.debian.read("etc/knockd.conf")).toBe(doors);
    await site.debian.sh("dpkg --purge sesame-knock </dev/null");
    expect(site.debian.read("etc/knockd.conf")).toBe(doors);
    expect(await site.debian.says("knockd -V")).not.toContain("Sesame");
    expect(await site.debian.says("ls /etc/rc2.d | grep knockd")).toMatch(/^S\d\dknockd$/);
  });
});
