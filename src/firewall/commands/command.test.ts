import type { ChildProcess } from "node:child_process";
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import koffi from "koffi";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { describeFirewall } from "../../../test/contract/firewall.ts";
import type { Who } from "../../../test/support/accesses.ts";
import { byCommands } from "../../../test/support/accesses.ts";
import { address } from "../../../test/support/packets.ts";
import { SlowProgram } from "../../../test/support/slow-program.ts";
import { makeUser } from "../../../test/support/users.ts";
import { programsStarted, slowStarts } from "../../ffi/spawner.ts";
import type { User } from "../../system/users.ts";
import type { CommandAccess, CommandMethod, FirewallResult } from "../firewall.ts";
import { CommandFirewall } from "./command.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sesame-command-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const forEver = 1_000_000;

const nobody: User = { ...makeUser("nobody", 65534), groups: [65534, 54321, 54322] };
const root = makeUser("root", 0);

async function findUser(name: string): Promise<User> {
  if (name === "nobody") return nobody;
  if (name === "root") return root;
  throw new Error(`no user ${name}`);
}

const firewall = new CommandFirewall(findUser);

const RLIMIT_NOFILE = 7;
const libc = koffi.load("libc.so.6");
const getrlimit: (which: number, limits: BigUint64Array) => number = libc.func(
  "int getrlimit(int, void *)",
);
const setrlimit: (which: number, limits: BigUint64Array) => number = libc.func(
  "int setrlimit(int, const void *)",
);

/** Begins something while this process cannot open anything. */
function withoutDescriptors<T>(task: () => T): T {
  const limits = new BigUint64Array(2);
  getrlimit(RLIMIT_NOFILE, limits);
  const most = Math.max(...readdirSync("/proc/self/fd").map(Number)) + 2;
  setrlimit(RLIMIT_NOFILE, BigUint64Array.of(BigInt(most), limits[1] ?? 0n));
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync("/dev/null", "r"));
  } catch {
    return task(); // None is left.
  } finally {
    for (const fd of taken) closeSync(fd);
    setrlimit(RLIMIT_NOFILE, limits);
  }
}

function makeAccess(
  start: string,
  method: Partial<CommandMethod> = {},
  who: Who = {},
): CommandAccess {
  return byCommands(who, { start, stop: undefined, ...method });
}

function run(
  start: string,
  method: Partial<CommandMethod> = {},
  who: Who = {},
): Promise<FirewallResult> {
  return firewall.open(makeAccess(start, method, who), forEver);
}

describeFirewall("CommandFirewall", () => ({
  firewall,
  impossible: makeAccess("\0", { stop: "\0" }),
  access: (door, source) => {
    const file = join(folder, `${door} ${source}`);
    const who = { door, source: address(source) };
    return makeAccess(`: >'${file}'`, { stop: `rm '${file}'` }, who);
  },
  opened: () => readdirSync(folder),
  close: () => {},
}));

describe("a command ends", () => {
  test.each<[string, string, FirewallResult]>([
    ["well with status 0", "true", { kind: "done" }],
    ["badly with another status", "exit 3", { kind: "failed", status: 3 }],
    ["badly if it is not found", "/nowhere/at/all 2>/dev/null", { kind: "failed", status: 127 }],
    ["badly if it is no shell text", "fi 2>/dev/null; exit 9", { kind: "failed", status: 2 }],
    ["by a signal", "kill -TERM $$", { kind: "killed", signal: "SIGTERM" }],
    ["by SIGKILL", "kill -KILL $$", { kind: "killed", signal: "SIGKILL" }],
    ["well if there is nothing to do", "", { kind: "done" }],
  ])("%s", async (_, command, outcome) => {
    // A shell complains of bad text before any redirection counts: keep it out of the test's output.
    const quiet = command.startsWith("fi") ? `sh -c '${command}' 2>/dev/null` : command;
    expect(await run(quiet)).toEqual(outcome);
    expect(await firewall.close(makeAccess("true", { stop: quiet }))).toEqual(outcome);
  });

  test("before it began if no process can have it", async () => {
    const outcome = await run("echo \0");
    expect(outcome).toEqual({ kind: "not-started", reason: expect.stringContaining("a NUL byte") });
  });
});

test("closing a door that has no stop command is done at once", async () => {
  expect(await firewall.close(makeAccess("false"))).toEqual({ kind: "done" });
});

/** Runs shell text and returns what it wrote to the file named $OUT. */
async function output(text: string, who: Who = {}): Promise<string> {
  const file = join(folder, "out");
  expect(await run(`OUT='${file}'; ${text}`, {}, who)).toEqual({ kind: "done" });
  return readFileSync(file, "utf8");
}

test("a command knows who knocked, where and how, besides the daemon's own environment", async () => {
  process.env["SESAME_TEST"] = "inherited";
  try {
    const text = `echo "$KNOCK_IP $KNOCK_DOOR $KNOCK_PORT $KNOCK_PROTO $SESAME_TEST" >"$OUT"`;
    const source = address("2001:db8::7");
    const knock = { port: 53, protocol: "udp" } as const;
    expect(await output(text, { source, door: "my door", knock })).toBe(
      "2001:db8::7 my door 53 udp inherited\n",
    );
  } finally {
    delete process.env["SESAME_TEST"];
  }
});

test("a command has a session of its own, so that a signal to the daemon's does not reach it", async () => {
  // The sixth field of /proc/PID/stat is the session.
  const [session, shell] = (
    await output(`read -r _ _ _ _ _ s _ </proc/$$/stat; echo "$s $$" >"$OUT"`)
  ).split(" ");
  expect(session).toBe(shell?.trim());
});

test("a command that needs no shell has none", async () => {
  const program = join(folder, "program");
  const file = join(folder, "out");
  writeFileSync(program, '#!/bin/sh\nread -r _ _ _ _ _ s _ </proc/$$/stat\necho "$s $$" >"$1"\n');
  chmodSync(program, 0o755);
  expect(await run(`${program} ${file}`)).toEqual({ kind: "done" });
  // A shell would lead the session instead; unless it makes way for its last command, as dash does not.
  const [session, own] = readFileSync(file, "utf8").trim().split(" ");
  expect(session).toBe(own);
});

test("a command has every signal as it usually is, whatever this process ignores", async () => {
  const signals = await output(`grep -E '^Sig(Blk|Ign):' /proc/self/status >"$OUT"`);
  expect(signals.replace(/\s/g, "")).toBe(`SigBlk:${"0".repeat(16)}SigIgn:${"0".repeat(16)}`);
});

test("commands that have ended leave neither a process nor a descriptor behind", async () => {
  await run("true");
  const descriptors = () => readdirSync("/proc/self/fd").length;
  const before = descriptors();
  await Promise.all(Array.from({ length: 50 }, (_, i) => run(`exit ${i}`)));
  // On a busy machine another thread may have been started to help, which ends.
  await expect.poll(descriptors).toBeLessThanOrEqual(before);
  const tasks = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").split(" ");
  const states = tasks.flatMap((pid) => {
    try {
      return readFileSync(`/proc/${pid}/stat`, "utf8").replace(/.*\) /s, "").charAt(0);
    } catch {
      return [];
    }
  });
  expect(states).not.toContain("Z");
});

test("a command that ran when no descriptor was left has ended as it did", async () => {
  await run("true");
  const outcome = withoutDescriptors(() => run("exit 3"));
  expect(await outcome).toEqual({ kind: "failed", status: 3 });
});

describe("what a command writes to its standard error", () => {
  const shown: string[] = [];
  const told = new CommandFirewall(findUser, (text) => shown.push(text));
  beforeEach(() => void shown.splice(0));

  test.each([
    ["its first line is told", "echo >&2; printf 'no \\033[31mchain\\nTry -h' >&2; exit 2", 2],
    ["the file can be opened again", "echo 'no ?[31mchain' >/dev/stderr; exit 3", 3],
  ])("%s", async (_, start, status) => {
    const result = await told.open(makeAccess(start), forEver);
    expect(result).toEqual({ kind: "failed", status, stderr: "no ?[31mchain" });
  });

  test("all of it is handed on, as it was", async () => {
    await told.open(makeAccess("printf 'é\\001\\n' >&2; echo end >&2"), forEver);
    expect(shown.join("")).toBe("é\u0001\nend\n");
  });

  test("a long first line is shortened, and much output does not fail", async () => {
    const start = "head -c 3000000 /dev/zero | tr '\\0' x >&2 && echo >&2";
    expect(await told.open(makeAccess(start), forEver)).toEqual({
      kind: "done",
      stderr: "x".repeat(200),
    });
    expect(shown.join("")).toHaveLength(65_536);
  });

  test("it is handed on while the command runs", async () => {
    const gate = join(folder, "gate");
    spawnSync("mkfifo", [gate]);
    const running = told.open(makeAccess(`echo early >&2; read -r _ <'${gate}'`), forEver);
    await expect.poll(() => shown).toEqual(["early\n"]);
    writeFileSync(gate, "go\n");
    expect(await running).toEqual({ kind: "done", stderr: "early" });
  });

  test("what goes on in the background can still write some", async () => {
    const gate = join(folder, "gate");
    const said = join(folder, "said");
    spawnSync("mkfifo", [gate]);
    const late = `(read -r _ <'${gate}'; echo late >&2; echo $? >'${said}')`;
    await told.open(makeAccess(`${late} & true`), forEver);
    writeFileSync(gate, "go\n");
    const answer = () => (readdirSync(folder).includes("said") ? readFileSync(said, "utf8") : "");
    await expect.poll(answer).toBe("0\n");
    expect(shown).toEqual([]);
  });
});

test("a command has no input", async () => {
  expect(await output(`cat >"$OUT"; echo end >>"$OUT"`)).toBe("end\n");
});

test("what a command leaves in the background does not keep it from ending", async () => {
  const fifo = join(folder, "fifo");
  const text = `mkfifo '${fifo}'; (cat '${fifo}' >/dev/null) & echo started >"$OUT"`;
  expect(await output(text)).toBe("started\n");
  writeFileSync(fifo, "go"); // What is in the background waits for this, and then ends.
});

test("a long command does not keep another from ending", async () => {
  const fifo = join(folder, "gate");
  expect(await run(`mkfifo '${fifo}'`)).toEqual({ kind: "done" });
  let ended = false;
  const long = run(`read -r _ <'${fifo}'`).then((outcome) => {
    ended = true;
    return outcome;
  });
  expect(await run("true")).toEqual({ kind: "done" });
  expect(ended).toBe(false);
  expect(await run(`echo >'${fifo}'`)).toEqual({ kind: "done" });
  expect(await long).toEqual({ kind: "done" });
});

test("a command knows whose key opened its door", async () => {
  const text = `echo "<$KNOCK_WHO>" >"$OUT"`;
  expect(await output(text, { who: "alice/laptop" })).toBe("<alice/laptop>\n");
  expect(await output(text)).toBe("<>\n");
});

test("a command knows nothing of a knock where there was none", async () => {
  const text = `echo "$KNOCK_IP \${KNOCK_PORT-none} \${KNOCK_PROTO-none}" >"$OUT"`;
  expect(await output(text, { knock: undefined })).toBe("192.0.2.7 none none\n");
});

/** Only root can become somebody else. */
const canBecomeNobody = spawnSync("setpriv", ["--reuid=65534", "true"]).status === 0;

describe("a command of another user", () => {
  test.skipIf(!canBecomeNobody)(
    "runs as that user with all groups, to open and to close",
    async () => {
      chmodSync(folder, 0o777);
      const file = (what: string) => join(folder, what);
      const text = (what: string) => `echo "$(id -u):$(id -g):$(id -G)" >'${file(what)}'`;
      const access = makeAccess(text("start"), { stop: text("stop"), user: "nobody" });
      expect(await firewall.open(access, forEver)).toEqual({ kind: "done" });
      expect(await firewall.close(access)).toEqual({ kind: "done" });
      for (const what of ["start", "stop"]) {
        expect(readFileSync(file(what), "utf8")).toBe("65534:65534:65534 54321 54322\n");
      }
    },
  );

  test.skipIf(!canBecomeNobody)("has the environment that a log-in gives", async () => {
    chmodSync(folder, 0o777);
    const file = join(folder, "out");
    const variables = "$HOME $USER $LOGNAME $SHELL $PATH $KNOCK_IP $SESAME_TEST";
    const say = async (user: string) => {
      const text = `rm -f '${file}'; echo "${variables}" >'${file}'`;
      expect(await run(text, { user })).toEqual({ kind: "done" });
      return readFileSync(file, "utf8").trim().split(" ");
    };
    process.env["SESAME_TEST"] = "inherited";
    try {
      const user = ["/home/nobody", "nobody", "nobody", "/bin/bash"];
      const path = "/usr/local/bin:/usr/bin:/bin";
      expect(await say("nobody")).toEqual([...user, path, "192.0.2.7", "inherited"]);
      const [home, , , , rootPath] = await say("root");
      expect([home, rootPath]).toEqual([
        "/home/root",
        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      ]);
    } finally {
      delete process.env["SESAME_TEST"];
    }
  });

  test.skipIf(!canBecomeNobody)(
    "is told to end when it takes too long, and holds its lock",
    async () => {
      chmodSync(folder, 0o777);
      const fd = openSync(join(folder, "lock"), "w");
      const text = `readlink /proc/self/fd/3 >'${join(folder, "out")}'; sleep 60`;
      const access = makeAccess(text, { user: "nobody", timeout: 1000 });
      expect(await firewall.open(access, forEver, fd)).toEqual({ kind: "timed-out" });
      closeSync(fd);
      expect(readFileSync(join(folder, "out"), "utf8").trim()).toBe(join(folder, "lock"));
    },
  );

  test("who is not there is not run, and certainly not as another", async () => {
    const text = `: >'${join(folder, "run")}'`;
    const outcome = await run(text, { user: "nobody-at-all" });
    expect(outcome).toEqual({ kind: "not-started", reason: "no user nobody-at-all" });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("a command that takes longer than it may", () => {
  /** Process ids that a command wrote to this file, one a line. */
  const pids = (file: string) => readFileSync(file, "utf8").trim().split("\n").map(Number);
  const isAlive = (pid: number) => {
    try {
      // What was killed and not yet reaped is no more.
      return !/^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
    } catch {
      return false;
    }
  };

  test("is told to end, with all that it started", async () => {
    const file = join(folder, "pids");
    const outcome = await run(`sleep 60 & echo $! >'${file}'; wait`, { timeout: 1000 });
    expect(outcome).toEqual({ kind: "timed-out" });
    for (const pid of pids(file)) await expect.poll(() => isAlive(pid)).toBe(false);
  });

  test("is killed when it does not, with all that it started", async () => {
    const impatient = new CommandFirewall(findUser, undefined, 100);
    const file = join(folder, "pids");
    const stubborn = `trap '' TERM; sleep 60 & echo $! >'${file}'; while :; do wait; done`;
    const access = makeAccess(stubborn, { timeout: 1000 });
    expect(await impatient.open(access, forEver)).toEqual({ kind: "timed-out" });
    for (const pid of pids(file)) await expect.poll(() => isAlive(pid)).toBe(false);
  });

  test("leaves nothing behind that did not listen, when it ends itself", async () => {
    const file = join(folder, "pids");
    // The child ignores the signal, its shell does not.
    const child = `sh -c 'trap "" TERM; echo $$ >"${file}"; while :; do sleep 60; done'`;
    const outcome = await run(`${child} & wait`, { timeout: 1000 });
    expect(outcome).toEqual({ kind: "timed-out" });
    for (const pid of pids(file)) await expect.poll(() => isAlive(pid)).toBe(false);
  });

  test.each([
    ["a minute", 60_000],
    ["30 days, which is more than a timer of Node's can wait", 30 * 24 * 3_600_000],
  ])("is left alone if it ends in time: %s", async (_, timeout) => {
    expect(await run("sleep 0.2", { timeout })).toEqual({ kind: "done" });
  });
});

test("a command holds the descriptor that it is given until it has ended, and what it starts with it", async () => {
  const fifo = join(folder, "gate");
  const lock = join(folder, "lock");
  spawnSync("mkfifo", [fifo]);
  const fd = openSync(lock, "w");
  const isHeld = () => spawnSync("flock", ["--nonblock", lock, "true"]).status !== 0;
  expect(
    spawnSync("flock", ["--nonblock", "3"], { stdio: ["ignore", "ignore", "ignore", fd] }).status,
  ).toBe(0);
  const text = `(read -r _ <'${fifo}') & true`;
  expect(await firewall.open(makeAccess(text), forEver, fd)).toEqual({ kind: "done" });
  closeSync(fd);
  expect(isHeld()).toBe(true);
  writeFileSync(fifo, "go\n");
  await expect.poll(isHeld).toBe(false);
});

describe("a program that takes long to start", () => {
  /** Starts so many, runs `meanwhile`, and lets them start. */
  async function whileStarting(
    count: number,
    meanwhile: () => Promise<void>,
  ): Promise<FirewallResult[]> {
    const program = new SlowProgram(join(folder, "slow"), "exit 3");
    try {
      const slow = Array.from({ length: count }, () => run(program.path));
      await meanwhile();
      program.release();
      return await Promise.all(slow);
    } finally {
      await run(":");
    }
  }

  test.each([1, 5, 40])(
    "delays neither this process nor other commands: %i of them",
    async (count) => {
      const started = performance.now();
      const results = await whileStarting(count, async () => {
        // A process that waits with them would wait for 45 s.
        expect(performance.now() - started).toBeLessThan(20_000);
        expect(await run("exit 4")).toEqual({ kind: "failed", status: 4 });
        // It is a problem after 3 s.
        if (count === 40) {
          await expect
            .poll(slowStarts)
            .toMatchObject([{ file: expect.stringContaining("slow"), starting: 4, waiting: 36 }]);
        }
      });
      expect(results).toEqual(Array(count).fill({ kind: "failed", status: 3 }));
    },
  );

  test("leaves threads for commands that close, however many programs do not start", async () => {
    const programs = Array.from(
      { length: 6 },
      (_, i) => new SlowProgram(join(folder, `slow${i}`), "exit 3"),
    );
    const slow = programs.flatMap(({ path }) => Array.from({ length: 5 }, () => run(path)));
    // Each time all threads are held up others join them; until twelve are.
    await sleep(1500);
    const closed = await firewall.close(makeAccess("true", { stop: "exit 4" }));
    expect(closed).toEqual({ kind: "failed", status: 4 });
    for (const program of programs) program.release();
    expect(await Promise.all(slow)).toEqual(Array(30).fill({ kind: "failed", status: 3 }));
  });

  test("is given up after its command_timeout, and does not run later", async () => {
    const file = join(folder, "ran");
    const program = new SlowProgram(join(folder, "slow"), `: >'${file}'`);
    const late = { kind: "not-started", reason: "not within command_timeout" };
    const results = Array.from({ length: 6 }, () => run(program.path, { timeout: 1000 }));
    expect(await Promise.all(results)).toEqual(Array(6).fill(late));
    // All threads are free again, though the program cannot be loaded yet.
    await programsStarted();
    await sleep(100);
    program.release();
    // When this has run, all that was started before it has been, too.
    expect(await run("exit 4")).toEqual({ kind: "failed", status: 4 });
    await programsStarted();
    await sleep(300);
    expect(readdirSync(folder)).toEqual(["slow"]);
  });

  test("is waited for by those who want to know that all have started", async () => {
    const program = new SlowProgram(join(folder, "slow"), "exit 3");
    const results = [run(program.path), run("/nowhere/at/all 2>/dev/null"), run("exit 4")];
    let told = false;
    const started = programsStarted().then(() => {
      told = true;
    });
    await Promise.all(results.slice(1));
    expect(told).toBe(false);
    program.release();
    await started;
    const three = { kind: "failed", status: 3 };
    expect(await Promise.all(results)).toMatchObject([three, { status: 127 }, { status: 4 }]);
  });

  test("does not keep this process from ending", async () => {
    const url = pathToFileURL(join(import.meta.dirname, "command.ts"));
    const loader = pathToFileURL(join(import.meta.dirname, "../../../bench/typescript.mjs"));
    const program = new SlowProgram(join(folder, "slow"), "exit 3");
    try {
      const script = `
        import { CommandFirewall } from "${url}";
        const method = { kind: "command", start: "${program.path}" };
        const owner = { kind: "door", name: "x", nth: 1 };
        new CommandFirewall().open({ source: "", owner, method }, 1);
        setTimeout(() => process.exit(7), 500);
      `;
      const args = ["--import", loader.href, "--input-type=module", "-e", script];
      expect(await exitCode(spawn(process.execPath, args, { stdio: "ignore" }))).toBe(7);
    } finally {
      program.release();
    }
  });
});

const asNobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
const nobodyReads = spawnSync("setpriv", [...asNobody, "cat", import.meta.filename]).status === 0;

// Root's threads and processes are not counted.
test.skipIf(!nobodyReads)(
  "while the system has no room for a thread or a process, commands do not start",
  async () => {
    const url = (path: string) => pathToFileURL(join(import.meta.dirname, path)).href;
    const script = `
    import koffi from "koffi";
    import { CommandFirewall } from "${url("command.ts")}";
    const libc = koffi.load("libc.so.6");
    const RLIMIT_NPROC = 6;
    const limits = new BigUint64Array(2);
    libc.func("int getrlimit(int, void *)")(RLIMIT_NPROC, limits);
    const setrlimit = libc.func("int setrlimit(int, const void *)");
    const allow = (most) => setrlimit(RLIMIT_NPROC, BigUint64Array.of(most, limits[1]));
    const owner = { kind: "door", name: "x", nth: 1 };
    const access = { source: "", owner, method: { kind: "command", start: "exit 4" } };
    const firewall = new CommandFirewall();
    const kinds = [];
    // Before the first thread, with it, and later.
    for (const most of [0n, limits[1], 0n, limits[1]]) {
      allow(most);
      kinds.push((await firewall.open(access, 1)).kind);
    }
    console.log(kinds.join(" "));
  `;
    const args = [
      "--import",
      url("../../../bench/typescript.mjs"),
      "--input-type=module",
      "-e",
      script,
    ];
    const child = spawnSync(process.execPath, args, { uid: 65534, gid: 65534, encoding: "utf8" });
    expect(child.stdout).toBe("not-started failed not-started failed\n");
  },
);

function exitCode(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once("exit", resolve));
}
