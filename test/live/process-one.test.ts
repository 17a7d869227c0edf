import { readdirSync, readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { Folder, knock, knockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";

/** How many processes of this name have ended and were not waited for. */
function zombies(name: string): number {
  return readdirSync("/proc").filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/stat`, "utf8").includes(`(${name}) Z`);
    } catch {
      return false;
    }
  }).length;
}

describe.skipIf(needs())("as process 1 of a container", () => {
  let network: LiveNetwork;
  let server: LiveHost;
  let client: LiveHost;
  beforeAll(async () => {
    network = await LiveNetwork.open();
    [server, client] = [network.host("server"), network.host("client")];
  });
  afterAll(() => network?.close());
  afterEach(() => server.killAll());

  test("knockd reaps what commands leave behind, and knows how each command ended", async () => {
    const folder = new Folder();
    const config = folder.write(
      "knockd.conf",
      `[options]
StateDir = ${folder.path}
[x]
sequence = 9
command = (sleep 1.2345 &) ; echo left; exit 3
[y]
sequence = 10
user = root
command = (sleep 1.2345 &) ; echo left; exit 4
`,
    );
    const daemon = server.start([
      ...["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"],
      ...[...knockd, "-v", "-c", config],
    ]);
    await daemon.waitFor(/^listening on/m);
    for (let i = 1; i <= 5; i++) {
      await knock(client, server.address, 9, 10);
      for (const [door, status] of Object.entries({ x: 3, y: 4 })) {
        const ended = `^${door}: command returned non-zero status code \\(${status}\\)$`;
        await daemon.waitFor(new RegExp(`(${ended}[\\s\\S]*){${i}}`, "m"));
      }
    }
    await expect.poll(() => zombies("sleep")).toBeGreaterThan(0);
    await expect.poll(() => zombies("sleep")).toBe(0);
    daemon.signal("SIGTERM");
  });
});
