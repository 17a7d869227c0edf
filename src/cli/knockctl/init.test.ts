import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { TestServer } from "../../../test/support/control-server.ts";
import { startServer, temporaryFolder } from "../../../test/support/control-server.ts";
import { knockctl, knockctlAt } from "../../../test/support/knockctl.ts";
import { stubRules } from "../../../test/support/rulesets.ts";
import { tooWide } from "../../../test/support/wide.ts";
import { parseConfig } from "../../config/parse.ts";
import { parseUsers } from "../../config/users.ts";
import { makeKey, readKeyId } from "../../knock/keys.ts";
import { parseLink } from "../../knock/link.ts";

// With a daemon that only remembers. test/live/init.test.ts has a real one.

beforeEach(() => stubRules("none"));
beforeEach(() => void vi.stubEnv("SSH_CONNECTION", "192.0.2.7 50000 192.0.2.1 22"));
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** A configuration in a folder of its own, and the daemon that has it. */
async function open(text?: string) {
  const folder = temporaryFolder();
  const config = join(folder, "knockd.conf");
  const mine = text ?? `[options]\n    StateDir = ${join(folder, "state")}\n`;
  writeFileSync(config, mine, { mode: 0o600 });
  const server = await startServer();
  const status = server.handlers.status.bind(server.handlers);
  server.handlers.unprotect();
  vi.spyOn(server.handlers, "status").mockImplementation(() => {
    return { ...status(), configFile: config };
  });
  const files = () => readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  return { folder, config, mine, server, files };
}

const at = (config: string, { path }: TestServer) => ["--config", config, "--socket", path];

/** The text of a users file with one device. */
const makeUsers = (name: string) =>
  `[${name}]\n    key = ${makeKey(new Uint8Array(64).fill(7)).lock}\n`;

/** Whoever runs this: for once, to the first who asks, which is init. */
const asUser = (id: number) => vi.spyOn(process, "geteuid").mockReturnValueOnce(id);
const asRoot = () => asUser(0);

describe("init where another firewall blocks the service", () => {
  const options = ["--yes", "--host", "a.example", "--service"];

  test("says what ufw will be told", async () => {
    stubRules("ufw");
    const { config, server } = await open();
    const flags = [...options, "tcp/22", "--dry-run"];
    const { code, stdout } = await knockctl("init", ...flags, ...at(config, server));
    expect(code).toBe(0);
    expect(stdout).toContain("ufw blocks tcp/22, also for sources that have knocked\n");
    expect(stdout).toMatch(/^Then: .*; ufw allow 22\/tcp; [^.]*tcp\/22 protected on trial\.$/m);
  });

  test.each([
    [
      "another firewall",
      "firewalld-12",
      ["tcp/2200"],
      "firewalld blocks",
      "--zone=public --add-port",
    ],
    ["a rule that denies", "ufw-rules", ["tcp/23"], "ufw blocks", "delete the rule that denies it"],
    ["ufw, without waiting", "ufw", ["tcp/22", "--json"], "does not wait", "sudo ufw allow 22/tcp"],
  ])("changes nothing beside %s", async (_, fixture, flags, message, hint) => {
    asRoot();
    stubRules(fixture);
    const { config, mine, server, files } = await open();
    const before = files();
    const refused = await knockctl("init", ...options, ...flags, ...at(config, server));
    expect(refused.code).toBe(1);
    expect(refused.stderr + refused.stdout).toContain(message);
    expect(refused.stderr + refused.stdout).toContain(hint);
    expect([readFileSync(config, "utf8"), files()]).toEqual([mine, before]);
  });

  test("goes on beside another firewall if the doors are not tested", async () => {
    asRoot();
    stubRules("firewalld-13");
    const { config, server } = await open();
    const flags = [...options, "tcp/22", "--no-proof", "--json"];
    const { code, stderr } = await knockctl("init", ...flags, ...at(config, server));
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining("knockctl: warning: firewalld blocks tcp/22"),
    ]);
  });
});

describe("init", () => {
  // A memory of a daemon opens nothing: there is nothing to prove.
  const options = ["--yes", "--json", "--no-proof", "--service", "tcp/22", "--host", "a.example"];

  test("writes it, and undo takes it back", async () => {
    asRoot();
    const { config, mine, server, files } = await open();
    const before = files();
    const done = await knockctl("init", ...options, ...at(config, server));
    expect(done.code).toBe(0);
    const result = JSON.parse(done.stdout);
    expect(result).toMatchObject({
      config,
      written: true,
      backup: `${config}.before-init`,
      proven: false,
      doors: [{ name: "ssh", isNew: true, orders: 24 }],
      trial: { services: ["tcp/22"], address: "192.0.2.7" },
    });
    expect(result.doors[0].bits).toBeGreaterThan(55);
    const text = readFileSync(config, "utf8");
    const sequence = /sequence = ([\d,]+)\n/.exec(text)?.[1]?.split(",") ?? [];
    expect(sequence).toHaveLength(4);
    expect(result.clients[0]).toMatchObject({
      linux: `knock -d 200 a.example ${sequence.join(" ")} && ssh a.example`,
      windows: `knock.exe -d 200 a.example ${sequence.join(" ")} && ssh a.example`,
      ssh: `Host a.example\n    ProxyCommand knock --retry 3 --proxy %h %p ${sequence.join(" ")}`,
    });
    expect(result.clients[0].qr).toContain(sequence.join(","));

    const undone = await knockctl("undo", "--json", ...at(config, server));
    expect(JSON.parse(undone.stdout)).toMatchObject({
      unprotected: ["tcp/22"],
      restored: true,
      knockd: "reloaded",
      left: 0,
    });
    expect(readFileSync(config, "utf8")).toBe(mine);
    expect(files()).toEqual([...before, "state"].sort());
  });

  test("--protect-now protects without a trial", async () => {
    asRoot();
    const { config, server } = await open();
    const { code, stdout } = await knockctl(
      "init",
      ...options,
      "--protect-now",
      ...at(config, server),
    );
    expect([code, JSON.parse(stdout)]).toEqual([
      0,
      expect.not.objectContaining({ trial: expect.anything() }),
    ]);
    expect(server.handlers.status().firewall).toEqual({ kind: "nftables", protects: ["tcp/22"] });
  });

  test.each([80, 120])(
    "prints nothing that %i columns break but commands and the configuration",
    async (columns) => {
      const { config, server } = await open();
      const args = ["--dry-run", "--service", "tcp/22,udp/51820,tcp/80", "--host", "a.example"];
      const { stdout, stderr } = await knockctlAt(columns, "init", ...args, ...at(config, server));
      expect(
        tooWide(stdout, columns).filter((line) => !/^(?:---|\+\+\+) |^ {4}/.test(line)),
      ).toEqual([]);
      expect(tooWide(stderr, columns)).toEqual([]);
      expect(stdout).toContain("random-order scans opens it");
    },
  );

  test("needs no address at the console", async () => {
    asRoot();
    // Not the one of those who run the tests.
    vi.stubEnv("SSH_CONNECTION", "UNKNOWN 65535 UNKNOWN 65535");
    const { config, server } = await open();
    const { code, stdout } = await knockctl("init", ...options, ...at(config, server));
    expect([code, JSON.parse(stdout).trial]).toEqual([
      0,
      { services: ["tcp/22"], remainingMs: 180_000, doors: ["ssh"], warnings: [] },
    ]);
  });

  test("leaves no change if the daemon does not take it", async () => {
    asRoot();
    const { config, mine, server, files } = await open();
    const before = files();
    const problems = [`${config}:3:1: I do not like it`];
    const refused = { kind: "refused", file: config, problems } as const;
    vi.spyOn(server.handlers, "reload").mockReturnValueOnce(refused);
    const { code, stderr } = await knockctl("init", ...options, ...at(config, server));
    expect(code).toBe(1);
    expect(stderr).toContain("knockd does not accept the configuration");
    expect(stderr).toContain("I do not like it");
    expect(stderr).toContain("hint: all is as before");
    expect(readFileSync(config, "utf8")).toBe(mine);
    expect(files()).toEqual([...before, "state"].sort());
  });

  test("says what was changed if the last step fails", async () => {
    asRoot();
    const { config, server } = await open();
    vi.spyOn(server.handlers, "guard").mockImplementation(() => {
      throw new Error("no nft");
    });
    const { code, stderr } = await knockctl("init", ...options, ...at(config, server));
    expect(code).toBe(1);
    expect(stderr).toContain(`the configuration was written (backup: ${config}.before-init)`);
    expect(stderr).toContain("knockctl undo rolls this back");
    expect((await knockctl("undo", ...at(config, server))).code).toBe(0);
  });

  test("--dry-run shows all, and changes nothing", async () => {
    const { config, mine, server, files } = await open();
    const before = files();
    const args = ["--dry-run", "--service", "tcp/22,udp/51820", "--host", "a.example"];
    const { code, stdout } = await knockctl("init", ...args, ...at(config, server));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\+\[ssh\]\n[^[]*^\+\[udp-51820\]\n/m);
    expect(stdout).toContain("a knock is a password in the clear");
    expect(stdout).toContain("Nothing was changed: --dry-run.");
    expect([readFileSync(config, "utf8"), files()]).toEqual([mine, before]);
  });

  test.each([
    ["a service that is none", ["--service", "ssh"], 2, '"ssh" is not a service'],
    ["two steps", ["--steps", "2"], 2, '--steps: "2" is not from 3 to 32'],
    ["a host that is none", ["--host", "a b"], 2, '"a b" is not a host'],
    ["too long a trial", ["--trial", "2h"], 2, "a trial lasts at most an hour"],
    ["no length of time", ["--open-for", "0"], 2, '--open-for: "0" is not a length of time'],
    ["two values in one", ["--open-for", "30s\nx"], 2, "is not a length of time"],
  ])("refuses %s before it does anything", async (_, args, code, message) => {
    asRoot();
    const { config, server, files } = await open();
    const before = files();
    const usual = ["--service", "tcp/22", "--host", "a.example", "--yes", "--no-proof"];
    const result = await knockctl("init", ...usual, ...args, ...at(config, server));
    expect([result.code, result.stderr]).toEqual([code, expect.stringContaining(message)]);
    expect(files()).toEqual(before);
  });

  test.each([
    ["ipset", "[options]\nFirewall = ipset\n", "with Firewall = ipset knockd protects nothing"],
    ["an error", "[ssh]\nsequence = 1,2,x\n", "port is invalid"],
    [
      "one-time sequences",
      "[a]\none_time_sequences = /x\ntcpflags = syn\nopen = tcp/22\n",
      "[a] has one-time sequences, of which this would use one up",
    ],
    [
      "a door that is not for everybody",
      "[a]\nsequence = 9,8,7\ntcpflags = syn\nopen = tcp/22\nallow = 192.0.2.7\n",
      "[a] does not allow all sources",
    ],
    ["an interface", "[options]\ninterface = eth7\n", "knockd listens on eth7 alone"],
  ])("refuses a configuration with %s before it does anything", async (_, text, message) => {
    asRoot();
    const { config, mine, server, files } = await open(text);
    const before = files();
    const args = ["--yes", "--service", "tcp/22", "--host", "a.example"];
    const { code, stderr } = await knockctl("init", ...args, ...at(config, server));
    expect([code, stderr]).toEqual([1, expect.stringContaining(message)]);
    expect([readFileSync(config, "utf8"), files()]).toEqual([mine, before]);
  });

  test("is for root", async () => {
    asUser(1000);
    const { config, server } = await open();
    const { code, stderr } = await knockctl("init", "--yes", ...at(config, server));
    expect([code, stderr]).toEqual([1, expect.stringContaining("only root can do this")]);
  });
});

describe("init by key", () => {
  const ssh = ["--service", "tcp/22", "--host", "a.example", "--user", "alice/laptop"];
  const options = ["--yes", "--json", "--no-proof", ...ssh];

  /** A configuration with a users file of its own. */
  async function openWithUsers(...doors: string[]) {
    asRoot();
    const users = join(temporaryFolder(), "users");
    const stateDir = join(temporaryFolder(), "state");
    const text = ["[options]", `    Users = ${users}`, `    StateDir = ${stateDir}`, ...doors, ""];
    return { ...(await open(text.join("\n"))), users, output: join(temporaryFolder(), "line") };
  }
  const doorsOf = (config: string) => {
    const { config: parsed } = parseConfig(readFileSync(config, "utf8"));
    return parsed?.doors.map(({ name, sequence, users }) => [name, sequence.kind, users]);
  };

  test.each([
    ["key", "none"],
    ["both", "fixed"],
  ])("(%s) enrols the device, and undo takes it back", async (way, kind) => {
    const { config, mine, server, users, output } = await openWithUsers();
    const args = [...options, "--by", way, "--output", output, ...at(config, server)];
    const { code, stdout } = await knockctl("init", ...args);
    expect(code).toBe(0);
    expect(doorsOf(config)).toEqual([["ssh", kind, ["alice/laptop"]]]);
    const [device] = parseUsers(readFileSync(users, "utf8")).devices;
    const id = device?.locks[0]?.id;
    const link = parseLink(readFileSync(output, "utf8"));
    expect(link).toMatchObject({ host: "a.example", door: "ssh", name: "home", wait: 22 });
    if (typeof link === "string") throw new Error(link);
    expect(readKeyId(link.key ?? "")).toBe(id);
    expect(parseConfig(readFileSync(config, "utf8")).config?.options.knockPorts).toEqual([
      link.port,
    ]);
    const result: unknown = JSON.parse(stdout);
    expect(result).toMatchObject({ user: "alice/laptop", knockPort: link.port, key: id, output });
    expect(stdout).not.toMatch(/key1:|lock1:/);
    const undone = await knockctl("undo", ...at(config, server));
    expect([undone.code, undone.stderr]).toEqual([0, ""]);
    expect(undone.stdout).toContain("alice/laptop has lost the key that init gave it");
    expect(readFileSync(config, "utf8")).toBe(mine);
    expect(existsSync(users)).toBe(false);
  });

  test("keeps other users, and lets the device into a door that is there", async () => {
    const door = ["[mine]", "sequence = 9,8,7", "tcpflags = syn", "open = tcp/22"];
    const { config, mine, server, users, output } = await openWithUsers(...door);
    const args = [...options, "--by", "key", "--output", output, ...at(config, server)];
    expect((await knockctl("init", ...args)).code).toBe(0);
    expect(doorsOf(config)).toEqual([["mine", "fixed", ["alice/laptop"]]]);
    // Another device is enrolled meanwhile.
    const bob = makeUsers("bob/pc");
    writeFileSync(users, `${readFileSync(users, "utf8")}\n${bob}`);
    expect((await knockctl("undo", ...at(config, server))).code).toBe(0);
    expect(readFileSync(config, "utf8")).toBe(mine);
    expect(readFileSync(users, "utf8").trim()).toBe(bob.trim());
  });

  test("gives a device that has a key no other", async () => {
    const { config, server, users } = await openWithUsers();
    const alice = makeUsers("alice/laptop");
    writeFileSync(users, alice, { mode: 0o600 });
    const args = [...options, "--by", "key", "--output", "/nonexistent/line"];
    const { code, stdout } = await knockctl("init", ...args, ...at(config, server));
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.not.objectContaining({ key: "" })]);
    expect(readFileSync(users, "utf8")).toBe(alice);
    expect(doorsOf(config)).toEqual([["ssh", "none", ["alice/laptop"]]]);
    expect((await knockctl("undo", ...at(config, server))).code).toBe(0);
    expect(readFileSync(users, "utf8")).toBe(alice);
  });

  test("leaves no change if the daemon does not take it", async () => {
    const { config, mine, server, users, output } = await openWithUsers();
    const refused = { kind: "refused", file: config, problems: ["I do not like it"] } as const;
    vi.spyOn(server.handlers, "reload").mockReturnValueOnce(refused);
    const args = [...options, "--by", "key", "--output", output, ...at(config, server)];
    const { code, stderr } = await knockctl("init", ...args);
    expect([code, stderr]).toEqual([1, expect.stringContaining("hint: all is as before")]);
    expect([readFileSync(config, "utf8"), existsSync(users), existsSync(output)]).toEqual([
      ...[mine, false, false],
    ]);
  });

  test.each([
    ["a secret without a place", ["--by", "key"], "--output FILE writes it"],
    ["another way", ["--by", "magic"], '"magic" is not sequence, key or both'],
    ["a device without a key", [], "--user goes with --by key or --by both"],
    ["a person alone", ["--by", "key", "--output", "/x", "--user", "alice"], "PERSON/DEVICE"],
  ])("refuses %s before it does anything", async (_, more, message) => {
    const { config, mine, server } = await openWithUsers();
    const { code, stderr } = await knockctl("init", ...options, ...more, ...at(config, server));
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    expect(readFileSync(config, "utf8")).toBe(mine);
  });
});

describe("undo", () => {
  const init = ["init", "--yes", "--json", "--no-proof", "--service", "tcp/22", "--host", "a"];

  test("needs the file as it was", async () => {
    asRoot();
    const { config, server } = await open();
    await knockctl(...init, ...at(config, server));
    rmSync(`${config}.before-init`);
    const { code, stderr } = await knockctl("undo", ...at(config, server));
    expect([code, stderr]).toEqual([1, expect.stringContaining(".before-init is gone")]);
    expect(server.handlers.status().firewall.trial).toBeDefined();
  });

  test("protects again what was protected beside it, without a trial", async () => {
    asRoot();
    const { config, server } = await open();
    const { handlers } = server;
    handlers.opens = ["tcp/22", "udp/51820"];
    handlers.protect({ services: ["udp/51820"] });
    await knockctl(...init, ...at(config, server));
    handlers.confirm({ console: true });
    expect(handlers.services).toEqual(["udp/51820", "tcp/22"]);
    const guard = vi.spyOn(handlers, "guard");
    const confirm = vi.spyOn(handlers, "confirm");
    const { code, stderr } = await knockctl("undo", ...at(config, server));
    expect([code, stderr]).toEqual([0, ""]);
    expect(handlers.services).toEqual(["udp/51820"]);
    expect([...guard.mock.calls, ...confirm.mock.calls]).toEqual([]);
  });

  test("goes on where one was interrupted", async () => {
    asRoot();
    const { config, mine, server } = await open();
    await knockctl(...init, ...at(config, server));
    const unprotect = vi.spyOn(server.handlers, "unprotect").mockImplementationOnce(() => {
      throw new Error("not now");
    });
    expect((await knockctl("undo", ...at(config, server))).code).toBe(1);
    expect(existsSync(`${config}.before-init`)).toBe(true);
    unprotect.mockRestore();
    expect((await knockctl("undo", ...at(config, server))).code).toBe(0);
    expect(readFileSync(config, "utf8")).toBe(mine);
  });

  test("writes over no backup that is there already", async () => {
    asRoot();
    const { config, mine, server } = await open();
    writeFileSync(`${config}.before-init`, "older");
    const { stdout } = await knockctl(...init, ...at(config, server));
    expect(JSON.parse(stdout).backup).toBe(`${config}.before-init-2`);
    expect((await knockctl("undo", ...at(config, server))).code).toBe(0);
    expect(readFileSync(config, "utf8")).toBe(mine);
    expect(readFileSync(`${config}.before-init`, "utf8")).toBe("older");
  });

  test("of nothing is nothing", async () => {
    const { config, server, folder } = await open();
    mkdirSync(join(folder, "state"));
    const { code, stderr } = await knockctl("undo", ...at(config, server));
    expect([code, stderr]).toEqual([1, expect.stringContaining("there is nothing to undo for")]);
  });
});
