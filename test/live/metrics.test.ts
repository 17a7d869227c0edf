import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Exposition } from "../support/exposition.ts";
import { readExposition } from "../support/exposition.ts";
import type { LiveHost } from "./host.ts";
import { Folder, knock, knockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import type { Process } from "./process.ts";
import { needs } from "./requirements.ts";

/** Prints status, type and body of an answer. */
const client = `
  const [url, method] = process.argv.slice(1);
  fetch(url, { method })
    .then(async (response) => {
      console.log(response.status, response.headers.get("content-type"));
      process.stdout.write(await response.text());
    })
    .catch((error) => console.log(error.cause?.code));
`;

const port = 9190;

describe.skipIf(needs("nft"))("the metrics of a real daemon", () => {
  let network: LiveNetwork;
  let server: LiveHost;
  let one: LiveHost;
  let two: LiveHost;
  let folder: Folder;
  let daemon: Process;
  beforeAll(async () => {
    network = await LiveNetwork.open(["server", "one", "two"]);
    [server, one, two] = ["server", "one", "two"].map((name) => network.host(name)) as [
      LiveHost,
      LiveHost,
      LiveHost,
    ];
  });
  afterAll(() => network?.close());
  afterEach(() => server.killAll());

  const config = (listen: string) => `
[options]
  LogFile = ${folder.at("k.log")}
  StateDir = ${folder.path}
  ControlSocket = ${folder.at("c.sock")}
  ${listen}
[ssh]
  sequence = 7000,9000,8000
  tcpflags = syn
  open = tcp/22
  open_for = 60s
[slow "door"]
  sequence = 1002:udp,1001:udp
  start_command = sleep 0.2; echo opened %IP%
  cmd_timeout = 60s
  stop_command = echo closed %IP%
[bad]
  sequence = 1003
  tcpflags = syn
  command = echo tried; exit 3
[short]
  sequence = 2001,2000
  tcpflags = syn
  seq_timeout = 1
  command = true
`;

  async function listen(directive: string): Promise<void> {
    folder = new Folder();
    const path = folder.write("knockd.conf", config(directive));
    daemon = server.start([...knockd, "-v", "-c", path]);
    await daemon.waitFor(/^listening on/m);
  }

  async function ask(url: string, method = "GET", from = server): Promise<string> {
    return (await from.run([process.execPath, "-e", client, url, method])).stdout;
  }

  async function read(host = "127.0.0.1"): Promise<Exposition> {
    const answer = await ask(`http://${host}:${port}/metrics`);
    const [head, ...lines] = answer.split("\n");
    expect(head).toBe("200 text/plain; version=0.0.4; charset=utf-8");
    return readExposition(lines.join("\n"));
  }

  test("are those of what happened", async () => {
    await listen(`MetricsListen = 127.0.0.1:${port}`);
    const before = await read();
    expect(before.value('sesame_packets_total{verdict="opened"}')).toBe(0);
    await knock(one, server.address, 7000, 9000, 8000);
    await knock(two, server.address, 7000, 9000, 8000);
    await knock(two, server.address, "1002:udp", "1001:udp");
    await knock(one, server.address, 1003);
    await knock(one, server.address, 2001, 7000, 9000);
    await knock(two, server.address, 2001);
    // Watched by nobody.
    await knock(two, server.address, 4444, "5555:udp");
    await daemon.waitFor(/opened .*[\s\S]*timeout/);
    await daemon.waitFor(/tried/);
    const { value, families } = await read();
    expect(value("sesame_capture_dropped_total")).toBe(0);
    // IPv6 packets with extension headers pass the filter, too: the system itself sends such.
    const packets = [...(families.get("sesame_packets_total")?.samples.values() ?? [])];
    const seen = packets.reduce((sum, count) => sum + count, 0);
    expect(value("sesame_capture_packets_total")).toBe(seen);
    expect(seen - value('sesame_packets_total{verdict="unreadable"}')).toBe(13);
    expect(value('sesame_packets_total{verdict="opened"}')).toBe(4);
    expect(value('sesame_packets_total{verdict="advanced"}')).toBe(9);
    expect(value('sesame_knocks_failed_total{reason="wrong-port"}')).toBe(1);
    expect(value('sesame_knocks_failed_total{reason="late"}')).toBe(1);
    expect(value('sesame_attempts{stage="1"}')).toBe(0);
    expect(value('sesame_attempts{stage="2"}')).toBe(1);
    expect(value('sesame_openings_total{door="ssh",result="opened"}')).toBe(2);
    expect(value('sesame_openings_total{door="slow \\"door\\"",result="opened"}')).toBe(1);
    expect(value('sesame_openings_total{door="bad",result="opened"}')).toBe(1);
    expect(value('sesame_openings_total{door="short",result="opened"}')).toBe(0);
    expect(value('sesame_leases{door="ssh"}')).toBe(2);
    expect(value('sesame_leases{door="slow \\"door\\""}')).toBe(1);
    expect(value('sesame_commands_total{action="open",result="done"}')).toBe(1);
    expect(value('sesame_commands_total{action="open",result="failed"}')).toBe(1);
    expect(value('sesame_command_duration_seconds_count{action="open"}')).toBe(2);
    // The one that slept; the other cannot have taken that long, or there are two.
    expect(value('sesame_command_duration_seconds_sum{action="open"}')).toBeGreaterThan(0.2);
    expect(value('sesame_command_duration_seconds_bucket{action="open",le="0.1"}')).toBeLessThan(2);
    expect(value('sesame_firewall_calls_total{action="open",result="done"}')).toBe(2);
    expect(value('sesame_firewall_duration_seconds_count{action="open"}')).toBe(2);
    expect(value('sesame_firewall_duration_seconds_sum{action="open"}')).toBeGreaterThan(0);
    expect(value("process_open_fds")).toBeGreaterThan(5);
    expect(Math.abs(value("process_start_time_seconds") - Date.now() / 1000)).toBeLessThan(600);
    const text = await ask(`http://127.0.0.1:${port}/metrics`);
    for (const { address } of [one, two]) expect(text).not.toContain(address);
  });

  test("are on that address alone, at that path alone", async () => {
    await listen(`MetricsListen = 127.0.0.1:${port}`);
    expect(await ask(`http://127.0.0.1:${port}/`)).toMatch(/^404 /);
    expect(await ask(`http://127.0.0.1:${port}/metrics`, "POST")).toMatch(/^405 /);
    expect(await ask(`http://127.0.0.1:${port}/metrics`, "HEAD")).toMatch(/^200 .*\n$/);
    expect(await ask(`http://${server.address}:${port}/metrics`, "GET", one)).toBe(
      "ECONNREFUSED\n",
    );
  });

  test("are at another address after a reload, and nowhere without one", async () => {
    await listen("");
    expect(await ask(`http://127.0.0.1:${port}/metrics`)).toBe("ECONNREFUSED\n");
    const reload = async (directive: string) => {
      const before = daemon.stdout.split("re-reading config file").length;
      folder.write("knockd.conf", config(directive));
      daemon.signal("SIGHUP");
      await daemon.waitFor(new RegExp(`(re-reading config file[^]*){${before}}`));
    };
    await reload(`MetricsListen = 127.0.0.1:${port}`);
    await daemon.waitFor(/^metrics at http:\/\/127\.0\.0\.1:9190\/metrics$/m);
    await read();
    if (LiveNetwork.hasIPv6) {
      await reload(`MetricsListen = [::1]:${port}`);
      await daemon.waitFor(/^metrics at http:\/\/\[::1\]:9190\/metrics$/m);
      await read("[::1]");
    }
    await reload("");
    // Its last breath: when the daemon listens no more, nobody says so.
    let answer = "";
    for (let i = 0; i < 50 && answer !== "ECONNREFUSED\n"; i++) {
      answer = await ask(`http://127.0.0.1:${port}/metrics`);
    }
    expect(answer).toBe("ECONNREFUSED\n");
  });

  test("on a port that is taken are a warning, and knocks open all the same", async () => {
    await server.listen(port, "127.0.0.1");
    await listen(`MetricsListen = 127.0.0.1:${port}`);
    await daemon.waitFor(/^listening on/m);
    expect(daemon.stderr).toContain(
      `warning: no metrics: cannot listen on 127.0.0.1:${port}: Address already in use\n`,
    );
    await knock(one, server.address, 1003);
    await daemon.waitFor(/^tried$/m);
  });
});
