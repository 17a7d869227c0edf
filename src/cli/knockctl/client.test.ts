import { readFileSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { temporaryFolder } from "../../../test/support/control-server.ts";
import { knockctl } from "../../../test/support/knockctl.ts";
import { tooWide } from "../../../test/support/wide.ts";

beforeEach(() => void vi.stubEnv("SSH_CONNECTION", "192.0.2.7 50000 192.0.2.1 22"));
afterEach(() => vi.unstubAllEnvs());

function open() {
  const folder = temporaryFolder();
  const config = join(folder, "knockd.conf");
  writeFileSync(
    config,
    `[ssh]
sequence = 7003,9140,8455,1555
tcpflags = syn
open = tcp/22
[udp]
sequence = 7003:udp
command = true
[office]
sequence = 7103,9240
tcpflags = syn
open = tcp/80, tcp/22
to = 10.0.0.5
[once]
one_time_sequences = ${folder}/list
command = true
`,
  );
  return { folder, config };
}

describe("client", () => {
  test("prints the lines for every kind of client", async () => {
    const { config } = open();
    const { code, stdout, stderr } = await knockctl("client", "ssh", "--config", config);
    expect([code, stderr, tooWide(stdout)]).toEqual([0, "", []]);
    expect(stdout).toMatchInlineSnapshot(`
      "How to open [ssh]. These lines hold its sequence: treat them as a password.

      On Linux and macOS:

          knock -d 200 192.0.2.1 7003 9140 8455 1555 && ssh 192.0.2.1

      On Windows (in PowerShell write ; for &&):

          knock.exe -d 200 192.0.2.1 7003 9140 8455 1555 && ssh 192.0.2.1

      In ~/.config/sesame/knock.conf, on Windows %APPDATA%\\sesame\\knock.conf, for
      "knock ssh":

          Host ssh
              HostName 192.0.2.1
              Sequence 7003 9140 8455 1555
              Delay 200ms
              Wait 22
              Retry 3

      In ~/.ssh/config, so that ssh knocks by itself:

          Host 192.0.2.1
              ProxyCommand knock --retry 3 --proxy %h %p 7003 9140 8455 1555
      "
    `);
  });

  test("writes a QR code that only its owner can read, and overwrites none", async () => {
    const { folder, config } = open();
    for (const [name, start] of [
      ["a.svg", "<svg"],
      ["a.PNG", "\u0089PNG"],
    ] as const) {
      const file = join(folder, name);
      const args = ["client", "ssh", "--config", config, "--qr", file];
      const { code, stdout } = await knockctl(...args);
      expect([code, stdout.split("\n").at(-2)]).toEqual([0, `${file} is the QR code.`]);
      expect(readFileSync(file, "latin1").slice(0, 4)).toBe(start);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(await knockctl(...args)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("knockctl: hint: --force overwrites it\n"),
      });
      expect(await knockctl(...args, "--force")).toMatchObject({ code: 0 });
    }
  });

  test("shows it, and prints JSON", async () => {
    const { config } = open();
    const host = ["--config", config, "--host", "a.example"];
    expect((await knockctl("client", "ssh", ...host, "--qr", "-")).stdout).toMatch(/[█▀▄]{9}/);
    const { stdout } = await knockctl("client", "ssh", ...host, "--json");
    expect(JSON.parse(stdout)).toMatchObject({ door: "ssh", profile: { name: "ssh" } });
  });

  test.each([
    [["shs"], 1, 'there is no door "shs"\nknockctl: hint: did you mean "ssh"?'],
    [["once"], 1, "[once] has one-time sequences"],
    [["udp", "--qr", "x.png"], 1, "no browser can knock at [udp]"],
    [["ssh", "--qr", "x.gif"], 2, '--qr: "x.gif" is neither an .svg nor a .png file'],
    [["ssh", "--host", "a b"], 2, '"a b" is not a host'],
    [["ssh", "--service", "x"], 2, '"x" is not a service'],
  ])("refuses %j", async (args, code, message) => {
    const { config } = open();
    const result = await knockctl("client", ...args, "--config", config);
    expect(result).toMatchObject({ code, stdout: "" });
    expect(result.stderr).toContain(message);
  });
});

test("client warns of a service that the door leaves shut, and of a host that is a guess", async () => {
  const { config } = open();
  const args = ["client", "ssh", "--config", config];
  expect((await knockctl(...args, "--service", "tcp/99")).stderr).toBe(
    "knockctl: warning: [ssh] does not open tcp/99\n",
  );
  expect((await knockctl(...args, "--service", "tcp/22")).stderr).toBe("");
  vi.stubEnv("SSH_CONNECTION", undefined);
  expect((await knockctl(...args)).stderr).toBe(
    `knockctl: warning: ${hostname()} is this machine's own name; if clients use another: --host NAME\n`,
  );
  expect((await knockctl(...args, "--host", "vm.example.org")).stderr).toBe("");
});

test("client finds a service of hosts behind this one by its port", async () => {
  const { config } = open();
  const args = ["client", "office", "--config", config, "--host", "a.example"];
  const { stderr, stdout } = await knockctl(...args, "--service", "tcp/22");
  expect(stderr).toBe("");
  expect(stdout).toContain("knock -d 200 a.example 7103 9240 && ssh 10.0.0.5\n");
});

describe("sequence", () => {
  test("says that the ports of doors are unknown", async () => {
    const { config, folder } = open();
    const said = async (file: string) => (await knockctl("sequence", "--config", file)).stderr;
    const end = ": the ports of its doors are not left out\n";
    expect(await said(config)).toBe("");
    expect(await said(join(folder, "none"))).toBe(
      `knockctl: warning: ${join(folder, "none")}: No such file or directory${end}`,
    );
    writeFileSync(config, "[ssh]\nsequence = x\n");
    expect(await said(config)).toBe(`knockctl: warning: ${config} cannot be used${end}`);
  });

  const ports = (text: string) => text.split("\n")[0]?.split(",").map(Number) ?? [];

  test("is random, of ports that nothing else uses, and its strength is a line", async () => {
    const { config } = open();
    const { code, stdout, stderr } = await knockctl("sequence", "--config", config);
    expect([code, stderr, new Set(ports(stdout)).size]).toEqual([0, "", 4]);
    expect(stdout.split("\n")[1]).toMatch(
      /^4 random ports: too many to guess; 1 of 4\d0,000 random-order scans opens it$/,
    );
    expect(tooWide(stdout)).toEqual([]);
    const other = await knockctl("sequence", "--config", config);
    expect(other.stdout).not.toBe(stdout);
  });

  test("has the length and the ports that are wanted, without those of doors", async () => {
    const { config } = open();
    const args = ["--length", "3", "--ports", "7002-7005,8453-8455,20001", "--config", config];
    const { stdout } = await knockctl("sequence", ...args);
    const allowed = [7002, 7004, 7005, 8453, 8454, 20_001];
    expect(ports(stdout)).toHaveLength(3);
    expect(ports(stdout).filter((port) => !allowed.includes(port))).toEqual([]);
    expect(stdout).toMatch(/\n3 random ports: guessed in [\d.]+ days at 1000 knocks a second; /);
  });

  test("as JSON", async () => {
    const { stdout } = await knockctl("sequence", "-j", "--config", "/nonexistent");
    expect(JSON.parse(stdout)).toEqual({
      version: 2,
      sequence: expect.stringMatching(/^\d+,\d+,\d+,\d+$/),
      bits: expect.any(Number),
      orders: 24,
    });
  });

  test.each([
    [["--length", "2"], '--length: "2" is not from 3 to 32'],
    [["--ports", "5-3"], '--ports: "5-3" is not a range of ports'],
    [["--ports", "1-2-3"], "is not a range of ports"],
    [["--ports", "x"], "is not a range of ports"],
    [["--ports", "22"], "only 0 of the ports can be used"],
  ])("refuses %j", async (args, message) => {
    const result = await knockctl("sequence", ...args);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain(message);
  });
});
