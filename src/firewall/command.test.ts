import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { describeFirewall } from "../../test/contract/firewall.ts";
import { address } from "../../test/packets.ts";
import { CommandFirewall } from "./command.ts";
import type { Outcome, Passage } from "./firewall.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sesame-command-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function makePassage(start: string, more: Partial<Passage> = {}): Passage {
  const source = address("192.0.2.7");
  const where = { door: "ssh", nth: 1, source, port: 7000, protocol: "tcp" as const };
  return { ...where, start, stop: undefined, ...more };
}

describeFirewall("CommandFirewall", () => ({
  firewall: new CommandFirewall(),
  passage: (door, source) => {
    const file = join(folder, `${door} ${source}`);
    return makePassage(`: >'${file}'`, { door, source: address(source), stop: `rm '${file}'` });
  },
  opened: () => readdirSync(folder),
  close: () => {},
}));

describe("a command ends", () => {
  test.each<[string, string, Outcome]>([
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
    expect(await new CommandFirewall().open(makePassage(quiet))).toEqual(outcome);
    expect(await new CommandFirewall().close(makePassage("true", { stop: quiet }))).toEqual(
      outcome,
    );
  });

  test("before it began if no process can have it", async () => {
    const outcome = await new CommandFirewall().open(makePassage("echo \0"));
    expect(outcome).toEqual({ kind: "not-started", reason: expect.stringContaining("null bytes") });
  });
});

test("closing a door that has no stop command is done at once", async () => {
  expect(await new CommandFirewall().close(makePassage("false"))).toEqual({ kind: "done" });
});

/** Runs shell text and returns what it wrote to the file named $OUT. */
async function output(text: string, more: Partial<Passage> = {}): Promise<string> {
  const file = join(folder, "out");
  const outcome = await new CommandFirewall().open(makePassage(`OUT='${file}'; ${text}`, more));
  expect(outcome).toEqual({ kind: "done" });
  return readFileSync(file, "utf8");
}

test("a command knows who knocked, where and how, besides the daemon's own environment", async () => {
  process.env["SESAME_TEST"] = "inherited";
  try {
    const text = `echo "$KNOCK_IP $KNOCK_DOOR $KNOCK_PORT $KNOCK_PROTO $SESAME_TEST" >"$OUT"`;
    const source = address("2001:db8::7");
    expect(await output(text, { source, door: "my door", port: 53, protocol: "udp" })).toBe(
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
  const firewall = new CommandFirewall();
  expect(await firewall.open(makePassage(`mkfifo '${fifo}'`))).toEqual({ kind: "done" });
  let ended = false;
  const long = firewall.open(makePassage(`read -r _ <'${fifo}'`)).then((outcome) => {
    ended = true;
    return outcome;
  });
  expect(await firewall.open(makePassage("true"))).toEqual({ kind: "done" });
  expect(ended).toBe(false);
  expect(await firewall.open(makePassage(`echo >'${fifo}'`))).toEqual({ kind: "done" });
  expect(await long).toEqual({ kind: "done" });
});
