import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../live/run.ts";

/** Where scripts/test-install has put the npm package by `npm install -g`, and what npm said. */
const prefix = process.env["SESAME_NPM_PREFIX"] ?? "";

test.skipIf(prefix === "")("npm installs the package without a warning", async () => {
  const said = readFileSync(join(prefix, "said"), "utf8");
  expect(said).toMatch(/^added \d+ packages/m);
  expect(said).not.toMatch(/warn|deprecated|vulnerab/i);
  for (const program of ["knock", "knockctl", "knockd"]) {
    const { stdout } = await run([join(prefix, "bin", program), "-V"]);
    expect(stdout).toContain("Sesame");
  }
  const manuals = ["man1/knock.1", "man5/knockd.conf.5", "man8/knockd.8", "man8/knockctl.8"];
  const missing = manuals.filter((page) => !existsSync(join(prefix, "share/man", page)));
  expect(missing).toEqual([]);
  // The addon of this processor is there, and loads.
  const check = await run([join(prefix, "bin/knockd"), "-t", "-c", "/dev/null"], { ok: "any" });
  expect(check.stderr).not.toContain("koffi");
});
