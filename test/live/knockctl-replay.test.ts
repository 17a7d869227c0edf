import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { Folder, knock, knockctl, startKnockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";
import { run } from "./run.ts";

const config = `[ssh]
sequence = 7003,7001,7002:udp
seq_timeout = 1s
tcpflags = syn,!ack
command = true opened for %IP%

[web]
sequence = 7001,7001,7003
seq_timeout = 1s
tcpflags = syn,!ack
command = true %IP%

[never]
sequence = 7003,7001
tcpflags = fin,!syn
command = false
`;

/** What the daemon decides about packets: the same in its log and in a replay. */
const decisions = /^[\da-f.:]+: (?:ssh|web|never): |ignoring\.\.\.$/;

describe.skipIf(needs("tcpdump"))("knockctl replay of real knocks", () => {
  let network: LiveNetwork;
  let server: LiveHost;
  let one: LiveHost;
  let two: LiveHost;
  beforeAll(async () => {
    network = await LiveNetwork.open(["server", "one", "two"]);
    [server, one, two] = [network.host("server"), network.host("one"), network.host("two")];
  });
  afterAll(() => network?.close());

  test("shows the same decisions as the daemon made live", async () => {
    const folder = new Folder();
    const [path, recording] = [folder.write("k.conf", config), folder.at("x.pcap")];
    const daemon = await startKnockd(server, config, "-D");
    const how = ["-Z", "root", "--immediate-mode", "-U", "-i", "eth0", "-w", recording];
    const recorder = server.start(["tcpdump", ...how]);
    await recorder.waitFor(/listening on/);

    const addresses = LiveNetwork.hasIPv6 ? [server.address, server.address6] : [server.address];
    for (const address of addresses) {
      await knock(one, address, 7003, 7001, "7002:udp");
      await knock(two, address, 7003, 22, 7001, 7001, 7003);
      await Promise.all([
        knock(one, address, 7003, 7001, 7002, "7002:udp"),
        knock(two, address, 7001, 7003, 7003, 7001, "7002:udp"),
      ]);
      await knock(one, address, 7003, 7001);
    }
    // What was begun last is given up.
    for (const source of LiveNetwork.hasIPv6 ? [one.address, one.address6] : [one.address]) {
      for (const door of ["ssh", "web"]) {
        await daemon.waitFor(new RegExp(`^${source}: ${door}: sequence timeout`, "m"));
      }
    }
    await recorder.stop();
    const { stdout: log } = await daemon.stop();

    const replay = await run([...knockctl, "replay", recording, "--config", path, "--json"]);
    const events = replay.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const told: string[] = events.flatMap(({ entries = [] }) =>
      entries.map(({ message }: { message: string }) => message),
    );
    const expected = log.split("\n").filter((line) => decisions.test(line));
    expect(expected.filter((line) => line.endsWith("OPEN SESAME")).length).toBeGreaterThanOrEqual(
      4 * addresses.length,
    );
    expect(told.filter((line) => decisions.test(line)).sort()).toEqual(expected.sort());
    const commands = (lines: readonly string[], words: string) =>
      lines
        .filter((line) => line.includes(words))
        .map((line) => line.replace(words, ""))
        .sort();
    const running = commands(log.split("\n"), ": running command: ");
    expect(commands(told, ": would run: ")).toEqual(running);

    const again = await run([...knockctl, "replay", recording, "--config", path, "--json"]);
    expect(again.stdout).toBe(replay.stdout);
    const people = await run([...knockctl, "replay", recording, "--config", path]);
    expect(people.stdout).toMatch(
      new RegExp(
        `udp ${one.address}:\\d+ -> ${server.address}:7002\\n(?: .*\\n)*? +ssh +Stage 3 of 3\\n`,
      ),
    );
  });
});
