// What knockctl doctor says of knocks by key.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { Folder, keyOptions, knockctl, knockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import type { Process } from "./process.ts";
import { needs } from "./requirements.ts";

const knockProgram = [process.execPath, join(import.meta.dirname, "../../bin/knock")];
/** Puts the clock of a program of Node an hour ahead. */
const clockAhead = "--import=data:text/javascript,const%20now=Date.now;Date.now=()=>now()+3600000";
const patient = { timeout: 60_000 };

describe.skipIf(needs("nft"))("knockctl doctor", () => {
  let network: LiveNetwork;
  let server: LiveHost;
  let home: LiveHost;
  const folder = new Folder();
  const config = folder.at("knockd.conf");
  const ctl = (...args: string[]) => [
    ...knockctl,
    ...["--socket", folder.at("control.sock")],
    ...args,
  ];

  beforeAll(async () => {
    network = await LiveNetwork.open(["server", "home"]);
    [server, home] = [network.host("server"), network.host("home")];
    folder.write(
      "knockd.conf",
      [
        keyOptions(folder, 23_547),
        "[ssh]",
        "users = alice",
        "open = tcp/22",
        "open_for = 1h",
        "protect = yes",
        "",
      ].join("\n"),
    );
    const daemon = server.start([...knockd, "-v", "-c", config]);
    await daemon.waitFor(/^listening on .*\.\.\.$/m);
    await server.listen(22, server.address);
    await enrol("laptop");
    await enrol("old");
    await server.run(ctl("user", "remove", "alice/old", "--yes", "--config", config));
  });
  afterAll(() => network?.close());

  /** Gives a device a key, and the device a profile. */
  async function enrol(name: string): Promise<void> {
    const line = folder.at(`line-${name}`);
    const more = ["--host", server.address, "--output", line, "--yes", "--config", config];
    await server.run(ctl("user", "add", `alice/${name}`, ...more));
    mkdirSync(folder.at(name));
    // Without the port to wait for: a refused knock ends at once.
    await device(name, ["--import"], readFileSync(line, "utf8").replace(/&wait=\d+/, ""));
  }

  async function device(name: string, args: readonly string[], input = "", more = {}) {
    const own = { ...process.env, HOME: folder.at(name), XDG_CONFIG_HOME: folder.at(name) };
    return await home.run([...knockProgram, ...args], { env: { ...own, ...more }, input });
  }

  async function start(): Promise<Process> {
    const doctor = server.start(ctl("doctor", "ssh", "--time", "10m"));
    await doctor.waitFor(/^ {4}knock NAME$/m);
    return doctor;
  }

  /** Repeats a knock until it is told, since doctor listens a moment after it says so. */
  async function expectTold(doctor: Process, knock: () => Promise<unknown>, told: RegExp) {
    await expect
      .poll(async () => {
        await knock();
        return doctor.output;
      }, patient)
      .toMatch(told);
  }

  async function endOf(doctor: Process) {
    doctor.signal("SIGINT");
    const { stdout, code } = await doctor.ended;
    const [, verdict = "", next = ""] = /^verdict: (.*)\nnext: (.*)\n$/m.exec(stdout) ?? [];
    return { code, verdict, next };
  }

  test("names the check that refused a knock, and what to do", async () => {
    const doctor = await start();
    const late = () => device("laptop", ["home"], "", { NODE_OPTIONS: clockAhead });
    await expectTold(
      doctor,
      late,
      /knock of alice\/laptop refused \(clock\): its clock is .* ahead/,
    );
    expect(await endOf(doctor)).toEqual({
      code: 3,
      verdict: expect.stringContaining("knock of alice/laptop refused (clock)"),
      next: "set the clock of alice/laptop by NTP, and check the one here: timedatectl",
    });
  }, 120_000);

  test("tells a knock with an unknown key, and one to a wrong port", async () => {
    const doctor = await start();
    const unknown = () => device("old", ["home"]);
    await expectTold(doctor, unknown, /came to udp\/23547, and no key that knockd has made it/);
    const profile = readFileSync(join(folder.at("laptop"), "sesame/knock.conf"), "utf8");
    mkdirSync(folder.at("wrong"));
    folder.write("wrong/knock.conf", profile.replace("KnockPort 23547", "KnockPort 23548"));
    await home.run(["chmod", "600", folder.at("wrong/knock.conf")]);
    const astray = () => device("wrong", ["-F", folder.at("wrong/knock.conf"), "home"]);
    await expectTold(doctor, astray, /came to udp\/23548, and KnockPort is 23547/);
    expect(await endOf(doctor)).toMatchObject({
      ...{ code: 3, next: "on the device: KnockPort 23547 in its profile" },
    });
  }, 120_000);

  test("ends with a right knock", async () => {
    const doctor = await start();
    let isOver = false;
    void doctor.ended.then(() => {
      isOver = true;
    });
    await expect
      .poll(async () => {
        if (!isOver) await device("laptop", ["home"]);
        return isOver;
      }, patient)
      .toBe(true);
    const { code, stdout } = await doctor.ended;
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^verdict: the knock of \S+ opened \[ssh\]: tcp\/22 for /m),
    ]);
  }, 120_000);
});
