import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { startServer, temporaryFolder } from "../../../test/support/control-server.ts";
import { knockctl } from "../../../test/support/knockctl.ts";
import { knownFleet } from "../../../test/support/known-fleet.ts";
import { KnockError } from "../../base/errors.ts";
import type { Entry } from "../../base/log.ts";
import { parseConfig } from "../../config/parse.ts";
import { parseUsers } from "../../config/users.ts";
import type { Result } from "../../control/methods.ts";
import { makeKey, readKeyId } from "../../knock/keys.ts";
import { parseLink } from "../../knock/link.ts";
import { Questions } from "./init/questions.ts";

afterEach(() => void vi.restoreAllMocks());

const conf = `# mine
[ssh]
  open = tcp/22   # the usual one
  sequence = 7003,9140,8455
  tcpflags = syn
[web]
  open = tcp/80
  sequence = 7004,9141,8456
  tcpflags = syn
`;

/** A configuration in a folder of its own, and the daemon that has it. */
async function open(text = conf) {
  const folder = temporaryFolder();
  const [config, users, output] = ["conf", "users", "output"].map((name) => join(folder, name));
  if (config === undefined || users === undefined || output === undefined) throw new Error();
  const options = `[options]\n  Users = ${users}\n`;
  writeFileSync(config, `${options}${text}`, { mode: 0o640 });
  const { handlers, path } = await startServer();
  const status = handlers.status();
  vi.spyOn(handlers, "status").mockReturnValue({ ...status, configFile: config });
  const reload = vi.spyOn(handlers, "reload");
  reload.mockImplementation(({ users: isAlone }) =>
    isAlone ? { ...handlers.nextReload, file: users } : handlers.nextReload,
  );
  const run = (...args: string[]) =>
    knockctl("user", ...args, "--config", config, "--socket", path);
  const add = (name: string, ...args: string[]) =>
    run("add", name, "--host", "server.example.org", "--yes", "--output", output, ...args);
  const devices = () => parseUsers(readFileSync(users, "utf8")).devices;
  const doors = () => parseConfig(readFileSync(config, "utf8")).config?.doors ?? [];
  const link = () => {
    const parsed = parseLink(readFileSync(output, "utf8"));
    if (typeof parsed === "string") throw new Error(parsed);
    return parsed;
  };
  return { folder, config, users, output, handlers, reload, run, add, devices, doors, link };
}

const unchanged = { added: [], removed: [], changed: [], options: [], warnings: [] } as const;

function raise(message: string): never {
  throw new KnockError("SYSTEM", message);
}

/** Gives standard input this text. */
function type(text: string): void {
  const input = async function* () {
    yield Buffer.from(text);
  };
  vi.spyOn(process.stdin, Symbol.asyncIterator).mockImplementation(() => input());
}

describe("user add", () => {
  test("writes the lock, the user of the door and a port, and the device's line into a file", async () => {
    const { config, users, output, reload, add, devices, doors, link } = await open();
    const before = readFileSync(config, "utf8");
    const { code, stdout, stderr } = await add("alice/laptop", "--door", "ssh");
    expect([code, stderr]).toEqual([0, ""]);
    const [device] = devices();
    const { key = "", ...rest } = link();
    const port = rest.port;
    expect(rest).toEqual({
      ...{ host: "server.example.org", port, door: "ssh", name: "home", wait: 22, addresses: [] },
    });
    expect(port >= 10_000 && port <= 29_999).toBe(true);
    expect(readKeyId(key)).toBe(device?.locks[0]?.id);
    expect(device?.name).toBe("alice/laptop");
    expect(doors().map((door) => door.users)).toEqual([["alice/laptop"], []]);
    const after = before
      .replace("[ssh]\n", "[ssh]\n  users = alice/laptop\n")
      .replace(`Users = ${users}\n`, `Users = ${users}\n  KnockPort = ${port}\n`);
    expect(readFileSync(config, "utf8")).toBe(after);
    expect(reload.mock.calls).toEqual([[{}]]);
    const modes = [config, users, output].map((file) => statSync(file).mode & 0o777);
    expect(modes).toEqual([0o640, 0o600, 0o600]);
    expect(stdout).toContain("\n+  users = alice/laptop\n");
    for (const secret of [key, readFileSync(users, "utf8").split("lock1:")[1]?.trim() ?? ""]) {
      expect(stdout).not.toContain(secret.slice(6, 40));
    }
  });

  test("makes the keys of a fwknop client, and their part of its file", async () => {
    const { config, users, output, add, devices, doors, run } = await open();
    const before = readFileSync(config, "utf8");
    const { code, stdout, stderr } = await add("bob/phone", "--door", "ssh", "--fwknop");
    expect([code, stderr]).toEqual([0, ""]);
    const [key, hmac] = ["fwknop_key", "fwknop_hmac_key"].map(
      (name) => new RegExp(`    ${name} = (\\S+)\n`).exec(readFileSync(users, "utf8"))?.[1] ?? "",
    );
    expect(readFileSync(output, "utf8")).toBe(`[home]
SPA_SERVER          server.example.org
SPA_SERVER_PORT     62201
ACCESS              tcp/22
ALLOW_IP            source
KEY_BASE64          ${key}
HMAC_KEY_BASE64     ${hmac}
USE_HMAC            Y
`);
    expect(stdout).not.toContain(key?.slice(0, 20));
    expect(stdout).toContain(`bob/phone may open [ssh] with the key ${devices()[0]?.fwknop?.id}.`);
    expect(doors()[0]?.users).toEqual(["bob/phone"]);
    const after = before
      .replace("[ssh]\n", "[ssh]\n  users = bob/phone\n")
      .replace(`Users = ${users}\n`, `Users = ${users}\n  FwknopPort = 62201\n`);
    expect(readFileSync(config, "utf8")).toBe(after);
    rmSync(output);
    const again = await add("bob/phone", "--fwknop", "--groups", "admins");
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining("has a key already")]);
    expect((await run("list")).stdout).toMatch(/bob\/phone .*ssh/);
  });

  test("for fwknop needs a door that opens ports, and makes its keys itself", async () => {
    const { add } = await open(`${conf}[run]\ncommand = true\nsequence = 7005\n`);
    const noPort = await add("bob/phone", "--door", "run", "--fwknop");
    expect(noPort.stderr).toContain("[run] opens no port that a fwknop client can name");
    const lock = await add("bob/phone", "--door", "ssh", "--fwknop", "--lock", "-");
    expect([noPort.code, lock.code]).toEqual([2, 2]);
  });

  test("as JSON without a secret", async () => {
    const { output, add } = await open();
    const { stdout } = await add("alice/laptop", "--door", "ssh", "--json");
    const result: unknown = JSON.parse(stdout);
    expect(result).toMatchObject({ user: "alice/laptop", door: "ssh", reloaded: true, output });
    expect(stdout).not.toMatch(/key1:|lock1:/);
  });

  test("takes the lock of a key that the device has made", async () => {
    const { folder, add, run, devices } = await open();
    const { lock } = makeKey(new Uint8Array(64).fill(7));
    type(`${lock}\n`);
    const host = ["--host", "192.0.2.1", "--yes"];
    const { code, stdout } = await run("add", "a/b", "--door", "ssh", ...host, "--lock", "-");
    expect([code, devices().length]).toEqual([0, 1]);
    expect(stdout).toMatch(/^sesame:#host=192\.0\.2\.1&port=\d+&door=ssh&name=home&wait=22$/m);
    expect(stdout).not.toContain(lock.slice(6, 40));
    const argv = await run("add", "a/c", "--door", "ssh", ...host, "--lock", lock);
    expect(argv.code).toBe(2);
    expect(argv.stderr).not.toContain(lock.slice(6, 40));
    type("nothing\n");
    expect((await run("add", "a/c", "--door", "ssh", ...host, "--lock", "-")).code).toBe(2);
    type(`${lock}\n`);
    const again = await add("c/d", "--door", "ssh", "--lock", "-");
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining("also in [a/b]")]);
    expect(existsSync(join(folder, "output"))).toBe(false);
  });

  describe("with --link", () => {
    const page = "https://www.example.org/knock.html";
    const address = ["--address", "192.0.2.10,2001:DB8::10"];

    test("makes a link to a page, with addresses and the time for which the door is open", async () => {
      const { output, add, link } = await open(conf.replace("tcp/22", "tcp/22\n  open_for = 1h"));
      const { code, stdout } = await add(
        ...["alice/phone", "--door", "ssh", "--link", `${page}#old`],
        ...address,
      );
      expect(code).toBe(0);
      expect(stdout).toContain("knockctl user page FILE writes the page");
      expect(readFileSync(output, "utf8")).toMatch(
        /^https:\/\/www\.example\.org\/knock\.html#key=/,
      );
      const { key: _, port: __, ...rest } = link();
      expect(rest).toEqual({
        ...{ host: "server.example.org", door: "ssh", name: "home", wait: 22, openFor: 3600 },
        addresses: ["192.0.2.10", "2001:db8::10"],
      });
    });

    test("takes an address as the host, too", async () => {
      const { output, run } = await open();
      const host = ["--door", "web", "--host", "192.0.2.10", "--link", page];
      const { code } = await run("add", "a/b", ...host, "--yes", "--output", output);
      expect(code).toBe(0);
      expect(readFileSync(output, "utf8")).toMatch(/&wait=80&address=192\.0\.2\.10&for=30\n$/);
    });

    test.each([
      [["--link", "http://www.example.org/knock.html"], 2, "came over http"],
      [["--link", "knock.html"], 2, "not the address of a page"],
      [["--link", page, "--address", "server"], 2, "is not an address"],
      [
        ["--link", page, "--address", "192.0.2.1,192.0.2.2,192.0.2.3,192.0.2.4,192.0.2.5"],
        2,
        "4 at",
      ],
      [["--link", page, "--lock", "-"], 2, "goes without --lock"],
      [["--address", "192.0.2.1"], 2, "goes with --link"],
      [["--link", page, "--host", "localhost"], 1, "no address that a phone reaches"],
    ])("%j is refused", async (args, expected, message) => {
      const { output, users, run } = await open();
      const host = args.includes("--host") ? [] : ["--host", "192.0.2.10"];
      const { code, stderr } = await run(
        ...["add", "a/b", "--door", "ssh", "--yes", "--output", output, ...host, ...args],
      );
      expect([code, stderr]).toEqual([expected, expect.stringContaining(message)]);
      expect([existsSync(output), existsSync(users)]).toEqual([false, false]);
    });
  });

  test("page writes the page and its service worker, and replaces nothing else", async () => {
    const { folder, run } = await open();
    const [file, worker] = [join(folder, "knock.html"), join(folder, "sw.js")];
    const { code, stdout } = await run("page", file);
    expect([code, stdout.replaceAll(folder, "/there")]).toEqual([
      0,
      "Put /there/knock.html and /there/sw.js on a web server with https. They hold no secret.\n",
    ]);
    expect(readFileSync(file, "utf8")).toMatch(/^<!doctype html>/);
    expect(statSync(worker).size).toBeLessThanOrEqual(1024);
    expect((await run("page", file)).code).toBe(0);
    writeFileSync(worker, "another");
    expect((await run("page", file)).code).toBe(1);
    expect((await run("page", file, "--force")).code).toBe(0);
  });

  test("gives a device a second key, by the doors that it has, and no third", async () => {
    const { config, output, add, run, devices } = await open();
    await add("alice/laptop", "--door", "ssh");
    const first = devices()[0]?.locks[0]?.id ?? "";
    const before = readFileSync(config, "utf8");
    const rotate = (file: string) =>
      run("add", "alice/laptop", "--host", "h", "--yes", "--output", `${output}${file}`);
    expect((await rotate("2")).code).toBe(0);
    expect(devices()[0]?.locks).toHaveLength(2);
    expect(readFileSync(config, "utf8")).toBe(before);
    const third = await rotate("3");
    expect([third.code, third.stderr]).toEqual([1, expect.stringContaining("2 keys at most")]);
    expect((await run("remove", "alice/laptop", "--key", first, "--yes")).code).toBe(0);
    expect(devices()[0]?.locks.map(({ id }) => id)).not.toContain(first);
    expect((await run("remove", "alice/laptop", "--key", first, "--yes")).code).toBe(2);
  });

  test("writes groups and the last day, which give a door without --door", async () => {
    const { config, output, run, devices, doors } = await open(
      `  KnockPort = 23547\n${conf.replace("[ssh]\n", "[ssh]\n  users = @admins\n")}`,
    );
    const add = (file: string, ...args: string[]) =>
      run("add", "alice/laptop", "--host", "h", "--yes", "--output", `${output}${file}`, ...args);
    expect((await add("1", "--groups", "admins,ops", "--expires", "2099-12-31")).code).toBe(0);
    expect(devices()).toMatchObject([{ groups: ["admins", "ops"], expires: Date.UTC(2100, 0, 1) }]);
    expect(doors()[0]?.users).toEqual(["@admins"]);
    const before = readFileSync(config, "utf8");
    expect((await add("2", "--groups", "admins")).code).toBe(0);
    expect(devices()).toMatchObject([{ groups: ["admins"], expires: Date.UTC(2100, 0, 1) }]);
    expect(devices()[0]?.locks).toHaveLength(2);
    expect(readFileSync(config, "utf8")).toBe(before);
  });

  test.each<[string, string[], string]>([
    ["a group that is none", ["--groups", "Ad min"], "is not the name of a group"],
    ["no group", ["--groups", ""], "is not the name of a group"],
    ["a day that is none", ["--expires", "2099-02-30"], '"2099-02-30" is not a day'],
    ["a day that is over", ["--expires", "2001-01-01"], "2001-01-01 is over"],
  ])("refuses %s", async (_, args, message) => {
    const { add, users } = await open();
    const { code, stderr } = await add("a/b", "--door", "ssh", ...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    expect(existsSync(users)).toBe(false);
  });

  test("changes nothing if knockd refuses, and leaves no line for the device", async () => {
    const { config, users, output, handlers, add } = await open();
    const before = readFileSync(config, "utf8");
    handlers.nextReload = { kind: "refused", file: config, problems: ["no"] };
    const { code, stderr } = await add("alice/laptop", "--door", "ssh");
    expect([code, stderr]).toEqual([1, expect.stringContaining("does not accept the change: no")]);
    expect([readFileSync(config, "utf8"), existsSync(users), existsSync(output)]).toEqual([
      ...[before, false, false],
    ]);
  });

  test.each<[string, string[], string]>([
    ["no device", ["alice", "--door", "ssh"], '"alice" is not PERSON/DEVICE'],
    ["a name for a shell", ["a/$(x)", "--door", "ssh"], "is not PERSON/DEVICE"],
    ["no door", ["a/b"], "--door DOOR is missing"],
  ])("refuses %s", async (_, args, message) => {
    const { add, users } = await open();
    const [name = "", ...more] = args;
    const { code, stderr } = await add(name, ...more);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    expect(existsSync(users)).toBe(false);
  });

  test("needs a place for the secret, and a file that is not there", async () => {
    const { output, run, add, users } = await open();
    const args = ["add", "a/b", "--door", "ssh", "--host", "h", "--yes"];
    expect(await run(...args)).toMatchObject({ code: 2, stdout: "" });
    writeFileSync(output, "mine");
    const { code, stderr } = await add("a/b", "--door", "ssh");
    expect([code, stderr]).toEqual([1, expect.stringContaining("File already exists")]);
    expect([readFileSync(output, "utf8"), existsSync(users)]).toEqual(["mine", false]);
  });

  test("refuses a users file that others can read", async () => {
    const { users, add } = await open();
    writeFileSync(users, "", { mode: 0o600 });
    chmodSync(users, 0o644);
    const { code, stderr } = await add("a/b", "--door", "ssh");
    expect([code, stderr]).toEqual([1, expect.stringContaining("other users can read it")]);
  });
});

test("user add makes knockd read the restored files", async () => {
  const { config, users, output, reload, add } = await open();
  await add("bob/phone", "--door", "ssh");
  const before = readFileSync(users, "utf8");
  const seen: boolean[] = [];
  reload.mockImplementation(() => {
    seen.push(readFileSync(users, "utf8") === before);
    return { kind: "refused", file: config, problems: ["no"] };
  });
  const { code, stderr } = await add("alice/pc", "--door", "ssh", "--output", `${output}2`);
  expect([code, seen]).toEqual([1, [false, true]]);
  expect(stderr).toContain("knockd may have the change");
});

test.each(["add", "remove"])(
  "user %s keeps what another administrator changes meanwhile",
  async (action) => {
    const { users, add, run, output } = await open();
    await add("bob/phone", "--door", "ssh");
    await add("alice/laptop", "--door", "ssh", "--output", `${output}2`);
    const after = readFileSync(users, "utf8").replace(/\[bob[^[]*/, "");
    const question = { confirm: vi.fn(), close: vi.fn() };
    question.confirm.mockImplementation(async () => {
      writeFileSync(users, after);
      return true;
    });
    vi.spyOn(Questions, "open").mockResolvedValue(question as unknown as Questions);
    const streams = [process.stdin, process.stdout];
    const before = streams.map(({ isTTY }) => isTTY);
    onTestFinished(() => {
      for (const [i, one] of streams.entries()) one.isTTY = before[i] ?? false;
    });
    for (const one of streams) one.isTTY = true;
    const device = ["--door", "ssh", "--host", "h", "--output", `${output}3`];
    const args = action === "add" ? ["carol/pc", ...device] : ["alice"];
    const { code, stderr } = await run(action, ...args);
    expect(question.confirm).toHaveBeenCalled();
    expect([code, stderr]).toEqual([1, expect.stringContaining("by another program meanwhile")]);
    expect(readFileSync(users, "utf8")).toBe(after);
  },
);

describe("user remove", () => {
  test.each<[string, (file: string) => Result<"reload">, string]>([
    ["refuses other sections", (file) => ({ kind: "refused", file, problems: ["x"] }), "errors: x"],
    ["fails", () => raise("late"), "has not confirmed the removal: late"],
    [
      "reads another file",
      () => ({ ...unchanged, kind: "reloaded", file: "/etc/other.users" }),
      "reads its users from /etc/other.users; only",
    ],
  ])("stays where knockd %s, and fails", async (_, answer, message) => {
    const { users, reload, add, run, devices } = await open();
    await add("alice/laptop", "--door", "ssh");
    reload.mockImplementation(() => answer(users));
    const { code, stderr } = await run("remove", "alice", "--yes");
    expect([code, stderr]).toEqual([1, expect.stringContaining(message)]);
    expect(devices()).toEqual([]);
  });

  test("takes a person's devices out, and reloads the users alone", async () => {
    const { users, reload, add, run, devices, output } = await open();
    await add("alice/laptop", "--door", "ssh");
    await add("alice/phone", "--door", "ssh", "--output", `${output}2`);
    await add("al/ice", "--door", "web", "--output", `${output}3`);
    writeFileSync(users, `${readFileSync(users, "utf8")}# the end\n`);
    reload.mockClear();
    const { code, stdout } = await run("remove", "alice", "--yes");
    expect(code).toBe(0);
    expect(stdout).toContain("alice/laptop, alice/phone: removed. knockd closes");
    expect(devices().map(({ name }) => name)).toEqual(["al/ice"]);
    expect(readFileSync(users, "utf8")).toMatch(/# the end\n$/);
    expect(reload.mock.calls).toEqual([[{ users: true }]]);
    const again = await run("remove", "alice", "--yes");
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('has no "alice"')]);
  });

  test("names the gateways that still accept the key, as add those that do not know it yet", async () => {
    const { users, handlers, add, run, devices } = await open();
    handlers.knownFleet = knownFleet;
    const added = await add("alice/laptop", "--door", "ssh");
    const unknown = `Not known yet at gw-2: copy ${users} there, and run knockctl reload.`;
    expect([added.code, added.stdout]).toEqual([0, expect.stringContaining(unknown)]);
    const { code, stdout } = await run("remove", "alice", "--yes");
    const still = `gw-2 still accepts the key: copy ${users} there, and run knockctl reload\n`;
    expect([code, stdout]).toEqual([3, expect.stringContaining(still)]);
    expect(devices()).toEqual([]);
  });

  test("works with a configuration that has errors, and without one", async () => {
    const { config, add, run, devices } = await open();
    await add("alice/laptop", "--door", "ssh");
    writeFileSync(config, `${readFileSync(config, "utf8")}[broken]\n`);
    expect((await run("remove", "alice/laptop", "--yes")).code).toBe(0);
    expect(devices()).toEqual([]);
    const { code, stderr } = await knockctl(
      ...["user", "list", "--config", join(dirname(config), "none")],
    );
    expect([code, stderr]).toEqual([0, ""]);
  });
});

test("check judges the users file, too", async () => {
  const { config, users, add } = await open();
  await add("alice/laptop", "--door", "ssh");
  const check = () => knockctl("check", config);
  expect(await check()).toMatchObject({
    ...{ code: 0, stdout: expect.stringContaining(`${users}: users OK, 1 device\n`) },
  });
  const text = readFileSync(users, "utf8");
  writeFileSync(users, text.replace("lock1:", "lock1:x"));
  const { code, stdout, stderr } = await check();
  expect([code, stdout]).toEqual([1, expect.stringContaining(`${users}: cannot be used`)]);
  expect(stderr).toContain(`${users}:2:11: the key is not lock1:`);
  chmodSync(users, 0o644);
  expect((await check()).stderr).toContain("other users can read it: chmod 600");
});

test("list and show tell what knockd knows of each key, or that it does not run", async () => {
  const { users, handlers, devices, add, run, output } = await open();
  await add("alice/laptop", "--door", "ssh");
  await add("bob/phone", "--door", "web", "--output", `${output}2`);
  const [alice = "", bob = ""] = devices().map(({ locks }) => locks[0]?.id ?? "");
  const [known] = handlers.knownKeys;
  if (known?.lastKnock === undefined) throw new Error();
  const { lastKnock } = known;
  handlers.knownKeys = [{ ...known, id: alice, refusals: { repeated: 2, clock: 1 } }];
  const json = JSON.parse((await run("list", "--json")).stdout) as unknown;
  const activity = {
    ...{ key: alice, refusals: { repeated: 2, clock: 1 } },
    lastKnock: { time: lastKnock.time.toISOString(), source: "192.0.2.7", offsetMs: -250 },
  };
  expect(json).toMatchObject({
    ...{ running: true, users: [{ keys: [alice], activity: [activity] }, { activity: [] }] },
  });
  const listed = (await run("list")).stdout;
  expect(listed).toMatch(/^alice\/laptop +ssh +enabled +- +[\d-]+ [\d:]+ +192\.0\.2\.7 /m);
  expect(listed).toContain("knockctl reload");
  const shown = (await run("show", "alice")).stdout;
  const row = "192\\.0\\.2\\.7 +250ms behind +2 repeated, 1 clock$";
  expect(shown).toMatch(new RegExp(`^${alice} +alice/laptop +[\\d-]+ [\\d:]+ +${row}`, "m"));
  expect(shown).not.toContain("knockctl reload");
  expect((await run("show", "bob")).stdout).toMatch(
    new RegExp(`^${bob} +bob/phone +not loaded`, "m"),
  );

  vi.spyOn(handlers, "status").mockReturnValue({ ...handlers.status(), configFile: "/other" });
  const alone = (await run("show", "alice")).stdout;
  expect(alone).toMatch(new RegExp(`^${alice} +alice/laptop +- +-`, "m"));
  expect(alone).toContain("knockd does not run with this configuration");
  const file = JSON.parse((await run("list", "--json")).stdout) as { users: object[] };
  expect(file).toMatchObject({ running: false, users: [{ keys: [alice] }, { keys: [bob] }] });
  expect(file.users.some((user) => "activity" in user)).toBe(false);
  expect(readFileSync(users, "utf8")).toContain("lock1:");
});

describe("user watch", () => {
  const entryOf = (who: string): Entry => ({
    ...{ event: "knock", text: `192.0.2.7: knock of ${who} refused (clock): x` },
    level: "notice",
    detail: { who, result: "clock", offset: 3600 },
  });

  test.each([[[]], [["--json"]]])(
    "shows the packets of one device until it is interrupted: %j",
    async (json) => {
      const { handlers, run } = await open();
      const running = run("watch", "alice/laptop", ...json);
      await expect.poll(() => handlers.watchers).toBe(1);
      handlers.say(entryOf("bob/phone"));
      handlers.say(entryOf("alice/laptop"));
      process.emit("SIGINT");
      const { code, stdout, stderr } = await running;
      expect([code, stderr]).toEqual([
        ...[0, "waiting for knocks of alice/laptop at UDP port 23547, for 5m; Ctrl-C ends\n"],
      ]);
      expect(stdout.split("\n")).toHaveLength(2);
      if (json.length === 0) expect(stdout).toContain("knock of alice/laptop refused (clock): x\n");
      else expect(JSON.parse(stdout)).toMatchObject({ who: "alice/laptop", offset: 3600 });
    },
  );

  test("says what to look at if no packet came", async () => {
    const { handlers, run } = await open();
    const running = run("watch", "alice/laptop");
    await expect.poll(() => handlers.watchers).toBe(1);
    process.emit("SIGINT");
    const { stdout, stderr } = await running;
    expect([stdout, stderr]).toEqual([
      "",
      expect.stringContaining("no knock of alice/laptop came"),
    ]);
  });

  test("needs a device, and a daemon", async () => {
    const { config, run } = await open();
    expect(await run("watch", "alice")).toMatchObject({
      ...{ code: 2, stderr: expect.stringContaining('"alice" is not PERSON/DEVICE') },
    });
    const alone = await knockctl(
      ...["user", "watch", "a/b", "--config", config, "--socket", "/nonexistent/socket"],
    );
    expect([alone.code, alone.stderr]).toEqual([1, expect.stringContaining("is not running")]);
  });
});

test("list and show tell of devices without their secrets", async () => {
  const { users, add, run, output } = await open();
  await add("alice/laptop", "--door", "ssh");
  await add("bob/phone", "--door", "web", "--output", `${output}2`);
  const text = readFileSync(users, "utf8");
  writeFileSync(
    users,
    text.replace("[bob/phone]\n", "[bob/phone]\ndisabled = yes\nexpires = 2099-12-31\n"),
  );
  const { stdout } = await run("list", "--json");
  expect(JSON.parse(stdout)).toMatchObject({
    users: [
      { name: "alice/laptop", state: "enabled", doors: ["ssh"], groups: [] },
      { name: "bob/phone", state: "disabled", expires: "2099-12-31", doors: ["web"] },
    ],
  });
  expect(stdout).not.toContain("lock1:");
  const shown = await run("show", "bob");
  expect(shown.stdout).toContain("bob/phone");
  expect(shown.stdout).not.toContain("alice");
  expect((await run("show", "carol")).code).toBe(1);
  expect((await run("lst")).stderr).toContain('did you mean "list"?');
  expect((await run("add")).stderr).toContain('NAME is missing after "add"');
});
