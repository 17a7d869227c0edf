import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { needs } from "../live/requirements.ts";
import { run } from "../live/run.ts";
import { bases, rpm } from "./debian.ts";
import { Site } from "./site.ts";

const door = `[native]
    sequence = 7003,9140,8455
    tcpflags = syn
    open     = tcp/2200
    open_for = 10m
    protect  = yes
`;

// There is no Fedora to install it in: rpm itself puts it into a Debian.
describe.skipIf(needs("rpm"))("the rpm", () => {
  const query = async (...words: string[]) =>
    (await run(["rpm", "-qp", ...words, rpm], { timeout: 60_000 })).stdout;
  let site: Site | undefined;
  afterEach(() => site?.close());

  test("is whole, and says what it needs and takes the place of", async () => {
    expect((await run(["rpm", "-K", "-v", rpm], { timeout: 60_000 })).stdout).not.toMatch(
      /BAD|NOT/,
    );
    const requires = await query("--requires");
    for (const one of ["glibc >= 2.28", "libgcc", "libstdc++ >= 7", "shadow-utils"]) {
      expect(requires).toContain(`${one}\n`);
    }
    // Without a shell, as "%post -p" has it, a transaction would not know that it needs one.
    expect(requires).toContain("/bin/sh\n");
    expect(await query("--conflicts")).toBe("knock\nknock-server\n");
    expect(await query("--recommends")).toBe("logrotate\nnftables\n");
    expect(await query("--provides")).toContain("knock-server = 0.8\n");
    expect(await query("--configfiles")).toBe(
      "/etc/default/knockd\n/etc/knockd.conf\n/etc/logrotate.d/knockd\n",
    );
    // Owned by root, also in a build by another user; only /etc/knockd.conf has secrets.
    const owners = await query(
      "--qf",
      "[%{FILEMODES:perms} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILENAMES}\n]",
    );
    const lines = owners.trim().split("\n");
    expect(lines.filter((line) => !/^[dl-]rwx?r?-?x? ?\S* root root /.test(line))).toEqual([]);
    expect(lines.filter((line) => line.startsWith("-rw-------"))).toEqual([
      "-rw------- root root /etc/knockd.conf",
    ]);
    expect(await query("--qf", "%{VENDOR} %{BUILDHOST} %{LICENSE} %{SUMMARY}")).toBe(
      "(none) localhost MIT Port-knocking daemon and client that replace knockd",
    );
  });

  test("has scripts that a shell can read", async () => {
    const scripts = await query("--qf", "%{POSTIN}\n%{PREUN}\n%{POSTUN}\n");
    expect(scripts).toContain("service-user auto");
    await run(["bash", "--posix", "-n", "-c", scripts]);
  });

  test.each(Object.keys(bases).slice(0, 1))(
    "is installed, knocked at and removed, in a Debian %s",
    async (release) => {
      site = await Site.open(release);
      const { debian } = site;
      const inside = ["rpm", "--root", debian.path];
      const rpmInside = async (...words: string[]) =>
        (await run([...inside, ...words], { timeout: 60_000 })).stdout.trim();
      await rpmInside("-i", "--nodeps", rpm);
      expect(await rpmInside("-V", "--nodeps", "sesame-knock")).toBe("");
      debian.write("etc/knockd.conf", door);
      await debian.sh("knockd -d");
      expect(await site.connects(2200)).toBe("silent");
      await site.knock(7003, 9140, 8455);
      await expect.poll(() => site?.connects(2200)).toBe("open");
      // Over itself, as an upgrade: an edited configuration stays, and so does what is open.
      await rpmInside("-U", "--nodeps", "--force", rpm);
      expect(debian.read("etc/knockd.conf")).toBe(door);
      expect(await debian.says("knockctl leases")).toContain("native");
      const netns = ["nsenter", `--net=/run/netns/${debian.host.namespace}`];
      await run([...netns, ...inside, "-e", "sesame-knock"], { timeout: 60_000 });
      expect(await site.connects(2200)).toBe("open");
      expect(existsSync(join(debian.path, "usr/lib/sesame-knock"))).toBe(false);
      expect(debian.read("etc/knockd.conf.rpmsave")).toBe(door);
    },
  );
});
