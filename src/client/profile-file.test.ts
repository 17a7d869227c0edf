import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { findProfile } from "./host-blocks.ts";
import type { KnockProfile } from "./profile.ts";
import { readProfiles, saveProfile, usualPath } from "./profile-file.ts";

const windows = process.platform === "win32";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "sesame-profiles-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A knock.conf with this text, for its owner alone. */
function fileWith(text: string, mode = 0o600): string {
  const path = join(folder(), "knock.conf");
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const home: KnockProfile = {
  name: "home",
  host: "gate",
  steps: [{ number: 7003, protocol: "tcp", text: "7003" }],
  delay: 200,
};

const block = "Host home\n    HostName gate\n    Sequence 7003\n    Delay 200ms\n";

const usual = join(".config", "sesame", "knock.conf");

test.skipIf(windows).each([
  [{}, join(homedir(), usual)],
  [{ XDG_CONFIG_HOME: "" }, join(homedir(), usual)],
  [{ XDG_CONFIG_HOME: "relative" }, join(homedir(), usual)],
  [{ XDG_CONFIG_HOME: "/x" }, "/x/sesame/knock.conf"],
])("with %j the file is %s", (env, path) => {
  expect(usualPath(env, "linux")).toBe(path);
});

test("on Windows it is among the data of applications", () => {
  expect(usualPath({ APPDATA: "/Roaming", XDG_CONFIG_HOME: "/x" }, "win32")).toBe(
    join("/Roaming", "sesame", "knock.conf"),
  );
  expect(usualPath({}, "win32")).toBe(join(homedir(), "AppData/Roaming/sesame/knock.conf"));
});

test("a file that is not there has no profiles", () => {
  const { blocks, warnings } = readProfiles(join(folder(), "none"));
  expect([findProfile("home", blocks), warnings]).toEqual([undefined, []]);
});

test("a folder is no file", () => {
  expect(() => readProfiles(folder())).toThrow(expect.objectContaining({ code: "SYSTEM" }));
});

test.skipIf(windows)(
  "what others could have written is refused; what they can read is told",
  () => {
    for (const mode of [0o620, 0o602, 0o666]) {
      const path = fileWith(block, mode);
      const refused = expect.objectContaining({
        code: "CONFIG",
        message: `${path}: others can write it`,
        hints: [`chmod 600 ${path}`],
      });
      expect(() => readProfiles(path)).toThrow(refused);
      expect(() => saveProfile(path, { ...home, name: "work" }, false)).toThrow(refused);
    }
    const path = fileWith(block, 0o644);
    expect(readProfiles(path).warnings).toEqual([`${path}: others can read it: chmod 600`]);
    expect(readProfiles(fileWith(block, 0o400)).warnings).toEqual([]);
  },
);

describe("a file with a key", () => {
  const keyed = `${block}    Key key1:${"A".repeat(91)}\n`;

  test.skipIf(windows)("is refused if others can read it, also for a change", () => {
    for (const mode of [0o640, 0o604, 0o644]) {
      const path = fileWith(keyed, mode);
      const refused = expect.objectContaining({
        code: "CONFIG",
        message: `${path}: others can read it, and it has a Key`,
        hints: [`chmod 600 ${path}`],
      });
      expect(() => readProfiles(path)).toThrow(refused);
      expect(() => saveProfile(path, { ...home, name: "work" }, false)).toThrow(refused);
      expect(readFileSync(path, "utf8")).toBe(keyed);
    }
    for (const mode of [0o600, 0o400]) {
      expect(readProfiles(fileWith(keyed, mode)).warnings).toEqual([]);
    }
  });

  test("from the future is a sign of a clock that is wrong", () => {
    const path = fileWith(keyed);
    const written = new Date(Date.now() + 3_600_000);
    utimesSync(path, written, written);
    expect(readProfiles(path).warnings).toEqual([
      expect.stringMatching(/^the clock looks wrong: it says [-\d :]+, and .* was written at /),
    ]);
    const other = fileWith(block);
    utimesSync(other, written, written);
    expect(readProfiles(other).warnings).toEqual([]);
  });
});

describe("saving", () => {
  test("keeps its hands off a file that is not UTF-8", () => {
    const path = fileWith("");
    const bytes = Buffer.from("# caf\xe9\n", "latin1");
    writeFileSync(path, bytes);
    expect(() => saveProfile(path, home, false)).toThrow(`${path}: it is not UTF-8`);
    expect(readFileSync(path)).toEqual(bytes);
  });

  test("makes the file and its folders for the owner alone", () => {
    const base = folder();
    const path = join(base, "a", "b", "knock.conf");
    saveProfile(path, home, false);
    expect(readFileSync(path, "utf8")).toBe(block);
    if (windows) return;
    const modes = [path, join(base, "a"), join(base, "a/b")].map(
      (one) => statSync(one).mode & 0o777,
    );
    expect(modes).toEqual([0o600, 0o700, 0o700]);
  });

  test("keeps what is there, and stands ahead of patterns that fit", () => {
    const before =
      "# mine\nRetry 2\nAddressFamily inet\n\nHost work # there\n  Sequence 1\n\n# for all\nHost *\n  Delay 5\n";
    const path = fileWith(before);
    saveProfile(path, home, false);
    const text = readFileSync(path, "utf8");
    expect(text).toBe(before.replace("# for all", `${block}\n# for all`));
    saveProfile(path, { ...home, name: "other" }, false);
    expect(findProfile("other", readProfiles(path).blocks)).toEqual({
      ...home,
      name: "other",
      retry: 2,
      family: 4,
    });
    expect(readdirSync(join(path, ".."))).toEqual(["knock.conf"]);
  });

  test("a name that is there needs --force, and keeps its comments", () => {
    const path = fileWith(
      "Host work\nSequence 1\n\nHost Home\n  # since May\n  Sequence 2\n\n# last\nHost z\nSequence 3\n",
    );
    expect(() => saveProfile(path, home, false)).toThrow(
      expect.objectContaining({
        message: `${path}:4: there is a profile 'home'`,
        hints: ["--force replaces it"],
      }),
    );
    saveProfile(path, home, true);
    expect(readFileSync(path, "utf8")).toBe(
      `Host work\nSequence 1\n\n${block}  # since May\n\n# last\nHost z\nSequence 3\n`,
    );
  });

  test("does not spoil what somebody else is saving", () => {
    const path = fileWith("");
    writeFileSync(`${path}.new`, "theirs");
    expect(() => saveProfile(path, home, false)).toThrow(
      `${path}.new exists: another program is saving`,
    );
    expect(readFileSync(`${path}.new`, "utf8")).toBe("theirs");
  });

  test("goes through a link to what is not there yet", () => {
    const base = folder();
    symlinkSync("dotfiles/knock.conf", join(base, "knock.conf"));
    saveProfile(join(base, "knock.conf"), home, false);
    expect(readFileSync(join(base, "dotfiles/knock.conf"), "utf8")).toBe(block);
  });

  test("goes through a link", () => {
    const base = folder();
    mkdirSync(join(base, "dotfiles"));
    writeFileSync(join(base, "dotfiles/knock.conf"), "", { mode: 0o600 });
    symlinkSync("dotfiles/knock.conf", join(base, "knock.conf"));
    saveProfile(join(base, "knock.conf"), home, false);
    expect(readFileSync(join(base, "dotfiles/knock.conf"), "utf8")).toBe(block);
  });

  test.each<[string, Partial<KnockProfile>, string]>([
    ["Sequence 1", {}, "Sequence"],
    ["HostName x", {}, "HostName"],
    ["Then x", { command: ["y"] }, "Then"],
    ["AddressFamily inet", { family: 6 }, "AddressFamily"],
    ["BindAddress ::1", { source: "::2" }, "BindAddress or BindInterface"],
    ["BindInterface lo", { source: "::2" }, "BindAddress or BindInterface"],
  ])("%s that stands further up is called by its name", (line, changes, name) => {
    const path = fileWith(`${line}\n`);
    expect(() => saveProfile(path, { ...home, ...changes }, true)).toThrow(
      expect.objectContaining({
        message: `${path}: 'home' would be overridden by lines further up`,
        hints: [`look for ${name} before the first Host, or under a pattern`],
      }),
    );
  });

  test.each<[string, string, Partial<KnockProfile>, string]>([
    [
      "a name with others beside it",
      "Host home work\nSequence 1\n",
      {},
      ":1: 'home' shares its Host line",
    ],
    ["a name that is there twice", "Host home\nHost home\n", {}, ":2: 'home' shares its Host line"],
    ["a value that stands further up", "Delay 7\n", {}, ": 'home' would be overridden"],
    ["a file with problems", "Hots home\n", {}, ":1: unknown keyword 'Hots'"],
    ["a pattern as a name", "", { name: "work-*" }, "'work-*' cannot be the name of a profile"],
    ["an option as a name", "", { name: "-x" }, "'-x' cannot be the name of a profile"],
    ["a line end", "", { payload: "a\nb" }, "a line end cannot be saved"],
  ])("%s is refused, and the file stays", (_, text, changes, message) => {
    const path = fileWith(text);
    expect(() => saveProfile(path, { ...home, ...changes }, true)).toThrow(message);
    expect(readFileSync(path, "utf8")).toBe(text);
    expect(existsSync(`${path}.new`)).toBe(false);
  });
});
