import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { main as knock } from "../../src/cli/knock.ts";
import { encode } from "../../src/control/protocol.ts";
import type { ShellName } from "../completions/shell.ts";
import { removeShells, Shell } from "../completions/shell.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { MemoryHandlers } from "../support/memory-handlers.ts";
import {
  knockctlCommands,
  knockctlOptions,
  plainPrograms,
  spellings,
} from "../support/programs.ts";

const shells = (["bash", "zsh", "fish"] as const).filter((name) => {
  if (!Shell.isThere(name)) console.warn(`skipped: missing, or without a terminal: ${name}`);
  return Shell.isThere(name);
});

const tables = [
  ...Object.entries(plainPrograms),
  ["knockctl", knockctlOptions] as const,
  ...[...knockctlCommands].map(([name, options]) => [`knockctl ${name}`, options] as const),
];

afterAll(removeShells);

describe.each(shells)("%s", (name: ShellName) => {
  test.each(tables)("offers every option of %s, and no other", (line, options) => {
    const shell = new Shell(name);
    const all = options.flatMap(spellings).sort();
    expect(all.length).toBeGreaterThan(2);
    expect(shell.offers(`${line} -`)).toEqual(all);
  });

  test("offers every command of knockctl's, and no other", () => {
    const found = new Shell(name).offers("knockctl ");
    const commands = found.filter((one) => !one.startsWith("-"));
    expect(commands).toEqual([...knockctlCommands.keys()].sort());
    expect(new Shell(name).offers("knockctl gu")).toEqual(["guard"]);
  });

  test("knows the command behind options, and the commands that help explains", () => {
    const shell = new Shell(name);
    for (const options of ["-j", "--json", "-s x", "--socket x", "--color never", "-s x -j"]) {
      expect([options, shell.offers(`knockctl ${options} gu`)]).toEqual([options, ["guard"]]);
      expect([options, shell.offers(`knockctl ${options} guard ic`)]).toEqual([options, ["icmp"]]);
    }
    expect(shell.offers("knockctl help mig")).toEqual(["migrate"]);
    expect(shell.offers("knockctl status --color a")).toEqual(["always", "auto"]);
  });

  test("offers the daemon's doors, and what is open, whatever their names are", () => {
    const shell = new Shell(name);
    const handlers = new MemoryHandlers(new ManualClock());
    const hostile = ["$(touch pwned)", "`touch pwned`", "two words", "it's", "*", "; touch pwned"];
    const [first] = handlers.doors();
    const doors = [...handlers.doors(), ...hostile.map((door) => ({ ...first, name: door }))];
    writeFileSync(join(shell.folder, "doors"), `${encode(doors)}\n`);
    writeFileSync(join(shell.folder, "leases"), `${encode(handlers.leases())}\n`);
    shell.program("knockctl", `echo "$@" >>asked; [ "$2" = --json ] && exec cat "$1"`);
    const names = doors.map((door) => door.name).filter((one) => one !== undefined);
    expect(unescaped(name, shell.offers("knockctl open "))).toEqual([...names].sort());
    expect(shell.offers("knockctl extend ss")).toEqual(["ssh"]);
    expect(shell.offers("knockctl extend ssh 192")).toEqual(["192.0.2.7"]);
    expect(shell.offers("knockctl close --socket /run/x a")).toEqual(["all", "attic"]);
    expect(readFileSync(join(shell.folder, "asked"), "utf8")).toContain(
      "doors --json --socket /run/x\n",
    );
    expect(existsSync(join(shell.folder, "pwned"))).toBe(false);
  });

  test("offers nothing and says nothing where no daemon answers", () => {
    const shell = new Shell(name);
    shell.program("knockctl", "echo 'knockctl: error: no daemon' >&2; exit 1");
    expect(shell.offers("knockctl open ")).toEqual([]);
    shell.program("knockctl", "exec sleep 60");
    expect(shell.offers("knockctl open ")).toEqual([]);
  });

  test("offers the profiles of knock", async () => {
    const shell = new Shell(name);
    const file = join(shell.folder, "own.conf");
    writeFileSync(
      file,
      "Host home\n Sequence 1\nHost work `touch>pwned` $(touch>pwned)\n Sequence 1\n",
      { mode: 0o600 },
    );
    const said: string[] = [];
    const io = {
      stdout: (text: string) => said.push(text),
      stderr: (text: string) => said.push(text),
    };
    expect(await knock(["-F", file, "--list", "--json"], io)).toBe(0);
    writeFileSync(join(shell.folder, "list"), said.join(""));
    shell.program("knock", `echo "$@" >>asked; exec cat list`);
    expect(shell.offers("knock ho")).toEqual(["home"]);
    expect(shell.offers("knock --profile wo")).toEqual(["work"]);
    expect(shell.offers("knock --profile ")).toHaveLength(4);
    expect(shell.offers("knock -F own.conf --profile ho")).toEqual(["home"]);
    const asked = readFileSync(join(shell.folder, "asked"), "utf8");
    expect(asked).toContain("--list --json\n");
    expect(asked).toContain("-F own.conf --list --json\n");
    expect(existsSync(join(shell.folder, "pwned"))).toBe(false);
  });

  test("offers files where a file is wanted, and commands after --", () => {
    const shell = new Shell(name);
    mkdirSync(join(shell.folder, "captures"));
    writeFileSync(join(shell.folder, "capture.pcap"), "");
    const files = (line: string) =>
      shell.offers(line).map((one) => one.replace(/.*\/(?=.)|\/$/g, ""));
    const both = ["capture.pcap", "captures"];
    expect(files("knockctl replay cap")).toEqual(both);
    expect(files("knockctl replay x --config cap")).toEqual(both);
    expect(files("knockd -c cap")).toEqual(both);
    expect(files("knockd --config=cap")).toEqual(
      name === "fish" ? ["--config=captures", "--config=capture.pcap"].sort() : both,
    );
    shell.program("knock-knock-knock", "");
    expect(shell.offers("knock --wait 22 home -- knock-knock-k")).toContain("knock-knock-knock");
    expect(shell.offers("knock home -")).not.toContain("--command");
  });

  test("offers values that are known", () => {
    const shell = new Shell(name);
    expect(shell.offers("knock --keep 1")).toEqual(["10m", "1h", "1m"]);
    expect(shell.offers("knockd -i l")).toEqual(["lo"]);
    expect(shell.offers("knockd -i a")).toContain("any");
    expect(shell.offers("knockctl open ssh 192.0.2.7 f")).toEqual(["for"]);
    expect(shell.offers("knockctl guard ic")).toEqual(["icmp"]);
  });
});

/** Where a shell is missing, its file is only read. */
describe("the file of", () => {
  const all = [...knockctlCommands.keys()];
  const read = (shell: string) =>
    readFileSync(
      join(import.meta.dirname, `../../packaging/completions/knockctl.${shell}`),
      "utf8",
    );

  /** The long options of each command: those of the lines whose condition names it, or no command. */
  function fishOptions(): Map<string, string[]> {
    const found = new Map(all.map((name) => [name, [] as string[]]));
    for (const line of read("fish").split("\n")) {
      const condition = /^complete -c knockctl -n (?:'([^']*)'|(\S+))/.exec(line);
      const option = / -l (\S+)/.exec(line)?.[1];
      const text = condition?.[1] ?? condition?.[2];
      if (option === undefined || !line.startsWith("complete -c knockctl ")) continue;
      if (text === "__knockctl_begins") continue;
      const [, not = "", names] = /(not )?__knockctl_is ([\w ]+)/.exec(text ?? "") ?? [];
      const listed = names?.trim().split(" ");
      const commands = all.filter(
        (name) => listed === undefined || listed.includes(name) !== (not !== ""),
      );
      for (const name of commands) found.get(name)?.push(option);
    }
    return found;
  }

  function zshOptions(): Map<string, string[]> {
    const text = read("zsh");
    const longs = (part: string) =>
      [...part.matchAll(/['"*]--([\w-]+)/g)].map(([, name = ""]) => name);
    const general = ["color", "help", "json"];
    const found = new Map<string, string[]>();
    const blocks = text
      .slice(text.indexOf("case $command in"))
      .matchAll(/^ {2}([\w |]+)\)(.*?);;/gms);
    for (const [, names = "", body = ""] of blocks) {
      const options = [
        ...(/\$(?:client|general)\b/.test(body) ? general : []),
        ...(/\$client\b/.test(body) ? ["socket"] : []),
        ...(/\$config\b/.test(body) ? ["config"] : []),
        ...longs(body),
      ];
      for (const name of names.split("|")) found.set(name.trim(), options);
    }
    return found;
  }

  test.each(["bash", "fish"])("%s knows every option that takes an argument", (shell) => {
    const options = [...knockctlCommands.values()]
      .flat()
      .filter((one) => one.argument !== undefined);
    const [, list = ""] =
      (shell === "bash" ? /case \$word in\n([^)]*)\)/ : /contains -- \$word ((?:.*\\\n)*.*)/).exec(
        read(shell),
      ) ?? [];
    const known = list.match(/--?[\w-]+/g) ?? [];
    expect([...new Set(known)].sort()).toEqual([...new Set(options.flatMap(spellings))].sort());
  });

  test.each([
    ["fish", fishOptions()],
    ["zsh", zshOptions()],
  ])("%s has every option of each command, and no other", (_, found) => {
    expect([...found.keys()].sort()).toEqual([...all].sort());
    for (const [name, options] of knockctlCommands) {
      const wanted = options.map(({ long }) => long).sort();
      expect([name, [...new Set(found.get(name))].sort()]).toEqual([name, wanted]);
    }
  });
});

/** fish and zsh show what they would type; bash's words were read back already. */
function unescaped(name: ShellName, words: readonly string[]): string[] {
  if (name !== "fish") return [...words];
  return words.map((word) => word.replace(/\\(.)/g, "$1")).sort();
}
