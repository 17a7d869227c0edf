import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ownProgram } from "./own-program.ts";

test("the executable that is all programs is called by the name of the other one", () => {
  expect(ownProgram("knockd", true)).toEqual([process.execPath, "knockd"]);
});

test("a script is the one beside this one, behind all links, whatever the PATH has", () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "sesame-own-")));
  const { argv } = process;
  onTestFinished(() => {
    process.argv = argv;
    rmSync(folder, { recursive: true });
  });
  mkdirSync(join(folder, "bin"));
  for (const [name, options] of Object.entries({
    knockctl: "",
    knock: "",
    knockd: " --one --two=2",
  })) {
    writeFileSync(join(folder, "bin", name), `#!/usr/bin/env -S node${options}\n"use strict";\n`);
  }
  symlinkSync("bin/knockctl", join(folder, "knockctl"));
  process.argv = [process.execPath, join(folder, "knockctl")];
  expect(ownProgram("knock")).toEqual([process.execPath, join(folder, "bin/knock")]);
  const knockd = [process.execPath, "--one", "--two=2", join(folder, "bin/knockd")];
  expect(ownProgram("knockd")).toEqual(knockd);
});
