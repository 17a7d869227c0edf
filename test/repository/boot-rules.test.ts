import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const unit = readFileSync(
  join(import.meta.dirname, "../../packaging/sesame-protect.service"),
  "utf8",
);
const [, quoted = ""] = /^ExecStart=\/bin\/sh -c '([^']*)'$/m.exec(unit) ?? [];
const [, quotedDoors = ""] = /^ExecStart=-\/bin\/sh -c '([^']*)'$/m.exec(unit) ?? [];
const init = readFileSync(join(import.meta.dirname, "../../packaging/debian/init"), "utf8");
const other = 65534;

/** Only root can give files away. */
describe.skipIf(process.getuid?.() !== 0)("the unit that protects from the boot on", () => {
  let folder: string;
  let state: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sesame-boot-"));
    state = join(folder, "state");
    mkdirSync(state, { mode: 0o755 });
    const nft = `#!/bin/sh\nif [ "$2" = - ]; then cat; else cat "$2"; fi >>'${folder}/loaded'\n`;
    writeFileSync(join(folder, "nft"), nft, { mode: 0o755 });
    for (const name of ["a", "b"]) writeFileSync(join(state, `${name}.nft`), `${name}\n`);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** The doors that belong to a protection. */
  function doorsOf(rules: string): string {
    return `# goes with ${createHash("sha256").update(rules).digest("hex")}\ndoors\n`;
  }

  function writeDoors(name: string, rules: string): void {
    writeFileSync(join(state, `${name}.doors`), doorsOf(rules));
  }

  /** Runs what systemd would. */
  function load(text = quoted) {
    const script = text
      .replaceAll("%%", "%")
      .replaceAll("\\\n", " ")
      .replaceAll("$$", "$")
      .replaceAll("/var/lib/knockd", state)
      .replaceAll("/usr/sbin/nft", join(folder, "nft"));
    const { status, stderr } = spawnSync("/bin/sh", ["-c", script], { encoding: "utf8" });
    const loaded = join(folder, "loaded");
    return { status, stderr, loaded: existsSync(loaded) ? readFileSync(loaded, "utf8") : "" };
  }

  test("loads all rules of root", () => {
    expect(load()).toEqual({ status: 0, stderr: "", loaded: "a\nb\n" });
  });

  test.each<[string, (file: string) => void]>([
    ["belongs to another user", (file) => chownSync(file, other, 0)],
    ["a group may write", (file) => chmodSync(file, 0o664)],
    ["all may write", (file) => chmodSync(file, 0o646)],
    [
      "is a link, perhaps to a file of another user",
      (file) => {
        rmSync(file);
        symlinkSync(join(folder, "nft"), file);
      },
    ],
  ])("loads no file that %s, but the others", (_, change) => {
    const file = join(state, "a.nft");
    change(file);
    const stderr = `rules not loaded: another user can write ${file}\n`;
    expect(load()).toEqual({ status: 1, stderr, loaded: "b\n" });
  });

  test("loads doors of root, each by itself, where their protection is", () => {
    expect(load(quotedDoors)).toEqual({ status: 0, stderr: "", loaded: "" });
    for (const name of ["a", "b", "c"]) writeDoors(name, `${name}\n`);
    expect(load(quotedDoors).loaded).toBe(`${doorsOf("a\n")}${doorsOf("b\n")}`);
    rmSync(join(folder, "loaded"));
    chownSync(join(state, "a.doors"), other, 0);
    expect(load(quotedDoors).loaded).toBe(doorsOf("b\n"));
    rmSync(join(folder, "loaded"));
    chmodSync(state, 0o777);
    expect(load(quotedDoors).loaded).toBe("");
  });

  test("loads no doors that belong to another protection", () => {
    writeDoors("a", "the one before\n");
    writeDoors("b", "b\n");
    expect(load(quotedDoors)).toEqual({ status: 0, stderr: "", loaded: doorsOf("b\n") });
  });

  test("says of doors that nft refuses which file has them, and no port", () => {
    writeDoors("a", "a\n");
    writeFileSync(join(folder, "nft"), "#!/bin/sh\necho 'Error: 9140' >&2\nexit 1\n");
    const { stderr } = load(quotedDoors);
    expect(stderr).toBe(`doors not loaded: ${join(state, "a.doors")}\n`);
  });

  test("says so under sysvinit, too, and what nft says of the protection", () => {
    writeDoors("a", "a\n");
    const nft = `#!/bin/sh\ntest "$1" = list || echo "Error: 9140 in $2" >&2\nexit 1\n`;
    writeFileSync(join(folder, "nft"), nft, { mode: 0o755 });
    const parts = ["load", "digest", "protect"].map(
      (name) => new RegExp(`^${name}\\(\\) \\{\\n[^]*?^\\}$`, "m").exec(init)?.[0] ?? "",
    );
    const script = [
      `PATH=${folder}:$PATH`,
      `directive() { echo ${state}; }`,
      'log_warning_msg() { echo warning: "$@" >&2; }',
      ...parts,
      "protect",
    ];
    const { stderr } = spawnSync("/bin/sh", ["-c", script.join("\n")], { encoding: "utf8" });
    const rules = ["a", "b"].flatMap((name) => {
      const file = join(state, `${name}.nft`);
      return [`Error: 9140 in ${file}`, `warning: knockd: ${file} was not loaded`];
    });
    const doors = `warning: knockd: ${join(state, "a.doors")} was not loaded`;
    expect(stderr.trim().split("\n")).toEqual([...rules, doors]);
  });

  test.each<[string, (path: string) => void]>([
    ["belongs to another user", (path) => chownSync(path, other, 0)],
    ["others may write", (path) => chmodSync(path, 0o777)],
  ])("loads nothing from a directory that %s", (_, change) => {
    change(state);
    const stderr = `rules not loaded: another user can write ${state}\n`;
    expect(load()).toEqual({ status: 1, stderr, loaded: "" });
  });
});
