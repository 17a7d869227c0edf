import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { address, tcpPacket, udpPacket } from "../support/packets.ts";
import type { LiveHost } from "./host.ts";
import { Folder, knock, knockd, startKnockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { openedDoors } from "./opened-doors.ts";
import { Process } from "./process.ts";
import { needs } from "./requirements.ts";
import { run } from "./run.ts";
import { Wire } from "./wire.ts";

const sequences = {
  neighbours: "7000,7001",
  pair: "7400,7500",
  low: "100,101",
  local: "40000,40100",
  three: "17000,18000,19000",
  down: "29002,29001,29000",
  udp: "7100:udp,7101:udp",
  both: "65000,7050:udp",
  shuffled: "9140,7003,8455",
};
/** What a scan upwards knocks at, where there are no decoys; its UDP comes after its TCP. */
const upwards = ["neighbours", "pair", "low", "local", "three", "both", "udp"];

const doors = (decoys: number) =>
  Object.entries(sequences)
    .map(([name, sequence]) =>
      [
        ...[`[${name}]`, `sequence = ${sequence}`, "tcpflags = syn"],
        ...[`decoys = ${decoys}`, "command = true", ""],
      ].join("\n"),
    )
    .join("");

/** How often the log says that somebody is ignored. */
function ignored(daemon: Process, source: string): number {
  const told = [...daemon.stdout.matchAll(/^(\S+): touched three decoys within a minute/gm)];
  return told.filter(([, who]) => who === source).length;
}

describe.skipIf(needs("nmap"))("nmap through all ports", () => {
  let network: LiveNetwork;
  let server: LiveHost;
  let bare: LiveHost;
  let daemon: Process;
  const host = (name: string) => network.host(name);

  /** A SYN to every port, in the order of the ports or in nmap's own. */
  const scan = async (from: LiveHost, to: LiveHost, ...flags: string[]) => {
    const fast = ["-T4", "--min-rate", "20000", "--max-retries", "0"];
    const all = ["nmap", "-sS", "-Pn", "-n", "-p-", ...fast, ...flags, to.address];
    await from.run(all, { timeout: 120_000 });
  };
  /** Waits until the daemon has seen all there was. */
  const finish = async (from: LiveHost, to: LiveHost, running: Process) => {
    await knock(from, to.address, 9140, 7003, 8455);
    await running.waitFor(new RegExp(`^${from.address}: shuffled: OPEN SESAME`, "m"));
  };

  beforeAll(async () => {
    network = await LiveNetwork.open(["server", "bare", "up", "again", "any", "client"]);
    [server, bare] = [host("server"), host("bare")];
    daemon = await startKnockd(server, doors(32));
  });
  afterAll(() => network?.close());

  test("opens ascending doors that have no decoys", async () => {
    const careless = await startKnockd(bare, doors(0));
    await scan(host("up"), bare, "-r");
    await finish(host("client"), bare, careless);
    const ascending = ["neighbours", "pair", "local", "three"];
    expect(openedDoors(careless, host("up").address)).toEqual(expect.arrayContaining(ascending));
  });

  test.each([
    ["upwards, its packets refused", "up", ["-r"], []],
    ["upwards, its packets dropped", "again", ["-r"], ["-A", "INPUT", "-p", "tcp", "-j", "DROP"]],
    ["in random order", "any", [], []],
  ])("%s, opens nothing where there are some", { timeout: 150_000 }, async (...row) => {
    const [, name, flags, rule] = row;
    if (rule.length > 0) await server.run(["iptables", ...rule]);
    await scan(host(name), server, ...flags);
    await finish(host("client"), server, daemon);
    expect(openedDoors(daemon, host(name).address)).toEqual([]);
    expect(ignored(daemon, host(name).address)).toBe(1);
    // Somebody else, who has touched two decoys by mistake.
    await knock(host("client"), server.address, 17001, 16999, 17000, 18000, 19000);
    const line = new RegExp(`(^${host("client").address}: shuffled: OPEN SESAME$[\\s\\S]*)`, "m");
    await daemon.waitFor(line);
    await daemon.waitFor(new RegExp(`^${host("client").address}: three: OPEN SESAME`, "m"));
  });
});

describe.skipIf(needs())("a scan by hand", () => {
  const server = "192.0.2.1";
  let wire: Wire;
  let daemon: Process | undefined;
  let sequence = 0;

  beforeEach(async () => {
    wire = await Wire.lay();
    await run(["ip", "address", "add", `${server}/32`, "dev", wire.near]);
  });
  afterEach(async () => {
    await daemon?.stop();
    await wire.close();
  });

  const start = async (decoys: number) => {
    const config = new Folder().write("knockd.conf", doors(decoys));
    daemon = new Process([...knockd, "-v", "-c", config, "-p", "/dev/null"]);
    await daemon.waitFor(/^listening on .*\.\.\.$/m);
    return daemon;
  };
  /** Packets of one source to these ports, faster than any network tool. */
  const send = (source: string, protocol: "tcp" | "udp", ports: readonly number[]) => {
    const ends = { source: address(source), destination: address(server) };
    for (const port of ports) {
      const fields = { port, sequence: ++sequence };
      wire.send(protocol === "tcp" ? tcpPacket(ends, fields) : udpPacket(ends, fields));
    }
  };
  const all = Array.from({ length: 65535 }, (_, i) => i + 1);
  /** TCP, then UDP. */
  const scan = async (running: Process, source: string, ports: readonly number[]) => {
    send(source, "tcp", ports);
    send(source, "udp", ports);
    const last = `192.0.2.2${source.at(-1)}`;
    send(last, "tcp", [9140, 7003, 8455]);
    await running.waitFor(new RegExp(`^${last}: shuffled: OPEN SESAME`, "m"));
    return openedDoors(running, source);
  };

  test("upwards or downwards opens what has no decoys", async () => {
    const running = await start(0);
    expect((await scan(running, "192.0.2.51", all)).toSorted()).toEqual(upwards.toSorted());
    expect(await scan(running, "192.0.2.52", all.toReversed())).toEqual(["down"]);
  });

  test("upwards or downwards opens nothing that has some", async () => {
    const running = await start(32);
    expect(await scan(running, "192.0.2.51", all)).toEqual([]);
    expect(await scan(running, "192.0.2.52", all.toReversed())).toEqual([]);
    expect([ignored(running, "192.0.2.51"), ignored(running, "192.0.2.52")]).toEqual([1, 1]);
    send("192.0.2.53", "tcp", [7002, 7002, 6999, 7000, 7001]);
    await running.waitFor(/^192\.0\.2\.53: neighbours: OPEN SESAME/m);
  });
});
