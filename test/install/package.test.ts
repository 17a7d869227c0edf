import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Network } from "../live/network.ts";
import { bases, Debian } from "./debian.ts";

/** Doors of both kinds, behind a firewall that drops what no rule accepts. */
const doors = `[options]
    LogFile = /var/log/knockd.log

[native]
    sequence = 7003,9140,8455
    tcpflags = syn
    open     = tcp/2200
    open_for = 10m
    protect  = yes

[rules]
    sequence      = 7103,9240,8555
    tcpflags      = syn
    start_command = /usr/sbin/iptables -I INPUT -s %IP% -p tcp --dport 2300 -j ACCEPT
    cmd_timeout   = 600
    stop_command  = /usr/sbin/iptables -D INPUT -s %IP% -p tcp --dport 2300 -j ACCEPT
`;
const rule = "-A INPUT -s 10.77.0.2/32 -p tcp -m tcp --dport 2300 -j ACCEPT";

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

describe.each(Object.keys(bases))("the Debian package on %s", (release) => {
  let network: Network;
  let debian: Debian;

  beforeEach(async () => {
    network = await Network.open();
    debian = await Debian.open(release, network);
    const { host } = debian;
    await host.run(["iptables", "-P", "INPUT", "DROP"]);
    await host.run(["iptables", "-A", "INPUT", "-p", "tcp", "--dport", "2200", "-j", "ACCEPT"]);
    for (const port of [2200, 2300]) await host.listen(port, host.address);
  });
  afterEach(() => network.close());

  const connects = (port: number) =>
    network.host("client").canConnect(debian.host.address, port, 400);
  /** The rules that accept, of those that doors make. */
  const rules = async () =>
    (await debian.says("iptables -S INPUT"))
      .split("\n")
      .filter((line) => line.includes("--dport 23"));
  const installed = () => debian.says("dpkg-query -W -f '$'{db:Status-Abbrev} sesame-knock");

  /** Knocks from the client, with the knock that is installed. */
  async function knock(...ports: number[]): Promise<void> {
    const argv = ["chroot", debian.path, "/usr/bin/knock", debian.host.address];
    await network.host("client").run([...argv, ...ports.map(String)]);
  }

  async function configure(config: string): Promise<void> {
    debian.write("etc/knockd.conf", config);
    await debian.sh("/etc/init.d/knockd restart");
  }

  /** Both doors are open, and nobody else gets in. */
  async function openBoth(): Promise<void> {
    await debian.install();
    await configure(doors);
    expect(await connects(2200)).toBe("silent");
    await knock(7003, 9140, 8455);
    await expect.poll(() => connects(2200)).toBe("open");
    expect(await connects(2300)).toBe("silent");
    await knock(7103, 9240, 8555);
    await expect.poll(() => connects(2300)).toBe("open");
  }

  /** knockd 0.8 runs, with a door open. */
  async function knockdBefore(defaults = switchedOn): Promise<void> {
    await debian.installKnockd();
    debian.write("etc/knockd.conf", before);
    debian.write("etc/default/knockd", defaults);
    await debian.sh("/usr/sbin/knockd -d -i eth0");
    await expect.poll(() => debian.read("var/log/knockd.log")).toContain("starting up");
    await knock(7103, 9240, 8555);
    await expect.poll(rules).toEqual([rule]);
  }

  test("installs without Node.js, starts harmless, and opens doors of both kinds", async () => {
    await debian.install();
    expect(await debian.status()).toBe(0);
    expect(await debian.says("dpkg -V sesame-knock")).toBe("");
    expect(await debian.says("stat -c %a /etc/knockd.conf /var/lib/knockd")).toBe("600\n700");
    expect(await debian.says("nft list ruleset | grep sesame")).toBe("");
    expect(await debian.says("command -v node nodejs")).toBe("");
    await debian.sh("/etc/init.d/knockd stop");
    await openBoth();
  });

  test("is steered by its init script, and found by the name of its process", async () => {
    await debian.install();
    await configure(doors);
    const pid = await debian.says("pidof knockd");
    expect(pid).toMatch(/^\d+$/);
    expect(await debian.says("cat /run/knockd.pid")).toBe(pid);
    debian.write(
      "etc/knockd.conf",
      `${doors}\n[third]\nsequence = 7777\ncommand = true\ntcpflags = syn\n`,
    );
    await debian.sh("/etc/init.d/knockd reload");
    await expect.poll(() => debian.says("knockctl doors")).toContain("third");
    debian.write("etc/knockd.conf", "[broken\n");
    for (const action of ["reload", "restart"]) {
      const refused = await debian.sh(`/etc/init.d/knockd ${action}`, { ok: [1] });
      expect(refused.stderr).toContain("/etc/knockd.conf:1:");
      expect(await debian.says("pidof knockd")).toBe(pid);
    }
    await debian.sh("/etc/init.d/knockd start");
    expect(await debian.says("pidof knockd")).toBe(pid);
    await debian.sh("/etc/init.d/knockd stop");
    expect(await debian.status()).toBe(3);
    expect(await debian.says("pidof knockd")).toBe("");
  });

  test("is set up by knockctl init wherever it is unpacked, and whatever else the PATH has", async () => {
    await debian.unpack("/opt/sesame");
    // Whoever starts these has neither our doors nor our control socket.
    for (const name of ["knock", "knockd"]) {
      debian.write(`usr/local/bin/${name}`, "#!/bin/sh\nexit 3\n", 0o755);
    }
    const knockctl = "/opt/sesame/usr/bin/knockctl";
    const options = "--yes --json --service tcp/2200 --config /root/knockd.conf";
    const session = `SSH_CONNECTION="10.77.0.2 50000 ${debian.host.address} 22"`;
    const { stdout } = await debian.sh(`${session} ${knockctl} init ${options}`);
    expect(JSON.parse(stdout)).toMatchObject({ started: "command", proven: true });
    expect(await debian.says("readlink /proc/$(pidof knockd)/exe")).toBe(
      "/opt/sesame/usr/lib/sesame-knock/sesame",
    );
    expect(await connects(2200)).toBe("open");
    await debian.sh(`${knockctl} undo --config /root/knockd.conf`);
    expect(await debian.says("pidof knockd")).toBe("");
  });

  test("takes the pid file and options from where they are said", async () => {
    await debian.install();
    await debian.sh("/etc/init.d/knockd stop");
    debian.write("etc/default/knockd", 'KNOCKD_OPTS="-c /etc/other.conf"\n');
    debian.write(
      "etc/other.conf",
      `[options]\nPidFile = /run/other.pid # here\n[a]\nsequence = 7777\n`,
    );
    await debian.sh("/etc/init.d/knockd restart");
    expect(await debian.says("cat /run/other.pid")).toBe(await debian.says("pidof knockd"));
    expect(await debian.status()).toBe(0);
    await debian.sh("/etc/init.d/knockd stop");
    expect(await debian.says("pidof knockd")).toBe("");
  });

  test("does not start where START_KNOCKD is 0", async () => {
    await debian.install();
    debian.write("etc/default/knockd", "START_KNOCKD=0\n");
    await debian.sh("/etc/init.d/knockd restart");
    expect(await debian.status()).toBe(3);
    await debian.install();
    expect(await debian.status()).toBe(3);
    expect(debian.read("etc/default/knockd")).toBe("START_KNOCKD=0\n");
  });

  test("is installed again over itself, with doors open", async () => {
    await openBoth();
    const pid = await debian.says("pidof knockd");
    await debian.install();
    expect(debian.read("etc/knockd.conf")).toBe(doors);
    const after = await debian.says("pidof knockd");
    expect(after).toMatch(/^\d+$/);
    expect(after).not.toBe(pid);
    expect(await rules()).toEqual([rule]);
    expect([await connects(2200), await connects(2300)]).toEqual(["open", "open"]);
    await debian.sh("knockctl close rules");
    expect(await rules()).toEqual([]);
  });

  test("writes into a new log file after logrotate", async () => {
    await openBoth();
    await debian.sh("logrotate -f /etc/logrotate.d/knockd");
    await debian.sh("knockctl close all");
    await expect.poll(() => debian.read("var/log/knockd.log")).toContain("rules");
    expect(await debian.says("stat -c '%a %U %G' /var/log/knockd.log")).toBe("640 root adm");
    expect(debian.read("var/log/knockd.log.1")).toContain("OPEN SESAME");
  });

  test("takes the place of knockd 0.8, with its configuration and an open door", async () => {
    await knockdBefore();
    const said = await debian.install("--force-confold");
    expect(said).toContain("1 of the doors that knockd opened would be closed by knockd later");
    expect(debian.read("etc/knockd.conf")).toBe(before);
    expect(debian.read("etc/default/knockd")).toBe(switchedOn);
    expect(await rules()).toEqual([rule]);
    expect(await debian.says("knockd -V")).toContain("Sesame");
    expect(await debian.says("readlink /proc/$(pidof knockd)/exe")).toBe(
      "/usr/lib/sesame-knock/sesame",
    );
    expect(debian.has("usr/lib/systemd/system/knockd.service")).toBe(true);
    expect(await debian.says("dpkg -V sesame-knock")).not.toMatch(/missing|usr|init.d/);
    // The old package has nothing left to remove.
    await debian.sh("dpkg --purge knockd");
    expect(debian.read("etc/knockd.conf")).toBe(before);
    await debian.sh("iptables -D INPUT -s 10.77.0.2 -p tcp --dport 2300 -j ACCEPT");
    await knock(7103, 9240, 8555);
    await expect.poll(rules).toEqual([rule]);
    await debian.sh("knockctl close all");
    expect(await rules()).toEqual([]);
  });

  test("asks about a configuration that was edited, and keeps it unless told otherwise", async () => {
    await knockdBefore();
    const said = await debian.installAsking();
    expect(said).toContain("Configuration file '/etc/knockd.conf'");
    expect(debian.read("etc/knockd.conf")).toBe(before);
    expect(await debian.status()).toBe(0);
  });

  test("stays off where knockd was off", async () => {
    await debian.installKnockd();
    debian.write("etc/knockd.conf", before);
    const said = await debian.install("--force-confold");
    expect(said).toContain("knockd was off, and stays off");
    expect(await debian.says("pidof knockd")).toBe("");
    expect(await debian.says("ls /etc/rc2.d | grep knockd")).toMatch(/^K\d\dknockd$/);
  });

  test("keeps running what systemd ran in spite of START_KNOCKD=0", async () => {
    await knockdBefore('START_KNOCKD=0\nKNOCKD_OPTS="-i eth0"\n');
    const systemctl = `#!/bin/sh
      echo "$*" >>/run/systemctl
      case "$*" in *stop*knockd*) start-stop-daemon --stop --oknodo --exec /usr/sbin/knockd ;; esac
    `;
    await debian.sh("mkdir -p /run/systemd/system; rm -f /usr/bin/systemctl");
    debian.write("usr/bin/systemctl", systemctl, 0o755);
    const said = await debian.install("--force-confold");
    expect(said).toContain("START_KNOCKD is 0 but knockd ran");
    expect(debian.read("etc/systemd/system/knockd.service.d/start-knockd.conf")).toMatch(
      /^\[Service\]\nExecCondition=$/m,
    );
    expect(debian.read("run/systemctl")).toMatch(/ restart knockd.service$/m);
  });

  test("closes every door when it is removed, and lets everybody in where nobody can be asked", async () => {
    await openBoth();
    await debian.sh("dpkg -r sesame-knock </dev/null");
    expect(await rules()).toEqual([]);
    expect(await connects(2200)).toBe("open");
    expect(await debian.says("pidof knockd")).toBe("");
    expect(debian.read("etc/knockd.conf")).toBe(doors);
    expect(await debian.says("find /var/lib/knockd -name '*.nft'")).toBe("");
    // And back again.
    await debian.install();
    await knock(7103, 9240, 8555);
    await expect.poll(rules).toEqual([rule]);
  });

  test("lets everybody in when it is removed, also where knockd reads another file", async () => {
    await debian.install();
    await debian.sh("/etc/init.d/knockd stop");
    debian.write("etc/default/knockd", 'KNOCKD_OPTS="-c /etc/other.conf"\n');
    debian.write("etc/other.conf", doors.replace("[options]", "[options]\nTable = other"));
    await debian.sh("/etc/init.d/knockd start");
    expect(await debian.says("nft list tables")).toContain("inet other");
    expect(await connects(2200)).toBe("silent");
    await debian.sh("dpkg -r sesame-knock </dev/null");
    expect(await connects(2200)).toBe("open");
  });

  test("closes what a daemon left open that runs no more", async () => {
    await openBoth();
    await debian.sh("/etc/init.d/knockd stop");
    expect(await rules()).toEqual([rule]);
    await debian.sh("dpkg -r sesame-knock </dev/null");
    expect(await rules()).toEqual([]);
    expect(await debian.says("pidof knockd")).toBe("");
  });

  test("stays, and all as it was, where the answer to its question is no", async () => {
    await openBoth();
    const selection = "sesame-knock sesame-knock/unprotect boolean false";
    await debian.sh(`echo ${selection} | debconf-set-selections`);
    const refused = await debian.sh("dpkg -r sesame-knock </dev/null", { ok: [1] });
    expect(refused.stderr).toContain("not removed, and all is as it was");
    await debian.sh(
      "echo sesame-knock sesame-knock/unprotect boolean true | debconf-set-selections",
    );
    const asked = await debian.atTerminal("dpkg -r sesame-knock", "no\n");
    expect(asked).toContain("Let everybody reach the services that are protected now?");
    // Wanted away, but installed.
    expect(await installed()).toBe("ri");
    expect(await debian.status()).toBe(0);
    expect(await rules()).toEqual([rule]);
    expect(await network.host("client").canConnect(debian.host.address, 2200, 400)).toBe("open");
    await debian.sh("knockctl close all");
    expect(await connects(2200)).toBe("silent");
    expect(await debian.atTerminal("dpkg -r sesame-knock", "yes\n")).not.toContain("not removed");
    expect(await connects(2200)).toBe("open");
  });

  test("leaves nothing behind when it is purged", async () => {
    const before = await files();
    await openBoth();
    await debian.sh("logrotate -f /etc/logrotate.d/knockd; dpkg --purge sesame-knock </dev/null");
    expect(await files()).toBe(before);
    expect(await debian.says("nft list tables | grep sesame; ls -d /run/knockd*")).toMatch(
      /^ls: cannot access/,
    );
  });

  test("lets knockd of Debian come back, and does not harm it when it is purged", async () => {
    await openBoth();
    await debian.sh("dpkg -r sesame-knock </dev/null");
    await debian.sh("dpkg -i --force-confold /var/cache/apt/archives/*.deb </dev/null");
    expect(await rules()).toEqual([]);
    expect(debian.read("etc/knockd.conf")).toBe(doors);
    await debian.sh("dpkg --purge sesame-knock </dev/null");
    expect(debian.read("etc/knockd.conf")).toBe(doors);
    expect(await debian.says("knockd -V")).not.toContain("Sesame");
    expect(await debian.says("ls /etc/rc2.d | grep knockd")).toMatch(/^S\d\dknockd$/);
  });

  /** All files but those that dpkg, logrotate and debconf keep for themselves. */
  async function files(): Promise<string> {
    const theirs = "^/etc/(mtab|ld.so.cache)|^/var/(log/(dpkg|alternatives|apt)|cache/debconf)";
    return await debian.says(
      `find /etc /usr /var -path /var/lib/dpkg -prune -o -path /var/lib/logrotate -prune -o -print | grep -vE '${theirs}' | sort`,
    );
  }
});
