import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Folder } from "../live/knockd.ts";
import { needs } from "../live/requirements.ts";
import { run } from "../live/run.ts";
import { ours } from "./debian.ts";

const units = ["knockd.service", "sesame-protect.service"];

/** There is no systemd in the tests: this is as near as they come. */
describe.skipIf(needs("systemd-analyze"))("the units of the package", () => {
  /** What systemd says against them, but that their programs are not on this machine. */
  async function complaints(folder: Folder): Promise<string[]> {
    const argv = ["systemd-analyze", "verify", "--man=no", ...units.map((unit) => folder.at(unit))];
    const { stdout, stderr } = await run(argv, { ok: "any", timeout: 60_000 });
    const lines = `${stdout}${stderr}`.split("\n").filter(Boolean);
    return lines.filter((line) => !line.includes("is not executable"));
  }

  async function unpack(): Promise<Folder> {
    const folder = new Folder();
    await run(["dpkg-deb", "-x", ours, folder.at("deb")], { timeout: 60_000 });
    for (const unit of units) {
      cpSync(join(folder.at("deb"), "usr/lib/systemd/system", unit), folder.at(unit));
    }
    return folder;
  }

  test("are understood, each line", async () => {
    const folder = await unpack();
    expect(await complaints(folder)).toEqual([]);
    writeFileSync(
      folder.at("knockd.service"),
      `${folder.read("knockd.service")}\nProtectNothing=yes\n`,
    );
    expect(await complaints(folder)).toEqual([expect.stringContaining("ProtectNothing")]);
  });

  // Both are asked at the boot: a protection without a knockd would keep everybody out.
  test.each(units)("START_KNOCKD is heard by %s", async (unit) => {
    const text = (await unpack()).read(unit);
    expect(text).toContain("\nEnvironmentFile=-/etc/default/knockd\n");
    const [, quoted = ""] = /^ExecCondition=\/bin\/sh -c '(.*)'$/m.exec(text) ?? [];
    const condition = quoted.replaceAll("$$", "$");
    const codes = ["1", "", "0", "no"].map(async (value) => {
      const argv = ["env", `START_KNOCKD=${value}`, "sh", "-c", condition];
      return (await run(argv, { ok: "any" })).code;
    });
    expect(await Promise.all(codes)).toEqual([0, 0, 1, 1]);
  });

  test("leave little to a daemon that is not what it was", async () => {
    const folder = await unpack();
    const analyze = ["systemd-analyze", "security", "--offline=true", "--threshold=45"];
    await run([...analyze, folder.at("knockd.service")], { timeout: 60_000 });
  });
});

describe.skipIf(needs("lintian"))("the package", () => {
  test("has nothing that Debian calls an error", async () => {
    const { stdout } = await run(["lintian", "--fail-on", "error", ours], { timeout: 100_000 });
    expect(stdout).not.toMatch(/^E:/m);
  });
});
