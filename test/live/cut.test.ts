import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { knock } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import type { Process } from "./process.ts";
import { needs } from "./requirements.ts";
import { Server } from "./server.ts";
import { beats, echoTcp, echoUdp, goesOn, talkTcp, talkUdp } from "./session.ts";

/** Fulfilled when nothing comes back any more. */
async function ends(talk: Process): Promise<void> {
  const counted = async () => {
    const before = beats(talk);
    await new Promise((resolve) => setTimeout(resolve, 300));
    return beats(talk) - before;
  };
  await expect.poll(counted).toBe(0);
}

interface CloseAnswer {
  readonly connectionsCut: number;
  readonly closed: readonly unknown[];
}

const door = (...lines: string[]) =>
  ["[door]", "sequence = 7003,7001,7002", "tcpflags = syn", ...lines, ""].join("\n");

describe.skipIf(needs("nft", "conntrack", "ss"))("knockctl close --cut", () => {
  let network: LiveNetwork;
  let host: LiveHost;
  let client: LiveHost;
  let other: LiveHost;
  let server: Server;

  beforeEach(async () => {
    network = await LiveNetwork.open(["server", "client", "other"]);
    [host, client, other] = ["server", "client", "other"].map((name) => network.host(name)) as [
      LiveHost,
      LiveHost,
      LiveHost,
    ];
    await Promise.all([echoTcp(host, 22), echoTcp(host, 80), echoUdp(host, 53)]);
  });
  afterEach(() => network.close());

  async function knockAt(doors: string): Promise<void> {
    server = new Server(host, doors);
    await server.start();
    await knock(client, host.address, 7003, 7001, 7002);
    await server.daemon?.waitFor(/OPEN SESAME/);
    await expect.poll(() => server.ask("leases")).toMatchObject({ leases: [{}] });
  }

  const native = door("open = tcp/22, udp/53", "open_for = 1h", "protect = yes");

  test("ends what was made through a native door, and nothing else", async () => {
    const before = talkTcp(other, host.address, 22);
    await goesOn(before);
    await knockAt(native);
    const [tcp, udp, elsewhere] = [
      talkTcp(client, host.address, 22),
      talkUdp(client, host.address, 53),
      talkTcp(client, host.address, 80),
    ];
    for (const talk of [tcp, udp, elsewhere]) await goesOn(talk);
    const { connectionsCut: cut, closed } = await server.ask<CloseAnswer>("close door --cut");
    expect([closed.length, cut]).toEqual([1, 2]);
    await Promise.all([tcp, udp].map(ends));
    await goesOn(before);
    await goesOn(elsewhere);
    expect(await client.canConnect(host.address, 22, 400)).toBe("silent");
  });

  test.each(["address", "address6"] as const)(
    "ends flows whose answers are still under way (%s)",
    async (family) => {
      if (family === "address6" && !LiveNetwork.hasIPv6) return;
      // Such an answer begins a flow of the server, to which the packets of the client are answers.
      await echoUdp(host, 54, 200);
      await knockAt(door("open = udp/54", "open_for = 1h", "protect = yes"));
      if (family === "address6") await server.knockctl(`open door ${client.address6}`);
      const udp = talkUdp(client, host[family], 54);
      await goesOn(udp);
      await server.ask(`close ${client[family]} --cut`);
      await ends(udp);
      await server.knockctl(`open door ${client[family]}`);
      await goesOn(udp);
    },
  );

  test.runIf(LiveNetwork.hasIPv6)("over IPv6, too", async () => {
    await knockAt(native);
    await server.knockctl(`open door ${client.address6}`);
    const tcp = talkTcp(client, host.address6, 22);
    await goesOn(tcp);
    expect(await server.ask(`close ${client.address6} --cut`)).toMatchObject({ connectionsCut: 1 });
    await ends(tcp);
    expect(await server.ask("leases")).toMatchObject({ leases: [{}] });
  });

  test.each(["address", "address6"] as const)(
    "of an address without a lease, flows that outlived it and those from before the protection (%s)",
    async (family) => {
      if (family === "address6" && !LiveNetwork.hasIPv6) return;
      const before = talkTcp(client, host[family], 22);
      await goesOn(before);
      await knockAt(native);
      if (family === "address6") await server.knockctl(`open door ${client.address6}`);
      const udp = talkUdp(client, host[family], 53);
      await goesOn(udp);
      await server.ask("close all");
      for (const talk of [before, udp]) await goesOn(talk);
      const answer = await server.ask(`close ${client[family]} --cut`);
      expect(answer).toEqual({ version: 2, closed: [], connectionsCut: 2 });
      await Promise.all([before, udp].map(ends));
    },
  );

  test("lets them go on without --cut", async () => {
    await knockAt(native);
    const [tcp, udp] = [talkTcp(client, host.address, 22), talkUdp(client, host.address, 53)];
    for (const talk of [tcp, udp]) await goesOn(talk);
    expect(await server.ask("close all")).toMatchObject({ connectionsCut: 0 });
    for (const talk of [tcp, udp]) await goesOn(talk);
  });

  test("ends all connections of the source where commands opened the door", async () => {
    const rule = "INPUT -s %IP% -p tcp --dport 22 -j ACCEPT";
    await host.run(["iptables", "-A", "INPUT", "-p", "tcp", "--dport", "22", "-j", "DROP"]);
    const lines = [
      `start_command = iptables -w -I ${rule}`,
      `stop_command = iptables -w -D ${rule}`,
    ];
    await knockAt(door(...lines, "cmd_timeout = 1h"));
    const tcp = talkTcp(client, host.address, 22);
    await goesOn(tcp);
    const { connectionsCut: cut } = await server.ask<CloseAnswer>("close all --cut");
    expect(cut).toBeGreaterThanOrEqual(1);
    await ends(tcp);
    expect(await client.canConnect(host.address, 22, 400)).toBe("silent");
  });
});
