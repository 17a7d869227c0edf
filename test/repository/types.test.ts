import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

/** The vocabularies: types follow from their rows and schemas, so nothing is written out there. */
const tables = [
  "src/base/backends.ts",
  "src/config/device-directives.ts",
  "src/config/directives.ts",
  "src/control/fleet-reports.ts",
  "src/control/methods.ts",
  "src/control/reports.ts",
  "src/fleet/configuration.ts",
];

test("exported signatures are written out, but for tables", () => {
  const flags = ["--declaration", "--isolatedDeclarations", "--pretty", "false"];
  const tsc = join(root, "node_modules/.bin/tsc");
  const { stdout } = spawnSync(tsc, ["-p", "tsconfig.build.json", ...flags], {
    cwd: root,
    encoding: "utf8",
  });
  const files = [...stdout.matchAll(/^([^\s(]+)\(\d+,\d+\): error TS9/gm)].map(([, file]) => file);
  expect([...new Set(files)].sort()).toEqual(tables);
});
