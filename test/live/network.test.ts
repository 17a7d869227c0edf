import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LiveNetwork } from "./network.ts";
import { needs, peer } from "./requirements.ts";
import { run } from "./run.ts";

describe.skipIf(needs())("the test bed", () => {
  let network: LiveNetwork;
  beforeAll(async () => {
    network = await LiveNetwork.open(["server", "one", "two"]);
  });
  afterAll(() => network?.close());

  test("hosts reach each other over IPv4 and IPv6 at once", async () => {
    const [server, one] = [network.host("server"), network.host("one")];
    expect(await one.pings(server.address)).toBe(true);
    if (LiveNetwork.hasIPv6) expect(await one.pings(server.address6)).toBe(true);
  });

  test("a connection is open, refused or silent", async () => {
    const [server, one, two] = ["server", "one", "two"].map((name) => network.host(name));
    if (!server || !one || !two) throw new Error("hosts are missing");
    await server.listen(22);
    expect(await one.canConnect(server.address, 22)).toBe("open");
    expect(await one.canConnect(server.address, 23)).toBe("refused");
    await server.run(["iptables", "-A", "INPUT", "-s", two.address, "-j", "DROP"]);
    expect(await two.canConnect(server.address, 22)).toBe("silent");
    expect(await two.pings(server.address)).toBe(false);
    expect(await one.canConnect(server.address, 22)).toBe("open");
  });

  test("a host has the addresses that it is given", async () => {
    const [server, one] = [network.host("server"), network.host("one")];
    await server.addAddress("10.77.0.99");
    expect(await one.pings("10.77.0.99")).toBe(true);
    await server.removeAddress("10.77.0.99");
    expect((await server.ip("address", "show")).stdout).not.toContain("10.77.0.99");
  });

  test("a program runs to its end with its input, and fails by its exit code or its time", async () => {
    const one = network.host("one");
    expect((await one.run(["cat"], { input: "hello" })).stdout).toBe("hello");
    expect((await one.run(["sh", "-c", "exit 3"], { ok: [3] })).code).toBe(3);
    await expect(one.run(["sh", "-c", "echo oh >&2; exit 3"])).rejects.toThrow("code 3: oh");
    await expect(one.run(["sleep", "60"], { timeout: 50 })).rejects.toThrow("longer than 50 ms");
  });

  test("a program that runs on is waited for, signalled and stopped", async () => {
    const script = `trap 'echo reloaded' HUP; echo ready; while :; do sleep 60 & wait; done`;
    const program = network.host("one").start(["sh", "-c", script]);
    await program.waitFor(/ready/);
    program.signal("SIGHUP");
    await program.waitFor(/reloaded/);
    await expect(program.waitFor(/never/, 20)).rejects.toThrow("reloaded");
    expect((await program.stop()).code).toBe(143);
    await expect(program.waitFor(/never/)).rejects.toThrow("ended without");
  });

  test("closing kills what was left in the background and removes every namespace", async () => {
    const other = await LiveNetwork.open(["alone"]);
    const { stdout } = await other
      .host("alone")
      .run(["sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $!"]);
    await other.close();
    await other.close();
    // It counts as long as nothing has waited for it.
    const isGone = () => {
      try {
        return !process.kill(Number(stdout), 0);
      } catch {
        return true;
      }
    };
    await expect.poll(isGone).toBe(true);
    const { stdout: left } = await network.host("one").run(["ip", "netns", "list"]);
    expect(left).not.toContain("alone");
    expect(left).toContain("server");
  });
});

describe.skipIf(needs("knockd", "knock"))("the peer from Debian", () => {
  test("is the knockd that this program is compared with", async () => {
    expect((await run([peer("knockd"), "-V"])).stdout).toContain("knockd 0.8");
    expect((await run([peer("knock"), "-V"])).stdout).toContain("knock 0.8");
  });
});
