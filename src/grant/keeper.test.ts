import { describe, expect, test } from "vitest";
import { address } from "../../test/packets.ts";
import { ManualClock } from "../base/clock.ts";
import { MemoryLog } from "../base/log.ts";
import type { Firewall, Outcome, Passage } from "../firewall/firewall.ts";
import { MemoryFirewall } from "../firewall/memory.ts";
import { Keeper } from "./keeper.ts";
import type { Lease } from "./ledger.ts";

/** A firewall whose commands end when the test says so. */
class SlowFirewall implements Firewall {
  /** What was begun, in order, such as `open ssh 192.0.2.7`. */
  readonly begun: string[] = [];
  readonly #running: { name: string; end: (outcome: Outcome) => void }[] = [];

  open(passage: Passage): Promise<Outcome> {
    return this.#begin("open", passage);
  }

  close(passage: Passage): Promise<Outcome> {
    return this.#begin("close", passage);
  }

  /** Ends the longest-running command of this name. */
  async end(name: string, outcome: Outcome = { kind: "done" }): Promise<void> {
    const at = this.#running.findIndex((command) => command.name === name);
    const [command] = this.#running.splice(at, at < 0 ? 0 : 1);
    if (command === undefined) throw new Error(`"${name}" does not run`);
    command.end(outcome);
    await settled();
  }

  #begin(what: string, { door, source }: Passage): Promise<Outcome> {
    const name = `${what} ${door} ${source}`;
    this.begun.push(name);
    return new Promise((end) => this.#running.push({ name, end }));
  }
}

/** Resolves when all promises that were ready have had their say. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function makeLease(more: Partial<Passage> = {}, length = 10_000): Lease {
  return {
    passage: {
      door: "ssh",
      nth: 1,
      source: address("192.0.2.7"),
      port: 7000,
      protocol: "tcp",
      start: "start",
      stop: "stop",
      ...more,
    },
    length,
  };
}

function make<F extends Firewall>(firewall: F) {
  const clock = new ManualClock();
  const log = new MemoryLog();
  const keeper = new Keeper(firewall, clock, log);
  const wait = async (milliseconds: number) => {
    clock.advance(milliseconds);
    await settled();
  };
  return { firewall, clock, log, keeper, wait };
}

const opens = "open ssh 192.0.2.7";
const closes = "close ssh 192.0.2.7";

test("two doors of one name are two doors", async () => {
  const { firewall, keeper, wait } = make(new MemoryFirewall());
  keeper.open(makeLease());
  keeper.open(makeLease({ nth: 2 }));
  await settled();
  expect(firewall.history).toEqual([opens, opens]);
  await wait(10_000);
  expect(firewall.history).toEqual([opens, opens, closes, closes]);
});

describe("a door that closes by itself", () => {
  test("is opened, stays open for its time from the end of the start command, and is closed", async () => {
    const { firewall, keeper, wait, log } = make(new SlowFirewall());
    keeper.open(makeLease());
    expect(firewall.begun).toEqual([opens]);
    await wait(60_000);
    await firewall.end(opens);
    await wait(9999);
    expect(firewall.begun).toEqual([opens]);
    await wait(1);
    expect(firewall.begun).toEqual([opens, closes]);
    expect(keeper.busy).toBe(true);
    await firewall.end(closes);
    expect(keeper.busy).toBe(false);
    expect(keeper.leases).toEqual([]);
    expect(log.texts).toEqual([
      "ssh: running command: start",
      "ssh: command ended",
      "192.0.2.7: ssh: command timeout",
      "ssh: running command: stop",
      "ssh: command ended",
    ]);
  });

  test("stays open longer after a second knock, without a second start", async () => {
    const { firewall, keeper, wait } = make(new MemoryFirewall());
    keeper.open(makeLease());
    await wait(0);
    await wait(9000);
    keeper.open(makeLease());
    await wait(9999);
    expect(firewall.history).toEqual([opens]);
    await wait(1);
    expect(firewall.history).toEqual([opens, closes]);
    await wait(100_000);
    expect(firewall.history).toEqual([opens, closes]);
  });

  test("stays open longer after a knock while it was being opened", async () => {
    const { firewall, keeper, wait } = make(new SlowFirewall());
    keeper.open(makeLease());
    await wait(5000);
    keeper.open(makeLease({}, 20_000));
    await firewall.end(opens);
    await wait(19_999);
    expect(firewall.begun).toEqual([opens]);
    await wait(1);
    expect(firewall.begun).toEqual([opens, closes]);
  });

  test("that is knocked at while it is being closed opens again afterwards", async () => {
    const { firewall, keeper, wait } = make(new SlowFirewall());
    keeper.open(makeLease());
    await firewall.end(opens);
    await wait(10_000);
    keeper.open(makeLease());
    keeper.open(makeLease());
    expect(firewall.begun).toEqual([opens, closes]);
    await firewall.end(closes);
    expect(firewall.begun).toEqual([opens, closes, opens]);
    await firewall.end(opens);
    await wait(10_000);
    expect(firewall.begun).toEqual([opens, closes, opens, closes]);
  });

  test.each<[string, Outcome]>([
    ["failed", { kind: "failed", status: 3 }],
    ["did not start", { kind: "not-started", reason: "no such file" }],
  ])("is closed, too, when its start command %s", async (_, outcome) => {
    const { firewall, keeper, wait } = make(new SlowFirewall());
    keeper.open(makeLease());
    await firewall.end(opens, outcome);
    await wait(10_000);
    expect(firewall.begun).toEqual([opens, closes]);
  });

  test("with no time to stay open is closed at once", async () => {
    const { firewall, keeper, wait } = make(new MemoryFirewall());
    keeper.open(makeLease({}, 0));
    await wait(0);
    await wait(0);
    expect(firewall.history).toEqual([opens, closes]);
  });
});

test("a door that nothing closes is opened at every knock, and is no lease", async () => {
  const { firewall, keeper, wait } = make(new MemoryFirewall());
  keeper.open(makeLease({ stop: undefined }));
  await wait(0);
  keeper.open(makeLease({ stop: undefined }));
  await wait(1_000_000);
  expect(firewall.history).toEqual([opens, opens]);
  expect(keeper.busy).toBe(false);
});

test("doors and sources are closed each at its own time", async () => {
  const { firewall, keeper, wait } = make(new MemoryFirewall());
  keeper.open(makeLease({}, 3000));
  keeper.open(makeLease({ door: "web" }, 1000));
  keeper.open(makeLease({ source: address("2001:db8::7") }, 2000));
  await wait(0);
  firewall.history.length = 0;
  for (let i = 0; i < 3; i++) await wait(1000);
  expect(firewall.history).toEqual(["close web 192.0.2.7", "close ssh 2001:db8::7", closes]);
});

describe("slow commands", () => {
  const host = (i: number) => address(`10.0.0.${i}`);

  test("do not delay others", async () => {
    const { firewall, keeper, wait } = make(new SlowFirewall());
    keeper.open(makeLease({ door: "slow" }));
    keeper.open(makeLease());
    await firewall.end(opens);
    await wait(10_000);
    expect(firewall.begun).toEqual(["open slow 192.0.2.7", opens, closes]);
  });

  test("that open, however many, never keep a door from closing", async () => {
    const { firewall, keeper, wait } = make(new SlowFirewall());
    keeper.open(makeLease());
    await firewall.end(opens);
    for (let i = 0; i < 200; i++) keeper.open(makeLease({ door: "flood", source: host(i) }));
    expect(firewall.begun).toHaveLength(1 + 64);
    await wait(10_000);
    expect(firewall.begun.at(-1)).toBe(closes);
  });

  test("let the others wait their turn, one for each door and source", async () => {
    const { firewall, keeper } = make(new SlowFirewall());
    for (let i = 0; i < 64; i++) keeper.open(makeLease({ source: host(i), stop: undefined }));
    for (let i = 0; i < 3; i++) keeper.open(makeLease({ stop: undefined }));
    expect(firewall.begun).toHaveLength(64);
    await firewall.end("open ssh 10.0.0.5");
    expect(firewall.begun.slice(64)).toEqual([opens]);
    await firewall.end("open ssh 10.0.0.6");
    expect(firewall.begun).toHaveLength(65);
  });

  test("beyond what may wait are refused with a word in the log, and may be tried again", async () => {
    const { firewall, keeper, log } = make(new SlowFirewall());
    const other = (i: number) => address(`10.1.${i >> 8}.${i & 255}`);
    for (let i = 0; i < 10_064; i++) keeper.open(makeLease({ source: other(i) }));
    keeper.open(makeLease());
    expect(log.texts.at(-1)).toBe(
      "192.0.2.7: ssh: too many commands are waiting, ssh stays closed",
    );
    expect(log.entries.at(-1)?.level).toBe("error");
    await firewall.end("open ssh 10.1.0.0");
    keeper.open(makeLease());
    expect(log.texts.filter((text) => text.includes("too many"))).toHaveLength(1);
    expect(log.texts.join()).not.toContain("open already");
  });
});

describe("closing all", () => {
  test("closes what is open before its time, and ends when the commands have", async () => {
    const { firewall, keeper } = make(new SlowFirewall());
    keeper.open(makeLease());
    await firewall.end(opens);
    let ended = false;
    const all = keeper.closeAll().then(() => {
      ended = true;
    });
    await settled();
    expect(firewall.begun).toEqual([opens, closes]);
    expect(ended).toBe(false);
    await firewall.end(closes);
    await all;
    expect(keeper.busy).toBe(false);
  });

  test("closes what was being opened or waited to be, right after", async () => {
    const { firewall, keeper } = make(new SlowFirewall());
    keeper.open(makeLease());
    const all = keeper.closeAll();
    await settled();
    expect(firewall.begun).toEqual([opens]);
    await firewall.end(opens);
    expect(firewall.begun).toEqual([opens, closes]);
    await firewall.end(closes);
    await all;
    expect(keeper.leases).toEqual([]);
  });

  test("opens nothing any more, not even what waited for a closing", async () => {
    const { firewall, keeper, wait } = make(new SlowFirewall());
    keeper.open(makeLease());
    await firewall.end(opens);
    await wait(10_000);
    keeper.open(makeLease());
    const all = keeper.closeAll();
    keeper.open(makeLease({ door: "web" }));
    await firewall.end(closes);
    await all;
    await wait(100_000);
    expect(firewall.begun).toEqual([opens, closes]);
  });

  test("has nothing to do where nothing is open", async () => {
    const { keeper } = make(new SlowFirewall());
    await keeper.closeAll();
    expect(keeper.busy).toBe(false);
  });
});

describe("the log says how a command ended:", () => {
  test.each<[string, Outcome, string, string]>([
    ["well", { kind: "done" }, "info", "ssh: command ended"],
    [
      "with a status",
      { kind: "failed", status: 3 },
      "error",
      "ssh: command returned non-zero status code (3)",
    ],
    [
      "by a signal",
      { kind: "killed", signal: "SIGTERM" },
      "error",
      "ssh: command was killed by SIGTERM",
    ],
    [
      "before it began",
      { kind: "not-started", reason: "spawn /bin/sh EAGAIN" },
      "error",
      "ssh: command could not be started: spawn /bin/sh EAGAIN",
    ],
  ])("%s", async (_, outcome, level, text) => {
    const { firewall, keeper, log } = make(new SlowFirewall());
    keeper.open(makeLease({ stop: undefined, start: "iptables -A …" }));
    await firewall.end(opens, outcome);
    expect(log.texts).toEqual(["ssh: running command: iptables -A …", text]);
    expect(log.entries[1]).toMatchObject({
      level,
      event: "command-exit",
      door: "ssh",
      detail: { what: "open", ...outcome },
    });
  });
});
