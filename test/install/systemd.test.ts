import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BootedDebian } from "./booted.ts";
import { daemonPids } from "./daemon-pids.ts";
import { bootedBases, fetched } from "./debian.ts";

const doors = `[options]
    LogFile = /var/log/knockd.log

[native]
    sequence = 7003,9140,8455
    tcpflags = syn
    open     = tcp/2200
    open_for = 10m
    protect  = yes

[marker]
    sequence      = 7103,9240,8555
    tcpflags      = syn
    start_command = touch /var/tmp/opened
    cmd_timeout   = 600
    stop_command  = rm /var/tmp/opened
`;

// A file without a test fails.
test.skipIf(Object.keys(bootedBases).length === 0)("there is a Debian to boot", () => {
  expect(bootedBases).toHaveProperty("bookworm");
});

// One boot after another on the same disk: each test goes on where the one before ended.
describe.each(Object.keys(bootedBases))("knockd.service of a booted Debian %s", (release) => {
  let debian: BootedDebian;
  beforeAll(async () => {
    debian = await BootedDebian.open(release);
    await debian.host.listen(2200, debian.host.address);
    expect(await debian.says(`DEBIAN_FRONTEND=noninteractive dpkg -i ${fetched}`)).toContain(
      "Setting up sesame-knock",
    );
    // For the commands of the doors.
    await debian.says("/usr/lib/sesame-knock/service-user root");
  });
  afterAll(() => debian?.close());

  async function restart(config = doors, defaults = ""): Promise<string> {
    debian.write("etc/knockd.conf", config);
    debian.write("etc/default/knockd", defaults);
    await debian.says("systemctl restart knockd");
    return await debian.mainPid();
  }

  test("runs after the installation, and at the next boot", async () => {
    expect(await debian.says("systemctl is-active knockd; systemctl is-enabled knockd")).toBe(
      "active\nenabled",
    );
    expect(await debian.says("stat -c '%a %U' /run/knockd /var/lib/knockd")).toBe(
      "750 root\n700 root",
    );
  });

  test("reloads, also where the new configuration cannot be used", async () => {
    const pid = await restart();
    expect(await debian.connects(2200)).toBe("silent");
    debian.write("etc/knockd.conf", `${doors}\n[third]\nsequence = 7777,6666\ncommand = true\n`);
    expect(await debian.says("systemctl reload knockd; knockctl doors")).toContain("third");
    debian.write("etc/knockd.conf", "[broken");
    await debian.says("systemctl reload knockd");
    expect(await debian.mainPid()).toBe(pid);
    expect(await debian.property("knockd", "StatusText")).toContain("one before stays in force");
    debian.write("etc/knockd.conf", doors);
  });

  test("lives through the rotation of its log, also during its start", async () => {
    await restart();
    const rotate = "echo line >>/var/log/knockd.log; logrotate -f /etc/logrotate.d/knockd";
    await debian.says(`systemctl restart --no-block knockd; for i in 1 2 3; do ${rotate}; done`);
    const pid = await debian.mainPid();
    expect(await daemonPids(debian)).toBe(pid);
    expect(await debian.property("knockd", "NRestarts")).toBe("0");
    // The signal only asks for a reload: it comes when the one before is done.
    await expect
      .poll(() => debian.says("systemctl reload knockd; cat /var/log/knockd.log"))
      .toContain("re-reading config file");
    expect(await debian.mainPid()).toBe(pid);
  });

  test("starts again however often it is killed, and what was open stays so", async () => {
    await debian.knock(7003, 9140, 8455);
    await debian.knock(7103, 9240, 8555);
    await expect.poll(() => debian.says("ls /var/tmp/opened")).toBe("/var/tmp/opened");
    let pid = await debian.mainPid();
    for (let i = 0; i < 7; i++) {
      await debian.says(`kill -KILL ${pid}`);
      pid = await debian.mainPid(pid);
    }
    expect(await debian.property("knockd", "NRestarts")).toBe("7");
    expect(await debian.connects(2200)).toBe("open");
    expect(await debian.says("knockctl leases")).toMatch(/native[\s\S]*marker|marker[\s\S]*native/);
    await debian.says("knockctl close all");
    expect(debian.has("var/tmp/opened")).toBe(false);
    expect(await debian.connects(2200)).toBe("silent");
  });

  test("is started again by the watchdog when it hangs", async () => {
    await debian.says(
      "mkdir -p /run/systemd/system/knockd.service.d; printf '[Service]\\nWatchdogSec=2\\n' >/run/systemd/system/knockd.service.d/w.conf; systemctl daemon-reload",
    );
    const pid = await restart();
    await debian.says(`kill -STOP ${pid}`);
    const next = await debian.mainPid(pid);
    expect(await daemonPids(debian)).toBe(next);
    await debian.says("rm -r /run/systemd/system/knockd.service.d; systemctl daemon-reload");
  });

  test.each(["-d", "-d -i eth0"])("works with KNOCKD_OPTS=%s, with a warning", async (options) => {
    const pid = await restart(doors, `KNOCKD_OPTS="${options}"\n`);
    expect(await daemonPids(debian)).toBe(pid);
    expect(await debian.says("cat /run/knockd.pid")).toBe(pid);
    expect(await debian.says("journalctl -u knockd -b -o cat")).toContain("-d is ignored");
    expect(await debian.says("systemctl reload knockd && knockctl doors")).toContain("marker");
    await debian.says("systemctl stop knockd");
    expect(await daemonPids(debian)).toBe("");
    expect(await debian.property("knockd", "Result")).toBe("success");
  });

  test("protects before the network is up, without a knockd that can start", async () => {
    await restart();
    await debian.knock(7103, 9240, 8555);
    await expect.poll(() => debian.has("var/tmp/opened")).toBe(true);
    debian.write("etc/knockd.conf", "[broken");
    await debian.powerOff();
    expect(await debian.connects(2200)).toBe("open");
    await debian.boot();
    expect(await debian.connects(2200)).toBe("silent");
    expect(await debian.property("knockd", "ActiveState")).not.toBe("active");
    const entered = async (unit: string) =>
      Number(await debian.property(unit, "ActiveEnterTimestampMonotonic"));
    const protectedAt = await entered("sesame-protect");
    expect(protectedAt).toBeGreaterThan(0);
    expect(await entered("network-pre.target")).toBeGreaterThanOrEqual(protectedAt);
    // As soon as the file is mended, without a command: systemd has not given up.
    debian.write("etc/knockd.conf", doors);
    await debian.mainPid();
  });

  test("closes at the next boot what was open at the shutdown", async () => {
    await expect.poll(() => debian.has("var/tmp/opened")).toBe(false);
    await debian.knock(7003, 9140, 8455);
    await expect.poll(() => debian.connects(2200)).toBe("open");
  });

  test("upgrades with open doors, and leaves nothing when it is purged", async () => {
    await debian.knock(7103, 9240, 8555);
    await expect.poll(() => debian.has("var/tmp/opened")).toBe(true);
    const before = await debian.mainPid();
    await debian.says(`DEBIAN_FRONTEND=noninteractive dpkg -i ${fetched}`);
    const pid = await debian.mainPid(before);
    expect(await daemonPids(debian)).toBe(pid);
    expect(await debian.connects(2200)).toBe("open");
    expect(debian.has("var/tmp/opened")).toBe(true);
    await debian.says("DEBIAN_FRONTEND=noninteractive dpkg -r sesame-knock");
    expect(await daemonPids(debian)).toBe("");
    expect(debian.has("var/tmp/opened")).toBe(false);
    expect(await debian.connects(2200)).toBe("open");
    await debian.says("DEBIAN_FRONTEND=noninteractive dpkg --purge sesame-knock");
    const left = "ls -d /var/lib/knockd /run/knockd /etc/systemd/system/*.wants/knockd.service";
    expect(await debian.says(`${left} | cat`)).not.toMatch(/^\//m);
    expect(await debian.says("systemctl show --value -p LoadState knockd")).toBe("not-found");
  });
});
