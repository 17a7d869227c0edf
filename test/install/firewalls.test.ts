// Native doors, and doors of commands, beside the real ufw, firewalld and fail2ban.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { echoTcp } from "../live/session.ts";
import { BootedDebian } from "./booted.ts";
import { fetched, firewallBases } from "./debian.ts";

const door = `[options]
    LogFile = /var/log/knockd.log

[ssh]
    sequence = 7003,9140,8455
    tcpflags = syn
    open     = tcp/22
    open_for = 10m
    protect  = yes
`;

/** How many doors of commands close at once. */
const many = 20;

/** Doors whose commands rewrite ufw's files. */
const ufwDoors = Array.from({ length: many }, (_, i) => {
  const rule = `allow from %IP% to any port ${3000 + i} proto tcp`;
  return `[d${i}]
    sequence      = ${10_000 + i},${20_000 + i},${30_000 + i}
    tcpflags      = syn
    start_command = ufw ${rule}
    cmd_timeout   = 600
    stop_command  = ufw delete ${rule}
`;
}).join("\n");

/** A TCP connection that stays, and the port that it comes from. */
const stay = `
  const socket = require("node:net").connect(22, process.argv[1], () => console.log("port " + socket.localPort));
`;

const stranger = "10.77.0.99";

// A file without a test fails.
test.skipIf(Object.keys(firewallBases).length === 0)("there is a Debian with firewalls", () => {
  expect(Object.keys(firewallBases)).toContain("bookworm");
});

describe.each(Object.keys(firewallBases))("beside other firewalls of Debian %s", (release) => {
  let debian: BootedDebian;
  beforeAll(async () => {
    debian = await BootedDebian.open(release, firewallBases);
    await echoTcp(debian.host, 22);
    await debian.client.addAddress(stranger);
    expect(await debian.says(`DEBIAN_FRONTEND=noninteractive dpkg -i ${fetched}`)).toContain(
      "Setting up sesame-knock",
    );
    // For the commands of the doors.
    await debian.says("/usr/lib/sesame-knock/service-user root");
  });
  afterEach(async () => {
    await debian.says(
      "knockctl close all; systemctl stop knockd firewalld fail2ban; ufw --force disable; echo y | ufw reset; nft flush ruleset; rm -f /etc/knockd.conf",
    );
  });
  afterAll(() => debian?.close());

  const connects = (from?: string) => debian.client.canConnect(debian.host.address, 22, 400, from);
  const knock = () => debian.knock(7003, 9140, 8455);
  async function start(config: string): Promise<void> {
    debian.write("etc/knockd.conf", config);
    await debian.says("systemctl restart knockd");
    await debian.mainPid();
  }
  async function problems(): Promise<{ code: string; message: string; hints: string[] }[]> {
    return JSON.parse(await debian.says("knockctl status --json")).status.problems;
  }
  /** Knocks, and expects that the door stays closed, that the status says why, and how the line it names mends it. */
  async function expectMended(manager: string, line: RegExp): Promise<void> {
    await knock();
    await expect.poll(() => debian.says("knockctl leases")).toContain("10.77.0.2");
    expect(await connects()).not.toBe("open");
    const [problem, ...others] = await problems();
    expect(others).toEqual([]);
    expect(problem?.code).toBe("service-blocked");
    expect(problem?.message).toBe(`${manager} blocks tcp/22, also for sources that have knocked`);
    const [hint = ""] = problem?.hints ?? [];
    expect(hint).toMatch(line);
    expect(await debian.says("knockctl check")).toContain(`hint: ${hint}; `);
    await debian.says(hint.replaceAll("sudo ", ""));
    expect(await problems()).toEqual([]);
    await expectGate();
  }
  /** What was opened is open, and shut for others. */
  async function expectGate(): Promise<void> {
    expect([await connects(), await connects(stranger)]).toEqual(["open", "silent"]);
  }

  test("ufw blocks a native door until it allows the service, and needs nothing else", async () => {
    await debian.says("ufw --force enable");
    await start(door);
    await expectMended("ufw", /^sudo ufw allow 22\/tcp$/);
    for (const command of ["ufw reload", "ufw --force disable", "ufw --force enable"]) {
      await debian.says(command);
      await expectGate();
    }
  });

  test("firewalld blocks a native door until its zone has the port", async () => {
    await debian.says("systemctl start firewalld; firewall-cmd --permanent --remove-service=ssh");
    await debian.says("firewall-cmd --permanent --zone=drop --add-interface=eth0");
    await debian.says("firewall-cmd --reload");
    await debian.host.ip("route", "replace", "default", "via", debian.client.address);
    await start(door);
    await expectMended(
      "firewalld",
      /^sudo firewall-cmd --permanent --zone=drop --add-port=22\/tcp /,
    );
    for (const command of ["firewall-cmd --reload", "systemctl restart firewalld"]) {
      await debian.says(command);
      await expectGate();
    }
  });

  test("fail2ban blocks no door", async () => {
    for (const action of ["nftables", "iptables-multiport"]) {
      const jail = `[sshd]\nenabled = true\nbackend = polling\nlogpath = /var/log/auth.log\nbanaction = ${action}\n`;
      debian.write("etc/fail2ban/jail.d/test.local", jail);
      await debian.says("touch /var/log/auth.log; systemctl restart fail2ban");
      await expect.poll(() => debian.says("fail2ban-client set sshd banip 198.51.100.7")).toBe("1");
      await expect.poll(() => debian.says("nft list ruleset")).toContain("198.51.100.7");
      await start(door);
      expect(await problems()).toEqual([]);
      expect(await connects()).toBe("silent");
      await knock();
      await expect.poll(() => connects()).toBe("open");
      await expectGate();
      await debian.says("knockctl close all");
    }
  });

  describe("knockctl init on a host with ufw", () => {
    const output = () => debian.says("cat /var/tmp/init");
    const rules = () => debian.says("ufw status");
    /** Begins an init that waits for its trial. */
    async function init(options: string): Promise<void> {
      await debian.says("ufw --force enable; systemctl disable --now knockd; rm -f /var/tmp/init");
      const settings = `-p StandardOutput=file:/var/tmp/init -p StandardError=file:/var/tmp/init --setenv=SSH_CONNECTION='10.77.0.2 50000 10.77.0.1 22'`;
      const command = `knockctl init --yes --service tcp/22 --host 10.77.0.1 ${options}`;
      await debian.says(`systemd-run --unit=init --collect ${settings} ${command}`);
      await expect.poll(output).toContain("knockctl guard --confirm");
    }
    const ended = () => expect.poll(() => debian.says("systemctl is-active init")).toBe("inactive");

    test("ends with a door that works, and undo takes all of it back", async () => {
      await init("");
      expect(await output()).toContain("ufw blocks tcp/22, also for sources that have knocked");
      expect(await output()).toContain("ufw lets tcp/22 pass (ufw allow 22/tcp)");
      expect(await output()).toContain(
        "on trial the services open by a knock, and by nothing else",
      );
      expect(await rules()).toMatch(/^22\/tcp +ALLOW/m);
      expect([await connects(), await connects(stranger)]).toEqual(["silent", "silent"]);

      const [, ports = ""] = /^ +knock -d 200 10\.77\.0\.1 ([\d ]+) &&/m.exec(await output()) ?? [];
      await debian.knock(...ports.split(" ").map(Number));
      await expect.poll(() => connects()).toBe("open");
      const connection = debian.client.start([process.execPath, "-e", stay, debian.host.address]);
      const [, port] = await connection.waitFor(/port (\d+)/);
      expect(
        await debian.says(
          `SSH_CONNECTION='10.77.0.2 ${port} 10.77.0.1 22' knockctl guard --confirm`,
        ),
      ).toContain("Protected from now on, also after a restart: tcp/22");
      await ended();
      expect(await rules()).toMatch(/^22\/tcp +ALLOW/m);
      expect(await problems()).toEqual([]);
      await expectGate();

      expect(await debian.property("knockd", "User")).toBe("knockd");
      const undone = await debian.says("knockctl undo");
      expect(undone).toContain("tcp/22: ufw blocks it again");
      expect(undone).toContain("knockd.service runs as root again");
      expect(await debian.property("knockd", "User")).toBe("");
      expect(await rules()).not.toContain("22/tcp");
      expect([await connects(), debian.has("etc/knockd.conf")]).toEqual(["silent", false]);
    });

    test("takes ufw's rule back if it is not confirmed", async () => {
      await init("--trial 5s");
      await ended();
      expect(await output()).toContain("ufw blocks tcp/22 again");
      expect(await rules()).not.toContain("22/tcp");
      expect(await connects(stranger)).toBe("silent");
      await debian.says("knockctl undo");
    });

    test("takes ufw's rule back if it is interrupted", async () => {
      await init("");
      await debian.says("systemctl kill --signal=HUP init");
      await ended();
      expect(await rules()).not.toContain("22/tcp");
      expect(await debian.says("knockctl undo")).toContain("rolled back");
    });

    test("takes it back by undo where it was killed", async () => {
      await init("");
      await debian.says("systemctl kill --signal=KILL init");
      expect(await rules()).toContain("22/tcp");
      expect(await debian.says("knockctl undo")).toContain("tcp/22: ufw blocks it again");
      expect(await rules()).not.toContain("22/tcp");
    });
  });

  test("all of many closings by ufw end closed", async () => {
    await debian.says("ufw --force enable");
    await start(ufwDoors);
    const opened = Array.from(
      { length: many },
      (_, i) => `knockctl open d${i} 192.0.2.${i + 1} & sleep 0.1;`,
    );
    await debian.says(`${opened.join(" ")} wait`);
    const rules = async () =>
      (await debian.says("iptables -S ufw-user-input"))
        .split("\n")
        .filter((line) => line.includes("192.0.2.")).length;
    await expect.poll(rules, { timeout: 60_000 }).toBe(many);
    await debian.says("knockctl close all");
    await expect.poll(rules, { timeout: 60_000 }).toBe(0);
    expect(await debian.says("grep -c 192.0.2. /etc/ufw/user.rules")).toBe("0");
    expect(await problems()).toEqual([]);
  });
});
