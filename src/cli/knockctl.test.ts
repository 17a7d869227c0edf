import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import type { TestServer } from "../../test/support/control-server.ts";
import { startServer, temporaryFolder } from "../../test/support/control-server.ts";
import { knockctl, knockctlAt } from "../../test/support/knockctl.ts";
import { stubRules } from "../../test/support/rulesets.ts";
import { tooWide } from "../../test/support/wide.ts";
import { Address, parseAddress } from "../base/address.ts";
import { KnockError } from "../base/errors.ts";
import { networkNamespace } from "../system/namespaces.ts";
import { optionsOf, readCommandLine } from "./knockctl/command-line.ts";
import { commands } from "./knockctl.ts";
import { withPermissionHint } from "./permission.ts";
import { version } from "./version.ts";

beforeEach(() => void vi.stubEnv("TZ", "UTC"));
beforeEach(() => stubRules("none"));
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** What a command prints that succeeds without a complaint. */
async function screen({ path }: TestServer, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await knockctl(...args, "--socket", path);
  expect([code, stderr]).toEqual([0, ""]);
  return stdout;
}

describe("screens", () => {
  test("--help", async () => {
    const { code, stdout } = await knockctl("--help");
    expect(code).toBe(0);
    expect(stdout).toMatchInlineSnapshot(`
      "usage: knockctl [options] COMMAND [ARGUMENT...] [options]

      Manage a running knockd and validate its configuration.

      begin: set up and protect
        init       set up doors and protection, step by step
        undo       roll back last init
        guard      protect services on trial, with automatic rollback
        protect    let only open sources reach protected services
        unprotect  let all sources reach protected services

      look: show state and events
        status     show state and problems of knockd
        doors      list doors, with services and state
        leases     list open doors, with sources and remaining time
        fleet      show gateways of fleet, or make fleet key
        history    list openings, closings and failures
        top        show leases, knocks and problems live on full screen
        console    serve page to manage knockd in browser
        watch      show log entries as they occur
        doctor     find out why knock does not open door

      act: open, close, reload
        open       open door for address, without knock
        extend     keep door open for longer
        close      close door, all doors for address, or all doors
        forgive    stop ignoring addresses that touched decoys
        reload     reload configuration, and show changes

      files: configurations, recordings, invitations
        check      list errors and likely mistakes of configuration
        migrate    convert configuration of knockd 0.8 or fwknopd
        replay     run recording through configuration
        invite     make page and QR code to knock by phone
        client     print commands and profile for clients of door
        sequence   make random sequence for door
        rotate     give door new random sequence
        user       manage devices that open doors by key

      help
        help       explain command, or list all commands
        version    print version

      options, before or after the command
        -s, --socket PATH  connect to this socket of knockd [/run/knockd/control.sock]
        -j, --json         print JSON
            --color WHEN   use colours: auto, always or never [auto]
        -h, --help         print this text
        -V, --version      print the version

      exit codes
        0  success
        1  the request failed, or a checked file has errors
        2  wrong usage; with check --strict: warnings
        3  status, doctor: problems, or no complete knock

      environment
        KNOCKCTL_SOCKET  socket of the daemon; --socket overrides it
        NO_COLOR         if set, use colours only with --color always

      knockctl COMMAND --help explains a command, with its options.

      example: knockctl open ssh 192.0.2.7 for 10m
      "
    `);
    expect(await knockctl("help")).toEqual({ code: 0, stdout, stderr: "" });
    expect(await knockctl()).toEqual({ code: 2, stdout: "", stderr: stdout });
  });

  test("open --help", async () => {
    const { code, stdout } = await knockctl("open", "--help");
    expect(code).toBe(0);
    expect(stdout).toMatchInlineSnapshot(`
      "usage: knockctl open DOOR ADDRESS [[for] TIME] [options]

      Opens a door as if ADDRESS had knocked, for TIME (30s, 10m, 1h) or for the time
      of the configuration. Waits up to 5 s for the command of the door, and fails if
      that fails.

        -s, --socket PATH  connect to this socket of knockd [/run/knockd/control.sock]
        -j, --json         print JSON
            --color WHEN   use colours: auto, always or never [auto]
        -h, --help         print this text

      example: knockctl open ssh 192.0.2.7 for 10m
      "
    `);
    for (const args of [
      ["help", "open"],
      ["-h", "open"],
      ["open", "ssh", "-h"],
    ])
      expect(await knockctl(...args)).toEqual({ code: 0, stdout, stderr: "" });
  });

  test("status", async () => {
    const server = await startServer();
    server.handlers.problems = [
      { code: "journal", message: "the journal cannot be written: no space\u001b[2J left" },
      { code: "interface-missing", message: "there is no eth1", hints: ["add \u009bit", "or not"] },
    ];
    const { code, stdout, stderr } = await knockctl("status", "--socket", server.path);
    expect([code, stderr]).toEqual([3, ""]);
    expect(stdout).toMatchInlineSnapshot(`
      "knockd         0.1.0, process 812, up 3d 4h
      configuration  /etc/knockd.conf
      listening on   eth0, wg0
      firewall       nftables, protects tcp/22
      journal        in order
      packets        10234 received, 0 dropped by the kernel
      knocking       3 at stage 1, 1 at stage 2
      open           2 leases
      problem: the journal cannot be written: no space?[2J left
      problem: there is no eth1
      hint: add ?it
      hint: or not

      DOOR     STEPS            WITHIN  OPENS       FOR  STATE
      ssh      3 tcp               15s  tcp/22      10m  open for 1
      vpn      tcp,udp,tcp,tcp      5s  by command  30s  open for 1
      wake-up  3 udp             500ms  by command    -  not tracked
      attic    none                10s  by command   1m  disabled

      DOOR  SOURCE         LEFT  SINCE                KIND     STATE
      ssh   192.0.2.7    9m 58s  2026-11-22 13:26:05  native   open
      vpn   2001:db8::7      3s  2026-11-22 13:26:05  command  open
      "
    `);
  });

  test("status of a daemon that has little to do", async () => {
    const server = await startServer();
    server.handlers.close({ all: true });
    server.handlers.unprotect();
    vi.spyOn(server.handlers, "doors").mockReturnValue([]);
    const idle = { ...server.handlers.status(), knocksByStage: [] };
    vi.spyOn(server.handlers, "status").mockReturnValue(idle);
    expect(await screen(server, "status")).toMatchInlineSnapshot(`
      "knockd         0.1.0, process 812, up 3d 4h
      configuration  /etc/knockd.conf
      listening on   eth0, wg0
      firewall       nftables, protects nothing
      journal        in order
      packets        10234 received, 0 dropped by the kernel
      knocking       none
      open           0 leases

      there are no doors

      nothing is open
      "
    `);
  });

  test("status shows the first leases only", async () => {
    const server = await startServer();
    for (let i = 0; i < 30; i++) server.handlers.open({ door: "ssh", address: Address.v4(i) });
    const lines = (await screen(server, "status")).split("\n");
    expect(lines.slice(-3)).toEqual([
      expect.stringMatching(/^ssh +0\.0\.0\.17/),
      "and 12 more: knockctl leases",
      "",
    ]);
  });

  test("doors", async () => {
    expect(await screen(await startServer(), "doors")).toMatchInlineSnapshot(`
      "DOOR     STEPS            WITHIN  OPENS       FOR  STATE
      ssh      3 tcp               15s  tcp/22      10m  open for 1
      vpn      tcp,udp,tcp,tcp      5s  by command  30s  open for 1
      wake-up  3 udp             500ms  by command    -  not tracked
      attic    none                10s  by command   1m  disabled
      "
    `);
  });

  test("status, doors and leases of one door or address", async () => {
    const server = await startServer();
    const names = (text: string) =>
      [...text.matchAll(/^(ssh|vpn|wake-up|attic)\b/gm)].map(([name]) => name);
    expect(names(await screen(server, "status", "vpn"))).toEqual(["vpn", "vpn"]);
    expect(names(await screen(server, "doors", "wake-up"))).toEqual(["wake-up"]);
    expect(names(await screen(server, "leases", "ssh"))).toEqual(["ssh"]);
    expect(names(await screen(server, "leases", "2001:db8::7"))).toEqual(["vpn"]);
    expect(await screen(server, "leases", "wake-up")).toBe(
      "no leases; 1 door runs commands that are not tracked\n",
    );
    for (const command of ["status", "doors", "leases"]) {
      const { code, stderr } = await knockctl(command, "shs", "-s", server.path);
      expect([code, stderr]).toEqual([
        1,
        expect.stringContaining('there is no door "shs"\nknockctl: hint: did you mean "ssh"?\n'),
      ]);
    }
  });

  test("history", async () => {
    const server = await startServer();
    expect(await screen(server, "history", "192.0.2.9", "--since", "7d")).toMatchInlineSnapshot(`
      "TIME                 EVENT   DOOR  SOURCE     BY
      2026-11-22 13:26:05  opened  ssh   192.0.2.9  knock
      "
    `);
    expect(await screen(server, "history", "vpn")).toContain("vpn   192.0.2.7");
    expect(await knockctl("history", "shs", "-s", server.path)).toMatchObject({
      stdout: "",
      stderr: expect.stringContaining(
        'there is no door "shs"\nknockctl: hint: did you mean "ssh"?',
      ),
    });
    expect(await screen(server, "history", "wake-up")).toBe("no entries\n");
    vi.spyOn(server.handlers, "history").mockReturnValue(
      [
        { event: "failed", reason: "exit code 1" } as const,
        { event: "failed", what: "open", reason: "exit code 2" } as const,
        { event: "failed", what: "close", reason: "exit code 3" } as const,
        { event: "forgotten", because: "administrator" } as const,
        { event: "forgotten", because: "limit" } as const,
      ].map((entry) => ({
        ...{ time: new Date(0), door: "vpn", source: Address.v4(0xc0000207) },
        ...entry,
      })),
    );
    const rows = (await screen(server, "history")).trimEnd().split("\n").slice(1);
    expect(rows.map((row) => row.slice("1970-01-01 00:00:00  ".length))).toEqual([
      "open failed   vpn   192.0.2.7  exit code 1",
      "open failed   vpn   192.0.2.7  exit code 2",
      "close failed  vpn   192.0.2.7  exit code 3",
      "forgotten     vpn   192.0.2.7  administrator",
      "forgotten     vpn   192.0.2.7  too many",
    ]);
  });

  test("history breaks long reasons, and cuts none", async () => {
    const server = await startServer();
    const reason = "exit code 3: iptables: the rule is there already and was not added again";
    vi.spyOn(server.handlers, "history").mockReturnValue([
      ...[{ event: "failed", reason, time: new Date(0), door: "vpn" } as const].map((entry) => ({
        ...entry,
        source: Address.v4(0xc0000207),
      })),
    ]);
    const { stdout } = await knockctlAt(80, "history", "--color", "never", "-s", server.path);
    expect(tooWide(stdout, 80)).toEqual([]);
    expect(stdout.replaceAll(/\s+/g, " ")).toContain(reason);
  });

  test("of doors with commands the kernel is not spoken of", async () => {
    const server = await startServer();
    const ask = server.handlers.doors;
    const why = { opens: false, why: "it runs commands" };
    vi.spyOn(server.handlers, "doors").mockImplementation(() =>
      ask().map((door) => ({ ...door, kernel: door.kind === "native" ? { opens: true } : why })),
    );
    const text = await screen(server, "doors");
    expect(text).toMatch(/ KERNEL\n/);
    expect(text).toMatch(/^ssh .* opens\n/m);
    expect(text).toMatch(/^wake-up .* -\n/m);
    expect(text).not.toContain("it runs commands");
  });

  test("a time for a door that nothing closes is not dropped in silence", async () => {
    const { path } = await startServer();
    const args = ["open", "wake-up", "192.0.2.7", "-s", path];
    expect((await knockctl(...args)).stderr).toBe("");
    expect((await knockctl(...args, "for", "10m")).stderr).toBe(
      "knockctl: warning: [wake-up] has no stop_command: nothing closes it after 10m\n",
    );
  });

  test("ignored sources are listed and can be forgiven", async () => {
    const server = await startServer();
    const ignore = (last: number) => ({
      ...{ source: Address.v4(0xc6336400 + last), remainingMs: 43_000 },
      reason: "decoys" as const,
    });
    server.handlers.ignored = [1, 2, 3, 4, 5, 6].map(ignore);
    const text = await screen(server, "status");
    expect(text).toContain("ignored        198.51.100.2 for 43s more (touched three decoys)\n");
    expect(text).toContain("               and 1 more: knockctl status --json\n");
    expect(await screen(server, "forgive", "198.51.100.2")).toBe("forgave 198.51.100.2\n");
    const again = "198.51.100.2 was not ignored\n";
    expect(await screen(server, "forgive", "198.51.100.2")).toBe(again);
    expect((await screen(server, "forgive", "all")).split("\n")).toHaveLength(6);
    expect(await screen(server, "forgive", "all")).toBe("nothing was ignored\n");
  });

  test("a door that nothing closes is never shut", async () => {
    const server = await startServer();
    const { handlers, clock } = server;
    handlers.open({ door: "wake-up", address: Address.v4(0xc0000207) });
    handlers.close({ all: true });
    vi.useFakeTimers({ toFake: ["Date"], now: clock.wall() + 12_000 });
    onTestFinished(() => void vi.useRealTimers());
    expect(await screen(server, "doors")).toMatch(
      /^wake-up .* by command +- {2}opened 12s ago for 192\.0\.2\.7$/m,
    );
    const untracked = "no leases; 1 door runs commands that are not tracked\n";
    expect(await screen(server, "leases")).toBe(untracked);
    expect(await screen(server, "status")).toMatch(new RegExp(`\n${untracked}$`));
  });

  test("leases", async () => {
    expect(await screen(await startServer(), "leases")).toMatchInlineSnapshot(`
      "DOOR  SOURCE         LEFT  SINCE                KIND     STATE
      ssh   192.0.2.7    9m 58s  2026-11-22 13:26:05  native   open
      vpn   2001:db8::7      3s  2026-11-22 13:26:05  command  open
      "
    `);
  });

  test("open, extend, close", async () => {
    const server = await startServer();
    const steps = [
      ["open", "ssh", "192.0.2.8", "for", "10m"],
      ["open", "vpn", "2001:db8::9"],
      ["open", "wake-up", "192.0.2.8"],
      ["extend", "ssh", "192.0.2.8", "2h"],
      ["extend", "ssh", "192.0.2.8", "for", "10s"],
      ["close", "192.0.2.8", "--cut"],
      ["close", "vpn", "2001:db8::9"],
      ["close", "vpn"],
      ["close", "all"],
      ["close", "all"],
    ];
    let text = "";
    for (const step of steps) text += `> ${step.join(" ")}\n${await screen(server, ...step)}`;
    expect(text).toMatchInlineSnapshot(`
      "> open ssh 192.0.2.8 for 10m
      opened ssh for 192.0.2.8, closes in 10m
      > open vpn 2001:db8::9
      opened vpn for 2001:db8::9, closes in 30s
      > open wake-up 192.0.2.8
      opened wake-up for 192.0.2.8, nothing closes it
      > extend ssh 192.0.2.8 2h
      ssh is open for 192.0.2.8, closes in 2h
      > extend ssh 192.0.2.8 for 10s
      ssh is open for 192.0.2.8, closes in 2h
      > close 192.0.2.8 --cut
      closed ssh for 192.0.2.8
      ended 1 connection
      wake-up: its commands are not tracked; what they opened stays open
      > close vpn 2001:db8::9
      closed vpn for 2001:db8::9
      > close vpn
      closed vpn for 2001:db8::7
      > close all
      closed ssh for 192.0.2.7
      wake-up: its commands are not tracked; what they opened stays open
      > close all
      wake-up: its commands are not tracked; what they opened stays open
      "
    `);
  });

  test("close of a door that nothing closes fails, and says so", async () => {
    const server = await startServer();
    const text = "wake-up: its commands are not tracked; what they opened stays open\n";
    const named = ["close", "wake-up", "192.0.2.8", "--socket", server.path];
    expect(await knockctl(...named)).toEqual({ code: 1, stdout: text, stderr: "" });
    const { code, stdout } = await knockctl(...named, "--json");
    expect([code, JSON.parse(stdout)]).toMatchObject([1, { closed: [], untracked: ["wake-up"] }]);
    await screen(server, "close", "all");
    expect(await screen(server, "close", "192.0.2.8")).toBe("nothing was open\n");
  });

  test("close --forget does not say that anything was closed", async () => {
    const server = await startServer();
    const forget = ["close", "vpn", "2001:db8::7", "--forget"];
    const { stdout } = await knockctl(...forget, "--json", "--socket", server.path);
    expect(JSON.parse(stdout)).toMatchObject({ closed: [{ door: "vpn" }], forgotten: true });
    server.handlers.open({ door: "vpn", address: Address.v4(0xc0000207) });
    expect(await screen(server, "close", "vpn", "192.0.2.7", "--forget")).toBe(
      "marked as closed: vpn for 192.0.2.7; what its command opened may still be open\n",
    );
    expect(await screen(server, "close", "vpn", "192.0.2.7", "--forget")).toBe(
      "nothing was open\n",
    );
  });

  test("status names a configuration that was changed after knockd read it, once", async () => {
    const server = await startServer();
    const configFile = join(temporaryFolder(), "knockd.conf");
    writeFileSync(configFile, "");
    const configReadAt = new Date(0);
    const found = { ...server.handlers.status(), configFile, configReadAt };
    const status = vi.spyOn(server.handlers, "status").mockReturnValue(found);
    const codes = async () => {
      const { code, stdout } = await knockctl("status", "-j", "-s", server.path);
      const { problems } = JSON.parse(stdout).status;
      return [code, problems.map((problem: { code: string }) => problem.code)];
    };
    // In another network, it may be another file of this name.
    expect(await codes()).toEqual([0, []]);
    const here = { ...found, networkNamespace: networkNamespace() ?? "" };
    status.mockReturnValue(here);
    expect(await codes()).toEqual([3, ["config-stale"]]);
    const refused = { code: "config-refused", message: "the last reload was refused" };
    status.mockReturnValue({ ...here, problems: [refused] });
    expect(await codes()).toEqual([3, ["config-refused"]]);
    status.mockReturnValue({ ...here, configReadAt: new Date(Date.now() + 60_000) });
    expect(await codes()).toEqual([0, []]);
  });

  test("protect, unprotect", async () => {
    const server = await startServer();
    expect(await screen(server, "unprotect")).toBe(
      "tcp/22: knockd lets all sources through again\nnothing is protected\n",
    );
    expect(await screen(server, "unprotect")).toBe("nothing is protected\n");
    expect(await screen(server, "protect")).toBe("protected: tcp/22\n");
  });

  test("guard, and its confirmation", async () => {
    const server = await startServer();
    server.handlers.unprotect();
    vi.stubEnv("SSH_CONNECTION", "192.0.2.7 50000 198.51.100.1 22");
    const terminal = screen(server, "guard");
    await expect.poll(() => server.handlers.status().firewall.trial).toBeDefined();
    vi.stubEnv("SSH_CONNECTION", "192.0.2.7 50001 198.51.100.1 22");
    const option = ` --socket ${server.path}`;
    const confirmed = await screen(server, "guard", "--confirm");
    expect(confirmed.replaceAll(option, "")).toMatchInlineSnapshot(`
      "Protected from now on, also after a restart: tcp/22
      New connections need a knock: ssh.
      To remove the protection: knockctl unprotect
      "
    `);
    expect((await terminal).replaceAll(option, "")).toMatchInlineSnapshot(`
      "On trial for 3m: tcp/22
      New connections need a knock now, yours too. Existing sessions continue.

      1. On the client, knock, and log in by a NEW connection:

          knock -d 200 198.51.100.1 7000 8000 9000 && ssh -S none 198.51.100.1

      2. There, type:

          knockctl guard --confirm

      Then the protection stays, also after a restart. Without step 2 within 3m, the
      kernel removes it, even if this terminal or knockd ends. Ctrl-C only stops
      waiting.

      Confirmed: tcp/22 stays protected.
      "
    `);
  });

  test("guard, of given services at a given address, for a time, and not confirmed", async () => {
    const server = await startServer();
    server.handlers.unprotect();
    server.handlers.opens = ["tcp/22", "udp/51820", "icmp"];
    vi.stubEnv("SSH_CONNECTION", "192.0.2.7 50000 198.51.100.1 22");
    const options = ["--address", "2001:db8::9", "--for", "2m", "--socket", server.path];
    const terminal = knockctl("guard", "tcp/22", "UDP/51820,icmp", ...options);
    await expect.poll(() => server.handlers.status().firewall.trial).toBeDefined();
    const { stdout } = await knockctl("status", "--socket", server.path);
    expect(stdout).toContain(
      "on trial       tcp/22, udp/51820, icmp for 2m more, unless confirmed\n",
    );
    server.clock.advance(120_000);
    const { code, stdout: said } = await terminal;
    expect(code).toBe(1);
    expect(said).toContain("On trial for 2m: tcp/22, udp/51820, icmp\n");
    expect(said).toMatch(
      /\nNot confirmed: tcp\/22, udp\/51820, icmp is as before.\nTry again: knockctl guard --socket \S+\n$/,
    );
  });

  test("guard, when the daemon dies", async () => {
    const { server, path, handlers } = await startServer();
    handlers.unprotect();
    const asked = vi.spyOn(handlers, "trial");
    vi.stubEnv("SSH_CONNECTION", "192.0.2.7 50000 198.51.100.1 22");
    const terminal = knockctl("guard", "--socket", path);
    // The first answer is for what it says, the second is of the wait.
    await expect.poll(() => asked.mock.calls.length).toBeGreaterThan(1);
    await server.close();
    const { code, stdout } = await terminal;
    expect(code).toBe(1);
    expect(stdout).toMatch(/knockd is lost\. Unless it was confirmed, tcp\/22 is as before/);
  });

  test("reload", async () => {
    const server = await startServer();
    expect(await screen(server, "reload")).toMatchInlineSnapshot(`
      "/etc/knockd.conf is in use
      added    vpn
      removed  attic
      options  LogFile
      "
    `);
    const none = { added: [], removed: [], changed: [], options: [], warnings: [] };
    server.handlers.nextReload = { kind: "reloaded", file: "/etc/knockd.conf", ...none };
    expect(await screen(server, "reload")).toBe("/etc/knockd.conf is in use\nnothing changed\n");
  });

  test("reload, refused", async () => {
    const { path, handlers } = await startServer();
    const problems = ['/etc/knockd.conf:3:12: port "x" is invalid'];
    handlers.nextReload = { kind: "refused", file: "/etc/knockd.conf", problems };
    expect(await knockctl("reload", "--socket", path)).toEqual({
      code: 1,
      stdout: "the old configuration stays\n",
      stderr: '/etc/knockd.conf:3:12: port "x" is invalid\n',
    });
  });

  test("watch of a door or an address, in JSON as in text", async () => {
    const { path, handlers, server } = await startServer();
    const all = [
      ["watch", "ssh"],
      ["watch", "192.0.2.7"],
      ["watch", "192.0.2.7", "--json"],
    ].map((words) => knockctl(...words, "--socket", path));
    await expect.poll(() => handlers.watchers).toBe(3);
    const [first, second] = [0xc0000207, 0xc0000208].map((word) => Address.v4(word));
    if (first === undefined || second === undefined) throw new Error("no addresses");
    const say = (door: string, source: Address) =>
      handlers.say({ level: "notice", event: "stage", text: `${source} at ${door}`, door, source });
    say("ssh", second);
    say("vpn", first);
    say("ssh", first);
    handlers.say({ level: "warning", event: "reload-failed", text: "no" });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await server.close();
    const shown = (await Promise.all(all)).map(({ stdout }) => stdout.trimEnd().split("\n"));
    const texts = shown.map((lines) => lines.map((one) => one.replace(/^.*notice {3}/, "")));
    expect(texts[0]).toEqual(["192.0.2.8 at ssh", "192.0.2.7 at ssh"]);
    expect(texts[1]).toEqual(["192.0.2.7 at vpn", "192.0.2.7 at ssh"]);
    const objects = (shown[2] ?? []).map((one) => JSON.parse(one));
    // The last line says that the daemon has ended.
    expect(objects.flatMap(({ message = [] }) => message)).toEqual(texts[1]);
  });

  test("watch of a door that there is not", async () => {
    const { path } = await startServer();
    for (const command of ["watch", "leases"]) {
      const { code, stderr } = await knockctl(command, "192.0.2.300", "--socket", path);
      const error = 'knockctl: error: "192.0.2.300" is neither a door nor an address\n';
      expect([code, stderr]).toEqual([1, error]);
    }
    expect(await knockctl("watch", "shs", "--socket", path)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        'there is no door "shs"\nknockctl: hint: did you mean "ssh"?',
      ),
    });
  });

  test("watch, until the daemon ends", async () => {
    const { path, handlers, server } = await startServer();
    const watching = knockctl("watch", "--socket", path);
    const json = knockctl("watch", "--json", "--socket", path);
    await expect.poll(() => handlers.watchers).toBe(2);
    const source = Address.v4(0xc0000207);
    const text = "192.0.2.7: s\u001bsh: Stage 1";
    handlers.say({ level: "notice", event: "stage", text, source, detail: { stage: 1 } });
    handlers.say({ level: "warning", event: "reload-failed", text: "no" });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await server.close();
    const ended = { code: 1, stderr: "knockctl: error: knockd has closed the connection\n" };
    expect(await watching).toEqual({
      ...ended,
      stdout: `\
2026-11-22 13:26:05  notice   192.0.2.7: s?sh: Stage 1
2026-11-22 13:26:05  warning  no
`,
    });
    const first = (await json).stdout.split("\n")[0] ?? "";
    expect(JSON.parse(first)).toMatchObject({ event: "stage", source: "192.0.2.7", stage: 1 });
  });
});

describe.each([80, 120])("on a terminal of %i columns", (columns) => {
  test.each([["status"], ["doors"], ["leases"]])("%s fits", async (name) => {
    const { handlers, path } = await startServer();
    const [door] = handlers.doors();
    const [lease] = handlers.leases();
    if (door === undefined || lease === undefined) throw new Error("the fixture is empty");
    const opens = ["tcp/22", "tcp/443", "udp/51820", "tcp/8443", "icmp"];
    const doors = [...handlers.doors(), { ...door, name: "a-door-with-a-long-name", opens }];
    const source = parseAddress("2001:db8:1234:5678:9abc:def0:1234:5678") ?? lease.source;
    const leases = [...handlers.leases(), { ...lease, door: "a-door-with-a-long-name", source }];
    vi.spyOn(handlers, "doors").mockReturnValue(doors);
    vi.spyOn(handlers, "leases").mockReturnValue(leases);
    const { stdout } = await knockctlAt(columns, name, "--color", "never", "-s", path);
    expect(stdout).toContain("ssh");
    if (name !== "doors") expect(stdout).toContain(String(source));
    expect(tooWide(stdout, columns)).toEqual([]);
  });
});

test.each([80, 120])("watch says that it waits, and fits %i columns", async (columns) => {
  const { path, handlers, server } = await startServer();
  const watching = knockctlAt(columns, "watch", "ssh", "--color", "never", "-s", path);
  await expect.poll(() => handlers.watchers).toBe(1);
  for (const length of [30, 70, 100]) {
    const text = `192.0.2.7: ssh: ${"x".repeat(length)}`;
    handlers.say({ level: "notice", event: "stage", text, door: "ssh" });
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  await server.close();
  const { stdout, stderr } = await watching;
  expect(stderr).toContain("waiting for knocks at ssh; Ctrl-C ends\n");
  expect(tooWide(stdout, columns)).toEqual([]);
  const [first = "", second = "", third = "", ...more] = stdout.split("\n");
  expect(first).toBe(`2026-11-22 13:26:05  notice   192.0.2.7: ssh: ${"x".repeat(30)}`);
  expect(second.startsWith(columns === 80 ? "13:26:05  notice" : "2026-11-22")).toBe(true);
  const last = [third, ...more].findIndex((line) => line.startsWith("13:26:05"));
  const [start, ...rest] = [third, ...more].slice(last);
  expect(start).toMatch(/^13:26:05 {2}notice {3}192\.0\.2\.7: ssh:$/);
  expect(rest.join("").replaceAll(/\s/g, "")).toBe("x".repeat(100));
});

test("a terminal gets colours, a pipe only if they are wanted", async () => {
  const { path, handlers } = await startServer();
  handlers.problems = [{ code: "journal", message: "no space left" }];
  vi.stubEnv("TERM", "xterm");
  vi.stubEnv("NO_COLOR", undefined);
  const green = "\u001b[32mopen\u001b[0m";
  const shown = async (...args: string[]) =>
    (await knockctlAt(80, "status", "-s", path, ...args)).stdout;
  expect(await shown()).toContain(green);
  expect(await shown()).toContain("\u001b[31mproblem: no space left\u001b[0m\n");
  expect(await shown("--color=never")).not.toContain("\u001b");
  expect((await knockctl("leases", "-s", path)).stdout).not.toContain("\u001b");
  expect((await knockctl("--color", "always", "leases", "-s", path)).stdout).toContain(green);
  vi.stubEnv("NO_COLOR", "1");
  expect(await shown()).not.toContain("\u001b");
});

describe("--json", () => {
  test("is JSON of help and version, too", async () => {
    const ask = async (...args: string[]) => JSON.parse((await knockctl(...args, "-j")).stdout);
    expect(await ask("version")).toEqual({ version: 2, release: version });
    expect(await ask("help", "open")).toEqual({
      version: 2,
      text: (await knockctl("help", "open")).stdout,
    });
  });

  test.each([
    [["status"], { status: { pid: 812 }, doors: [{}, {}, {}, {}], leases: [{}, {}] }],
    [["doors"], { doors: [{ name: "ssh" }, {}, {}, {}] }],
    [
      ["leases"],
      { leases: [{ door: "ssh", source: "192.0.2.7", since: "2026-11-22T13:26:05.000Z" }, {}] },
    ],
    [["open", "ssh", "192.0.2.7"], { lease: { door: "ssh", remainingMs: 600_000 } }],
    [["extend", "ssh", "192.0.2.7", "1h"], { door: "ssh", remainingMs: 3_600_000 }],
    [["close", "ssh"], { closed: [{ door: "ssh", source: "192.0.2.7" }], connectionsCut: 0 }],
    [["reload"], { kind: "reloaded" }],
    [["protect"], { services: ["tcp/22"] }],
    [["guard", "--address", "192.0.2.7"], { services: ["tcp/22"], remainingMs: 180_000 }],
  ])("%j", async (args, result) => {
    const server = await startServer();
    if (args[0] === "guard") server.handlers.unprotect();
    const text = await screen(server, ...args, "--json");
    expect(text).toMatch(/^[^\n]*\n$/);
    expect(JSON.parse(text)).toMatchObject({ version: 2, ...result });
  });

  test.each([
    [["--json"], 2, "USAGE", "COMMAND is missing"],
    [["open", "cellar", "192.0.2.7", "--json"], 1, "SYSTEM", 'there is no door "cellar"'],
    [["-j", "reload", "more"], 2, "USAGE", 'unexpected "more"'],
    [["check", "/nonexistent", "--json"], 1, "CONFIG", expect.stringContaining("/nonexistent")],
  ])("an error of %j is JSON, too", async (args, code, errorCode, message) => {
    const { path } = await startServer();
    const failed = await knockctl(...args, "--socket", path);
    expect([failed.code, failed.stderr]).toEqual([code, expect.stringContaining(": ")]);
    const error = { code: errorCode, message, hints: expect.any(Array) };
    expect(JSON.parse(failed.stdout)).toEqual({ version: 2, error });
  });

  test("an operand is no option", async () => {
    expect((await knockctl("check", "--", "--json")).stdout).toBe("");
  });
});

describe("a wrong command line ends with 2, and gets the reason, a hint and the usage:", () => {
  const time = "a number of seconds, or one with a unit: 30s, 10m, 1h, 2d";
  const openUsage = "knockctl open DOOR ADDRESS [[for] TIME] [options]";
  const extendUsage = "knockctl extend DOOR ADDRESS [for] TIME [options]";
  const guardUsage =
    "knockctl guard [SERVICE...] [options]\n       knockctl guard --confirm [options]";
  test.each([
    [["stauts"], 'there is no command "stauts"', 'did you mean "status"?'],
    [
      ["help", "stauts"],
      'there is no command "stauts"',
      'did you mean "status"?',
      "knockctl help [COMMAND] [options]",
    ],
    [["frobnicate"], 'there is no command "frobnicate"', "knockctl --help lists them"],
    [["--jsno"], "unrecognized option '--jsno'", "did you mean '--json'?"],
    [
      ["--jsno", "reload"],
      "unrecognized option '--jsno'",
      "did you mean '--json'?",
      "knockctl reload [options]",
    ],
    [
      ["reload", "--bogus"],
      "unrecognized option '--bogus'",
      "--help lists the options",
      "knockctl reload [options]",
    ],
    [
      ["--force", "reload"],
      "unrecognized option '--force'",
      "--help lists the options",
      "knockctl reload [options]",
    ],
    [["reload", "now"], 'unexpected "now"', undefined, "knockctl reload [options]"],
    [
      ["close"],
      "DOOR|ADDRESS|all is missing",
      undefined,
      "knockctl close DOOR|ADDRESS|all [ADDRESS] [options]",
    ],
    [["open", "ssh"], "ADDRESS is missing", undefined, openUsage],
    [["open", "ssh", "::1", "for"], 'TIME is missing after "for"', undefined, openUsage],
    [["open", "ssh", "::1", "10m", "now"], 'unexpected "now"', undefined, openUsage],
    [["open", "ssh", "::1", "fro", "10m"], 'unexpected "fro"', 'did you mean "for"?', openUsage],
    [
      ["open", "ssh", "192.0.2"],
      '"192.0.2" is not an address',
      "an IPv4 or IPv6 address, such as 192.0.2.1 or 2001:db8::1",
      openUsage,
    ],
    [["extend", "ssh", "::1", "0"], '"0" is not a length of time', time, extendUsage],
    [["extend", "ssh", "::1"], "TIME is missing", undefined, extendUsage],
    [
      ["guard", "ssh"],
      '"ssh" is not a service',
      "a service is written as tcp/22, udp/51820 or icmp",
      guardUsage,
    ],
    [["guard", "--from-console"], "--from-console goes with --confirm", undefined, guardUsage],
    [["guard", "--confirm", "tcp/22"], 'unexpected "tcp/22"', undefined, guardUsage],
    [
      ["invite", "ssh"],
      "--host NAME is missing",
      undefined,
      "knockctl invite DOOR --host NAME [options]",
    ],
  ])("%j", async (args, message, hint, usage?: string) => {
    expect(await knockctl(...args)).toEqual({
      code: 2,
      stdout: "",
      stderr: [
        `knockctl: error: ${message}\n`,
        hint === undefined ? "" : `knockctl: hint: ${hint}\n`,
        usage === undefined ? "" : `usage: ${usage}\n`,
      ].join(""),
    });
  });
});

describe("options", () => {
  test("stand before the command as well", async () => {
    const { path } = await startServer();
    const wanted = await knockctl("close", "192.0.2.9", "--cut", "--json", "--socket", path);
    expect(wanted).toMatchObject({ code: 0, stderr: "" });
    for (const args of [
      ["-s", path, "-j", "close", "--cut", "192.0.2.9"],
      ["--socket", path, "--json", "--cut", "close", "192.0.2.9"],
      [`--sock=${path}`, "close", "-j", "192.0.2.9", "--cut"],
      [`-js${path}`, "--cut", "close", "192.0.2.9"],
    ])
      expect(await knockctl(...args)).toEqual(wanted);
  });

  test("of all commands are ignored by those that have no use for them", async () => {
    const file = fileWith("[ssh]\nsequence = 7003,7001,7002\ntcpflags = syn\ncommand = true\n");
    expect(await knockctl("-s", "/nonexistent", "check", file)).toMatchObject({ code: 0 });
  });

  test("take an argument in every command, or in none", () => {
    const all = commands.flatMap(optionsOf);
    for (const { long, argument } of all) {
      const others = all.filter((option) => option.long === long);
      expect(others.map((one) => one.argument !== undefined)).toEqual(
        others.map(() => argument !== undefined),
      );
    }
  });
});

test("KNOCKCTL_SOCKET says where the daemon listens, and --socket overrides it", async () => {
  const { path } = await startServer();
  vi.stubEnv("KNOCKCTL_SOCKET", path);
  expect(await knockctl("doors")).toMatchObject({ code: 0 });
  const { stderr } = await knockctl("doors", "--socket", "/nonexistent/s");
  expect(stderr).toContain("there is no /nonexistent/s\n");
  vi.stubEnv("KNOCKCTL_SOCKET", "");
  expect((await knockctl("doors")).stderr).toContain("/run/knockd/control.sock");
});

test.each(commands.map(({ name }) => name))("%s --help fits 80 columns", async (name) => {
  const { code, stdout } = await knockctl(name, "--help");
  expect([code, stdout.split(" ").slice(0, 3)]).toEqual([0, ["usage:", "knockctl", name]]);
  expect(stdout).toContain("\nexample: knockctl ");
  expect(tooWide(stdout)).toEqual([]);
});

test.each(commands.map(({ name, example }) => [name, example]))(
  "the example of %s is a command line",
  (name, example) => {
    const [first, ...words] = example.split(" ");
    const command = commands.find((one) => one.name === name);
    expect(first).toBe(name);
    expect(() => command && readCommandLine(command, words, {})).not.toThrow();
  },
);

test.each(commands.map(({ name, summary }) => [name, summary]))(
  "the summary of %s is short, and has no article",
  (_, summary) => {
    expect(summary.length).toBeLessThanOrEqual(60);
    expect(summary).not.toMatch(/\b(?:an?|the)\b/);
  },
);

test("each option begins with a verb, and ends with its default", () => {
  const helps = commands.flatMap(optionsOf).map(({ help }) => help);
  expect(helps.length).toBeGreaterThan(100);
  const others = /^(?:an?|the|with|without|if|for|only|as|how|where|what|this|these) /;
  expect(helps.filter((help) => others.test(help))).toEqual([]);
  expect(helps.filter((help) => / \[/.test(help) && !help.endsWith("]"))).toEqual([]);
});

test("a file that another user may not read gets the hint to become root", async () => {
  vi.spyOn(process, "geteuid").mockReturnValue(1000);
  const cause = Object.assign(new Error("EACCES: permission denied, open"), { code: "EACCES" });
  const denied = new KnockError("CONFIG", "/etc/knockd.conf: Permission denied", { cause });
  expect(withPermissionHint(denied, "knockctl").hints).toEqual(["run knockctl as root"]);
  const missing = new KnockError("CONFIG", "/etc/knockd.conf: No such file or directory");
  expect(withPermissionHint(missing, "knockctl").hints).toEqual([]);
});

test("no daemon: 1, and what to do", async () => {
  const { code, stdout, stderr } = await knockctl("status", "--socket", "/nonexistent/s");
  expect([code, stdout]).toEqual([1, ""]);
  const [error, hint, ...more] = stderr.split("\n");
  expect(error).toBe("knockctl: error: knockd is not running: there is no /nonexistent/s");
  expect(hint).toMatch(
    existsSync("/run/systemd/system") ? /systemctl start knockd$/ : /: .*knockd(?: start| -d)$/,
  );
  expect(more).toEqual([""]);
});

test("what the daemon refuses: 1, and its hint", async () => {
  const { path } = await startServer();
  expect(await knockctl("close", "sssh", "--socket", path)).toEqual({
    code: 1,
    stdout: "",
    stderr: `\
knockctl: error: there is no door "sssh"
knockctl: hint: knockctl doors lists them
`,
  });
});

test("-V", async () => {
  expect((await knockctl("-V")).stdout).toMatch(/^knockctl \(Sesame \d+\.\d+\.\d+\)\n$/);
});

function fileWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "sesame-check-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "knockd.conf"), text);
  return join(folder, "knockd.conf");
}

describe("check", () => {
  const door = "[ssh]\nsequence = 7003,7001,7002\ntcpflags = syn\ncommand = true\n";
  const warned = door.replace("tcpflags = syn\n", "");

  test("a good file: 0", async () => {
    const path = fileWith(door);
    expect(await knockctl("check", path, "--strict")).toEqual({
      code: 0,
      stdout: `${path}: configuration OK, 1 door\n`,
      stderr: "",
    });
  });

  test.each([
    ["", ", once a service is protected"],
    ["protect = yes\n", ": the kernel opens it"],
  ])("each native door, and whether the kernel opens it: %o", async (protect, how) => {
    const native = (name: string, ports: string) =>
      `[${name}]\nsequence = ${ports}\ntcpflags = syn\nopen = tcp/22\n${protect}`;
    const path = fileWith(
      `${native("a", "7003,9140,8455")}${native("b", "7103,9240,7103")}${door}`,
    );
    const { stdout } = await knockctl("check", path);
    expect(stdout.split("\n").slice(1)).toEqual([
      `door a opens also while knockd does not run${how}`,
      "door b opens only while knockd runs: its sequence has a port twice",
      "",
    ]);
  });

  test("a warning: 0, with its hint on standard error", async () => {
    const path = fileWith(warned);
    expect(await knockctl("check", path)).toEqual({
      code: 0,
      stdout: `${path}: configuration OK, 1 door, 1 warning\n`,
      stderr: expect.stringMatching(/:1:1: warning: .*\n.*:1:1: hint: tcpflags = syn\n$/),
    });
  });

  test("a warning with --strict: 2", async () => {
    expect(await knockctl("check", fileWith(warned), "--strict")).toMatchObject({ code: 2 });
  });

  test("an error: 1, and every problem", async () => {
    const path = fileWith("[ssh]\nsequence = x\nbogus = 1\n\u001b = 1\n");
    const { code, stdout, stderr } = await knockctl("check", path, "--strict");
    expect([code, stdout]).toEqual([1, `${path}: cannot be used\n`]);
    expect(stderr).toContain(":2:12: sequence: port");
    expect(stderr).toContain(':3:1: syntax error: unknown directive "bogus"');
    expect(stderr).toContain(":4:1: syntax error: unknown directive\n");
  });

  test("no such file: 1", async () => {
    const { code, stderr } = await knockctl("check", "/nonexistent");
    expect([code, stderr]).toEqual([
      1,
      "knockctl: error: /nonexistent: No such file or directory\nknockctl: hint: knockctl init makes a configuration\n",
    ]);
  });

  test("--json", async () => {
    const path = fileWith(warned);
    const { code, stdout, stderr } = await knockctl("check", path, "--json");
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toEqual({
      version: 2,
      file: path,
      usable: true,
      doors: 1,
      needsRoot: ["door 'ssh' runs a command"],
      problems: [
        {
          severity: "warning",
          line: 1,
          column: 1,
          message: expect.stringContaining("'ssh' has no tcpflags"),
          hint: "tcpflags = syn",
        },
      ],
    });
    const broken = await knockctl("check", fileWith("bogus"), "--json");
    expect(JSON.parse(broken.stdout)).toMatchObject({
      usable: false,
      doors: 0,
      problems: [{ severity: "error", line: 1, column: 1 }, { severity: "warning" }],
    });
  });

  test("what does not suit this machine, each at its place", async () => {
    const path = fileWith(`${door}user = no-such-user\n[once]\none_time_sequences = /none\n`);
    const { code, stderr } = await knockctl("check", path);
    expect(code).toBe(0);
    expect(stderr).toContain(`${path}:5:8: warning: this machine has no user "no-such-user": `);
    expect(stderr).toContain(`${path}:7:22: warning: cannot read /none: No such file`);
  });
});
