import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IpFamily, Knocks } from "../clients/client.ts";
import { doors } from "../clients/client.ts";
import { columns, compareRows } from "../clients/table.ts";
import { addressOf, Gate } from "../clients/trial.ts";
import type { LiveHost } from "./host.ts";
import { KeyReceiver } from "./key-receiver.ts";
import { Folder } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";
import { run } from "./run.ts";
import { Tap } from "./tap.ts";

const root = join(import.meta.dirname, "../..");
const program = join(root, "release/knock.exe");

const { ports } = doors.mixed;
const steps = ["tcp 7413", "udp 9251", "tcp 8566"];

/** As far as Wine is Windows. */
describe.skipIf(needs("wine", "nft"))("knock.exe", () => {
  const output = new Folder();
  let unavailable: string | undefined;
  let prefix: string | undefined;
  let network: LiveNetwork;
  let host: LiveHost;
  let gates: Record<Knocks, Gate>;
  let taps: Record<Knocks, Tap>;
  let env: Readonly<Record<string, string>>;

  /** What is typed; with a pipe as its output Node ends at once under Wine. */
  const line = (args: string) =>
    `wine ${program} ${args} >${output.at("out")} 2>${output.at("err")}`;

  async function knock(args: string) {
    const options = { env, ok: "any" } as const;
    const { code } = await host.run(["bash", "-c", line(args)], options);
    return { code, stdout: output.read("out"), stderr: output.read("err") };
  }

  async function typed(gate: Gate, family: IpFamily) {
    return await gate.try(
      host,
      line(`${gate.address(family)} ${ports.join(" ")}`),
      "mixed",
      family,
      env,
    );
  }

  beforeAll(async () => {
    const loader = ["--import", join(root, "bench/typescript.mjs")];
    const packaging = [process.execPath, ...loader, join(root, "packaging/windows.ts")];
    // There is no network here, and npm would try for more than a minute.
    const offline = { npm_config_offline: "true" };
    const options = { timeout: 150_000, ok: [0, 77], env: offline };
    const { code, stderr } = await run(packaging, options);
    if (code === 77) unavailable = stderr.trim();
    if (unavailable !== undefined) return;
    network = await LiveNetwork.open(["dropping", "refusing", "windows"]);
    host = network.host("windows");
    const [dropping, refusing] = [network.host("dropping"), network.host("refusing")];
    gates = {
      dropped: await Gate.open(dropping, "dropped"),
      refused: await Gate.open(refusing, "refused"),
    };
    taps = { dropped: new Tap(dropping), refused: new Tap(refusing) };
    // Far too large for the memory that scripts/private has its temporary files in.
    prefix = mkdtempSync(join(root, "node_modules/.cache/wine-"));
    env = { WINEDEBUG: "-all", WINEPREFIX: join(prefix, "c"), HOME: prefix };
    // Sockets belong to Wine's server, so that must start on this host.
    for (const command of ["wine wineboot -i", "wine winecfg -v win10"]) {
      await host.run(["bash", "-c", `${command} >/dev/null 2>&1`], { env, timeout: 120_000 });
    }
  }, 300_000);
  beforeEach(({ skip }) => skip(unavailable !== undefined, unavailable));
  afterAll(async () => {
    for (const tap of Object.values(taps ?? {})) tap.close();
    await network?.close();
    if (prefix !== undefined) rmSync(prefix, { recursive: true });
  });

  test("opens doors, one packet a step and in order, and docs/clients.md says so", async ({
    skip,
  }) => {
    skip(!LiveNetwork.hasIPv6, "no IPv6 here");
    const results: string[] = [];
    for (const [knocks, family] of columns) {
      results.push(await typed(gates[knocks], family));
      await expect.poll(() => taps[knocks].from(addressOf(host, family))).toEqual(steps);
    }
    expect(results).toEqual(columns.map(() => "opens"));
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const row = {
      client: "knock.exe",
      version: `${version}, Wine`,
      typed: `knock.exe HOST ${ports.join(" ")}`,
      results,
    };
    expect(compareRows([row])).toEqual([]);
  });

  test("sends 32 steps without a delay in order", async () => {
    const numbers = Array.from({ length: 32 }, (_, i) => `${8000 + ((i * 13) % 32)}`);
    const { address } = network.host("dropping");
    expect(await knock(`${address} ${numbers.join(" ")}`)).toMatchObject({ code: 0 });
    const arrived = () => taps.dropped.from(host.address).slice(-32);
    await expect.poll(arrived).toEqual(numbers.map((port) => `tcp ${port}`));
  });

  test("finds services where Windows lists them", async () => {
    const list = join(env["WINEPREFIX"] ?? "", "drive_c/windows/system32/drivers/etc/services");
    writeFileSync(list, "# comment\r\nsesame            7413/tcp    simsim\r\n");
    const { address } = network.host("refusing");
    expect(await knock(`-v ${address} sesame simsim`)).toEqual({
      code: 0,
      stdout: `hitting tcp ${address}:sesame\nhitting tcp ${address}:simsim\n`,
      stderr: "",
    });
  });

  test("imports a key from standard input, and knocks by it", async () => {
    const server = network.host("refusing");
    const vectors = JSON.parse(readFileSync(join(root, "docs/knock-vectors.json"), "utf8"));
    const { key, lock } = vectors.keys;
    const places = { port: 23547, service: 4422 };
    const receiver = await KeyReceiver.open(server, { lock, ...places, after: 1 });
    const link = `sesame:#key=${key}&host=${server.address}&port=23547&door=ssh&name=home&wait=4422`;
    const input = output.write("line", `${link}\r\n`);
    expect(await knock(`--import <${input}`)).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/home is in C:\\.*\\sesame\\knock\.conf\. Try: knock home/),
    });
    expect(await knock("--retry 3 home")).toEqual({ code: 0, stdout: "", stderr: "" });
    const { knocks } = receiver;
    expect(knocks.length).toBeGreaterThan(0);
    expect(new Set(knocks.map(({ result }) => result))).toEqual(new Set(["ok"]));
    await receiver.close();
  });

  test("says its version, and fails with 1 and a reason", async () => {
    expect(await knock("-V")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^knock 0\.8 \(Sesame [\d.]+\)\n$/),
    });
    expect(await knock("10.77.0.1 70000")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("port '70000' is neither a number from 1 to 65535"),
    });
    // There is no way there from this host.
    expect(await knock("192.0.2.1 7000")).toMatchObject({
      code: 1,
      stderr: "knock: error: cannot send to tcp 192.0.2.1:7000: network is unreachable\n",
    });
  });
});
