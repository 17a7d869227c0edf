import { createSocket } from "node:dgram";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  afterAll,
  afterEach,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from "vitest";
import { knockVectors } from "../../../test/support/knock-vectors.ts";
import { runMain } from "../../../test/support/run-main.ts";
import { formatLink } from "../../knock/link.ts";
import { main } from "../knock.ts";

const folder = mkdtempSync(join(tmpdir(), "sesame-keys-"));
const file = join(folder, "sesame", "knock.conf");
beforeEach(() => void vi.stubEnv("XDG_CONFIG_HOME", folder));
afterEach(() => rmSync(join(folder, "sesame"), { recursive: true, force: true }));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const { key, lock, keyId } = knockVectors.keys;

/** All that a test printed, to look for secrets. */
let printed = "";
beforeEach(() => {
  printed = "";
});

async function knockWith(input: string | undefined, ...args: string[]) {
  const result = await runMain("knock", main, args, undefined, input);
  printed += result.stdout + result.stderr;
  return result;
}
const knock = (...args: string[]) => knockWith(undefined, ...args);

const parts = {
  host: "127.0.0.1",
  port: 23547,
  door: "ssh",
  name: "home",
  addresses: [],
};
const enrolment = formatLink({ ...parts, key, wait: 22 });

/** What of K and the seed would be seen in a text, in any of the usual spellings. */
function secretsIn(text: string): string[] {
  const bytes = Buffer.from(key.slice(5), "base64url");
  const halves = [bytes.subarray(0, 32), bytes.subarray(32, 64)];
  const spellings = halves.flatMap((half) =>
    (["hex", "base64url", "base64"] as const).map((way) => half.toString(way).slice(2, 22)),
  );
  return [key.slice(8, 40), lock.slice(8, 40), ...spellings].filter((one) => text.includes(one));
}

/** A port to knock at, and what arrives there. */
async function knockPort() {
  const socket = createSocket("udp4");
  const packets: Buffer[] = [];
  socket.on("message", (bytes) => packets.push(bytes));
  await once(socket.bind(0, "127.0.0.1"), "listening");
  onTestFinished(() => void socket.close());
  return { port: socket.address().port, packets };
}

const block = `\
Host home
    HostName 127.0.0.1
    Key ${key}
    KnockPort 23547
    Door ssh
    Wait 22
`;

describe("--import", () => {
  test("saves the line of standard input for the owner alone, and shows no secret", async () => {
    for (const input of [enrolment, `\n  ${enrolment}\r\nmore\n`, `Scan this:\n${enrolment}\n`]) {
      expect(await knockWith(input, "--import")).toEqual({
        code: 0,
        stdout: "",
        stderr: expect.stringMatching(/^home is in .*knock\.conf( \(0600\))?\. Try: knock home\n$/),
      });
      expect(readFileSync(file, "utf8")).toBe(block);
      if (process.platform !== "win32") expect(statSync(file).mode & 0o777).toBe(0o600);
      rmSync(file);
    }
    expect(secretsIn(printed)).toEqual([]);
  });

  test("takes the address of a page, which has the same line behind its #", async () => {
    const page = enrolment.replace("sesame:", "https://www.example.org/knock.html");
    expect(await knockWith(page, "--import", "-q")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(readFileSync(file, "utf8")).toBe(block);
  });

  test("gives another name, and keeps what is there", async () => {
    const before = "# mine\nHost work\n  Sequence 1\n";
    await knockWith(enrolment, "--import");
    writeFileSync(file, before);
    expect(await knockWith(enrolment, "--import", "--name", "gate")).toMatchObject({ code: 0 });
    expect(readFileSync(file, "utf8")).toBe(`${before}\n${block.replace("home", "gate")}`);
  });

  test("does not overwrite another profile without --force", async () => {
    const other = formatLink({ ...parts, key, host: "192.0.2.9" });
    await knockWith(enrolment, "--import");
    expect(await knockWith(other, "--import")).toEqual({
      code: 1,
      stdout: "",
      stderr: [
        `knock: error: ${file}:1: there is a profile 'home' of another host, 127.0.0.1`,
        "knock: hint: --force replaces it, --name NAME imports the line beside it",
        "",
      ].join("\n"),
    });
    expect(readFileSync(file, "utf8")).toBe(block);
    expect(await knockWith(other, "--import", "--force")).toMatchObject({ code: 0 });
    expect(readFileSync(file, "utf8")).toContain("HostName 192.0.2.9\n");
  });

  const damaged = `${key.slice(0, 30)}${key[30] === "A" ? "B" : "A"}${key.slice(31)}`;
  test.each([
    ["nothing", "", "standard input has no sesame: line"],
    ["another line", `${key}\n`, "standard input has no sesame: line"],
    ["a damaged key", enrolment.replace(key, damaged), "the key is damaged: its checksum is wrong"],
    [
      "a part of a key",
      enrolment.replace(key, key.slice(0, 60)),
      "the key is not whole, or misspelt",
    ],
    ["a line that is cut", enrolment.slice(0, 120), "the sesame: line is broken: the "],
    ["no door", enrolment.replace("door=ssh", ""), "the door is missing or invalid"],
    ["a name with a blank", enrolment.replace("home", "my%20home"), "'my home' cannot be the name"],
    ["more than a line", "x".repeat(20_000), "standard input has no sesame: line"],
  ])("%s is refused without being shown", async (_, input, message) => {
    const { code, stdout, stderr } = await knockWith(input, "--import");
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(message);
    expect(secretsIn(printed.replaceAll(damaged, key))).toEqual([]);
    expect(() => statSync(file)).toThrow();
  });

  test.each([
    [["--import", "home"], "--import leaves no room for 'home'"],
    [["--import", "--json"], "--import does not go together with --json"],
    [["--import", "--wait", "22"], "--import does not go together with --wait"],
    [["--request", "home", "x"], "--request leaves no room for 'x'"],
    [["--request", "home", "--import"], "--import does not go together with --request"],
  ])("%j is wrong", async (args, message) => {
    const { code, stderr } = await knockWith(enrolment, ...args);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });
});

test.each([
  [[enrolment]],
  [["--import", enrolment]],
  [["--json", "--import", key]],
  [[`--import=${enrolment}`]],
  [[`--${key}`]],
  [["--request", lock]],
  [["--name", enrolment, "--import"]],
])("a secret on the command line is refused, and not repeated", async (args) => {
  const { code, stderr } = await knock(...args);
  expect(code).toBe(1);
  expect(stderr).toContain("a key or a sesame: line is not an argument");
  expect(secretsIn(printed)).toEqual([]);
});

describe("--request", () => {
  test("makes a key here, and prints its lock, until --import takes the answer", async () => {
    const first = await knock("--request", "home");
    expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/^lock1:[\w-]{91}\n$/) });
    expect((await knock("--request", "home")).stdout).toBe(first.stdout);
    const made = /Key (key1:[\w-]{91})\n/.exec(readFileSync(file, "utf8"))?.[1] ?? "";
    expect(printed).not.toContain(made.slice(52, 88)); // the lock has the other half
    expect((await knock("home")).stderr).toBe(
      [
        `knock: error: ${file}: 'home' waits for the answer to its request`,
        "knock: hint: knock --request home prints the line for the administrator again",
        "knock: hint: knock --import takes the sesame: line of the answer",
        "",
      ].join("\n"),
    );
    expect(await knockWith(formatLink(parts), "--import")).toMatchObject({ code: 0 });
    expect(readFileSync(file, "utf8")).toBe(
      `Host home\n    Key ${made}\n    HostName 127.0.0.1\n    KnockPort 23547\n    Door ssh\n`,
    );
    expect(await knock("--request", "home")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("'home' has a key\n"),
    });
    const second = await knock("--request", "home", "--force");
    expect(second.stdout).toMatch(/^lock1:/);
    expect(second.stdout).not.toBe(first.stdout);
  });

  test("answers go to no profile that did not ask", async () => {
    expect(await knockWith(formatLink(parts), "--import")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("'home' has no request, and the line has no key"),
    });
  });
});

describe("a profile with a key", () => {
  const save = async (...lines: string[]) => {
    await knockWith(formatLink({ ...parts, key }), "--import", "-q");
    writeFileSync(file, ["Host home", "HostName 127.0.0.1", ...lines, ""].join("\n"));
  };

  test("sends a packet for each door, each another one, and shows no secret", async () => {
    const { port, packets } = await knockPort();
    await save(`Key ${key}`, `KnockPort ${port}`, "Door ssh, web", "For 1h", "Address any");
    const hit = (door: string) => `hitting udp 127.0.0.1:${port} for ${door}\n`;
    for (let i = 0; i < 2; i++) {
      expect(await knock("-v", "home")).toEqual({
        code: 0,
        stdout: hit("ssh") + hit("web"),
        stderr: "",
      });
    }
    await expect.poll(() => packets.length).toBe(4);
    expect(packets.map(({ length }) => length)).toEqual([144, 144, 144, 144]);
    expect(new Set(packets.map((packet) => packet.toString("hex"))).size).toBe(4);
    expect(JSON.parse((await knock("--json", "home")).stdout)).toEqual({
      host: "127.0.0.1",
      profile: "home",
      addresses: ["127.0.0.1"],
      knocks: 1,
      result: "sent",
    });
    expect(secretsIn(printed)).toEqual([]);
  });

  test("each knock of --retry is a new packet", async () => {
    const { port, packets } = await knockPort();
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const closed = (server.address() as AddressInfo).port;
    server.close();
    await save(`Key ${key}`, `KnockPort ${port}`, "Door ssh");
    const wait = ["--wait", `${closed},100ms`, "--retry", "1"];
    const { code, stderr } = await knock(...wait, "home");
    expect(code).toBe(1);
    expect(stderr.split("\n").map((line) => line.replace(/^knock: (hint|error): /, ""))).toEqual([
      expect.stringMatching(/^tcp\/\d+ of 127\.0\.0\.1 is refused: .* after 2 knocks$/),
      `a firewall or network on the way may drop UDP port ${port}`,
      expect.stringMatching(/^this clock says \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC: /),
      "behind a VPN or a second router: 'Address any' opens for the address that the server sees",
      "the key may be removed, disabled or expired, or not allowed to open this door",
      "on the server, knockctl user watch PERSON/DEVICE says which check refuses; --retry 3 knocks again",
      "",
    ]);
    await expect.poll(() => packets.length).toBe(2);
    expect(packets[0]).not.toEqual(packets[1]);
    expect(secretsIn(printed)).toEqual([]);
  });

  test("with a sequence, too, knocks by the key unless --sequence is given", async () => {
    const { port, packets } = await knockPort();
    await save(`Key ${key}`, `KnockPort ${port}`, "Door ssh", `Sequence ${port}:udp 1`);
    await knock("home");
    await expect.poll(() => packets.length).toBe(1);
    expect((await knock("-v", "--sequence", "home")).stdout).toBe(
      `hitting udp 127.0.0.1:${port}\nhitting tcp 127.0.0.1:1\n`,
    );
    await expect.poll(() => packets.map(({ length }) => length)).toEqual([144, 1]);
  });

  test("is printed and listed without its key", async () => {
    await save(`Key ${key}`, "KnockPort 23547", "Door ssh, web", "For 8h", "Sequence 1 2");
    const { stdout } = await knock("--print", "home");
    expect(stdout).toBe(
      [
        "Host home",
        "    HostName 127.0.0.1",
        "    # Sequence: 2 ports, --secrets shows them",
        `    # Key ${keyId}: --secrets shows it`,
        "    KnockPort 23547",
        "    Door ssh, web",
        "    For 8h",
        "",
      ].join("\n"),
    );
    await knock("--list");
    await knock("--list", "--json");
    expect(secretsIn(printed)).toEqual([]);
    expect((await knock("--print", "home", "--secrets")).stdout).toContain(`    Key ${key}\n`);
  });

  test("is listed as a request until the answer is imported", async () => {
    await save("Sequence 7003");
    expect((await knock("--request", "new")).code).toBe(0);
    expect((await knock("--request", "home")).code).toBe(0);
    const { stdout } = await knock("--list");
    expect(stdout).toBe(
      [
        "NAME  HOST       WAIT",
        "home  127.0.0.1",
        "home: requested; knock --import takes the answer",
        "new: requested; knock --import takes the answer",
        "",
      ].join("\n"),
    );
    expect(JSON.parse((await knock("--list", "--json")).stdout)).toEqual([
      { name: "home", host: "127.0.0.1", requested: true },
      { name: "new", requested: true },
    ]);
    expect(stdout).not.toContain("1:");
  });

  test("can be saved under another name", async () => {
    await save(`Key ${key}`, "KnockPort 23547", "Door ssh");
    expect(await knock("--save", "two", "--wait", "22", "home")).toMatchObject({ code: 0 });
    expect(readFileSync(file, "utf8")).toContain(`\n\n${block.replace("home", "two")}`);
    expect(secretsIn(printed)).toEqual([]);
  });

  test.each([
    [[`Key ${key}`, "Door ssh"], ["home"], "'home' has a Key, but no KnockPort"],
    [[`Key ${key}`, "KnockPort 7", "Sequence 1"], ["home"], "'home' has a Key, but no Door"],
    [["KnockPort 7", "Door ssh"], ["home"], "'home' has no Key"],
    [[`Key ${key}`, "KnockPort 7", "Door a"], ["--sequence", "home"], "'home' has no Sequence"],
    [[`Key ${damage(key)}`, "KnockPort 7", "Door a"], ["home"], "the Key of 'home' is damaged"],
    [[`Key ${key}x`, "KnockPort 7", "Door a"], ["home"], ":3: expected key1: and 91 letters"],
    [[`Kye ${key}`, key], ["home"], ":4: unknown keyword 'key1:…'"],
    [
      [`Key ${key}`, "KnockPort 7", "Door a"],
      ["--payload", "x", "home"],
      "--payload has no meaning with a key",
    ],
  ])("%j with %j is refused, without the key", async (lines, args, message) => {
    await save(...lines);
    for (const json of [[], ["--json"]]) {
      const { code, stderr } = await knock(...json, ...args);
      expect(code).toBe(1);
      expect(stderr).toContain(message);
    }
    expect(secretsIn(printed)).toEqual([]);
    expect(printed).not.toContain(damage(key).slice(8, 40));
  });

  test.skipIf(process.platform === "win32")("that others can read is refused", async () => {
    await save(`Key ${key}`, "KnockPort 23547", "Door ssh");
    chmodSync(file, 0o644);
    for (const args of [["home"], ["--list"], ["--request", "x"]]) {
      expect((await knock(...args)).stderr).toBe(
        `knock: error: ${file}: others can read it, and it has a Key\nknock: hint: chmod 600 ${file}\n`,
      );
    }
  });
});

/** Changes a character, so that the checksum is wrong. */
function damage(text: string): string {
  return `${text.slice(0, 30)}${text[30] === "A" ? "B" : "A"}${text.slice(31)}`;
}
