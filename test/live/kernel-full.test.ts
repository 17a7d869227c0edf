// Knocks where a set of the kernel is full, or the disk: docs/kernel-doors.md.
import { mkdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { Folder, knock } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";
import { run } from "./run.ts";
import { Server } from "./server.ts";
import { echoTcp } from "./session.ts";

const steps = [7003, 9140, 8455];
const door = `[ssh]\nsequence = ${steps}\ntcpflags = syn\nopen = tcp/22\nopen_for = 1m\nprotect = yes\n`;

/** The sets, how many elements each has room for, and the element of a source. */
const kinds = {
  attempts: {
    set: /map (since4)/,
    room: 65_536,
    element: (source: string) => `${source} timeout 1h : 1`,
  },
  retransmissions: {
    set: /set (heard4)/,
    room: 131_072,
    element: (source: string) => `${source} . 1 . 2 . 3 timeout 1h`,
  },
  scanners: {
    set: /set (once4)/,
    room: 65_536,
    element: (source: string) => `${source} timeout 1h`,
  },
  door: {
    set: /set (door4_\w+)/,
    room: 65_536,
    element: (source: string) => `${source} timeout 1h`,
  },
} as const;

describe.skipIf(needs("nft"))("where there is no room in", { timeout: 120_000 }, () => {
  let network: LiveNetwork;
  let host: LiveHost;
  let client: LiveHost;
  let other: LiveHost;
  let server: Server;
  const folder = new Folder();

  beforeEach(async () => {
    network = await LiveNetwork.open(["server", "client", "other"]);
    [host, client, other] = ["server", "client", "other"].map((name) => network.host(name)) as [
      LiveHost,
      LiveHost,
      LiveHost,
    ];
    await echoTcp(host, 22);
    server = new Server(host, door);
  });
  afterEach(() => network.close());

  const reaches = (from = client) => from.canConnect(host.address, 22, 500);
  const opens = async (from = client) => {
    await expect.poll(() => reaches(from), { timeout: 20_000 }).toBe("open");
  };

  /** Fills a set up to its size, and returns its name. */
  async function fill({ set, room, element }: (typeof kinds)[keyof typeof kinds]): Promise<string> {
    const name = set.exec(await server.table())?.[1] ?? "";
    const sources = Array.from({ length: room }, (_, i) => {
      const [a, b, c] = [i >> 16, (i >> 8) & 255, i & 255];
      return `10.${100 + a}.${b}.${c}`;
    });
    const text = sources.map(element).join(",\n");
    const file = folder.write("elements", `add element inet sesame ${name} { ${text} }\n`);
    await host.run(["nft", "-f", file], { timeout: 60_000 });
    return name;
  }

  async function decoys(): Promise<string[]> {
    const { stdout } = await host.run(["nft", "list set inet sesame decoys"]);
    return [...stdout.matchAll(/tcp \. (\d+)/g)].flatMap(([, port]) => port ?? []);
  }

  test.each(Object.keys(kinds) as (keyof typeof kinds)[])(
    "the kernel's set of %s, further sources get in when there is room again",
    async (kind) => {
      await server.start();
      await server.kill();
      const name = await fill(kinds[kind]);
      if (kind === "scanners") await knock(client, host.address, ...(await decoys()).slice(0, 1));
      await knock(client, host.address, ...steps);
      expect(await reaches()).toBe("silent");
      const type = kind === "attempts" ? "map" : "set";
      await host.run(["nft", `flush ${type} inet sesame ${name}; flush set inet sesame blind`]);
      await knock(client, host.address, ...steps);
      await opens();
    },
  );

  test("the kernel's set of attempts, knockd opens", async () => {
    await server.start();
    await fill(kinds.attempts);
    await knock(client, host.address, ...steps);
    await opens();
    expect(await server.table()).not.toMatch(/door4_\w+ \{[^}]*elements/);
  });

  test("the state directory, the kernel opens, and the next knockd takes that over", async () => {
    const state = server.folder.at("state");
    mkdirSync(state);
    await run(["mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs", state]);
    onTestFinished(async () => void (await run(["umount", "-l", state])));
    await server.start();
    await run(["sh", "-c", 'cat /dev/zero >"$0/fill" 2>/dev/null; ! echo more >"$0/more"', state]);
    await server.kill();
    await knock(client, host.address, ...steps);
    await opens();
    const daemon = await server.start();
    await daemon.waitFor(/10\.77\.0\.2: ssh: opened by the kernel/);
    expect(await server.ask("leases")).toMatchObject({ leases: [{ source: client.address }] });
    daemon.signal("SIGSTOP");
    await knock(other, host.address, ...steps);
    await opens(other);
  });
});
