// The kernel opens doors while knockd is replaced, cannot run, or has not started yet, without systemd.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { knock } from "../live/knockd.ts";
import { daemonPids } from "./daemon-pids.ts";
import { bases } from "./debian.ts";
import { doors, Site } from "./site.ts";

const steps = [7003, 9140, 8455] as const;

/** Knocks from one of this host's addresses by connections that nothing answers, and prints what tcp/2200 is then. */
const knocker = `
const { connect } = require("node:net");
const [host, localAddress, ...ports] = process.argv.slice(1);
const dial = (port, wait) => new Promise((resolve) => {
  const socket = connect({ host, port, localAddress });
  const end = (result) => { socket.destroy(); resolve(result); };
  socket.on("connect", () => end("open"));
  socket.on("error", () => end("refused"));
  setTimeout(() => end("silent"), wait);
});
(async () => {
  let result = "silent";
  // The loading of rules ends attempts that are under way.
  for (let n = 0; n < 5 && result !== "open"; n++) {
    for (const port of ports) await dial(Number(port), 30);
    result = await dial(2200, 300);
  }
  console.log(result);
})();
`;

// A file without a test fails.
test.skipIf(Object.keys(bases).length === 0)("there is a Debian to install the package in", () => {
  expect(bases).toHaveProperty("bookworm");
});

describe.each(Object.keys(bases))("the kernel of a Debian %s without systemd", (release) => {
  let site: Site;
  beforeEach(async () => {
    site = await Site.open(release);
    await site.debian.install();
    await site.configure(doors);
    expect(await site.connects(2200)).toBe("silent");
  });
  afterEach(() => site.close());

  const knockFromOutside = () => knock(site.client, site.debian.host.address, ...steps);
  const start = () => site.debian.says("/etc/init.d/knockd start");
  const lets = async () => {
    await expect.poll(() => site.connects(2200), { timeout: 20_000 }).toBe("open");
  };

  test("opens for each source that knocks while the package is upgraded", async () => {
    const { client, debian } = site;
    let isOver = false;
    const upgrade = debian.install().finally(() => {
      isOver = true;
    });
    const found: string[] = [];
    while (!isOver && found.length < 100) {
      const source = `10.77.0.${100 + found.length}`;
      await client.addAddress(source);
      const argv = [process.execPath, "-e", knocker, debian.host.address, source];
      found.push((await client.run([...argv, ...steps.map(String)])).stdout.trim());
    }
    await upgrade;
    expect(found.filter((result) => result !== "open")).toEqual([]);
    expect(found).not.toEqual([]);
    const leases = async () =>
      JSON.parse(await debian.says("knockctl leases --json")).leases.length as number;
    await expect.poll(leases, { timeout: 20_000 }).toBe(found.length);
  });

  test("opens where knockd was killed and its program cannot be run any more", async () => {
    const { debian } = site;
    const program = await debian.says("readlink -f /usr/sbin/knockd");
    await debian.sh(`chmod 000 ${program}`);
    await debian.sh(`kill -KILL ${await daemonPids(debian)}`);
    expect(await start()).toContain("knockd is not started: /usr/sbin/knockd cannot be run");
    expect(await daemonPids(debian)).toBe("");
    expect(await site.connects(2200)).toBe("silent");
    await knockFromOutside();
    await lets();
  });

  test("protects and opens after a boot, before knockd is started, which cannot", async () => {
    const { debian } = site;
    await debian.sh("/etc/init.d/knockd stop");
    await debian.sh("nft delete table inet sesame");
    const program = await debian.says("readlink -f /usr/sbin/knockd");
    const boot = async () => {
      await lets();
      await start();
      expect(await daemonPids(debian)).toBe("");
      expect(await site.connects(2200)).toBe("silent");
      await knockFromOutside();
      await lets();
      await debian.sh("nft delete table inet sesame");
    };
    await debian.sh(`chmod 000 ${program}`);
    await boot();
    await debian.sh(`chmod 755 ${program}`);
    debian.write("etc/knockd.conf", "[broken\n");
    await boot();
  });

  test("loads no doors that belong to another protection, and no rules that others can write", async () => {
    const { debian } = site;
    await debian.sh("/etc/init.d/knockd stop");
    await debian.sh("nft delete table inet sesame");
    debian.write("etc/knockd.conf", "[broken\n");
    await debian.sh('for file in /var/lib/knockd/*.nft; do echo >>"$file"; done');
    await start();
    expect(await daemonPids(debian)).toBe("");
    expect(await site.connects(2200)).toBe("silent");
    await knockFromOutside();
    expect(await site.connects(2200)).toBe("silent");
    await debian.sh("nft delete table inet sesame");
    await debian.sh("chmod 666 /var/lib/knockd/*.nft");
    expect(await start()).toMatch(/knockd: \/var\/lib\/knockd\/\S+\.nft was not loaded/);
    await lets();
  });
});
