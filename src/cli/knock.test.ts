import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { runMain } from "../../test/support/run-main.ts";
import { tooWide } from "../../test/support/wide.ts";
import { options } from "./knock/command-line.ts";
import { usageLines } from "./knock/usage.ts";
import { main } from "./knock.ts";
import { version } from "./version.ts";

const folder = mkdtempSync(join(tmpdir(), "sesame-knock-"));
const file = join(folder, "sesame", "knock.conf");
vi.stubEnv("XDG_CONFIG_HOME", folder);
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** The loopback interface: `lo`, or `lo0`. */
const loopbackOption = Object.entries(networkInterfaces())
  .filter(([, all]) => all?.some(({ address }) => address === "127.0.0.1"))
  .flatMap(([name]) => ["--interface", name]);

async function knock(...args: string[]) {
  return await runMain("knock", main, args);
}

test("it knocks, and says nothing", async () => {
  const socket = createSocket("udp4");
  await once(socket.bind(0, "127.0.0.1"), "listening");
  const message = once(socket, "message");
  const result = await knock("127.0.0.1", `${socket.address().port}:udp`);
  expect(result).toEqual({ code: 0, stdout: "", stderr: "" });
  await message;
  socket.close();
});

test("-v names each packet", async () => {
  expect(await knock("-v", "localhost", "-4", "1", "02/UDP", "3:tcp")).toEqual({
    code: 0,
    stdout: "hitting tcp 127.0.0.1:1\nhitting udp 127.0.0.1:02\nhitting tcp 127.0.0.1:3\n",
    stderr: "",
  });
});

test("takes what people copy: commas between ports, and an IPv6 address in brackets", async () => {
  const hits = (...args: string[]) => knock("-v", ...args);
  const stdout = "hitting tcp 127.0.0.1:1\nhitting udp 127.0.0.1:2\nhitting tcp 127.0.0.1:3\n";
  const wanted = { code: 0, stdout, stderr: "" };
  expect(await hits("127.0.0.1", "1,2:udp,3")).toEqual(wanted);
  expect(await hits("127.0.0.1", "1,", "2:udp,", "3")).toEqual(wanted);
  expect(await hits("-d", "0.5", "127.0.0.1", "1", "2:udp,3")).toEqual(wanted);
  expect((await hits("[::1]", "1")).stdout).toBe("hitting tcp ::1:1\n");
});

test("of -4 and -6 the last counts", async () => {
  expect(await knock("-6", "-4", "127.0.0.1", "1")).toMatchObject({ code: 0 });
});

test("-V prints knockd's version and ours", async () => {
  expect(await knock("-V")).toEqual({
    code: 0,
    stdout: `knock 0.8 (Sesame ${version})\n`,
    stderr: "",
  });
  expect(version).toMatch(/^\d+\.\d+\.\d+/);
});

test.each([[["-h"]], [["--help", "127.0.0.1", "1"]], [[]]])(
  "%j gets the help on standard output and exit code 1",
  async (args) => {
    const { code, stdout, stderr } = await knock(...args);
    expect([code, stderr]).toEqual([1, ""]);
    expect(stdout).toMatch(/^usage: knock /);
    for (const { long } of options) expect(stdout).toMatch(new RegExp(`--${long}[ \\n]`));
    expect(tooWide(stdout)).toEqual([]);
  },
);

const noPort = `no port to knock at, and no profile '127.0.0.1' in ${file}`;
const listHint = "--list shows all profiles, --save makes one";

test.each([
  [["-v"], "no host to knock at", "--help explains the options"],
  [["--wait", "22"], "no host to knock at", "--help explains the options"],
  [["127.0.0.1"], noPort, listHint],
  [["-v", "127.0.0.1"], noPort, listHint],
  [["-d", "-5", "127.0.0.1"], noPort, listHint],
])("%j gets the usage lines on standard output, and the reason", async (args, message, hint) => {
  expect(await knock(...args)).toEqual({
    code: 1,
    stdout: usageLines,
    stderr: `knock: error: ${message}\nknock: hint: ${hint}\n`,
  });
});

describe("it refuses", () => {
  const portHint = "knock: hint: ports are written as 7000, 7000:udp or ssh\n";
  test.each([
    [
      ["--bogus"],
      "knock: error: unrecognized option '--bogus'\nknock: hint: --help lists the options\n",
    ],
    [["-d", "-5", "127.0.0.1", "1"], "error: delay cannot be negative\n"],
    [
      ["-d5x", "127.0.0.1", "1"],
      "knock: error: delay '5x': expected milliseconds, a number of at most nine digits\n",
    ],
    [
      ["127.0.0.1", "1", "70000"],
      `knock: error: port '70000' is neither a number from 1 to 65535 nor a known service\n${portHint}`,
    ],
    [["127.0.0.1", "1:xyz"], `knock: error: port '1:xyz' names an unknown protocol\n${portHint}`],
    [["-4", "::1", "1"], "knock: error: '::1' is not an IPv4 address, which -4 asks for\n"],
    [
      ["127.0.0.1:7311", "8122"],
      "knock: error: '127.0.0.1:7311' is a host with a port\nknock: hint: the host stands alone, then the ports: knock 127.0.0.1 7311 PORT...\n",
    ],
    [
      ["root@127.0.0.1", "7311"],
      "knock: error: 'root@127.0.0.1' is a host with a user\nknock: hint: the host stands alone, then the ports: knock 127.0.0.1 PORT...\n",
    ],
    [
      ["a..b", "7000:udp", "8000"],
      "Failed to resolve hostname 'a..b' on port 7000\ngetaddrinfo: unknown node or service\n",
    ],
    [
      ["255.255.255.255", "7"],
      expect.stringMatching(/^knock: error: cannot send to tcp 255\.255\.255\.255:7: [a-z ]+\n$/),
    ],
  ])("%j", async (args, stderr) => {
    expect(await knock(...args)).toEqual({ code: 1, stdout: "", stderr });
  });
});

/** Counts the datagrams that arrive at a port of its own. */
async function listener() {
  const socket = createSocket("udp4");
  const arrivals: string[] = [];
  socket.on("message", (bytes) => arrivals.push(bytes.toString()));
  await once(socket.bind(0, "127.0.0.1"), "listening");
  onTestFinished(() => void socket.close());
  return { port: socket.address().port, arrivals };
}

/** A TCP port that lets everybody in, and one where nobody listens. */
async function services() {
  const ports: number[] = [];
  for (const stays of [true, false]) {
    const server = createServer((socket) => socket.on("error", () => {}).end());
    await once(server.listen(0, "127.0.0.1"), "listening");
    ports.push((server.address() as AddressInfo).port);
    if (stays) onTestFinished(() => void server.close());
    else await new Promise((resolve) => server.close(resolve));
  }
  const [open = 0, closed = 0] = ports;
  return { open, closed };
}

test("unique beginnings of knockd's options mean what they meant", async () => {
  const { port, arrivals } = await listener();
  for (const flags of [
    ["--u"],
    ["--ud"],
    ["--u", "--d", "1"],
    ["--u", "--del=1"],
    ["--u", "--verb"],
  ]) {
    expect(await knock(...flags, "127.0.0.1", `${port}`)).toMatchObject({ code: 0, stderr: "" });
  }
  await expect.poll(() => arrivals.length).toBe(5);
  expect((await knock("--vers")).stdout).toMatch(/^knock 0.8/);
  expect((await knock("--h", "127.0.0.1", "1")).stdout).toMatch(/^usage/);
});

test("what stands after -- are ports, as they always were", async () => {
  const names = async (...args: string[]) => (await knock("-v", ...args)).stdout;
  const hits = "hitting tcp 127.0.0.1:1\nhitting tcp 127.0.0.1:2\n";
  expect(await names("127.0.0.1", "1", "--", "2")).toBe(hits);
  expect(await names("127.0.0.1", "--", "1", "2")).toBe(hits);
  expect(await names("--", "127.0.0.1", "1", "2")).toBe(hits);
  const { stderr } = await knock("127.0.0.1", "1", "--", "true", "x");
  expect(stderr).toContain(
    "knock: hint: a command after -- needs an option that knockd's client lacks, such as --wait\n",
  );
});

test("--payload and pauses are sent", async () => {
  const { port, arrivals } = await listener();
  const step = `${port}:udp`;
  const result = await knock("--payload", "open", "127.0.0.1", step, "+20ms", step);
  expect(result).toEqual({ code: 0, stdout: "", stderr: "" });
  await expect.poll(() => arrivals.length).toBe(2);
  expect(arrivals).toEqual(["open", "open"]);
});

describe("--wait", () => {
  test("ends with 0 when it is let in, and says nothing where nobody looks", async () => {
    const { open } = await services();
    expect(await knock("--wait", `${open}`, "127.0.0.1", "1")).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
  });

  test("ends with 1 and the reason if not", async () => {
    const { closed } = await services();
    const args = ["--wait", `tcp/${closed},100ms`, "127.0.0.1", "1"];
    const { code, stdout, stderr } = await knock(...args);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(
      /^knock: error: tcp\/\d+ of 127\.0\.0\.1 is refused: the machine answers, .*\nknock: hint: /,
    );
    expect(await knock("-q", ...args)).toEqual({ code: 1, stdout: "", stderr: "" });
  });

  test("as JSON is one object", async () => {
    const { open, closed } = await services();
    const ask = async (...args: string[]) => {
      const { code, stdout, stderr } = await knock("--json", ...args);
      expect(stderr).toBe("");
      return [code, JSON.parse(stdout)];
    };
    const told = { host: "127.0.0.1", addresses: ["127.0.0.1"], knocks: 1 };
    expect(await ask("127.0.0.1", "1")).toEqual([0, { ...told, result: "sent" }]);
    const at = { address: "127.0.0.1", waited: expect.any(Number) };
    expect(await ask("--wait", `${open}`, "127.0.0.1", "1")).toEqual([
      0,
      { ...told, ...at, result: "open", service: `tcp/${open}`, openBefore: true },
    ]);
    expect(await ask("--wait", `${closed},100ms`, "127.0.0.1", "1")).toEqual([
      1,
      {
        ...told,
        ...at,
        result: "refused",
        service: `tcp/${closed}`,
        openBefore: false,
        reason: "connection refused",
      },
    ]);
    const { stdout, stderr } = await knock("--json", "-v", "127.0.0.1", "1");
    expect([JSON.parse(stdout).result, stderr]).toEqual(["sent", "hitting tcp 127.0.0.1:1\n"]);
    expect(await ask("a..b", "1")).toEqual([
      1,
      { host: "a..b", result: "failed", reason: "cannot resolve 'a..b': unknown node or service" },
    ]);
    const reason = "cannot send to tcp 255.255.255.255:7: network is unreachable";
    for (const wait of [[], ["--wait", "22"]]) {
      expect(await ask(...wait, "255.255.255.255", "7")).toEqual([
        1,
        { host: "255.255.255.255", result: "unreachable", reason },
      ]);
    }
  });

  test.each([
    [[], "no host to knock at"],
    [["nil"], `no port to knock at, and no profile 'nil' in ${file}`],
    [["127.0.0.1:7000"], "'127.0.0.1:7000' is a host with a port"],
    [["root@127.0.0.1"], "'root@127.0.0.1' is a host with a user"],
    [["127.0.0.1", "70000"], expect.stringContaining("port '70000' is neither")],
    [["-d", "-5", "127.0.0.1", "1"], expect.stringContaining("delay '-5'")],
    [["--keep", "x", "127.0.0.1", "1"], expect.stringContaining("--keep: ")],
    [["--print", "nil"], "there is no profile 'nil'"],
    [["-F", "/dev/null", "home"], "/dev/null: others can write it"],
    [["--bogus"], "unrecognized option '--bogus'"],
    [["127.0.0.1", "1", "-d"], "option '-d' needs an argument: MS"],
    [["--js", "--bogus"], "unrecognized option '--bogus'"],
  ])("as JSON is one object also where nothing was sent: %j", async (args, reason) => {
    const { code, stdout, stderr } = await knock("--json", ...args);
    expect([code, JSON.parse(stdout)]).toEqual([1, { result: "failed", reason }]);
    expect(stderr).toMatch(/^knock: /);
  });
});

test("the --json of a command is not ours", async () => {
  const args = ["--bogus", "127.0.0.1", "1", "--", "x", "--json"];
  expect(await knock(...args)).toMatchObject({ code: 1, stdout: "" });
});

test.each([
  ["a..b", "1"],
  ["255.255.255.255", "7"],
  ["--proxy", "a..b", "1", "2"],
])("-q leaves out why nothing could be sent: %j", async (...args) => {
  expect(await knock("-q", ...args)).toEqual({ code: 1, stdout: "", stderr: "" });
});

describe("--keep", () => {
  test("with a command ends with the reason if the first knock fails", async () => {
    const { closed } = await services();
    const lost = ["--keep", "1m", "--wait", `${closed},100ms`, "127.0.0.1", "1", "--", "true"];
    const { code, stdout, stderr } = await knock(...lost);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(
      /^knock: error: tcp\/\d+ of 127\.0\.0\.1 is refused: .*\nknock: hint: .*\n$/,
    );
    expect(await knock("-q", ...lost)).toEqual({ code: 1, stdout: "", stderr: "" });
  });

  test("with an empty command goes on until it is stopped, and says how often", async () => {
    const { port, arrivals } = await listener();
    await knock("--save", "home", "127.0.0.1", `${port}:udp`);
    const kept = knock("--keep", "10m", "home", "--");
    await expect.poll(() => arrivals.length).toBe(1);
    process.emit("SIGINT");
    expect(await kept).toEqual({
      code: 0,
      stdout: "",
      stderr: expect.stringMatching(/^1 knock in /),
    });
  });

  afterEach(() => rmSync(file, { force: true }));
});

describe("a profile", () => {
  afterEach(() => rmSync(file, { force: true }));

  test("is saved, listed, printed without its secret, and knocked by its name", async () => {
    const { port, arrivals } = await listener();
    const saved = ["--save", "home", "-d", "10", "--payload", "hi", "127.0.0.1", `${port}:udp`];
    const note = `saved as 'home' in ${file}\n`;
    expect(await knock(...saved)).toEqual({ code: 0, stdout: "", stderr: note });
    expect(arrivals).toEqual([]);
    const told = (text: string) => ({ code: 0, stdout: text, stderr: "" });
    expect(await knock("--list")).toEqual(told("NAME  HOST       WAIT\nhome  127.0.0.1\n"));
    expect(await knock("--list", "--json")).toEqual(told('[{"name":"home","host":"127.0.0.1"}]\n'));
    expect(await knock("--print", "home")).toEqual(
      told(
        [
          "Host home",
          "    HostName 127.0.0.1",
          "    # Sequence: 1 port, --secrets shows them",
          "    Delay 10ms",
          "    # Payload: --secrets shows it",
          "",
        ].join("\n"),
      ),
    );
    const secrets = (await knock("--print", "home", "--secrets")).stdout;
    expect(secrets).toBe(readFileSync(file, "utf8"));
    expect(await knock("home")).toEqual(told(""));
    expect(await knock("-v", "--payload", "you", "home")).toEqual(
      told(`hitting udp 127.0.0.1:${port}\n`),
    );
    await expect.poll(() => arrivals.length).toBe(2);
    expect(arrivals).toEqual(["hi", "you"]);
    expect(await knock(...saved)).toMatchObject({
      code: 1,
      stderr: `knock: error: ${file}:1: there is a profile 'home'\nknock: hint: --force replaces it\n`,
    });
  });

  test.each([["--keep", "10m"], ["--proxy"], ["--json"]])(
    "nothing is saved with %s",
    async (...option) => {
      const { code, stderr } = await knock("--save", "home", ...option, "127.0.0.1", "22", "9");
      expect(code).toBe(1);
      expect(stderr).toContain(`${option[0]} cannot be saved with a profile`);
    },
  );

  test("is of no interest when ports are given", async () => {
    await knock("--save", "127.0.0.1", "127.0.0.9", "9");
    expect((await knock("-v", "127.0.0.1", "1")).stdout).toBe("hitting tcp 127.0.0.1:1\n");
    expect(
      (await knock("-v", "-4", "--profile", "127.0.0.1", "--source", "127.0.0.1")).stdout,
    ).toBe("hitting tcp 127.0.0.9:9\n");
  });

  test("sends from where the command line says, whatever its own words for that are", async () => {
    for (const origin of ["BindInterface nil7", "BindAddress ::1"]) {
      writeFileSync(file, `Host home\nHostName 127.0.0.1\nSequence 9\n${origin}\n`, {
        mode: 0o600,
      });
      const option = origin.startsWith("BindI") ? ["--source", "127.0.0.1"] : loopbackOption;
      expect(await knock(...option, "home")).toEqual({ code: 0, stdout: "", stderr: "" });
    }
  });

  test("tells problems with file and line", async () => {
    writeFileSync(file, "Host home\n  Sequence 1 x\n", { mode: 0o600 });
    expect(await knock("home")).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringContaining(`knock: error: ${file}:2: port 'x' is neither`),
    });
    writeFileSync(file, "Host home\n  HostName x\n");
    expect((await knock("home")).stderr).toBe(`knock: error: ${file}: 'home' has no Sequence\n`);
  });

  test("that is meant is named", async () => {
    writeFileSync(file, "Host home\n  Sequence 1\n", { mode: 0o600 });
    for (const args of [["hom"], ["--print", "hom"], ["--profile", "hoem"]]) {
      expect(await knock(...args)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("\nknock: hint: did you mean 'home'?\n"),
      });
    }
    writeFileSync(file, "Hots home\n  Seqence 1\n", { mode: 0o600 });
    expect((await knock("home")).stderr).toBe(
      [
        `knock: error: ${file}:1: unknown keyword 'Hots' (did you mean Host?)`,
        `knock: error: ${file}:2: unknown keyword 'Seqence' (did you mean Sequence?)`,
        "",
      ].join("\n"),
    );
  });

  test("that there is not is told", async () => {
    expect((await knock("--print", "home")).stderr).toMatch(
      /^knock: error: there is no profile 'home'\n/,
    );
    expect(await knock("--list")).toMatchObject({
      code: 0,
      stdout: "",
      stderr: `no profiles in ${file}; --save makes one\n`,
    });
  });
});

describe("options that do not go together are refused:", () => {
  test.each([
    [["--retry", "3", "127.0.0.1", "1"], "--retry needs --wait"],
    [["--retry", "x", "--wait", "1", "127.0.0.1", "1"], "--retry: 'x' is not a number"],
    [
      ["--wait", "udp/53", "127.0.0.1", "1"],
      "--wait: cannot wait for 'udp/53': whether a UDP port",
    ],
    [["--payload", "x", "127.0.0.1", "1"], "--payload has no meaning without a UDP port"],
    [["--json", "--proxy", "127.0.0.1", "1", "2"], "--proxy does not go together with --json"],
    [
      ["--keep", "1m", "--proxy", "127.0.0.1", "1", "2"],
      "--proxy does not go together with --keep",
    ],
    [["--keep", "x", "127.0.0.1", "1"], '--keep: "x" is not a length of time'],
    [["--json", "--wait", "1", "127.0.0.1", "1", "--", "true"], "--json leaves standard output"],
    [["--proxy", "127.0.0.1"], "--proxy takes HOST PORT"],
    [["--proxy", "127.0.0.1", "22"], "there is no profile '127.0.0.1'"],
    [["--profile", "x", "127.0.0.1"], "--profile x leaves no room for '127.0.0.1'"],
    [["--source", "::1", "127.0.0.1", "1"], "'::1' is none from which 127.0.0.1 could be reached"],
    [["--source", "127.0.0.1", "--interface", "lo", "127.0.0.1", "1"], "exclude each other"],
    [
      ["--save", "x", "--source", "127.0.0.1", "--interface", "lo", "127.0.0.1", "1"],
      "exclude each other",
    ],
    [["--interface", "nil7", "127.0.0.1", "1"], "there is no interface 'nil7'"],
    [["127.0.0.1", "+5", "1"], "'+5' does not stand between two ports"],
  ])("%j", async (args, message) => {
    const { code, stdout, stderr } = await knock(...args);
    expect(code).toBe(1);
    if (!args.includes("--json")) expect(stdout).toBe("");
    expect(stderr).toMatch(/^knock: error: /);
    expect(stderr).toContain(message);
  });
});
