// knockctl guard where keys open what it protects.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { Folder, knockctl, knockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";
import { echoTcp } from "./session.ts";

const knockProgram = [process.execPath, join(import.meta.dirname, "../../bin/knock")];
/** Puts the clock of a program of Node an hour ahead. */
const clockAhead = "--import=data:text/javascript,const%20now=Date.now;Date.now=()=>now()+3600000";
/** A TCP connection that stays, and the port that it comes from. */
const stay = `
  const socket = require("node:net").connect(22, process.argv[1], () => console.log("port " + socket.localPort));
`;
const patient = { timeout: 30_000 };

describe.skipIf(needs("nft"))("knockctl guard", () => {
  let network: LiveNetwork;
  let server: LiveHost;
  let home: LiveHost;
  beforeAll(async () => {
    network = await LiveNetwork.open(["server", "home"]);
    [server, home] = [network.host("server"), network.host("home")];
  });
  afterAll(() => network?.close());

  test("tells why a knock by key is refused, and takes one that opens for a proof", async () => {
    const folder = new Folder();
    const [config, socket] = [folder.at("knockd.conf"), folder.at("control.sock")];
    folder.write(
      "knockd.conf",
      [
        "[options]",
        "KnockPort = 23547",
        `Users = ${folder.at("knockd.users")}`,
        `StateDir = ${folder.at("state")}`,
        `ControlSocket = ${socket}`,
        "[ssh]",
        "users = alice",
        "open = tcp/22",
        "open_for = 1h",
        "",
      ].join("\n"),
    );
    const daemon = server.start([...knockd, "-v", "-c", config]);
    await daemon.waitFor(/^listening on .*\.\.\.$/m);
    await echoTcp(server, 22);
    const ctl = (...args: string[]) => [...knockctl, "--socket", socket, ...args];
    const line = folder.at("line");
    const enrol = ["--host", server.address, "--output", line, "--yes", "--config", config];
    await server.run(ctl("user", "add", "alice/laptop", ...enrol));
    mkdirSync(folder.at("alice"));
    const own = { ...process.env, HOME: folder.at("alice"), XDG_CONFIG_HOME: folder.at("alice") };
    const knock = (args: readonly string[], input = "", more = {}) =>
      home.run([...knockProgram, ...args], { env: { ...own, ...more }, input });
    // Without the port to wait for: a refused knock ends at once.
    await knock(["--import"], readFileSync(line, "utf8").replace(/&wait=\d+/, ""));

    const env = (port: string) => ({
      ...process.env,
      SSH_CONNECTION: `${home.address} ${port} ${server.address} 22`,
    });
    const guard = server.start(ctl("guard", "tcp/22", "--for", "10m"), { env: env("50000") });
    await guard.waitFor(/^ {4}knock NAME && ssh -S none \S+$/m);
    await guard.waitFor(/^ {4}knockctl guard --confirm/m);
    expect(guard.output.replace(/\s+/g, " ")).toContain("keys alone open tcp/22: if yours,");
    const reaches = () => home.canConnect(server.address, 22, 400);
    expect(await reaches()).toBe("silent");

    // The terminal follows the log from a moment after it has told what to do.
    await expect
      .poll(async () => {
        await knock(["home"], "", { NODE_OPTIONS: clockAhead });
        return guard.output;
      }, patient)
      .toMatch(/: knock of alice\/laptop refused \(clock\): its clock is .* ahead of this one/);
    await knock(["home"]);
    await guard.waitFor(/: ssh: OPEN SESAME: alice\/laptop/);
    await expect.poll(reaches, patient).toBe("open");

    const connection = home.start([process.execPath, "-e", stay, server.address]);
    const [, port = ""] = await connection.waitFor(/port (\d+)/);
    const confirmed = await server.run(ctl("guard", "--confirm"), { env: env(port) });
    expect(confirmed.stdout).toContain("Protected from now on, also after a restart: tcp/22");
    expect((await guard.ended).code).toBe(0);
    // Nothing is watched any more.
    await knock(["home"], "", { NODE_OPTIONS: clockAhead });
    await knock(["home"]);
    await expect.poll(() => daemon.output.split("OPEN SESAME").length, patient).toBe(3);
    const later = daemon.output.slice(daemon.output.lastIndexOf("confirm"));
    expect(later).not.toContain("refused (clock)");
    await server.run(ctl("unprotect"));
  }, 120_000);
});
