import { chmodSync, existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
} from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { openClient } from "../../src/control/client.ts";
import { SlowProgram } from "../support/slow-program.ts";
import type { LiveHost } from "./host.ts";
import { Folder, knock, knockctl, knockd, startKnockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import type { Process } from "./process.ts";
import { needs } from "./requirements.ts";
import { SystemLog } from "./syslog.ts";

const door = (name: string, sequence: string, ...lines: string[]) =>
  [
    `[${name}]`,
    `sequence = ${sequence}`,
    "tcpflags = syn",
    "decoys = 0",
    "command = true",
    ...lines,
    "",
  ].join("\n");

describe.skipIf(needs())("the life of knockd", () => {
  let network: LiveNetwork;
  let server: LiveHost;
  let client: LiveHost;
  beforeAll(async () => {
    network = await LiveNetwork.open();
    [server, client] = [network.host("server"), network.host("client")];
  });
  afterAll(() => network?.close());
  afterEach(() => server.killAll());

  describe("a signal ends it with its own number", () => {
    test.each([
      ["SIGINT", 2],
      ["SIGTERM", 15],
    ] as const)("%s", async (signal, code) => {
      const daemon = await startKnockd(server, door("x", "1"));
      daemon.signal(signal);
      expect((await daemon.ended).code).toBe(code);
    });

    test("with open doors left open, for the next daemon to close in time", async () => {
      const lines = ["cmd_timeout = 2s", "stop_command = echo closed %IP%"];
      const config = new Folder().write("k.conf", door("x", "1", ...lines));
      const start = async () => {
        const daemon = server.start([...knockd, "-v", "-c", config]);
        await daemon.waitFor(/^listening on/m);
        return daemon;
      };
      const first = await start();
      await knock(client, server.address, 1);
      await first.waitFor(/running command: true/);
      const { code, stdout } = await first.stop();
      expect(code).toBe(15);
      expect(stdout).toMatch(
        /running command: true\nwaiting for child processes\.\.\.\nclosing\.\.\.\n$/,
      );
      const next = await start();
      await next.waitFor(new RegExp(`^closed ${client.address}$`, "m"));
      expect((await next.stop()).stdout).not.toMatch(/(^closed[\s\S]*){2}/m);
    });

    test("with open doors closed first, if they cannot be written down", async () => {
      const lines = ["cmd_timeout = 1h", "stop_command = echo closed %IP%"];
      const options = "[options]\nStateDir = /dev/null/none\n";
      const daemon = await startKnockd(server, options + door("x", "1", ...lines));
      await knock(client, server.address, 1);
      await daemon.waitFor(/running command: true/);
      const { code, stdout, stderr } = await daemon.stop();
      expect(code).toBe(15);
      expect(stderr).toMatch(
        /cannot use the journal \/dev\/null\/none\/.*: leases are in memory only\n/,
      );
      expect(stdout).toMatch(
        new RegExp(
          `waiting for child processes\\.\\.\\.\nx: running command: echo closed ${client.address}\nclosed ${client.address}\nclosing\\.\\.\\.\n$`,
        ),
      );
      expect(stdout).not.toContain("command timeout");
    });

    test.each([
      ["one after another, for longer than a second", 0.6, false],
      ["all at once if asked twice", 3, true],
    ])("with open doors closed, if they cannot be written down: %s", async (_, seconds, hurry) => {
      const options = "[options]\nStateDir = /dev/null/none\nMaxCommands = 1\n";
      const folder = new Folder();
      const file = folder.at("said");
      const doors = [1, 2, 3].map((port) => {
        // Into a file: the test does not read the output of commands that outlive the daemon.
        const stop = `stop_command = echo closing >>${file}; sleep ${seconds}; echo closed >>${file}`;
        return door(`x${port}`, String(port), "cmd_timeout = 1h", stop);
      });
      const daemon = await startKnockd(server, [options, ...doors].join("\n"));
      await knock(client, server.address, 1, 2, 3);
      await daemon.waitFor(/(running command: true[\s\S]*){3}/);
      const ended = daemon.stop(10_000);
      await expect.poll(() => folder.read("said")).toBe("closing\n");
      if (hurry) daemon.signal("SIGTERM");
      expect((await ended).code).toBe(15);
      const wanted = hurry ? /(closing\n){3}/ : /^(closing\nclosed\n){3}$/;
      await expect.poll(() => folder.read("said")).toMatch(wanted);
    });

    test("with open doors closed, if they cannot be written down: by a program that is slow to load", async () => {
      const folder = new Folder();
      const program = new SlowProgram(folder.at("slow"), `echo closed >>${folder.at("said")}`);
      const options = "[options]\nStateDir = /dev/null/none\n";
      // More than are loaded at a time.
      const ports = [1, 2, 3, 4, 5, 6];
      const lines = ["cmd_timeout = 1h", `stop_command = ${program.path}`];
      const doors = ports.map((port) => door(`x${port}`, String(port), ...lines));
      const daemon = await startKnockd(server, [options, ...doors].join("\n"));
      await knock(client, server.address, ...ports);
      await daemon.waitFor(/(running command: true[\s\S]*){6}/);
      const ended = daemon.stop(10_000);
      await daemon.waitFor(/(running command: .*slow[\s\S]*){6}/);
      daemon.signal("SIGTERM");
      await sleep(2000);
      program.release();
      expect((await ended).code).toBe(15);
      await expect.poll(() => folder.read("said")).toBe("closed\n".repeat(6));
    });

    test("within a second, however long commands take", async () => {
      const lines = ["command = echo begun; sleep 60", "stop_command = echo closing; sleep 60"];
      const closing = door("x", "1", "command = true", "cmd_timeout = 0", ...lines.slice(1));
      const daemon = await startKnockd(server, closing + door("y", "2", ...lines));
      await knock(client, server.address, 1, 2);
      await daemon.waitFor(/^begun$/m);
      await daemon.waitFor(/^closing$/m);
      const asked = performance.now();
      expect((await daemon.stop(10_000)).code).toBe(15);
      // It waits for 0.8 s, and the test for half a second more for what the commands hold open. The rest is
      // for a machine that has other work; the commands would take a minute.
      expect(performance.now() - asked).toBeLessThan(6_000);
    });

    test("within a second, though an nft of ours still works", async () => {
      const folder = new Folder();
      // The first one makes the table; whatever follows takes its time.
      folder.write(
        "nft",
        [
          "#!/bin/sh",
          `export PATH='${process.env["PATH"]}'`,
          `if [ -e '${folder.at("made")}' ]; then touch '${folder.at("begun")}'; sleep 5; fi`,
          `nft "$@" && touch '${folder.at("made")}'`,
          "",
        ].join("\n"),
      );
      chmodSync(folder.at("nft"), 0o755);
      const native = (protect: string) =>
        `[x]\nsequence = 1\nopen = tcp/22\nprotect = ${protect}\ndecoys = 0\n`;
      const config = folder.write("k.conf", native("no"));
      const env = { PATH: `${folder.path}:${process.env["PATH"]}` };
      const daemon = server.start([...knockd, "-v", "-c", config], { env });
      await daemon.waitFor(/^listening on/m);
      folder.write("k.conf", native("yes"));
      daemon.signal("SIGHUP");
      await expect.poll(() => existsSync(folder.at("begun"))).toBe(true);
      rmSync(folder.at("made"));
      expect((await daemon.stop(4000)).code).toBe(15);
      expect(existsSync(folder.at("made"))).toBe(false);
    });

    test("a second one at once, and even then the pid file goes", async () => {
      const folder = new Folder();
      const config = folder.write("k.conf", door("x", "1", "command = echo begun; sleep 60"));
      const flags = ["-d", "-p", folder.at("k.pid"), "-g", folder.at("k.log")];
      await server.run([...knockd, "-c", config, ...flags]);
      const pid = Number(folder.read("k.pid"));
      await knock(client, server.address, 1);
      await expect.poll(() => folder.log()).toContain("x: running command: echo begun; sleep 60");
      process.kill(pid, "SIGTERM");
      process.kill(pid, "SIGINT");
      await expect.poll(() => existsSync(folder.at("k.pid"))).toBe(false);
      await expect.poll(() => existsSync(`/proc/${pid}`)).toBe(false);
      expect(folder.log().at(-1)).toBe("shutting down");
    });
  });

  describe("-d", () => {
    test("returns 0 when the pid file is there and the daemon listens", async () => {
      const folder = new Folder();
      folder.write("k.conf", door("x", "2,1"));
      const paths = ["-c", "k.conf", "-p", "k.pid", "-g", "k.log"];
      const { code, stdout, stderr } = await server.run([...knockd, "-d", ...paths], {
        cwd: folder.path,
      });
      expect([code, stdout, stderr]).toEqual([0, "", ""]);
      const pid = Number(folder.read("k.pid"));
      expect(folder.read("k.pid")).toBe(`${pid}\n`);
      await expect.poll(() => folder.log()).toEqual(["starting up, listening on any"]);
      await knock(client, server.address, 2, 1);
      await expect.poll(() => folder.log()).toContain(`${client.address}: x: OPEN SESAME`);
      process.kill(pid, "SIGTERM");
      await expect.poll(() => existsSync(folder.at("k.pid"))).toBe(false);
      expect(folder.log().at(-1)).toBe("shutting down");
    });

    test("lets go of the directory and the terminal, and leads a session of its own", async () => {
      const folder = new Folder();
      folder.write("k.conf", door("x", "2,1"));
      await server.run([...knockd, "-d", "-c", "k.conf", "-p", "k.pid"], { cwd: folder.path });
      const pid = folder.read("k.pid").trim();
      const { stdout } = await server.run([
        "sh",
        "-c",
        `readlink /proc/${pid}/cwd /proc/${pid}/fd/0 /proc/${pid}/fd/1 /proc/${pid}/fd/2; cut -d" " -f6 /proc/${pid}/stat`,
      ]);
      expect(stdout.split("\n")).toEqual(["/", "/dev/null", "/dev/null", "/dev/null", pid, ""]);
    });

    test("leaves no trace of the way to the background in the environment of commands", async () => {
      const folder = new Folder();
      const command = `command = env >${folder.at("new")} && mv ${folder.at("new")} ${folder.at("env")}`;
      const config = folder.write("k.conf", door("x", "1", command));
      await server.run([...knockd, "-d", "-c", config, "-p", folder.at("k.pid")]);
      await knock(client, server.address, 1);
      await expect.poll(() => folder.read("env")).toContain("KNOCK_DOOR=x\n");
      expect(folder.read("env")).not.toMatch(/^(SESAME_BACKGROUND|NODE_CHANNEL)/m);
    });

    test("finds relative paths again at SIGHUP", async () => {
      const folder = new Folder();
      folder.write("k.conf", door("x", "2,1"));
      folder.write("list", " 4,3\n");
      await server.run([...knockd, "-d", "-c", "k.conf", "-p", "k.pid", "-g", "k.log"], {
        cwd: folder.path,
      });
      renameSync(folder.at("k.log"), folder.at("k.log.1"));
      folder.write("k.conf", `[y]\none_time_sequences = list\ntcpflags = syn\ncommand = true`);
      process.kill(Number(folder.read("k.pid")), "SIGHUP");
      await expect.poll(() => existsSync(folder.at("k.log"))).toBe(true);
      await knock(client, server.address, 4, 3);
      await expect.poll(() => folder.log()).toContain(`${client.address}: y: OPEN SESAME`);
      await expect.poll(() => folder.read("list")).toBe("#4,3\n");
      expect(folder.log("k.log.1").at(-1)).toBe(`re-reading config file: ${folder.at("k.conf")}`);
    });

    test("shows on the terminal why it cannot start, and ends with 1", async () => {
      const folder = new Folder();
      const config = folder.write("k.conf", "[x]\nsequence = x");
      const flags = ["-d", "-c", config, "-p", folder.at("k.pid")];
      const { code, stderr } = await server.run([...knockd, ...flags], { ok: "any" });
      expect(code).toBe(1);
      expect(stderr).toContain(`${config}:2:12: sequence: port is invalid`);
      expect(existsSync(folder.at("k.pid"))).toBe(false);
    });

    test("warns of a pid file that cannot be made or is another's, and runs", async () => {
      const folder = new Folder();
      const config = folder.write("k.conf", door("x", "2,1"));
      const other = folder.write("other.conf", door("x", "2,1"));
      const start = (path: string, file = config) =>
        server.run([...knockd, "-d", "-c", file, "-p", path]);
      expect((await start("/none/k.pid")).stderr).toBe(
        "could not create pid file /none/k.pid: No such file or directory\n",
      );
      await start(folder.at("k.pid"), other);
      const first = folder.read("k.pid");
      const third = folder.write("third.conf", door("x", "2,1"));
      const { stderr } = await start(folder.at("k.pid"), third);
      expect(stderr).toContain("another daemon holds it");
      expect(folder.read("k.pid")).toBe(first);
    });

    test("warns that -v shows nothing", async () => {
      const config = new Folder().write("k.conf", door("x", "2,1"));
      const argv = [...knockd, "-dv", "-c", config, "-p", new Folder().at("k.pid")];
      expect((await server.run(argv)).stderr).toBe(
        "knockd: warning: with -d nothing is shown on the terminal: -v and -D say nothing\n",
      );
    });
  });

  test("a restart does not forget for whom a door was opened last", async () => {
    const folder = new Folder();
    const socket = folder.at("control.sock");
    const options = `[options]\nStateDir = ${folder.at("state")}\nControlSocket = ${socket}\n`;
    const bad = door("bad", "2").replace("= true", "= false");
    const config = folder.write("k.conf", options + door("good", "1") + bad);
    const start = async () => {
      const daemon = server.start([...knockd, "-v", "-c", config]);
      await daemon.waitFor(/^listening on/m);
      return daemon;
    };
    const doors = async () => {
      const { stdout } = await server.run([...knockctl, "doors", "--socket", socket]);
      return stdout.replaceAll(/\d\S* ago/g, "ago");
    };
    const daemon = await start();
    await knock(client, server.address, 1, 2);
    await expect.poll(doors).toMatch(/^good .* opened ago for 10\./m);
    await expect.poll(doors).toMatch(/^bad .* failed ago for 10\./m);
    daemon.signal("SIGTERM");
    await daemon.ended;
    await start();
    await expect.poll(doors).toMatch(/^good .* opened ago for 10\./m);
    expect(await doors()).toMatch(/^bad .* not tracked$/m);
  });

  test("a restart does not forget what was counted", async () => {
    const folder = new Folder();
    const socket = folder.at("control.sock");
    const options = `[options]\nStateDir = ${folder.at("state")}\nControlSocket = ${socket}\n`;
    const config = folder.write("k.conf", options + door("good", "1"));
    const start = async () => {
      const daemon = server.start([...knockd, "-v", "-c", config]);
      await daemon.waitFor(/^listening on/m);
      return daemon;
    };
    const openings = async () => {
      const control = await openClient(socket, systemClock);
      const minutes = await control.ask("traffic", {}).finally(() => control.close());
      expect(minutes.every(({ packets }) => packets > 0)).toBe(true);
      return minutes.reduce((sum, minute) => sum + minute.openings, 0);
    };
    const daemon = await start();
    expect(await openings()).toBe(0);
    await knock(client, server.address, 1);
    await expect.poll(openings, { timeout: 20_000 }).toBe(1);
    daemon.signal("SIGTERM");
    await daemon.ended;
    await start();
    expect(await openings()).toBe(1);
  });

  test("a SIGHUP while its files are being loaded waits for the start", async () => {
    const folder = new Folder();
    const hook = folder.write(
      "hook.cjs",
      `const Module = require("node:module");
      const load = Module._load;
      Module._load = function (name, ...rest) {
        if (/koffi/.test(name)) process.kill(process.pid, "SIGHUP");
        return load.call(this, name, ...rest);
      };`,
    );
    const env = { NODE_OPTIONS: `--require ${hook}` };
    const daemon = server.start([...knockd, "-v", "-c", folder.write("k.conf", door("x", "1"))], {
      env,
    });
    await daemon.waitFor(/^listening on[\s\S]*re-reading config file/m);
    expect((await daemon.stop()).code).toBe(15);
  });

  describe("SIGHUP", () => {
    let folder: Folder;
    let daemon: Process;
    beforeEach(async () => {
      folder = new Folder();
      folder.write("k.conf", door("stays", "9,8,7") + door("goes", "6,5"));
      daemon = server.start([...knockd, "-v", "-c", folder.at("k.conf"), "-g", folder.at("k.log")]);
      await daemon.waitFor(/^listening on/m);
    });

    const reload = async (config: string) => {
      writeFileSync(folder.at("k.conf"), config);
      daemon.signal("SIGHUP");
      await daemon.waitFor(/re-opening log file|the configuration stays as it was/);
    };

    test("takes the new doors; unchanged ones keep knocks that are under way", async () => {
      await knock(client, server.address, 9, 8);
      await daemon.waitFor(/stays: Stage 2/);
      await reload(door("comes", "4,3") + door("stays", "9,8,7"));
      await knock(client, server.address, 7);
      await daemon.waitFor(/stays: OPEN SESAME/);
      await knock(client, server.address, 6, 5, 4, 3);
      await daemon.waitFor(/comes: OPEN SESAME/);
      expect((await daemon.stop()).stdout).not.toContain("goes:");
    });

    test("opens the log file anew after it was renamed", async () => {
      renameSync(folder.at("k.log"), folder.at("k.log.1"));
      await reload(folder.read("k.conf"));
      expect((await daemon.stop()).stdout.split("\n")).toEqual([
        "listening on any...",
        `re-reading config file: ${folder.at("k.conf")}`,
        `closing log file: ${folder.at("k.log")}`,
        `re-opening log file: ${folder.at("k.log")}`,
        "waiting for child processes...",
        "closing...",
        "",
      ]);
      expect(folder.log("k.log.1")).toEqual([
        "starting up, listening on any",
        `re-reading config file: ${folder.at("k.conf")}`,
      ]);
      expect(folder.log()).toEqual(["shutting down"]);
    });

    test("keeps the old configuration when the new one is bad, and logs every problem", async () => {
      await knock(client, server.address, 9, 8);
      await daemon.waitFor(/stays: Stage 2/);
      await reload("[stays]\nsequence = x\ncommand = true\nfoo");
      await knock(client, server.address, 7);
      await daemon.waitFor(/stays: OPEN SESAME/);
      await knock(client, server.address, 6, 5);
      await daemon.waitFor(/goes: OPEN SESAME/);
      await daemon.stop();
      expect(folder.log()).toEqual(
        expect.arrayContaining([
          expect.stringContaining("k.conf:2:12: sequence: port is invalid"),
          expect.stringContaining('k.conf:4:1: syntax error: unknown directive "foo"'),
          "the configuration stays as it was",
        ]),
      );
    });

    test("opens the log file anew with a bad configuration, too: why it is bad stands in the new one", async () => {
      renameSync(folder.at("k.log"), folder.at("k.log.1"));
      await reload("[stays]\nsequence = x\ntcpflags = syn\ncommand = true\n");
      await daemon.stop();
      expect(folder.log("k.log.1").at(-1)).toBe(`re-reading config file: ${folder.at("k.conf")}`);
      expect(folder.log()).toEqual([
        expect.stringContaining("k.conf:2:12: sequence: port is invalid"),
        expect.stringContaining("hint: "),
        "the configuration stays as it was",
        "shutting down",
      ]);
    });

    test("keeps the old configuration when the file is gone", async () => {
      rmSync(folder.at("k.conf"));
      daemon.signal("SIGHUP");
      await daemon.waitFor(/k\.conf: No such file or directory\n/);
      await knock(client, server.address, 6, 5);
      await daemon.waitFor(/goes: OPEN SESAME/);
    });

    test("leaves what is open to be closed in time, also by a door that is gone", async () => {
      await reload(door("timed", "2,1", "stop_command = echo closed %IP%", "cmd_timeout = 1s"));
      await knock(client, server.address, 2, 1);
      await daemon.waitFor(/timed: running command: true/);
      writeFileSync(folder.at("k.conf"), door("other", "4,3"));
      daemon.signal("SIGHUP");
      await daemon.waitFor(/(re-opening log file[\s\S]*){2}/);
      await daemon.waitFor(new RegExp(`^closed ${client.address}$`, "m"));
    });

    test("switches the log file and its format, and the interface", async () => {
      const options = `[options]\nLogFormat = json\nInterface = lo\n`;
      await reload(`${options}${door("goes", "6,5")}`);
      await knock(client, server.address, 6, 5);
      await knock(server, "127.0.0.1", 6, 5);
      await daemon.waitFor(/127\.0\.0\.1: goes: OPEN SESAME/);
      expect((await daemon.stop()).stdout).not.toContain(client.address);
      const last = folder.read("k.log").trim().split("\n").at(-1) ?? "";
      expect(JSON.parse(last)).toMatchObject({ event: "stop", message: "shutting down" });
    });

    test("lets go of a log file that is not named any more, and of the system's log", async () => {
      const log = new SystemLog();
      onTestFinished(() => {
        log.close();
        rmSync("/dev/log");
      });
      const options = `[options]\nControlSocket = ${folder.at("d.sock")}\n`;
      const logs = `UseSyslog\nLogFile = ${folder.at("d.log")}\n`;
      const path = folder.write("d.conf", options + logs + door("x", "2,1"));
      const other = server.start([...knockd, "-v", "-c", path]);
      await other.waitFor(/^listening on/m);
      folder.write("d.conf", options + door("x", "2,1"));
      other.signal("SIGHUP");
      await other.waitFor(/closing log file/);
      await other.stop();
      expect(folder.log("d.log").at(-1)).toBe(`re-reading config file: ${path}`);
      expect(log.received.at(-1)).toMatch(/re-reading config file/);
      expect(log.received).toHaveLength(2);
    });

    test("moves the pid file of a daemon in the background", async () => {
      const config = (pid: string) => `[options]\nPidFile = ${folder.at(pid)}\n${door("x", "2,1")}`;
      const path = folder.write("d.conf", config("a.pid"));
      await server.run([...knockd, "-d", "-c", path]);
      const pid = folder.read("a.pid");
      folder.write("d.conf", config("b.pid"));
      process.kill(Number(pid), "SIGHUP");
      await expect.poll(() => folder.read("b.pid")).toBe(pid);
      expect(existsSync(folder.at("a.pid"))).toBe(false);
    });
  });
});
