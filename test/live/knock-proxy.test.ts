import { chmodSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { Folder } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { startPouring } from "./pouring.ts";
import { needs } from "./requirements.ts";

const knock = [process.execPath, join(import.meta.dirname, "../../bin/knock")];

describe.skipIf(needs())("knock --proxy", () => {
  let network: LiveNetwork;
  let server: LiveHost;
  let client: LiveHost;
  const folder = new Folder();

  beforeAll(async () => {
    network = await LiveNetwork.open();
    [server, client] = [network.host("server"), network.host("client")];
    await startPouring(server);
  });
  afterAll(() => network?.close());

  test("takes no more from the server than its reader takes from it", async () => {
    const address = server.address;
    const command = [...knock, "--proxy", address, "7777", "7003"].join(" ");
    // Reads a little, and then no more: what is under way is in buffers, and does not grow.
    const stuck = client.start([
      "sh",
      "-c",
      `sleep 30 | ${command} | (head -c 1000 >/dev/null; echo stuck >&2; sleep 30)`,
    ]);
    await stuck.waitFor(/stuck/);
    const received = async () => {
      const { stdout } = await client.run(["ss", "-tinH", "dst", `${address}:7777`]);
      return Number(/bytes_received:(\d+)/.exec(stdout)?.[1]);
    };
    let last = -1;
    await expect
      .poll(
        async () => {
          const now = await received();
          const stands = now === last;
          last = now;
          return stands;
        },
        { interval: 500 },
      )
      .toBe(true);
    expect(last).toBeGreaterThan(1_000);
    expect(last).toBeLessThan(32 * 1024 * 1024);
  });

  test("tells its reader that the server has said all, while our input goes on", async () => {
    // It greets and hangs up.
    await server.listen(7779);
    const command = [...knock, "--proxy", server.address, "7779", "7003"].join(" ");
    const reader = client.start(["sh", "-c", `sleep 30 | ${command} | (cat; echo "that is all")`]);
    await reader.waitFor(/\S+\s*that is all/);
  });

  test("brings all to a reader that begins late, and more than a pipe holds", async () => {
    const much = `require("node:net").createServer((socket) => socket.end(Buffer.alloc(90_000)))
      .listen(7780, "0.0.0.0", () => console.log("listening"))`;
    await server.start([process.execPath, "-e", much]).waitFor(/listening/);
    const command = [...knock, "--proxy", server.address, "7780", "7003"].join(" ");
    const late = `${command} </dev/null | (sleep 1; wc -c)`;
    const { stdout } = await client.run(["sh", "-c", late]);
    expect(Number(stdout)).toBe(90_000);
  });

  test.skipIf(!LiveNetwork.hasIPv6)("connects over the family that it knocked at", async () => {
    const hosts = folder.write("hosts", `${server.address6} gate\n${server.address} gate\n`);
    for (const [port, address] of [
      [7781, server.address],
      [7782, server.address6],
    ] as const) {
      await server.listen(port, address);
      const profiles = folder.write("knock.conf", `Host p\nHostName ${address}\nSequence 7003\n`);
      chmodSync(profiles, 0o600);
      const command = [...knock, "-F", profiles, "--profile", "p", "--proxy", "gate", port].join(
        " ",
      );
      // Each `ip netns exec` has mounts of its own: the file must be put in place for this very command.
      const script = `mount --bind ${hosts} /etc/hosts; ${command} </dev/null`;
      const { code, stderr } = await client.run(["sh", "-ec", script], { ok: "any" });
      expect([code, stderr]).toEqual([0, ""]);
    }
  });

  test("ends with 1 and the reason if the door stays closed", async () => {
    const argv = [...knock, "--proxy", server.address, "7778", "7003"];
    const { code, stdout, stderr } = await client.run(argv, { ok: "any" });
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^knock: error: tcp\/7778 of 10\.77\.0\.1 is refused: /);
  });
});
