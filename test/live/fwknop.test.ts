import { chmodSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FwknopDevice } from "../support/fwknop-device.ts";
import type { LiveHost } from "./host.ts";
import { Folder, knockctl, knockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import type { Process } from "./process.ts";
import { fwknopEnvironment, needs, peer } from "./requirements.ts";

const port = 62_201;
const patient = { timeout: 15_000 };

/** What the client is told, beside what is always told, and what knockd says of it. */
const rows: readonly (readonly [string, readonly string[], string])[] = [
  ["access", [], "ssh: OPEN SESAME: bob/phone, for 30s"],
  ["-s: the source of the packet", ["-s"], "ssh: OPEN SESAME: bob/phone, for 30s"],
  ["two ports", ["-A", "tcp/2222,udp/51820"], "all: OPEN SESAME: bob/phone, for 30s"],
  ["a time-out", ["-f", "60"], "ssh: OPEN SESAME: bob/phone, for 1m"],
  ["a time-out above longest", ["-f", "900"], "ssh: OPEN SESAME: bob/phone, for 2m"],
  ["a digest of SHA-384", ["-m", "sha384"], "ssh: OPEN SESAME: bob/phone, for 30s"],
  ["a digest of SHA-512", ["-m", "sha512"], "ssh: OPEN SESAME: bob/phone, for 30s"],
  ["another source port", ["-S", "4711"], "ssh: OPEN SESAME: bob/phone, for 30s"],
  ["no HMAC", ["--no-hmac"], "hmac"],
  ["an HMAC of MD5", ["--hmac-digest-type", "md5"], "hmac"],
  ["an HMAC of SHA-1", ["--hmac-digest-type", "sha1"], "hmac"],
  ["an HMAC of SHA-512 for a key of SHA-256", ["--hmac-digest-type", "sha512"], "hmac"],
  ["an HMAC of SHA3-256", ["--hmac-digest-type", "sha3_256"], "hmac"],
  ["legacy IV", ["-M", "legacy", "--no-hmac"], "hmac"],
  ["a digest of MD5", ["-m", "md5"], "fields"],
  ["a digest of SHA-1", ["-m", "sha1"], "fields"],
  ["a digest of SHA3-256", ["-m", "sha3_256"], "fields"],
  ["mode ECB", ["-M", "ecb"], "cipher"],
  ["mode CFB", ["-M", "cfb"], "cipher"],
  ["mode OFB", ["-M", "ofb"], "cipher"],
  ["mode CTR", ["-M", "ctr"], "cipher"],
  ["a command", ["-C", "id"], "type"],
  ["NAT access", ["-N", "10.0.0.5:22"], "type"],
  ["NAT access with a time-out", ["-N", "10.0.0.5:22", "-f", "60"], "type"],
  ["local NAT", ["--nat-local", "-N", "127.0.0.1:22"], "type"],
  ["another port", ["-A", "tcp/80"], "service"],
  ["another address", ["-a", "198.51.100.1"], "address"],
  ["another user", ["-U", "eve"], "user"],
  ["a clock ahead", ["--time-offset-plus", "10m"], "clock"],
  ["a clock behind", ["--time-offset-minus", "10m"], "clock"],
];

// Debian's client: each row of docs/from-fwknop.md, and each refusal by its name.
describe.skipIf(needs("fwknop", "nft"))("Debian's fwknop client", () => {
  const bob = new FwknopDevice("bob/phone");
  const carol = new FwknopDevice("carol/pc", "sha512");
  let network: LiveNetwork;
  let server: LiveHost;
  let home: LiveHost;
  let folder: Folder;
  let daemon: Process;

  beforeAll(async () => {
    network = await LiveNetwork.open(["server", "home"]);
    server = network.host("server");
    home = network.host("home");
    folder = new Folder();
    folder.write(
      "knockd.conf",
      `[options]
FwknopPort = ${port}
Users = ${folder.at("knockd.users")}
StateDir = ${folder.at("state")}
ControlSocket = ${folder.at("control.sock")}
MetricsListen = 127.0.0.1:9190
LogRate = 0
[ssh]
users = bob, carol
open = tcp/2222
open_for = 30s
longest = 2m
protect = yes
[all]
users = bob
open = tcp/2222, udp/51820
`,
    );
    chmodSync(folder.write("fwknoprc", ""), 0o600);
    const sections = [
      { device: bob, more: "fwknop_user = bob" },
      { device: carol, more: "fwknop_hmac = sha512" },
    ].map(({ device: { name, keyText, hmacKeyText }, more }) =>
      [`[${name}]`, `fwknop_key = ${keyText}`, `fwknop_hmac_key = ${hmacKeyText}`, more, ""].join(
        "\n",
      ),
    );
    folder.writePrivately("knockd.users", sections.join(""));
    await server.listen(2222);
    await start();
    // A packet has whole seconds: one of the second of the first start may be from before it.
    for (let sent = 1; (await count("accepted")) === 0; sent++) {
      await fwknop();
      while ((await count("accepted")) + (await count("start")) < sent);
    }
  });
  afterAll(() => network?.close());

  async function start(): Promise<void> {
    daemon = server.start([...knockd, "-v", "-c", folder.at("knockd.conf")]);
    await daemon.waitFor(/^listening on .*\.\.\.$/m);
  }

  /** Runs the client with these options beside those that it needs. */
  async function fwknop(options: readonly string[] = [], device = bob) {
    const given = (...names: readonly string[]) => options.some((one) => names.includes(one));
    const hmac = ["--use-hmac", "--key-base64-hmac", device.hmacKeyText];
    const args = [
      ...[
        peer("fwknop"),
        "--rc-file",
        folder.at("fwknoprc"),
        "--no-save-args",
        "-D",
        server.address,
      ],
      ...(given("-A", "-C") ? [] : ["-A", "tcp/2222"]),
      ...(given("-a", "-s") ? [] : ["-a", home.address]),
      ...(given("-U") ? [] : ["-U", "bob"]),
      ...["--key-base64-rijndael", device.keyText, ...(given("--no-hmac") ? [] : hmac)],
      ...options.filter((one) => one !== "--no-hmac"),
    ];
    return await home.run(args, { env: fwknopEnvironment });
  }

  async function count(result: string): Promise<number> {
    const script =
      'fetch("http://127.0.0.1:9190/metrics").then((r) => r.text()).then((t) => console.log(t))';
    const { stdout } = await server.run([process.execPath, "-e", script]);
    const line = `sesame_knock_packets_total{format="fwknop",result="${result}"} `;
    return Number(
      stdout
        .split("\n")
        .find((one) => one.startsWith(line))
        ?.slice(line.length),
    );
  }

  /** Returns how often the daemon says a text from now on. */
  function counter(text: string): () => number {
    const occurrences = () => daemon.output.split(text).length - 1;
    const before = occurrences();
    return () => occurrences() - before;
  }

  test.each(rows)("%s", async (_, options, expected) => {
    const opened = counter("OPEN SESAME");
    const refused = counter("knock of bob/phone refused");
    if (!/^\w+$/.test(expected)) {
      const said = counter(expected);
      await fwknop(options);
      await expect.poll(said, patient).toBe(1);
      expect([opened(), refused()]).toEqual([1, 0]);
      return;
    }
    const said = counter(`knock of bob/phone refused (${expected}): `);
    const before = await count(expected);
    await fwknop(options);
    await expect.poll(() => count(expected), patient).toBe(before + 1);
    // Without the HMAC of a key the sender is unknown: no line of the log.
    await expect.poll(said, patient).toBe(expected === "hmac" ? 0 : 1);
    expect([opened(), refused()]).toEqual([0, said()]);
  });

  test("with an HMAC of SHA-512 opens by a key of SHA-512", async () => {
    const said = counter("ssh: OPEN SESAME: carol/pc, for 30s");
    await fwknop(["--hmac-digest-type", "sha512"], carol);
    await expect.poll(said, patient).toBe(1);
    expect(await home.canConnect(server.address, 2222)).toBe("open");
  });

  test("opens once by one packet, also after a crash, and by its own file", async () => {
    const section = `[home]
SPA_SERVER ${server.address}
ACCESS tcp/2222
ALLOW_IP source
SPOOF_USER bob
KEY_BASE64 ${bob.keyText}
HMAC_KEY_BASE64 ${bob.hmacKeyText}
USE_HMAC Y
`;
    const rc = folder.write("homerc", section);
    chmodSync(rc, 0o600);
    const packet = folder.at("packet");
    const said = counter("ssh: OPEN SESAME: bob/phone, for 30s");
    const save = ["--save-packet", packet];
    const own = [peer("fwknop"), "--rc-file", rc, "--no-save-args", "-n", "home", ...save];
    await home.run(own, { env: fwknopEnvironment });
    await expect.poll(said, patient).toBe(1);
    daemon.signal("SIGKILL");
    await daemon.ended;
    await start();
    const script = `const text = require("node:fs").readFileSync("${packet}", "latin1").trim();
      const socket = require("node:dgram").createSocket("udp4");
      socket.send(text.split("\\n").pop(), ${port}, "${server.address}", () => socket.close());`;
    await home.run([process.execPath, "-e", script]);
    await daemon.waitFor(/knock of bob\/phone refused \(replay\): it was accepted before/);
    const asked = [...knockctl, "--socket", folder.at("control.sock"), "leases", "--json"];
    expect((await server.run(asked)).stdout).toContain("bob/phone");
  });
});
