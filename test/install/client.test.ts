import { cpSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { run } from "../live/run.ts";
import type { Debian } from "./debian.ts";
import { bases, ours, release as releaseFolder } from "./debian.ts";
import { Site } from "./site.ts";

describe.each(Object.keys(bases))("the client alone on %s", (release) => {
  let site: Site;
  let laptop: Debian;
  beforeEach(async () => {
    site = await Site.open(release);
    laptop = await site.openClient(release);
  });
  afterEach(() => site.close());

  test("knocks by sequence and by key on the Node.js of the system, and leaves nothing", async () => {
    await site.debian.install();
    await site.configure(doors);
    const before = await laptop.says("find /usr/bin /usr/share | grep knock");
    expect(before).toBe("");
    await laptop.installClient();
    expect(await laptop.says("readlink -f /usr/bin/node; command -v knockd")).toBe("/usr/bin/node");
    const node = await laptop.says("node -p 'parseInt(process.versions.node)'");
    expect(node).toBe({ bookworm: "18", trixie: "20" }[release]);
    expect(await laptop.says("dpkg -V sesame-knock-client; ls /usr/share/man/man1/knock*")).toBe(
      "/usr/share/man/man1/knock.1.gz",
    );

    expect(await site.connects(2200)).toBe("silent");
    const command = `knock --wait tcp/2200 ${site.debian.host.address} 7003 9140 8455`;
    expect(await laptop.says(`${command} -- echo reached`)).toContain("reached");
    await site.debian.sh("knockctl close all");
    expect(await site.connects(2200)).toBe("silent");

    const enrol = `knockctl user add alice/laptop --door native --host ${site.debian.host.address}`;
    await site.debian.sh(`${enrol} --yes --output /root/line`);
    laptop.write("root/line", site.debian.read("root/line"), 0o600);
    await laptop.sh("HOME=/root knock --import --name home </root/line");
    expect(await laptop.says("HOME=/root knock home -- echo reached")).toContain("reached");
    expect(await site.connects(2200)).toBe("open");

    await laptop.sh("dpkg --purge sesame-knock-client");
    expect(await laptop.says("find /usr/bin /usr/share | grep knock")).toBe(before);
  });

  test("gives way to the server from the repository for apt, and takes the place of none", async () => {
    await laptop.installClient();
    cpSync(join(releaseFolder, "apt"), join(laptop.path, "srv/apt"), { recursive: true });
    // scripts/test-install has made a key where there is a gpg.
    const isSigned = laptop.has("srv/apt/sesame-knock.gpg");
    const trust = isSigned ? "Signed-By: /srv/apt/sesame-knock.gpg" : "Trusted: yes";
    const source = "Types: deb\nURIs: file:/srv/apt\nSuites: stable\nComponents: main\n";
    laptop.write("etc/apt/sources.list.d/sesame.sources", `${source}${trust}\n`);
    // Only this source: there is no network.
    const ownSource = "-o Dir::Etc::sourcelist=sources.list.d/sesame.sources";
    const own = `${ownSource} -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0`;
    expect(await laptop.apt("update", own)).not.toMatch(/^[EW]:/m);
    expect(await laptop.apt("install sesame-knock")).toContain("Setting up sesame-knock");

    const states = "dpkg-query -W -f '$'{Package}' $'{db:Status-Abbrev}'\\n' 'sesame-knock*'";
    expect(await laptop.says(states)).toBe("sesame-knock ii \nsesame-knock-client un");
    expect(await laptop.says("readlink /usr/bin/knock")).toBe("../lib/sesame-knock/sesame");
    const refused = await laptop.sh("dpkg -i /root/client.deb", { ok: [1] });
    expect(refused.stderr).toContain("conflict");
    expect(await laptop.says(states)).toContain("sesame-knock ii");
    expect(await laptop.says("knockd -V")).toContain("Sesame");
  });
});

test("one file knocks with any Node.js", async () => {
  const { stdout } = await run([process.execPath, join(releaseFolder, "knock.mjs"), "-V"]);
  const packaged = await run(["dpkg-deb", "-f", ours, "Version"]);
  expect(stdout).toContain(packaged.stdout.trim());
});

const doors = `[native]
    sequence = 7003,9140,8455
    tcpflags = syn
    open     = tcp/2200
    open_for = 10m
    protect  = yes
`;
