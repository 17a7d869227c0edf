import { chmodSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { firstSynTime } from "../../src/client/first-syn.ts";
import type { LiveHost } from "./host.ts";
import { Folder, startKnockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { needs, peer } from "./requirements.ts";

const knock = [process.execPath, join(import.meta.dirname, "../../bin/knock")];

/** A door that three packets open, for somebody who asks for nothing else. */
const door =
  "[ssh]\nsequence = 7003,7001,7002:udp\nseq_timeout = 3s\ntcpflags = syn\ncommand = true %IP%\n";
const steps = ["7003", "7001", "7002:udp"];

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const isPort = (word: string) => /^(?:7\d{3}(?::\w+)?|ssh)$/.test(word);

/** Takes TCP connections for the server, and makes its own a moment later for those who have not given up. */
const carrier = `
  const net = require("node:net");
  const [server, ...ports] = process.argv.slice(1);
  for (const port of ports) {
    net.createServer({ allowHalfOpen: true }, (client) => {
      let gone = false;
      client.on("error", () => { gone = true; });
      setTimeout(() => {
        if (!gone) net.connect(Number(port), server).on("error", () => {}).end();
        client.destroy();
      }, 40);
    }).listen(Number(port), "0.0.0.0", () => console.log("listening"));
  }
`;

describe.skipIf(needs("tcpdump", "script"))("knock", () => {
  let network: LiveNetwork;
  let server: LiveHost;
  let client: LiveHost;
  let middle: LiveHost;
  const folder = new Folder();
  const env = { XDG_CONFIG_HOME: folder.path };

  beforeAll(async () => {
    network = await LiveNetwork.open(["server", "client", "middle"]);
    [server, client, middle] = [
      network.host("server"),
      network.host("client"),
      network.host("middle"),
    ];
  });
  afterAll(() => network?.close());
  afterEach(async () => {
    for (const table of LiveNetwork.hasIPv6 ? ["iptables", "ip6tables"] : ["iptables"]) {
      await server.run([table, "-F", "INPUT"]);
    }
  });

  const run = async (...args: string[]) =>
    await client.run([...knock, ...args], { env, ok: "any" });
  const begin = (...args: string[]) => client.start([...knock, ...args], { env });
  const inputRule = async (...rule: string[]) => {
    await server.run(["iptables", "-A", "INPUT", ...rule]);
  };

  /** What tcpdump says of the packets to the server while `task` runs, a line each; the time in seconds first. */
  async function record(task: () => Promise<unknown>): Promise<string[]> {
    const filter =
      "(udp or tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn or (ip6 and tcp)) and inbound";
    const how = ["-Z", "root", "-l", "-n", "-q", "-tt", "--immediate-mode", "-i", "eth0", filter];
    const recorder = server.start(["tcpdump", ...how]);
    await recorder.waitFor(/listening on/);
    // It says so before it does, and may well miss the first packet.
    const mark = () => client.run([...knock, server.address, "9:udp"]);
    await expect.poll(async () => (await mark()) && recorder.stdout).toMatch(/\.9: UDP/);
    await task();
    await sleep(150);
    const { stdout } = await recorder.stop();
    return stdout.split("\n");
  }

  /** The packets to the server while `task` runs: protocol, destination port, length. */
  async function packets(task: () => Promise<unknown>): Promise<string[]> {
    return packetsIn(await record(task));
  }

  function packetsIn(lines: readonly string[]): string[] {
    return lines
      .flatMap((line) => [...line.matchAll(/ > \S+?\.(\d+): (tcp|UDP)\D*(\d+)/g)])
      .map(([, port, protocol, length]) => `${protocol} ${port} ${length}`)
      .filter((packet) => packet !== "UDP 9 1");
  }

  describe.skipIf(needs("knock"))("does what Debian's does, with ports", () => {
    describe.each(["dropped", "refused"])("%s:", (state) => {
      beforeEach(async () => {
        if (state === "dropped") await inputRule("-p", "tcp", "--dport", "7000:7999", "-j", "DROP");
      });

      test.each([
        [["ADDRESS", "7001", "7002:udp", "7001"]],
        [["-u", "ADDRESS", "7001", "7002"]],
        [["-v", "ADDRESS", "7001", "7002:udp"]],
        [["-vd", "30", "ADDRESS", "7003", "ssh"]],
        [["--verbose", "--delay=20", "ADDRESS", "7001:tcp"]],
        [["--udp", "--del", "1", "-4", "ADDRESS", "7001"]],
        [["ADDRESS", "-v", "7001"]],
        [["--", "ADDRESS", "7001", "7002"]],
        [["ADDRESS", "--", "7001", "7002"]],
        [["-v", "ADDRESS", "7001", "--", "ssh"]],
        [["-d", "-5", "ADDRESS", "7001"]],
      ])("%j", async (words) => {
        const args = words.map((word) => (word === "ADDRESS" ? server.address : word));
        const seen: { readonly sent: readonly string[] }[] = [];
        for (const program of [[peer("knock")], knock]) {
          let ended: object = {};
          const sent = await packets(async () => {
            const { code, stdout, stderr } = await client.run([...program, ...args], {
              env,
              ok: "any",
            });
            ended = { code, stdout, stderr };
          });
          seen.push({ sent, ...ended });
        }
        expect(seen[1]).toEqual(seen[0]);
        expect(seen[0]?.sent.length).toBe(words.includes("-5") ? 0 : words.filter(isPort).length);
      });
    });

    test.each([[["-h"]], [[]], [["10.77.0.1"]], [["-V"]]])(
      "%j ends with the same code",
      async (args) => {
        const theirs = await client.run([peer("knock"), ...args], { ok: "any" });
        expect((await run(...args)).code).toBe(theirs.code);
      },
    );
  });

  describe("--wait", () => {
    const explained = async (...args: string[]) => {
      const { code, stdout, stderr } = await run(...args, server.address, ...steps);
      expect([code, stdout]).toEqual([1, ""]);
      return stderr;
    };

    test("tells what is dropped from what is refused and what is unreachable", async () => {
      const wait = ["--wait", "22,1s"];
      expect(await explained(...wait)).toMatch(/tcp\/22 of 10\.77\.0\.1 is refused: /);
      await inputRule("-p", "tcp", "--dport", "22", "-j", "DROP");
      expect(await explained(...wait)).toMatch(
        /no answer from tcp\/22 of 10\.77\.0\.1: host down, wrong address, or packets/,
      );
      // Nobody has this address: after three seconds of asking the kernel says so.
      const nobody = await run("--wait", "22,5s", "10.77.0.99", "7003");
      expect(nobody.stderr).toMatch(/tcp\/22 of 10\.77\.0\.99 is unreachable: host is unreachable/);
      expect(nobody.code).toBe(1);
    });

    test("says of a firewall that rejects as firewalld does what that may be", async () => {
      const reject = ["-p", "tcp", "--dport", "22", "-j", "REJECT", "--reject-with"];
      const cases = [["iptables", "icmp-host-prohibited", server.address, "host is unreachable"]];
      if (LiveNetwork.hasIPv6) {
        cases.push(["ip6tables", "icmp6-adm-prohibited", server.address6, "permission denied"]);
      }
      for (const [table = "", how = "", address = "", why] of cases) {
        await server.run([table, "-A", "INPUT", ...reject, how]);
        // On this network the answer is there before connect(2) lets go of the socket: the second SYN's counts.
        const { code, stderr } = await run("--wait", "22,4s", address, "7003");
        expect(code).toBe(1);
        expect(stderr).toMatch(
          new RegExp(`^knock: error: tcp/22 of ${address} is unreachable: ${why}\n`),
        );
        expect(stderr).toContain(
          "hint: a firewall that rejects, such as firewalld, may cause this, too",
        );
      }
    });

    test("sends few packets to a door that stays closed, and the reason once it gives up", async () => {
      await inputRule("-p", "tcp", "--dport", "22", "-j", "DROP");
      const lines = await record(() => explained("--wait", "22,4s"));
      // A client that has to wait for the processor ends a probe late: then the kernel sends its SYN again.
      const probes = new Set(
        lines.flatMap((line) => / (\S+) > \S+\.22: tcp/.exec(line)?.[1] ?? []),
      );
      // One before the knock; after it at 0, 0.25, 0.65, 1.3, 2.3 and 3.9 s.
      expect(probes.size).toBeGreaterThanOrEqual(5);
      expect(probes.size).toBeLessThanOrEqual(8);
    });

    test("shows a line that moves on a terminal, and nothing in a pipe", async () => {
      await inputRule("-p", "tcp", "--dport", "22", "-j", "DROP");
      const words = [...knock, "--wait", "22,1s", server.address, ...steps].join(" ");
      // scripts/private brings no terminals of its own; these are gone with the command.
      const terminals = [
        "mount -t devpts -o newinstance,ptmxmode=666 devpts /dev/pts",
        "mount --bind /dev/pts/ptmx /dev/ptmx",
        `exec script -qec "exec ${words}" /dev/null`,
      ];
      const { stdout } = await client.run(["sh", "-ec", terminals.join("\n")], {
        env: { ...env, TERM: "xterm" },
        ok: [1],
      });
      const shown = stdout
        .split("\r")
        .filter((line) => /^[|/\\-] .*: waiting for tcp\/22, /.test(line));
      expect(shown.length).toBeGreaterThan(3);
      expect(stdout).toContain("no answer from");
      expect(await explained("--wait", "22,1s")).not.toContain("\r");
    });
  });

  describe.skipIf(!LiveNetwork.hasIPv6)("--both", () => {
    test("knocks over both families at once, and reaches the one that lets us in", async () => {
      const hosts = folder.write(
        "hosts",
        `127.0.0.1 localhost\n${server.address6} gate\n${server.address} gate\n`,
      );
      const daemon = await startKnockd(server, door);
      // Each `ip netns exec` has mounts of its own: the file must be put in place for this very command.
      const command = [...knock, "--both", "--json", "--wait", "22,2s", "gate", ...steps].join(" ");
      await server.listen(22, server.address);
      const { stdout } = await client.run(
        ["sh", "-ec", `mount --bind ${hosts} /etc/hosts; exec ${command}`],
        { env, ok: "any" },
      );
      await daemon.waitFor(new RegExp(`^${client.address}: ssh: OPEN SESAME`, "m"));
      await daemon.waitFor(new RegExp(`^${client.address6}: ssh: OPEN SESAME`, "m"));
      await daemon.stop();
      const told = JSON.parse(stdout);
      expect([...told.addresses].sort()).toEqual([server.address, server.address6].sort());
      expect(told).toMatchObject({ result: "open", address: server.address });
    });
  });

  test("--source and --interface say from where", async () => {
    await client.addAddress("10.77.0.77");
    const daemon = await startKnockd(server, door);
    await run("--source", "10.77.0.77", server.address, ...steps);
    await daemon.waitFor(/^10\.77\.0\.77: ssh: OPEN SESAME/m);
    await run("--interface", "eth0", server.address, ...steps);
    await daemon.waitFor(new RegExp(`^${client.address}: ssh: OPEN SESAME`, "m"));
    await daemon.stop();
    await client.removeAddress("10.77.0.77");
  });

  describe("--full", () => {
    test("passes a carrier that takes connections in the server's place", async () => {
      const tcp = ["7003", "7001"];
      const daemon = await startKnockd(server, door.replace(",7002:udp", ""));
      const proxy = middle.start([process.execPath, "-e", carrier, server.address, ...tcp]);
      await proxy.waitFor(/(listening\n){2}/);
      const ended = await run("--full", "-d", "200", middle.address, ...tcp);
      expect(ended).toMatchObject({ code: 0, stderr: "" });
      await daemon.waitFor(new RegExp(`^${middle.address}: ssh: OPEN SESAME`, "m"));
      await proxy.stop();
      await daemon.stop();
    });

    test("waits where nobody answers, but sends no SYN again", async () => {
      await inputRule("-p", "tcp", "-j", "DROP");
      const pauses: number[] = [];
      for (const flags of [[], ["--full"]]) {
        const lines = await record(() => run(...flags, server.address, "7003", "7001"));
        expect(packetsIn(lines)).toEqual(["tcp 7003 0", "tcp 7001 0"]);
        // The kernel's time stamps: how busy this machine is cannot make a pause shorter.
        const [first = 0, second = 0] = lines
          .filter((line) => / > \S+\.700[31]: /.test(line))
          .map((line) => 1000 * Number.parseFloat(line));
        pauses.push(second - first);
      }
      const [plain = 0, full = 0] = pauses;
      expect(full).toBeGreaterThanOrEqual(firstSynTime - 5);
      expect(plain).toBeLessThan(full);
    });
  });

  describe("--keep", () => {
    test("knocks before the lease ends and from a new address, until it is stopped", async () => {
      const daemon = await startKnockd(server, door);
      const leaseManager = begin("-v", "--keep", "2s", server.address, ...steps);
      await daemon.waitFor(
        new RegExp(`(^${client.address}: ssh: OPEN SESAME[^]*){3}`, "m"),
        10_000,
      );
      // An address that goes takes the later ones of its network with it.
      await client.removeAddress(client.address);
      await client.addAddress("10.77.0.66");
      await daemon.waitFor(/^10\.77\.0\.66: ssh: OPEN SESAME/m);
      leaseManager.signal("SIGINT");
      const { code, stderr } = await leaseManager.ended;
      await client.removeAddress("10.77.0.66");
      await client.addAddress(client.address);
      await daemon.stop();
      expect(code).toBe(0);
      expect(stderr).toContain("10.77.0.1: knocking before the lease ends\n");
      expect(stderr).toMatch(/10\.77\.0\.1: knocking from another address\n/);
      expect(stderr).toMatch(/\n\d+ knocks in \d.* \(1 from another address\)\n$/);
    });

    test("keeps the door open although a knock gets lost", async () => {
      const closed = folder.at("closed");
      const lease = `start_command = true\ncmd_timeout = 8\nstop_command = echo >${closed}`;
      const daemon = await startKnockd(server, door.replace("command = true %IP%", lease));
      const leaseManager = begin("-v", "--keep", "8s", server.address, ...steps);
      await daemon.waitFor(/OPEN SESAME/);
      const lost = ["OUTPUT", "-p", "tcp", "--dport", "7003", "-j", "DROP"];
      await client.run(["iptables", "-A", ...lost]);
      const knocks = () => leaseManager.stdout.match(/7002/g)?.length;
      await expect.poll(knocks).toBe(2);
      await client.run(["iptables", "-D", ...lost]);
      await daemon.waitFor(/OPEN SESAME[\s\S]*OPEN SESAME/);
      expect(existsSync(closed)).toBe(false);
      leaseManager.signal("SIGINT");
      expect((await leaseManager.ended).code).toBe(0);
      await daemon.stop();
    });

    test("goes on without a network, and takes it up again", async () => {
      const daemon = await startKnockd(server, door);
      const leaseManager = begin("--json", "--keep", "2s", server.address, ...steps);
      await daemon.waitFor(/OPEN SESAME/);
      await client.ip("link", "set", "eth0", "down");
      await leaseManager.waitFor(
        /^knock: warning: cannot send to .*: network is unreachable.*; again in /m,
        10_000,
      );
      const before = daemon.output.split("OPEN SESAME").length;
      await client.ip("link", "set", "eth0", "up");
      await expect.poll(() => daemon.output.split("OPEN SESAME").length).toBeGreaterThan(before);
      leaseManager.signal("SIGTERM");
      const { code, stdout } = await leaseManager.ended;
      await daemon.stop();
      expect(code).toBe(0);
      const told = JSON.parse(stdout);
      expect(told).toMatchObject({ host: server.address, moves: 0 });
      expect(told.failures).toBeGreaterThan(0);
      expect(told.knocks).toBeGreaterThan(told.failures);
    });

    test("is stopped at once, also while it waits for a door that stays closed", async () => {
      const wait = ["--wait", "7009,60s", "--keep", "10m"];
      const leaseManager = begin(...wait, "-v", server.address, "7003");
      await leaseManager.waitFor(/hitting/);
      leaseManager.signal("SIGINT");
      const ended = await Promise.race([leaseManager.ended, sleep(20_000)]);
      expect(ended).toMatchObject({ code: 0, stderr: expect.stringContaining("1 knock in ") });
    });

    test("lasts as long as a command", async () => {
      const daemon = await startKnockd(server, door);
      const ended = await run(
        "--keep",
        "1s",
        server.address,
        ...steps,
        "--",
        "sh",
        "-c",
        "sleep 2; exit 5",
      );
      expect(ended).toMatchObject({ code: 5, stdout: "", stderr: "" });
      expect((await daemon.stop()).stdout.split("OPEN SESAME").length).toBeGreaterThan(3);
    });
  });

  test("--save leaves a file as it is that the disk takes only in part", async () => {
    const text = `Host home\n  HostName gate\n  Sequence 1\n${"# a comment\n".repeat(500)}`;
    const file = folder.write("part.conf", text);
    chmodSync(file, 0o600);
    const save = [...knock, "--file", file, "--save", "work", "gate", "7003"];
    const ended = await client.run(["prlimit", "--fsize=4096", ...save], { ok: "any" });
    expect(ended.stderr).toContain(`cannot write ${file}: `);
    expect(ended.code).not.toBe(0);
    expect(readFileSync(file, "utf8")).toBe(text);
    expect(existsSync(`${file}.new`)).toBe(false);
  });

  describe("a command", () => {
    beforeAll(async () => {
      await server.listen(4422);
    });
    const opened = (...command: string[]) => [
      "--wait",
      "4422",
      server.address,
      "7003",
      "--",
      ...command,
    ];

    test("gets our input, and we its exit code", async () => {
      const argv = [...knock, ...opened("sh", "-c", "cat; exit 42")];
      expect(await client.run(argv, { env, input: "hello", ok: "any" })).toEqual({
        code: 42,
        stdout: "hello",
        stderr: "",
      });
    });

    test.each([
      ["SIGTERM", 143],
      ["SIGINT", 130],
      ["SIGHUP", 129],
    ] as const)("gets %s", async (signal, code) => {
      const started = begin(...opened("sh", "-c", "echo ready; exec sleep 60"));
      await started.waitFor(/ready/);
      // `ip netns exec` becomes the program: the signal is knock's.
      started.signal(signal);
      expect((await started.ended).code).toBe(code);
    });

    test("that there is not ends with 127, one that cannot be run with 126", async () => {
      expect(await run(...opened("/nowhere"))).toMatchObject({
        code: 127,
        stderr: expect.stringContaining("there is no command /nowhere"),
      });
      expect(await run(...opened(folder.path))).toMatchObject({ code: 126 });
    });

    test("is not run if the door stays closed", async () => {
      const ended = await run(
        "--wait",
        "4423,300ms",
        server.address,
        "7003",
        "--",
        "echo",
        "inside",
      );
      expect([ended.code, ended.stdout]).toEqual([1, ""]);
    });

    test("may stand in the profile, which fills in the address", async () => {
      const words = [
        "--wait",
        "4422",
        "--save",
        "home",
        server.address,
        "7003",
        "--",
        "echo",
        "%n",
        "%h:%p",
        "%a",
        "%%",
      ];
      expect(await run(...words)).toMatchObject({ code: 0 });
      expect((await run("home")).stdout).toBe(`home ${server.address}:4422 ${server.address} %\n`);
      expect((await run("home", "--")).stdout).toBe("");
      expect((await run("--profile", "home", "--", "echo", "%n")).stdout).toBe("%n\n");
      expect(readFileSync(folder.at("sesame/knock.conf"), "utf8")).toContain(
        "    Then echo %n %h:%p %a %%\n",
      );
    });
  });
});
