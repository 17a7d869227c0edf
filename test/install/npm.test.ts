import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { bundledPackages } from "../../packaging/npm.ts";
import { Folder } from "../live/knockd.ts";
import { LiveNetwork } from "../live/network.ts";
import { run } from "../live/run.ts";

/** Where scripts/test-install has put the npm package by `npm install -g`, and what npm said. */
const prefix = process.env["SESAME_NPM_PREFIX"] ?? "";
const home = join(prefix, "lib/node_modules/sesame-knock");
const program = (name: string) => join(prefix, "bin", name);

describe.skipIf(prefix === "")("the npm package", () => {
  test("installs without a warning, and nothing but the addon beside it", async () => {
    const said = readFileSync(join(prefix, "said"), "utf8");
    expect(said).toMatch(/^added 2 packages/m);
    expect(said).not.toMatch(/warn|deprecated|vulnerab/i);
    const packages = readdirSync(join(home, "node_modules"));
    expect(packages.filter((name) => !name.startsWith("."))).toEqual(["@koromix"]);
    const manuals = ["man1/knock.1", "man5/knockd.conf.5", "man8/knockd.8", "man8/knockctl.8"];
    const missing = manuals.filter((page) => !existsSync(join(prefix, "share/man", page)));
    expect(missing).toEqual([]);
  });

  test("brings the licences of what is inside its programs", async () => {
    const licences = readFileSync(join(home, "LICENCES"), "utf8");
    const titles = [...licences.matchAll(/^=+\n(.+)\n=+$/gm)].map(([, title]) => title);
    expect(titles).toEqual(["Sesame", ...(await bundledPackages())]);
  });

  test("has programs that run", async () => {
    for (const name of ["knock", "knockctl", "knockd"]) {
      const { stdout } = await run([program(name), "-V"]);
      expect(stdout).toContain("Sesame");
    }
    const { stdout } = await run([program("knockctl"), "--help"]);
    expect(stdout).toContain("usage: knockctl");
    // The addon of this processor is there, and loads.
    const check = await run([program("knockd"), "-t", "-c", "/dev/null"], { ok: "any" });
    expect(check.stderr).not.toContain("koffi");
  });

  test("has the client of a fleet's store", async () => {
    const folder = new Folder();
    const config = `[options]
      StateDir = ${folder.at("state")}
      ControlSocket = ${folder.at("control.sock")}
      Fleet = redis+unix://${folder.at("store.sock")}
      FleetFile = ${folder.at("fleet")}
      [ssh]
      sequence = 7003,9140,8455
      tcpflags = syn
      command = true
    `;
    folder.writePrivately("fleet", `key = ${randomBytes(32).toString("base64")}\n`);
    const network = await LiveNetwork.open();
    try {
      const path = folder.write("knockd.conf", config);
      const daemon = network.host("server").start([program("knockd"), "-c", path]);
      // It tells what the client has found: there is no store.
      await daemon.waitFor(/the store \S+ is lost: connect ENOENT/);
    } finally {
      await network.close();
    }
  });
});
