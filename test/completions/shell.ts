// What the shells offer for a command line, by our completions.
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { programNames } from "../support/programs.ts";

const source = join(import.meta.dirname, "../../packaging/completions");
const capture = join(import.meta.dirname, "capture.zsh");

/** Holds all that is made here; the tests remove it. */
const root = mkdtempSync(join(tmpdir(), "completions-"));

export function removeShells(): void {
  rmSync(root, { recursive: true });
}

export type ShellName = "bash" | "zsh" | "fish";

/** A shell with our completions, and programs of the names of ours that answer what they are told to. */
export class Shell {
  readonly name: ShellName;
  readonly folder: string = mkdtempSync(join(root, "shell-"));

  constructor(name: ShellName) {
    this.name = name;
    mkdirSync(join(this.folder, "bin"));
  }

  /** zsh is asked on a terminal of its own, which not every world has for it. */
  static isThere(name: ShellName): boolean {
    const trial = name === "zsh" ? ["-fc", "zmodload zsh/zpty && zpty z true"] : ["--version"];
    return spawnSync(name, trial).status === 0;
  }

  /** A program in the PATH, as a script for sh. */
  program(name: string, script: string): void {
    const path = join(this.folder, "bin", name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
  }

  /** What stands at the end of `line` may become; sorted, each once. Fails if the shell complains. */
  offers(line: string): string[] {
    const { stdout, stderr, status } = spawnSync(this.name, this.#call(line), {
      encoding: "utf8",
      cwd: this.folder,
      timeout: 25_000,
      env: {
        PATH: `${join(this.folder, "bin")}:${process.env["PATH"]}`,
        HOME: this.folder,
        TERM: "dumb",
        LC_ALL: "C.UTF-8",
      },
    });
    if (status !== 0 || stderr !== "")
      throw new Error(`${this.name} ${status}: ${stderr}${stdout}`);
    // fish puts a description behind a tab.
    const found = stdout.split("\n").map((one) => one.replace(/\t.*/, ""));
    return [...new Set(found.filter((one) => one !== ""))].sort();
  }

  #call(line: string): string[] {
    const program = line.split(" ")[0] ?? "";
    const own = join(source, `${program}.${this.name}`);
    if (this.name === "zsh") return ["-f", capture, zshFolder(), line];
    if (this.name === "fish")
      return ["--no-config", "-c", `source ${own}; complete -C $argv[1]`, line];
    // As readline splits a line: at blanks, and at = with itself as a word.
    const words = line.split(/ |(=)/).filter((word) => word !== undefined);
    const split = words.filter((word, i) => word !== "" || i === words.length - 1);
    const script = `
      shopt -u progcomp; source "$0"
      call=$(complete -p "$1") && call=\${call#*-F } && call=\${call%% *}
      COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
      "$call" "$1" "\${!#}" "\${COMP_WORDS[COMP_CWORD - 1]}"
      for one in "\${COMPREPLY[@]}"; do eval "printf '%s\\n' $one"; done`;
    return ["--norc", "-c", script, own, ...split];
  }
}

let forZsh: string | undefined;

/** One for all: zsh's list of what can be completed is made once, and takes half a second. */
function zshFolder(): string {
  if (forZsh !== undefined) return forZsh;
  forZsh = mkdtempSync(join(root, "zsh-"));
  for (const program of programNames) {
    copyFileSync(join(source, `${program}.zsh`), join(forZsh, `_${program}`));
  }
  return forZsh;
}
