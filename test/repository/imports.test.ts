import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { table } from "../support/import-table.ts";
import type { ImportTable } from "../support/imports.ts";
import { importsOf, pathTo, printsOrExits, trespasses } from "../support/imports.ts";

const root = join(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(join(root, file), "utf8");
/** Tests, and the contract suites beside the interfaces, may import what they like. */
const isTest = /\.(?:test|suite)\.ts$/;
const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .map((name) => `src/${name.replaceAll("\\", "/")}`)
  .filter((file) => file.endsWith(".ts") && !isTest.test(file));
const sources = new Map(files.map((file) => [file, read(file)]));
const imports = [...sources].flatMap(([file, source]) => importsOf(file, source));

describe("the code in src/", () => {
  test("imports only what the table allows", () => {
    expect(trespasses(imports, table)).toEqual([]);
  });

  test("imports only files that are there", () => {
    const ours = imports.filter(({ target }) => target.startsWith("src/"));
    expect(ours.filter(({ target }) => !isTest.test(target) && !sources.has(target))).toEqual([]);
  });

  test("asks node:net in base/ only whether a text is an address", () => {
    const net = /import (?!type )\{([^}]*)\} from "node:net"/;
    const names = files
      .filter((file) => file.startsWith("src/base/"))
      .flatMap(
        (file) =>
          net
            .exec(read(file))?.[1]
            ?.trim()
            .split(/\s*,\s*/) ?? [],
      );
    expect(names.filter((name) => !/^isIP(?:v4|v6)?$/.test(name))).toEqual([]);
  });

  test("loads nothing native for the client", () => {
    const native = (target: string) => target.startsWith("src/ffi/") || target === "koffi";
    expect(pathTo("src/cli/main/knock.ts", imports, native)).toBeUndefined();
    expect(pathTo("src/cli/main/knockd.ts", imports, native)).toBeDefined();
  });

  test("loads no Node module for what pages use of a knock packet and its link", () => {
    const isNode = (target: string) => target.startsWith("node:");
    for (const name of ["packet", "packet-series", "link"]) {
      expect(pathTo(`src/knock/${name}.ts`, imports, isNode)).toBeUndefined();
    }
    expect(pathTo("src/knock/seal.ts", imports, isNode)).toEqual([
      "src/knock/seal.ts",
      "node:crypto",
    ]);
  });

  test("loads HTTP for metrics, webhooks and the console alone, and not before they are wanted", () => {
    const users = (target: string) =>
      imports.filter((one) => one.target === target && !one.typesOnly).map(({ file }) => file);
    expect(users("node:http").sort()).toEqual([
      "src/cli/knockctl/console/server.ts",
      "src/daemon/metrics/metrics-server.ts",
      "src/daemon/notify/webhook.ts",
    ]);
    expect(users("src/cli/knockctl/console/server.ts")).toEqual([
      "src/cli/knockctl/console/run.ts",
    ]);
    expect(users("src/cli/knockctl/console/run.ts")).toEqual(["src/cli/knockctl/console.ts"]);
    expect(read("src/cli/knockctl/console.ts")).toContain('await import("./console/run.ts")');
    expect(read("src/daemon/notify/webhook.ts")).not.toMatch(/^import (?!type).*"node:https?"/m);
    expect(users("src/daemon/metrics/metrics-server.ts")).toEqual([
      "src/daemon/metrics/metrics-page.ts",
    ]);
    expect(read("src/daemon/metrics/metrics-page.ts")).toContain(
      'await import("./metrics-server.ts")',
    );
  });

  test("loads later only metrics, the fleet, and modules of Node, which no upgrade replaces", () => {
    const later = [...sources]
      .filter(([file]) => !/^src\/(?:cli|setup|client|invitation)\//.test(file))
      .flatMap(([file, source]) =>
        [...source.matchAll(/\bawait import\("([^"]+)"\)/g)].map(
          ([, path = ""]) => `${file}: ${path}`,
        ),
      );
    expect(later.sort()).toEqual([
      "src/daemon/assemble.ts: ./metrics/metrics.ts",
      "src/daemon/fleet/membership.ts: ./member.ts",
      "src/daemon/host/targets.ts: node:dns/promises",
      "src/daemon/log/reverse-dns.ts: node:dns/promises",
      "src/daemon/metrics/metrics-page.ts: ./metrics-server.ts",
      "src/daemon/notify/webhook.ts: node:http",
      "src/daemon/notify/webhook.ts: node:https",
      "src/ffi/release-memory.ts: node:v8",
      "src/ffi/release-memory.ts: node:vm",
      "src/fleet/redis-connection.ts: @redis/client",
    ]);
  });

  test("draws QR codes in one place", () => {
    const users = imports.filter(({ target }) => target === "uqr").map(({ file }) => file);
    expect(users).toEqual(["src/cli/qr.ts"]);
  });

  test("reads no bytes as Latin-1 by a TextDecoder, for which that is windows-1252", () => {
    const decoder = /TextDecoder\(\s*["'`](?!utf-8)/;
    expect([...sources].filter(([, source]) => decoder.test(source)).map(([file]) => file)).toEqual(
      [],
    );
  });

  test("takes koffi from src/ffi/koffi.ts: its package is for types and tests", () => {
    const values = /^import (?!type\b).* from "koffi"/m;
    expect([...sources].filter(([, source]) => values.test(source)).map(([file]) => file)).toEqual(
      [],
    );
  });

  test("prints and exits only in cli/", () => {
    const elsewhere = [...sources].filter(([file]) => !file.startsWith("src/cli/"));
    expect(
      elsewhere.flatMap(([file, source]) => printsOrExits(source).map((words) => [file, words])),
    ).toEqual([]);
  });
});

describe("the check finds", () => {
  const small: ImportTable = {
    base: { values: [], node: [] },
    ffi: { values: ["base"], packages: ["koffi"] },
    match: { values: ["base"], types: ["ffi"] },
  };
  const found = (file: string, source: string) => trespasses(importsOf(file, source), small);

  test.each([
    ["a value import of another folder", `import { x } from "../ffi/x.ts";`],
    ["an import over several lines", `import {\n  x,\n  y,\n} from "../ffi/x.ts";`],
    ["types and values in one import", `import { type X, y } from "../ffi/x.ts";`],
    ["a bare import", `import "../ffi/x.ts";`],
    ["a namespace", `import * as x from "../ffi/x.ts";`],
    ["a default import beside names", `import x, { y } from "../ffi/x.ts";`],
    ["a re-export", `export { x } from "../ffi/x.ts";`],
    ["a re-export of everything", `export * from "../ffi/x.ts";`],
    ["a dynamic import", `const x = await import("../ffi/x.ts");`],
    ["a dynamic import over two lines", `const x = await import(\n  "../ffi/x.ts"\n);`],
    ["a computed path", "const x = await import(`../ffi/$" + "{name}.ts`);"],
    ["a package", `import koffi from "koffi";`],
    ["a folder that the table does not know", `import { x } from "../utils/x.ts";`],
    ["a file outside the folders", `import { x } from "../x.ts";`],
    ["a file outside src/", `import { x } from "../../test/x.ts";`],
    ["an import after a comment", `/* a */ // b\nimport "../ffi/x.ts"; // c`],
  ])("%s", (_, source) => {
    expect(found("src/match/a.ts", source)).toHaveLength(1);
  });

  test.each([
    ["types where types are allowed", `import type { X } from "../ffi/x.ts";`],
    ["a re-export of types", `export type { X } from "../ffi/x.ts";`],
    ["the own folder", `import { x } from "./x.ts";`],
    ["an allowed folder", `import { x } from "../base/x.ts";`],
    ["a Node module", `import { createHash } from "node:crypto";`],
    ["a comment", `// import { x } from "../ffi/x.ts";\n/*\nimport "../ffi/x.ts";\n*/`],
    ["a comment's beginning in a text", `const glob = "/*"; import type { X } from "../ffi/x.ts";`],
  ])("no fault in %s", (_, source) => {
    expect(found("src/match/a.ts", source)).toEqual([]);
  });

  test("types from a folder that is not in the list of types", () => {
    expect(found("src/ffi/a.ts", `import type { X } from "../match/x.ts";`)).toEqual([
      "src/ffi/a.ts: src/match/x.ts: ffi may not import match",
    ]);
  });

  test("I/O where there is none", () => {
    expect(found("src/base/a.ts", `import { readFile } from "node:fs/promises";`)).toHaveLength(1);
  });

  test("a source in a folder that the table does not know", () => {
    expect(found("src/utils/a.ts", `import "../base/a.ts";`)).toHaveLength(1);
  });

  test("the way to a forbidden folder, but not by types", () => {
    const chain = [
      ...importsOf("src/cli/a.ts", `import { b } from "../client/b.ts";`),
      ...importsOf("src/client/b.ts", `import "./c.ts"; \nimport type { F } from "../ffi/f.ts";`),
      ...importsOf("src/client/c.ts", `export const d = () => import("../ffi/d.ts");`),
    ];
    const native = (target: string) => target.startsWith("src/ffi/");
    expect(pathTo("src/cli/a.ts", chain, native)).toEqual([
      "src/cli/a.ts",
      "src/client/b.ts",
      "src/client/c.ts",
      "src/ffi/d.ts",
    ]);
    expect(pathTo("src/cli/a.ts", chain.slice(0, 2), native)).toBeUndefined();
  });

  test.each([
    ["console.log(1)", 1],
    ["process.stdout.write(text); process.exit(1)", 2],
    [`import { exit } from "node:process";`, 1],
    ["// console.log\nprocess.exitCode = 1; process.on(name, act)", 0],
  ])("printing and exiting in %j: %i", (source, times) => {
    expect(printsOrExits(source)).toHaveLength(times);
  });
});
