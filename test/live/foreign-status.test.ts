// What knockctl says of another firewall that keeps a native door shut.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { Folder, knock, knockctl, knockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";

const config = `[options]
    ControlSocket = CONTROL

[ssh]
    sequence = 7003,9140,8455
    tcpflags = syn
    open     = tcp/22
    open_for = 10m
    protect  = yes

[web]
    sequence = 7103,9240,8555
    tcpflags = syn
    open     = tcp/80
`;

describe.skipIf(needs("nft", "iptables"))("another firewall that keeps a native door shut", () => {
  let network: LiveNetwork;
  let server: LiveHost;
  let client: LiveHost;
  let file: string;
  let socket: string;

  beforeAll(async () => {
    network = await LiveNetwork.open();
    server = network.host("server");
    client = network.host("client");
    await server.listen(22, server.address);
    const folder = new Folder();
    socket = folder.at("control.sock");
    file = folder.write("knockd.conf", config.replace("CONTROL", socket));
    const daemon = server.start([...knockd, "-v", "-c", file]);
    await daemon.waitFor(/^listening on .*\.\.\.$/m);
  });
  afterEach(async () => {
    await server.run(["iptables", "-F"]);
    await server.run(["nft", "table ip big {}; delete table ip big"]);
  });
  afterAll(() => network?.close());

  const ask = (command: string, ...args: string[]) =>
    server.run([...knockctl, command, ...args], { ok: "any" });
  const status = (...args: string[]) => ask("status", "--socket", socket, ...args);
  const connects = () => client.canConnect(server.address, 22, 400);
  const drop = () =>
    server.run(["iptables", "-A", "INPUT", "-p", "tcp", "--dport", "22", "-j", "DROP"]);

  const message =
    "chain INPUT of iptables blocks tcp/22 over IPv4, also for sources that have knocked";
  const command = "iptables -I INPUT -p tcp --dport 22 -j ACCEPT";
  const gate = "sources that have not knocked stay out all the same: knockd protects tcp/22";

  test("is a problem in the status, and the line that it names opens the door for knocks alone", async () => {
    expect((await status()).code).toBe(0);
    await drop();
    await knock(client, server.address, 7003, 9140, 8455);
    expect(await connects()).toBe("silent");
    const text = await status();
    expect(text.code).toBe(3);
    expect(text.stdout).toContain(`problem: ${message}\nhint: sudo ${command}\nhint: ${gate}\n`);
    const json = await status("--json");
    expect(JSON.parse(json.stdout).status.problems).toEqual([
      { code: "service-blocked", message, hints: [`sudo ${command}`, gate] },
    ]);

    await server.run(command.split(" "));
    expect((await status()).code).toBe(0);
    expect(await connects()).toBe("open");
    await ask("close", "ssh", client.address, "--socket", socket);
    expect(await connects()).toBe("silent");
  });

  test("is no problem where rules accept sources by their address", async () => {
    await server.run(["iptables", "-A", "INPUT", "-s", "10.0.0.0/8", "-j", "ACCEPT"]);
    await drop();
    expect((await status()).code).toBe(0);
    expect((await ask("check", file)).stderr).toContain(
      "chain INPUT of iptables blocks tcp/22 over IPv4, for all sources but those that its rules name",
    );
  });

  test("is a warning of check, at the line of the door", async () => {
    await drop();
    const { stderr } = await ask("check", file);
    expect(stderr).toContain(
      `${file}:7:16: warning: ${message}\n${file}:7:16: hint: sudo ${command}; ${gate}\n`,
    );
  });

  test("is a warning of guard", async () => {
    await server.run(["iptables", "-A", "INPUT", "-p", "tcp", "--dport", "80", "-j", "REJECT"]);
    const { stdout, stderr } = await ask(
      "guard",
      "tcp/80",
      "--json",
      "--for",
      "1s",
      "--socket",
      socket,
    );
    expect(JSON.parse(stdout).warnings).toEqual([
      expect.stringMatching(/^chain INPUT of iptables blocks tcp\/80 .*: sudo iptables -I INPUT /),
    ]);
    expect(stderr).toContain("knockctl: warning: chain INPUT of iptables blocks tcp/80");
  });

  test("is found beside 100,000 elements of a set without waiting for them", async () => {
    const elements = Array.from(
      { length: 100_000 },
      (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
    );
    await server.run(["nft", "-f", "-"], {
      input: `table ip big { set s { type ipv4_addr; elements = { ${elements.join(", ")} }; }; }\n`,
    });
    await drop();
    const start = performance.now();
    expect((await status()).code).toBe(3);
    expect(performance.now() - start).toBeLessThan(4_000);
  });
});
