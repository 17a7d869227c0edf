import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { Folder, knock, knockd, startKnockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import type { Process } from "./process.ts";
import { needs } from "./requirements.ts";

/** A door's section; of lines with one key the last counts. */
const door = (name: string, ...lines: string[]) =>
  [`[${name}]`, "sequence = 9", "tcpflags = syn", "command = echo opened %IP%", ...lines, ""].join(
    "\n",
  );

const has6 = LiveNetwork.hasIPv6;

describe.skipIf(needs())("the doors of knockd", () => {
  let network: LiveNetwork;
  let server: LiveHost;
  let one: LiveHost;
  let two: LiveHost;
  let three: LiveHost;
  beforeAll(async () => {
    network = await LiveNetwork.open(["server", "one", "two", "three"]);
    server = network.host("server");
    one = network.host("one");
    two = network.host("two");
    three = network.host("three");
  });
  afterAll(() => network?.close());
  afterEach(() => server.killAll());

  /** Knocks at a door that prints `marked`: what came before has been dealt with once it is printed. */
  const mark = door("mark", "sequence = 65535:udp", "command = echo marked", "rest = 0");
  async function settled(daemon: Process, from: LiveHost = one): Promise<string> {
    const marks = daemon.stdout.split("\nmarked\n").length;
    await knock(from, server.address, "65535:udp");
    await daemon.waitFor(new RegExp(`(\\nmarked\\n[\\s\\S]*){${marks}}`));
    return daemon.stdout;
  }

  describe("a sequence opens its door:", () => {
    const many = Array.from(
      { length: 32 },
      (_, i) => `${1000 + ((i * 7) % 32)}${i % 3 ? "" : ":udp"}`,
    );
    test.each([
      ["tcp", "9000,7000,8000", ["9000", "7000", "8000"]],
      ["udp", "9000:udp,7000:udp", ["9000:udp", "7000:udp"]],
      ["mixed", "9000,7000:UDP, 8000 : tcp", ["9000", "7000:udp", "8000"]],
      ["one port number for both", "9000:udp,9000", ["9000:udp", "9000"]],
      ["one port", "9000", ["9000"]],
      ["32 ports", many.join(), many],
      ["repeated ports", "5,6,5,6,7", ["5", "6", "5", "6", "7"]],
    ])("%s", async (_, sequence, knocks) => {
      const daemon = await startKnockd(server, door("x", `sequence = ${sequence}`));
      await knock(one, server.address, ...knocks);
      await daemon.waitFor(new RegExp(`^opened ${one.address}$`, "m"));
      const stages = knocks.map((_, i) => `${one.address}: x: Stage ${i + 1}`);
      expect(daemon.stdout).toContain([...stages, `${one.address}: x: OPEN SESAME`].join("\n"));
      if (!has6) return;
      await knock(one, server.address6, ...knocks);
      await daemon.waitFor(new RegExp(`^opened ${one.address6}$`, "m"));
    });
  });

  describe("a door stays closed:", () => {
    test.each([
      ["too few", "sequence = 9,7,8", ["9", "7"]],
      ["another order", "sequence = 9,7,8", ["9", "8", "7"]],
      ["another protocol", "sequence = 9,7,8", ["9", "7:udp", "8"]],
      ["a port of another door in between", "sequence = 9,7,8", ["9", "65535:udp", "7", "8"]],
      ["flags that are missing", "tcpflags = syn,ack", ["9"]],
      ["flags that must be missing", "tcpflags = !syn", ["9"]],
    ])("%s", async (_, line, knocks) => {
      const daemon = await startKnockd(server, door("x", line) + mark);
      await knock(one, server.address, ...knocks);
      expect(await settled(daemon)).not.toContain("x: OPEN SESAME");
    });

    test("a knock that takes too long, which is said when the time is over", async () => {
      const lines = ["sequence = 9,7", "seq_timeout = 100ms"];
      const daemon = await startKnockd(server, door("x", ...lines) + mark);
      await knock(one, server.address, 9);
      await daemon.waitFor(new RegExp(`^${one.address}: x: sequence timeout \\(stage 1\\)$`, "m"));
      await knock(one, server.address, 7);
      expect(await settled(daemon)).not.toContain("x: OPEN SESAME");
    });
  });

  describe("a knock is not disturbed by", () => {
    test.each([
      ["ports of no door", ["9", "1234", "7", "4321:udp", "8"]],
      ["a step that comes twice", ["9", "9", "7", "7", "8"]],
      ["a false start", ["9", "7", "9", "7", "8"]],
    ])("%s", async (_, knocks) => {
      const daemon = await startKnockd(server, door("x", "sequence = 9,7,8"));
      await knock(one, server.address, ...knocks);
      await daemon.waitFor(/^opened/m);
    });

    test("other sources that knock, fail and open meanwhile", async () => {
      const daemon = await startKnockd(server, door("x", "sequence = 9,7,8"));
      await knock(one, server.address, 9);
      await knock(two, server.address, 9, 8);
      await knock(one, server.address, 7);
      await knock(three, server.address, 9, 7, 8);
      await knock(two, server.address, 9, 7);
      await knock(one, server.address, 8);
      await knock(two, server.address, 8);
      for (const { address } of [one, two, three]) {
        await daemon.waitFor(new RegExp(`^opened ${address}$`, "m"));
      }
    });
  });

  test("doors with a common beginning go side by side, equal ones both open in their order", async () => {
    const config =
      door("a", "sequence = 9,7") + door("b", "sequence = 9,8") + door("c", "sequence = 9,7");
    const daemon = await startKnockd(server, config);
    await knock(one, server.address, 9, 7);
    await daemon.waitFor(/^(opened[\s\S]*){2}$/m);
    expect(daemon.stdout.match(/\S: OPEN SESAME/g)).toEqual(["a: OPEN SESAME", "c: OPEN SESAME"]);
  });

  describe("target", () => {
    const other = "10.77.0.99";
    const routed = "192.0.2.5";
    beforeAll(async () => {
      await server.addAddress(other);
      await one.ip("route", "add", `${routed}/32`, "via", server.address);
    });

    test.each([
      ["an address of this host", other, other, () => server.address],
      ["the address of a host behind it", routed, routed, () => server.address],
      ["a network", "192.0.2.0/24, 198.51.100.0/24", routed, () => server.address],
      ["a name", "gate.test", routed, () => server.address],
    ])("%s takes the place of this host's own addresses", async (_, target, hit, miss) => {
      const folder = new Folder();
      const hosts = folder.write("hosts", `${routed} gate.test\n`);
      const config = folder.write("k.conf", door("x", `target = ${target}`) + mark);
      const daemon = server.start([
        ...["sh", "-ec", 'mount --bind "$0" /etc/hosts; exec "$@"', hosts],
        ...knockd,
        ...["-v", "-c", config],
      ]);
      await daemon.waitFor(/^listening on/m);
      await knock(one, miss(), 9);
      expect(await settled(daemon)).not.toContain("x: OPEN SESAME");
      await knock(one, hit, 9);
      await daemon.waitFor(/^opened/m);
    });

    test.skipIf(!has6)("an IPv6 address in any spelling", async () => {
      const daemon = await startKnockd(server, door("x", "target = FD77:0:0::0001"));
      await knock(one, server.address6, 9);
      await daemon.waitFor(new RegExp(`^opened ${one.address6}$`, "m"));
    });

    test("a name that nobody knows shuts its door, and no other", async () => {
      const folder = new Folder();
      const empty = folder.write("empty", "");
      const config = folder.write("k.conf", door("x", "target = gate.test") + mark);
      const daemon = server.start([
        ...[
          "sh",
          "-ec",
          'mount --bind "$0" /etc/hosts; mount --bind "$0" /etc/resolv.conf; exec "$@"',
        ],
        empty,
        ...knockd,
        ...["-v", "-c", config],
      ]);
      await daemon.waitFor(/^listening on/m);
      await knock(one, server.address, 9);
      expect(await settled(daemon)).not.toContain("x: OPEN SESAME");
      expect(daemon.stderr).toMatch(/^warning: cannot resolve target gate\.test: .+$/m);
    });
  });

  describe("one_time_sequences", () => {
    const addresses = has6 ? (["address", "address6"] as const) : (["address"] as const);
    test.each(addresses)(
      "open once each, over %s, and an exhausted list shuts its door alone",
      async (kind) => {
        const folder = new Folder();
        const list = folder.write("list", "# keys\n 3,4\n 5,6:udp,7\n");
        const lines = [
          `[x]\none_time_sequences = ${list}`,
          "tcpflags = syn",
          "rest = 0",
          "command = echo opened %IP%",
          "",
        ];
        const daemon = await startKnockd(server, lines.join("\n") + mark);
        await knock(one, server[kind], 3, 4);
        await daemon.waitFor(/(^opened[\s\S]*){1}/m);
        expect(folder.read("list")).toBe("# keys\n#3,4\n 5,6:udp,7\n");
        await knock(one, server[kind], 3, 4, 7);
        expect(await settled(daemon)).not.toMatch(/(x: OPEN SESAME[\s\S]*){2}/);
        await knock(one, server[kind], 5, "6:udp", 7);
        await daemon.waitFor(/(^opened[\s\S]*){2}/m);
        expect(folder.read("list")).toBe("# keys\n#3,4\n#5,6:udp,7\n");
        expect(daemon.stderr).toContain(
          "no more sequences left in the one time sequences file for door x --> disabling the door\n",
        );
        await knock(one, server[kind], 5, "6:udp", 7, 3, 4);
        expect(await settled(daemon)).not.toMatch(/(x: OPEN SESAME[\s\S]*){3}/);
      },
    );

    test("a list that cannot be marked opens once more at most, and is said", async () => {
      const folder = new Folder();
      const list = folder.write("list", " 3,4\n");
      const config = folder.write(
        "k.conf",
        `[x]\none_time_sequences = ${list}\ntcpflags = syn\ncommand = echo opened\n${mark}`,
      );
      const daemon = server.start([
        ...["sh", "-ec", 'mount --bind "$0" "$0"; mount -o remount,bind,ro "$0"; exec "$@"', list],
        ...knockd,
        ...["-v", "-c", config],
      ]);
      await daemon.waitFor(/^listening on/m);
      await knock(one, server.address, 3, 4, 3, 4);
      await settled(daemon);
      expect(daemon.stdout).toMatch(/^opened$/m);
      expect(daemon.stdout).not.toMatch(/(x: OPEN SESAME[\s\S]*){2}/);
      expect(daemon.stderr).toMatch(/^warning: door x: cannot mark .* --> disabling the door$/m);
    });
  });

  describe("commands", () => {
    const start = async (...lines: string[]) =>
      await startKnockd(server, door("x", ...lines) + mark);

    test("run by /bin/sh, in a session of their own, with the daemon's environment and more", async () => {
      const command = `echo "$0 $(cut -d' ' -f6 /proc/$$/stat) $$"; env | grep -E '^(KNOCK_|SESAME_|HOME=)' | sort; echo done`;
      const daemon = await start(`command = ${command}`);
      await knock(one, server.address, 9);
      await daemon.waitFor(/^done$/m);
      expect(daemon.stdout).toMatch(/^\/bin\/sh (\d+) \1$/m);
      expect(daemon.stdout.match(/^(KNOCK_|SESAME_|HOME=).*$/gm)).toEqual([
        `HOME=${process.env["HOME"]}`,
        "KNOCK_DOOR=x",
        `KNOCK_IP=${one.address}`,
        "KNOCK_PORT=9",
        "KNOCK_PROTO=tcp",
        "KNOCK_WHO=",
        ...(process.env["SESAME_PRIVATE"] ? ["SESAME_PRIVATE=1"] : []),
      ]);
    });

    test("have every %IP% replaced, and other words between percent signs left alone", async () => {
      const daemon = await start("command = echo %IP%:%IP% %ip% %DOOR% %PORT%/%PROTO% %X% 100%");
      await knock(one, server.address, 9);
      await daemon.waitFor(
        new RegExp(`^${one.address}:${one.address} %ip% x 9/tcp %X% 100%$`, "m"),
      );
    });

    test("may be of any length", async () => {
      const daemon = await start(`command = echo ${"y".repeat(6000)} %IP%`);
      await knock(one, server.address, 9);
      await daemon.waitFor(new RegExp(`^y{6000} ${one.address}$`, "m"));
    });

    test.each([
      ["exit 3", "x: command returned non-zero status code (3)"],
      ["kill -KILL $$", "x: command was killed by SIGKILL"],
      ["/none/program", "x: command returned non-zero status code (127)"],
    ])("that end badly are told: %s", async (command, text) => {
      const daemon = await start(`command = ${command}`);
      await knock(one, server.address, 9);
      await daemon.waitFor(/command (returned|was killed).*\n/);
      expect(daemon.stderr.split("\n")).toContain(text);
    });

    test("that hang delay nobody, not even the same source at another door", async () => {
      const daemon = await start("command = echo hanging; sleep 60");
      await knock(one, server.address, 9);
      await daemon.waitFor(/^hanging$/m);
      await settled(daemon, two);
      await settled(daemon, one);
    });

    test("alone run again at each knock", async () => {
      const daemon = await start("rest = 0");
      await knock(one, server.address, 9);
      await knock(one, server.address, 9);
      await daemon.waitFor(/(^opened[\s\S]*){2}/m);
    });

    test("without a stop_command are not closed, whatever cmd_timeout says", async () => {
      const daemon = await start("cmd_timeout = 0");
      await knock(one, server.address, 9);
      await daemon.waitFor(/^opened/m);
      expect((await daemon.stop()).stdout).not.toContain("command timeout");
    });
  });

  describe("start_command and stop_command", () => {
    const timed = [
      "start_command = echo begun; sleep 0.3; echo opened",
      "stop_command = echo closed %IP%",
    ];
    const start = async (...lines: string[]) =>
      await startKnockd(server, door("x", ...timed, ...lines) + mark);

    test("stop runs cmd_timeout after start has ended", async () => {
      const daemon = await start("cmd_timeout = 0");
      await knock(one, server.address, 9);
      await daemon.waitFor(/^closed/m);
      const { address } = one;
      expect(daemon.stdout.split("\n").slice(1, -1)).toEqual([
        `${address}: x: Stage 1`,
        `${address}: x: OPEN SESAME`,
        "x: running command: echo begun; sleep 0.3; echo opened",
        "begun",
        "opened",
        `${address}: x: command timeout`,
        `x: running command: echo closed ${address}`,
        `closed ${address}`,
      ]);
    });

    test.each(["exit 1", "kill -KILL $$"])(
      "stop runs also when start failed: %s",
      async (command) => {
        const daemon = await start(`start_command = ${command}`, "cmd_timeout = 100ms");
        await knock(one, server.address, 9);
        await daemon.waitFor(/^closed/m);
      },
    );

    test("a second knock makes it last longer: start and stop run once", async () => {
      const daemon = await start("cmd_timeout = 1s");
      // The second comes after the door is open, and before it closes.
      await knock(one, "-d", 600, server.address, 9, 9);
      await daemon.waitFor(/(OPEN SESAME[\s\S]*){2}/);
      await daemon.waitFor(/^closed/m);
      expect(await settled(daemon)).not.toMatch(/(^begun[\s\S]*){2}/m);
      expect(daemon.stdout).not.toMatch(/(^closed[\s\S]*){2}/m);
    });

    test("sources are let in and out each on its own", async () => {
      const daemon = await start("cmd_timeout = 500ms");
      await Promise.all([one, two, three].map((host) => knock(host, server.address, 9)));
      for (const { address } of [one, two, three]) {
        await daemon.waitFor(new RegExp(`^closed ${address}$`, "m"));
      }
    });

    test("the older names mix with the newer", async () => {
      const daemon = await start("command = echo alias", "cmd_timeout = 100ms");
      await knock(one, server.address, 9);
      await daemon.waitFor(/^alias\n[\s\S]*^closed/m);
    });
  });

  describe.skipIf(!has6)("commands for IPv6", () => {
    const timed = [
      "start_command = echo start4",
      "stop_command = echo stop4",
      "cmd_timeout = 100ms",
    ];
    test.each<[string, string[], RegExp, string[]]>([
      [
        "take the place of the others",
        ["start_command_6 = echo start6", "stop_command_6 = echo stop6"],
        /^start6\n[\s\S]*^stop6$/m,
        ["start4", "stop4"],
      ],
      ["absent are the others", [], /^start4\n[\s\S]*^stop4$/m, []],
      [
        "one of them: the other is that for IPv4",
        ["command_6 = echo start6"],
        /^start6\n[\s\S]*^stop4$/m,
        ["start4"],
      ],
      [
        "empty run nothing, and nothing is closed",
        ["start_command_6 =", "stop_command_6 = echo stop6"],
        /OPEN SESAME/,
        ["running command: echo st", "start4", "stop"],
      ],
      [
        "empty at the end close nothing",
        ["stop_command_6 ="],
        /^start4$/m,
        ["command timeout", "stop4"],
      ],
    ])("%s", async (_, lines, wanted, unwanted) => {
      const daemon = await startKnockd(server, door("x", ...timed, ...lines) + mark);
      await knock(one, server.address6, 9);
      await daemon.waitFor(wanted);
      await settled(daemon);
      const { stdout } = await daemon.stop();
      for (const text of unwanted) expect(stdout).not.toContain(text);
    });

    test("alone open nothing over IPv4, but are logged", async () => {
      const config = "[x]\nsequence = 9\ntcpflags = syn\nstart_command_6 = echo opened %IP%\n";
      const daemon = await startKnockd(server, config + mark);
      await knock(one, server.address, 9);
      expect(await settled(daemon)).toContain("x: OPEN SESAME");
      expect(daemon.stdout).not.toContain("x: running command");
      await knock(one, server.address6, 9);
      await daemon.waitFor(new RegExp(`^opened ${one.address6}$`, "m"));
    });
  });
});
