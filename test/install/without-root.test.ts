import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BootedDebian } from "./booted.ts";
import { bootedBases, fetched } from "./debian.ts";

const native = `[native]
    sequence = 7003,9140,8455
    tcpflags = syn
    open     = tcp/2200
    open_for = 10m
    protect  = yes
`;
const command = `
[marker]
    sequence      = 7103,9240,8555
    tcpflags      = syn
    start_command = id -un >/var/tmp/opened
    cmd_timeout   = 600
    stop_command  = rm /var/tmp/opened
`;
const serviceUser = "/usr/lib/sesame-knock/service-user";

// A file without a test fails.
test.skipIf(Object.keys(bootedBases).length === 0)("there is a Debian to boot", () => {
  expect(bootedBases).toHaveProperty("bookworm");
});

// Each test goes on where the one before ended.
describe.each(Object.keys(bootedBases))("knockd.service without root on Debian %s", (release) => {
  let debian: BootedDebian;
  beforeAll(async () => {
    debian = await BootedDebian.open(release);
    for (const port of [2200, 2300]) await debian.host.listen(port, debian.host.address);
    await debian.says(`DEBIAN_FRONTEND=noninteractive dpkg -i ${fetched}`);
  });
  afterAll(() => debian?.close());

  async function process(): Promise<string> {
    const pid = await debian.mainPid();
    const facts = `ps -o user= -p ${pid}; grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/${pid}/status`;
    return (await debian.says(facts)).replaceAll("\t", " ");
  }

  const open = async () => {
    await debian.knock(7003, 9140, 8455);
    await expect.poll(() => debian.connects(2200)).toBe("open");
  };

  test("a new installation runs as a user with two privileges, and opens native doors", async () => {
    const packets = "0000000000003000";
    expect(await process()).toBe(
      `knockd\nCapBnd: ${packets}\nNoNewPrivs: 1`.replace(
        "knockd\n",
        `knockd\nCapEff: ${packets}\n`,
      ),
    );
    debian.write("etc/knockd.conf", native);
    await debian.says("systemctl restart knockd");
    expect(await debian.says("stat -c '%a %U %G' /etc/knockd.conf /var/lib/knockd")).toBe(
      "640 root knockd\n700 knockd knockd",
    );
    expect(await debian.connects(2200)).toBe("silent");
    await open();
    // What needs the firewall, its rules and root's knockctl.
    expect(await debian.says("knockctl status; echo $?")).toMatch(/protects tcp\/2200[\s\S]*\n0$/);
    expect(await debian.says("knockctl close all")).not.toContain("error");
    expect(await debian.connects(2200)).toBe("silent");
    const score = await debian.says("systemd-analyze security knockd | tail -n 1");
    expect(Number(/: ([\d.]+) /.exec(score)?.[1])).toBeLessThan(3);
  });

  test("starts and reloads where the mode of its configuration cannot be changed", async () => {
    const file = "/etc/knockd.conf";
    await debian.says(`mount --bind ${file} ${file}; mount -o remount,bind,ro ${file}`);
    const starts =
      "systemctl restart knockd && systemctl reload knockd && knockctl reload >/dev/null; echo $?";
    expect(await debian.says(starts)).toBe("0");
    expect(await process()).toMatch(/^knockd\n/);
    await debian.says(`systemctl stop knockd; umount ${file}; systemctl start knockd`);
  });

  test("protects from early boot on, by nft without root", async () => {
    debian.write("etc/knockd.conf", "[broken");
    await debian.powerOff();
    await debian.boot();
    expect(await debian.property("sesame-protect", "Result")).toBe("success");
    expect(await debian.property("sesame-protect", "User")).toBe("knockd");
    expect(await debian.connects(2200)).toBe("silent");
    debian.write("etc/knockd.conf", native);
    await debian.mainPid();
    await open();
  });

  test("writes the files in its folder again: a reload changes what the next boot protects", async () => {
    const boot = "cat /var/lib/knockd/*.nft";
    for (const services of ["tcp/2200, tcp/2300", "tcp/2200"]) {
      debian.write("etc/knockd.conf", native.replace("tcp/2200", services));
      await debian.says("systemctl reload knockd");
      const isWritten = services.includes("2300");
      await expect
        .poll(() => debian.says(boot).then((text) => text.includes("2300")))
        .toBe(isWritten);
    }
    expect(await debian.says("knockctl status; echo $?")).toMatch(/\n0$/);
  });

  test("root's knockctl reads the users file, which is the user's, also while knockd is stopped", async () => {
    const device = "alice/laptop --host 10.77.0.1 --door native --output /root/key --yes";
    expect(await debian.says(`knockctl user add ${device}`)).toContain("alice/laptop may open");
    expect(await debian.says("stat -c '%a %U' /etc/knockd.users")).toBe("600 knockd");
    for (const action of ["stop", "start"]) {
      await debian.says(`systemctl ${action} knockd`);
      expect(await debian.says("knockctl check")).toContain("users OK, 1 device");
      expect(await debian.says("knockctl user list")).toMatch(/^alice\/laptop /m);
    }
    // As after a copy from another gateway.
    await debian.says("chown root: /etc/knockd.users");
    expect(await debian.says("knockctl reload")).toContain("is in use");
    // The unit hides the homes from knockd, and check knows.
    await debian.says("mv /etc/knockd.users /root");
    await debian.says("sed -i 's,^.options.$,&\\nUsers = /root/knockd.users,' /etc/knockd.conf");
    expect(await debian.says("knockctl reload")).toContain("knockd.users: Permission denied");
    expect(await debian.says("knockctl check")).toMatch(
      /Users is in a folder of users .*, but knockd\.service runs without root/,
    );
    await debian.says("rm /root/knockd.users");
    debian.write("etc/knockd.conf", native);
    await debian.says("systemctl reload knockd");
  });

  test("a reload lets knockd read a configuration that is root's alone; status says so", async () => {
    const takeBack = "chown root: /etc/knockd.conf; chmod 600 /etc/knockd.conf";
    await debian.says(`${takeBack}; systemctl kill -s HUP knockd`);
    const hint = "hint: systemctl reload knockd lets knockd read it";
    await expect
      .poll(() => debian.says("knockctl status"))
      .toMatch(new RegExp(`in force: /etc/knockd.conf: Permission denied\n${hint}$`, "m"));
    expect(await debian.says("knockctl reload")).toContain("is in use");
    await debian.says(`${takeBack}; systemctl reload knockd`);
    await expect.poll(() => debian.says("knockctl status; echo $?")).toMatch(/\n0$/);
    expect(await debian.says("stat -c '%a %G' /etc/knockd.conf")).toBe("640 knockd");
  });

  test("what root has put into its folder, such as a backup, is the user's at the next start", async () => {
    await debian.says("systemctl stop knockd");
    // As root a daemon would run the commands that the user could have written there.
    expect(await debian.says("knockd; echo $?")).toMatch(
      /can be written by others\n.*\n.*if knockd\.service runs without root: systemctl start knockd\n1$/,
    );
    await debian.says("touch /root/other; ln /root/other /var/lib/knockd/other");
    await debian.says("chown root: /var/lib/knockd/*; systemctl start knockd");
    expect(await debian.says("find /var/lib/knockd ! -user knockd")).toBe("/var/lib/knockd/other");
    expect(await debian.says("rm /var/lib/knockd/other; knockctl status; echo $?")).toMatch(/\n0$/);
  });

  test("check and status say that a door needs root, and the change keeps what is open", async () => {
    debian.write("etc/knockd.conf", `${native}${command}`);
    await debian.says("systemctl reload knockd");
    const said = "door 'marker' runs a command, but knockd.service runs without root";
    expect(await debian.says("knockctl check")).toContain(said);
    expect(await debian.says("knockctl status; echo $?")).toMatch(
      new RegExp(`${said}[\\s\\S]*\n3$`),
    );

    await debian.says(`${serviceUser} root`);
    expect(await process()).toMatch(/^root\n/);
    expect(await debian.connects(2200)).toBe("open");
    expect(await debian.says("knockctl status; echo $?")).toMatch(/1 lease[\s\S]*\n0$/);
    await debian.knock(7103, 9240, 8555);
    await expect.poll(() => debian.says("cat /var/tmp/opened")).toBe("root");
    expect(await debian.says("stat -c '%a %U %G' /etc/knockd.conf /var/lib/knockd")).toBe(
      "600 root root\n700 root root",
    );

    await debian.says("knockctl close marker");
    debian.write("etc/knockd.conf", native);
    await debian.says(`${serviceUser} auto`);
    expect(await process()).toMatch(/^knockd\n/);
    expect(await debian.connects(2200)).toBe("open");
    expect(await debian.says("knockctl leases")).toContain("native");
    expect(await debian.says("knockctl status; echo $?")).toMatch(/\n0$/);
  });

  test("a change to root leaves no process that could write what root then believes", async () => {
    const group = `/sys/fs/cgroup$(sed -n s/^0:://p /proc/${await debian.mainPid()}/cgroup)`;
    const survivor = "setpriv --reuid knockd --clear-groups sleep 1000 >/dev/null 2>&1";
    await debian.says(`${survivor} & echo $! >${group}/cgroup.procs`);
    expect(await debian.says("pgrep -u knockd sleep")).toMatch(/^\d+$/);
    await debian.says(`${serviceUser} root`);
    expect(await debian.says("pgrep -u knockd; echo none")).toBe("none");
    await debian.says(`${serviceUser} knockd`);
  });

  test("undo returns the service to root after init, and keeps what is open", async () => {
    await debian.says(`${serviceUser} root; systemctl stop knockd`);
    const init = "knockctl init --yes --protect-now --service tcp/2300 --host 10.77.0.1";
    expect(await debian.says(`${init}; echo $?`)).toMatch(/\n0$/);
    expect(await process()).toMatch(/^knockd\n/);
    expect([await debian.connects(2200), await debian.connects(2300)]).toEqual(["open", "silent"]);

    const undone = await debian.says("knockctl undo; echo $?");
    expect(undone).toMatch(/^knockd\.service runs as root again$[\s\S]*^0$/m);
    expect(await debian.says("cat /etc/knockd.conf")).toBe(native.trim());
    await debian.says("systemctl start knockd");
    expect(await process()).toMatch(/^root\n/);
    expect([await debian.connects(2200), await debian.connects(2300)]).toEqual(["open", "open"]);
    expect(await debian.says("knockctl leases")).toContain("native");
  });

  test("leaves no user and no drop-in when it is purged", async () => {
    await debian.says("DEBIAN_FRONTEND=noninteractive dpkg --purge sesame-knock");
    expect(await debian.connects(2200)).toBe("open");
    const left = "getent passwd knockd; ls -d /etc/systemd/system/*.service.d/user.conf | cat";
    expect(await debian.says(left)).not.toMatch(/^(knockd|\/)/m);
  });
});
