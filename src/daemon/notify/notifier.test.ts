import { beforeEach, expect, test } from "vitest";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { MemoryLog } from "../../../test/support/memory-log.ts";
import { address } from "../../../test/support/packets.ts";
import { parseConfig } from "../../config/parse.ts";
import type { CommandAccess, FirewallResult } from "../../firewall/firewall.ts";
import type { AccessEvent } from "../../grant/access-event.ts";
import { Notifier } from "./notifier.ts";

const subject = {
  owner: { kind: "door", name: "ssh", nth: 1 },
  source: address("192.0.2.7"),
  method: "native",
} as const;
const opened: AccessEvent = { ...subject, kind: "opened", by: "knock" };
const closed: AccessEvent = { ...subject, kind: "closed", because: "due" };

const command = "tell %EVENT% %DOOR% %IP%";
const webhook = "https://chat.example/secret";
const both = (hook: string) => `on_open = ${hook}\non_close = ${hook}`;
const all = (hook: string) => `OnOpen = ${hook}\nOnClose = ${hook}`;

let log: MemoryLog;
let ran: CommandAccess[];
let posted: { readonly url: string; readonly body: unknown }[];
let result: FirewallResult;
let problem: string | undefined;
let release: (() => void) | undefined;
let isHeld: boolean;

beforeEach(() => {
  log = new MemoryLog();
  ran = [];
  posted = [];
  result = { kind: "done" };
  problem = undefined;
  isHeld = false;
});

/** The hooks of the door ssh, and of all doors. */
interface HookLines {
  readonly door?: string;
  readonly options?: string;
}

function make({ door = "", options = "" }: HookLines): Notifier {
  const held = () =>
    isHeld
      ? new Promise<void>((resolve) => {
          release = resolve;
        })
      : Promise.resolve();
  const notifier = new Notifier({
    clock: new ManualClock(),
    log,
    commands: {
      open: async (access) => {
        ran.push(access);
        await held();
        return result;
      },
    },
    post: async (url, body) => {
      posted.push({ url, body: JSON.parse(body) });
      return problem;
    },
  });
  const text = `[options]\n${options}\n[ssh]\nsequence = 1,2\ncommand = true\n${door}\n`;
  const { config } = parseConfig(text);
  if (config === undefined) throw new Error("the configuration is broken");
  notifier.use(config);
  return notifier;
}

const turns = async () => {
  for (let i = 0; i < 1_000; i++) await Promise.resolve();
};

test("a command is told of each event that it is for, with a time limit", async () => {
  const notifier = make({ door: both(command) });
  notifier.notify(opened);
  notifier.notify({ ...subject, kind: "extended", by: "knock" });
  notifier.notify(closed);
  await turns();
  expect(ran.map(({ method }) => [method.start, method.timeout, method.stop])).toEqual([
    ["tell opened ssh 192.0.2.7", 30_000, undefined],
    ["tell closed ssh 192.0.2.7", 30_000, undefined],
  ]);
  expect(log.texts).toEqual([]);
});

test("a web server gets who, which door, how and when", async () => {
  const notifier = make({ options: all(webhook) });
  notifier.notify(opened);
  notifier.notify(closed);
  await turns();
  const common = { version: 1, door: "ssh", address: "192.0.2.7", time: expect.any(String) };
  expect(posted).toEqual([
    { url: "https://chat.example/secret", body: { ...common, event: "opened", by: "knock" } },
    { url: "https://chat.example/secret", body: { ...common, event: "closed", because: "due" } },
  ]);
});

test("without a hook nothing happens, nor after the end", async () => {
  const notifier = make({ door: `on_open = ${command}` });
  notifier.notify(closed);
  // The gateway where it was opened tells its hooks.
  notifier.notify({ ...opened, origin: "gw-2" });
  notifier.stop();
  notifier.notify(opened);
  await turns();
  expect(ran).toEqual([]);
});

test("what a hook does not take is logged, without the secret of its address", async () => {
  const notifier = make({ options: all(command), door: `on_close = ${webhook}` });
  result = { kind: "failed", status: 3 };
  problem = "the server answered with status 404";
  notifier.notify(opened);
  notifier.notify(closed);
  await turns();
  expect(log.texts.toSorted()).toEqual([
    "https://chat.example/… was not told: the server answered with status 404",
    "tell %EVENT% %DOOR% %IP% was not told: command returned non-zero status code (3)",
  ]);
});

test("events wait for a slow hook, a hundred at most", async () => {
  const notifier = make({ door: `on_open = ${command}` });
  isHeld = true;
  for (let i = 0; i < 150; i++) notifier.notify(opened);
  await turns();
  expect(ran.length).toBe(1);
  isHeld = false;
  release?.();
  await turns();
  expect(ran.length).toBe(101);
  expect(log.texts).toEqual(["tell %EVENT% %DOOR% %IP% is too slow: 49 events were lost"]);
});

test("a door that the configuration has no more is told to the hooks of all doors", async () => {
  const notifier = make({ options: `OnClose = ${command}` });
  notifier.notify({ ...closed, owner: { kind: "door", name: "gone", nth: 1 } });
  notifier.notify({ ...closed, owner: { kind: "trial" } });
  await turns();
  expect(ran.map(({ method }) => method.start)).toEqual(["tell closed gone 192.0.2.7"]);
});
