import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SlowProgram } from "../support/slow-program.ts";
import type { LiveHost } from "./host.ts";
import { Folder, knock, startKnockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";

const knockctl = join(import.meta.dirname, "../../bin/knockctl");

describe.skipIf(needs("nft"))("while the program of a door takes seconds to start", () => {
  let network: LiveNetwork;
  let server: LiveHost;
  let client: LiveHost;
  beforeAll(async () => {
    network = await LiveNetwork.open();
    [server, client] = [network.host("server"), network.host("client")];
  });
  afterAll(() => network?.close());

  test("native doors open, other commands run and close, and knockctl is answered", async () => {
    const folder = new Folder();
    const program = new SlowProgram(folder.at("slow"), "echo started");
    const socket = folder.at("c.sock");
    const daemon = await startKnockd(
      server,
      `
[options]
  StateDir = ${folder.path}
  ControlSocket = ${socket}
[slow]
  sequence = 7001
  command = ${program.path} %IP%
[native]
  sequence = 7002
  open = tcp/22
[brief]
  sequence = 7003
  start_command = echo brief opened
  stop_command = echo brief closed
  cmd_timeout = 1
`,
    );
    const started = performance.now();
    await knock(client, server.address, 7001);
    await daemon.waitFor(/^slow: running command/m);
    await knock(client, server.address, 7002);
    await daemon.waitFor(/native: open for/);
    await knock(client, server.address, 7003);
    await daemon.waitFor(/^brief opened$/m);
    const argv = [process.execPath, knockctl, "leases", "--socket", socket];
    expect((await server.run(argv)).stdout).toMatch(/native/);
    await daemon.waitFor(/^brief closed$/m);
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(daemon.stdout).not.toContain("started");
    program.release();
    await daemon.waitFor(/^started$/m);
    await daemon.stop();
  });
});
