import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseConfig } from "../../src/config/parse.ts";
import { Replay } from "../../src/daemon/replay/replay.ts";
import type { LiveHost } from "./host.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";
import { run } from "./run.ts";

const knock = [7000, 8000, 9000];
const { config } = parseConfig(
  ["[ssh]", "sequence = 7000,8000,9000", "tcpflags = syn,!ack", "command = open %IP%"].join("\n"),
);

/** Knocks, and nothing that answers them. */
const filter = "tcp dst portrange 7000-9000";

interface ReplayResult {
  readonly packets: number;
  /** Sources for which the door opened. */
  readonly opened: readonly string[];
  readonly unseen: Readonly<Record<string, number>>;
  readonly events: number;
  /** The date of the last packet: milliseconds since 1970. */
  readonly last: number;
}

async function replay(path: string): Promise<ReplayResult> {
  if (config === undefined) throw new Error("no configuration");
  const run = new Replay(path, { config });
  const opened: string[] = [];
  let events = 0;
  let last = 0;
  for await (const { entries, wall = 0 } of run) {
    events++;
    last = Math.max(last, wall);
    for (const { event, source } of entries) if (event === "open") opened.push(String(source));
  }
  const { packets, unseen, truncated } = run.summary;
  expect(truncated).toBeUndefined();
  return { packets, opened, unseen: Object.fromEntries(unseen), events, last };
}

describe.skipIf(needs("tcpdump"))("recordings of real packets", () => {
  let directory: string;
  let network: LiveNetwork;
  let server: LiveHost;
  let client: LiveHost;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "sesame-test-"));
    network = await LiveNetwork.open();
    [server, client] = [network.host("server"), network.host("client")];
  });
  afterAll(async () => {
    rmSync(directory, { recursive: true });
    await network?.close();
  });

  /** Runs a recorder on the server, which ends by itself, while `send` sends what it waits for. */
  async function record(argv: readonly string[], send: () => Promise<void>): Promise<void> {
    const recorder = server.start(argv);
    await recorder.waitFor(/listening on|File:/);
    await send();
    expect((await recorder.ended).code).toBe(0);
  }

  async function tcpdump(on: string, count: number, path: string, send: () => Promise<void>) {
    // It would give up its rights, and with them the directory.
    const how = ["-Z", "root", "--immediate-mode", "-U", "-i", on, "-c", String(count)];
    await record(["tcpdump", ...how, "-w", path, filter], send);
  }

  async function send(from: LiveHost, address: string): Promise<void> {
    for (const port of knock) expect(await from.canConnect(address, port)).toBe("refused");
  }

  test("on Ethernet, IPv4 and IPv6, in microseconds and nanoseconds", async () => {
    const addresses = LiveNetwork.hasIPv6 ? [server.address, server.address6] : [server.address];
    const path = join(directory, "eth0.pcap");
    const before = Date.now();
    await tcpdump("eth0", 3 * addresses.length, path, async () => {
      for (const address of addresses) await send(client, address);
    });
    const told = await replay(path);
    const sources = LiveNetwork.hasIPv6 ? [client.address, client.address6] : [client.address];
    expect(told).toMatchObject({ packets: 3 * addresses.length, opened: sources, unseen: {} });
    expect(told.last).toBeGreaterThanOrEqual(before - 1);
    expect(told.last).toBeLessThanOrEqual(Date.now());

    const nano = join(directory, "eth0.nano.pcap");
    const how = ["--time-stamp-precision=nano", "-r", path, "-w", nano];
    await run(["tcpdump", "-Z", "root", ...how]);
    expect(await replay(nano)).toEqual(told);
  });

  test("on any interface: what the host itself sends opens nothing", async () => {
    const path = join(directory, "any.pcap");
    await tcpdump("any", 6, path, async () => {
      await send(server, client.address);
      await send(client, server.address);
    });
    const told = await replay(path);
    expect(told).toMatchObject({ packets: 6, opened: [client.address], unseen: { outgoing: 3 } });
  });

  test("on any interface, cooked v1", async () => {
    const path = join(directory, "any1.pcap");
    const how = ["-Z", "root", "--immediate-mode", "-y", "LINUX_SLL", "-i", "any", "-c", "3"];
    await record(["tcpdump", ...how, "-w", path, filter], () => send(client, server.address));
    expect(await replay(path)).toMatchObject({ packets: 3, opened: [client.address], unseen: {} });
  });

  test("on loopback", async () => {
    const path = join(directory, "lo.pcap");
    await tcpdump("lo", 3, path, () => send(server, "127.0.0.1"));
    expect(await replay(path)).toMatchObject({ packets: 3, opened: ["127.0.0.1"], unseen: {} });
  });

  test.skipIf(needs("dumpcap"))("as pcapng, of two interfaces", async () => {
    const path = join(directory, "two.pcapng");
    const how = ["-q", "-i", "lo", "-f", filter, "-i", "eth0", "-f", filter, "-c", "3"];
    await record(["dumpcap", ...how, "-w", path], () => send(client, server.address));
    const told = await replay(path);
    expect(told).toMatchObject({ packets: 3, opened: [client.address], unseen: {} });
  });

  test.skipIf(needs("editcap", "mergecap"))("as other programs convert them", async () => {
    const path = join(directory, "plain.pcap");
    await tcpdump("eth0", 3, path, () => send(client, server.address));
    const told = await replay(path);
    for (const format of ["pcapng", "nsecpcap", "pcap"]) {
      const converted = join(directory, `converted.${format}`);
      await run(["editcap", "-F", format, path, converted]);
      expect(await replay(converted)).toEqual(told);
    }
    const cut = join(directory, "cut.pcapng");
    await run(["editcap", "-F", "pcapng", "-s", "54", path, cut]);
    expect(await replay(cut)).toEqual(told);
    const merged = join(directory, "merged.pcapng");
    await run(["mergecap", "-a", "-F", "pcapng", "-w", merged, path, cut]);
    // The same packets again: every one of them is a repetition.
    expect(await replay(merged)).toMatchObject({ packets: 6, opened: told.opened });
  });
});
