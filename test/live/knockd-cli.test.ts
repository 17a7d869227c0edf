import { chownSync, mkdirSync, rmSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { tooWide } from "../support/wide.ts";
import type { LiveHost } from "./host.ts";
import { Folder, knock, knockd, startKnockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";
import { SystemLog } from "./syslog.ts";

const door = `[ssh]
  sequence = 9000,7000,8000:udp
  tcpflags = syn
  command = true %IP%
`;

describe.skipIf(needs())("knockd on the command line", () => {
  let network: LiveNetwork;
  let server: LiveHost;
  let client: LiveHost;
  beforeAll(async () => {
    network = await LiveNetwork.open();
    [server, client] = [network.host("server"), network.host("client")];
  });
  // The daemon of a test that failed would keep the control socket from the next one.
  afterEach(() => server.killAll());
  afterAll(() => network?.close());

  /** Runs the daemon to its end. */
  const run = (...args: string[]) => server.run([...knockd, ...args], { ok: "any" });

  test.each([[["-h"]], [["--help"]], [["-dh", "-v", "operand"]]])(
    "%j prints the usage and ends with 0",
    async (args) => {
      const { code, stdout, stderr } = await run(...args);
      expect(stdout).toMatch(/^usage: knockd \[options\]\n/);
      expect(tooWide(stdout)).toEqual([]);
      for (const flag of "icdDlpgtv4Vh") expect(stdout).toContain(`\n  -${flag}, --`);
      expect([code, stderr]).toEqual([0, ""]);
    },
  );

  test.each([[["-V"]], [["--vers"]]])("%j prints the version and ends with 0", async (args) => {
    const { code, stdout, stderr } = await run(...args);
    expect(stdout).toMatch(/^knockd 0\.8 \(Sesame \d+\.\d+\.\d+\)\n$/);
    expect([code, stderr]).toEqual([0, ""]);
  });

  test.each([
    [["-x"], "knockd: unrecognized option '-x'"],
    [["--bogus"], "knockd: unrecognized option '--bogus'"],
    [["-c"], "knockd: option '-c' needs an argument: FILE"],
  ])("%j is refused with 2 and the usage", async (args, message) => {
    const { code, stdout, stderr } = await run(...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^.*\n(?:knockd: hint: .*\n)?usage: knockd \[options\]\n$/);
    expect(stderr.split("\n")[0]).toBe(message);
  });

  describe("-t", () => {
    test("says that a good configuration is good, with its warnings, and does not start", async () => {
      const text = `${door.replace("9000,", "6000,")}decoys = 0\n`;
      const path = new Folder().write("k.conf", text);
      expect(await run("-t", "-c", path, "-d")).toEqual({
        code: 0,
        stdout: `${path}: configuration OK\n`,
        stderr: [
          `${path}:1:1: warning: the ports of 'ssh' ascend: a plain port scan knocks them in this order`,
          `${path}:1:1: hint: shuffle them, or let it have decoys`,
          "",
        ].join("\n"),
      });
    });

    test("shows every problem of a bad one", async () => {
      const path = new Folder().write("k.conf", `${door}[y]\nsequence = 1,x\nfoo\ncommand=true`);
      expect(await run("--test", "-c", path)).toEqual({
        code: 1,
        stdout: "",
        stderr: [
          `${path}:6:14: sequence: port is invalid: expected 1 to 65535`,
          `${path}:6:14: hint: steps are written as 7000, 7000:tcp or 7000:udp`,
          `${path}:7:1: syntax error: unknown directive "foo"`,
          "",
        ].join("\n"),
      });
    });
  });

  test("a name that no interface can have is a wrong option: 2", async () => {
    const file = new Folder().write("k.conf", door);
    const { code, stderr } = await run("-c", file, "-i", "a/b");
    expect([code, stderr]).toEqual([2, 'knockd: -i: "a/b" is not the name of an interface\n']);
  });

  describe("a start that fails ends with 1 and one line, without a stack", () => {
    const garbage = Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 89) % 251));
    test.each<[string, (folder: Folder) => string[], RegExp]>([
      ["no configuration", (f) => ["-c", f.at("none")], /^.*\/none: No such file or directory\n$/],
      ["a folder as configuration", (f) => ["-c", f.path], /^\/.*: .*directory.*\n$/],
      [
        "a program as configuration",
        (f) => ["-c", f.write("k.conf", garbage)],
        /^(\/.*\/k\.conf:\d+:\d+: .*\n)+$/,
      ],
    ])("%s", async (_, args, message) => {
      const { code, stdout, stderr } = await run(...args(new Folder()));
      expect(stderr).toMatch(message);
      expect([code, stdout]).toEqual([1, ""]);
    });

    test("without rights, also with -d, and with advice", async () => {
      const path = new Folder().write("k.conf", door);
      const powerless = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"];
      for (const flags of [[], ["-d"]]) {
        const argv = [...powerless, ...knockd, "-c", path, ...flags];
        const { code, stdout, stderr } = await server.run(argv, { ok: "any" });
        expect(stderr).toBe(
          "knockd: error: cannot open a packet socket: Operation not permitted\n" +
            "knockd: hint: run it as root, or with CAP_NET_RAW\n",
        );
        expect([code, stdout]).toEqual([1, ""]);
      }
    });
  });

  test("with CAP_NET_RAW alone it warns of nothing that the configuration does not have", async () => {
    const folder = new Folder();
    mkdirSync(folder.at("closed"), { mode: 0o700 });
    chownSync(folder.at("closed"), 4242, 4242);
    const state = `[options]\nStateDir = ${folder.at("closed/state")}\n${door}`;
    const path = folder.write("k.conf", state);
    const caps = "-all,+net_raw";
    const argv = ["setpriv", `--bounding-set=${caps}`, `--inh-caps=${caps}`];
    const daemon = server.start([...argv, ...knockd, "-v", "-c", path]);
    await daemon.waitFor(/^listening on/m);
    const { stderr } = await daemon.stop();
    expect(stderr).toMatch(/cannot use the journal .*Permission denied/);
    expect(stderr).not.toMatch(/native doors|next boot/);
  });

  const knocked = (ip: string) => [
    `${ip}: ssh: Stage 1`,
    `${ip}: ssh: Stage 2`,
    `${ip}: ssh: Stage 3`,
    `${ip}: ssh: OPEN SESAME`,
    `ssh: running command: true ${ip}`,
  ];

  test("the log file and the terminal get knockd's lines, the file with their date", async () => {
    const folder = new Folder();
    const config = `[options]\nLogFile = ${folder.at("k.log")}\n${door}`;
    const daemon = await startKnockd(server, config, "-i", "eth0");
    await knock(client, server.address, 9000, 7000, "8000:udp");
    await daemon.waitFor(/running command/);
    const { stdout, stderr } = await daemon.stop();
    expect(stdout.split("\n")).toEqual([
      "listening on eth0...",
      ...knocked(client.address),
      "waiting for child processes...",
      "closing...",
      "",
    ]);
    expect(stderr).toBe("");
    expect(folder.read("k.log")).toMatch(/^(\[\d{4}-\d\d-\d\d \d\d:\d\d\] .+\n)+$/);
    expect(folder.log()).toEqual([
      "starting up, listening on eth0",
      ...knocked(client.address),
      "shutting down",
    ]);
  });

  test("-g wins over LogFile, and says so", async () => {
    const folder = new Folder();
    const config = `[options]\nLogFile = ${folder.at("file.log")}\n${door}`;
    const daemon = await startKnockd(server, config, "-g", folder.at("k.log"));
    const warning = `warning: the command line wins over LogFile = ${folder.at("file.log")}`;
    expect((await daemon.stop()).stderr).toBe(`${warning}\n`);
    expect(folder.log()).toEqual([warning, "starting up, listening on any", "shutting down"]);
    expect(folder.log("file.log")).toEqual([]);
  });

  test("without -v and -D nothing is shown", async () => {
    const folder = new Folder();
    const path = folder.write("k.conf", door);
    const daemon = server.start([...knockd, "-c", path, "-g", folder.at("k.log")]);
    await expect.poll(() => folder.log()).toContain("starting up, listening on any");
    await knock(client, server.address, 9000, 7000, "8000:udp");
    await expect.poll(() => folder.log()).toContain(`ssh: running command: true ${client.address}`);
    expect(await daemon.stop()).toEqual({ code: 15, stdout: "", stderr: "" });
  });

  test("-D shows the configuration, the addresses, every packet and every decision", async () => {
    const daemon = await startKnockd(server, door, "-D");
    await knock(client, server.address, 9000, 9000, 8000, 7000, "8000:udp");
    await daemon.waitFor(/running command/);
    const { stdout } = await daemon.stop();
    const packet = (protocol: string, port: number) =>
      new RegExp(
        `^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d: ${protocol}: ${client.address}:\\d+ -> ${server.address}:${port} \\d+ bytes$`,
        "m",
      );
    for (const line of [
      /^config: new section: 'ssh'$/m,
      /^config: ssh: sequence: 9000:tcp,7000:tcp,8000:udp$/m,
      /^config: tcp flag: SYN$/m,
      /^config: ssh: seq_timeout: 25$/m,
      new RegExp(`^local IP: ${server.address}$`, "m"),
      packet("tcp", 9000),
      packet("tcp", 7000),
      packet("udp", 8000),
      new RegExp(`^${client.address}: ssh: Stage 1 again$`, "m"),
    ]) {
      expect(stdout).toMatch(line);
    }
  });

  test("a packet with other flags is shown to be ignored", async () => {
    const daemon = await startKnockd(server, door.replace("syn", "fin"), "-D");
    await knock(client, server.address, 9000);
    await daemon.waitFor(/^packet is not FIN, ignoring\.\.\.$/m);
    expect((await daemon.stop()).stdout).not.toContain("Stage");
  });

  test("a JSON log has one object a line, and decisions that knockd keeps to itself", async () => {
    const folder = new Folder();
    const config = `[options]\nLogFormat = json\nLogFile = ${folder.at("k.log")}\n${door}
[other]\nsequence = 5000,4000\ntcpflags = syn\ncommand = exit 3`;
    const daemon = await startKnockd(server, config);
    await knock(client, server.address, 9000, 5000, 4000, 9000, 7000, "8000:udp");
    await daemon.waitFor(/ssh: running command/);
    await daemon.waitFor(/non-zero status code \(3\)/);
    // Nothing on the terminal tells that a command ended well, and a daemon that stops does not wait for it.
    await expect.poll(() => folder.log().join()).toContain('"what":"open","kind":"done"');
    await daemon.stop();
    const entries = folder.log().map((line) => JSON.parse(line));
    for (const entry of entries) {
      expect(entry).toMatchObject({
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        level: expect.stringMatching(/^(error|warning|notice|info)$/),
        event: expect.any(String),
        message: expect.any(String),
      });
    }
    const who = { source: client.address };
    for (const expected of [
      { event: "start", message: "starting up, listening on any" },
      { ...who, event: "stage", door: "ssh", stage: 1, steps: 3, reason: "next-step" },
      { ...who, event: "failed", door: "ssh", stage: 1, reason: "wrong-port", level: "info" },
      { ...who, event: "open", door: "ssh", reason: "sequence-complete" },
      { ...who, event: "command", door: "other", what: "open" },
      { ...who, event: "command-exit", door: "other", status: 3, level: "error" },
      { ...who, event: "command-exit", door: "ssh", kind: "done", level: "info" },
      { event: "stop", message: "shutting down" },
    ]) {
      expect(entries).toContainEqual(expect.objectContaining(expected));
    }
  });

  test("the system's log gets one datagram a line, with ident knockd", async () => {
    const log = new SystemLog();
    onTestFinished(() => {
      log.close();
      rmSync("/dev/log");
    });
    const daemon = await startKnockd(server, `[options]\nUseSyslog\n${door}`);
    await knock(client, server.address, 9000, 7000, "8000:udp");
    await daemon.waitFor(/running command/);
    await daemon.stop();
    const texts = ["starting up, listening on any", ...knocked(client.address), "shutting down"];
    expect(
      log.received.map((line) => line.replace(/^<13>[A-Z][a-z]{2} [ \d]\d [\d:]{8} /, "")),
    ).toEqual(texts.map((text) => `knockd: ${text}`));
  });

  test("without anybody at /dev/log nothing is said about it", async () => {
    const daemon = await startKnockd(server, `[options]\nUseSyslog\n${door}`);
    expect((await daemon.stop()).stderr).toBe("");
  });

  test("a log file that cannot be opened is a warning, and doors open", async () => {
    const daemon = await startKnockd(server, `[options]\nLogFile = /none/k.log\n${door}`);
    await knock(client, server.address, 9000, 7000, "8000:udp");
    await daemon.waitFor(/OPEN SESAME/);
    const { stderr } = await daemon.stop();
    expect(stderr).toBe("warning: cannot open logfile: No such file or directory (/none/k.log)\n");
  });
});
