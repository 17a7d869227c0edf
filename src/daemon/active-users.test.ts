import { describe, expect, test, vi } from "vitest";
import { byCommands } from "../../test/support/accesses.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { MemoryFirewall } from "../../test/support/memory-firewall.ts";
import { MemoryLog } from "../../test/support/memory-log.ts";
import { settled } from "../../test/support/slow-firewall.ts";
import { KnockError } from "../base/errors.ts";
import { parseConfig } from "../config/parse.ts";
import { LeaseManager } from "../grant/lease-manager.ts";
import { Ledger } from "../grant/ledger.ts";
import { makeKey } from "../knock/keys.ts";
import { ActiveUsers } from "./active-users.ts";

const start = Date.UTC(2027, 2, 20);

function section(name: string, nth: number, ...more: string[]): string {
  const { lock } = makeKey(new Uint8Array(64).fill(nth));
  return [`[${name}]`, `key = ${lock}`, ...more, ""].join("\n");
}

const late = () => expect.unreachable();
const laptop = section("alice/laptop", 1);
const phone = section("bob/phone", 2);

function configure(users: string) {
  const { config } = parseConfig(`[options]\nKnockPort = 1\n[ssh]\n${users}\nopen = tcp/22`, "/");
  if (config === undefined) throw new Error("no configuration");
  return config;
}

const config = configure("users = alice, bob");

function make(text = laptop + phone, hangs = false) {
  let answer = () => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const clock = new ManualClock(start);
  const log = new MemoryLog();
  const firewall = new MemoryFirewall();
  const leaseManager = new LeaseManager({
    ...{ firewall, clock, log, ledger: new Ledger(), journal: undefined, locks: undefined },
    ...{ maxCommands: 64, refuseWithoutJournal: false },
  });
  const dropped: ((who: string) => boolean)[] = [];
  vi.spyOn(leaseManager, "dropCommands").mockImplementation((isOut) => void dropped.push(isOut));
  const file = { text };
  let adopted = 0;
  const removed: string[] = [];
  const users = new ActiveUsers({
    ...{ clock, log, leaseManager },
    adopt: () => adopted++,
    onRemoved: (who) => removed.push(who),
    read: async (path) => {
      if (hangs) await answered;
      if (path !== "/etc/knockd.users") throw new KnockError("CONFIG", `no file ${path}`);
      return Buffer.from(file.text);
    },
  });
  const open = async (who: string, length: number) => {
    await leaseManager.open({ access: byCommands({ who }), length, again: "extend" });
    await settled();
  };
  const reload = async (after: string) => {
    file.text = after;
    const loaded = await users.reload(config);
    if (loaded !== undefined) users.use(loaded);
    await users.settle();
  };
  const holders = () => leaseManager.leases.map(({ by }) => Object.fromEntries(by));
  return {
    answer,
    clock,
    log,
    firewall,
    leaseManager,
    dropped,
    users,
    file,
    open,
    reload,
    holders,
    adopted: () => adopted,
    /** Those that the fleet was told of, since the last look. */
    removed: () => removed.splice(0).sort(),
  };
}

test("the devices of the file have keys, but for those that are disabled", async () => {
  const { users } = make(laptop + section("bob/phone", 2, "disabled = yes"));
  await users.start(config, late);
  expect(users.keys.map(({ who }) => who)).toEqual(["alice/laptop"]);
  expect(users.find("bob/phone")?.disabled).toBe(true);
  expect(users.find("carol/x")).toBeUndefined();
});

test("no file is read where no door has users", async () => {
  const { users } = make();
  const other = configure("sequence = 7,8,9");
  expect(
    await users.load({ ...other, options: { ...config.options, usersFile: "/nowhere" } }),
  ).toBeUndefined();
  await users.start({ ...other, options: { ...config.options, usersFile: "/nowhere" } }, late);
  expect(users.problems).toEqual([]);
});

test("a reload refuses a file with an error, and says all of them", async () => {
  const { users } = make(`${laptop}[bob]\nallow = x\n`);
  await expect(users.load(config)).rejects.toThrow(
    /knockd\.users:3:1: the name .*\n.*hint.*\n.*knockd\.users:3:1: the device has no key\n.*\n.*knockd\.users:4:9: Allow: "x"/,
  );
  const elsewhere = { ...config, options: { ...config.options, usersFile: "/nowhere" } };
  await expect(users.load(elsewhere)).rejects.toThrow("no file /nowhere");
});

test("an error at a reload stops no removal, and lets in no other device", async () => {
  const tablet = section("carol/tablet", 3, "expires = 2027-04-30");
  const { users, open, reload, holders } = make(laptop + phone + tablet);
  const who = "users = alice, bob, carol, dave";
  await users.start(configure(who), late);
  await open("alice/laptop", 10_000);
  await open("bob/phone", 10_000);
  const typo = section("bob/phone", 2).replace("lock1:", "lock1:x");
  const later = section("carol/tablet", 3, "expires = 2027-05-31", "groups = admins");
  const dave = section("dave/pc", 4);
  await reload(typo + later + dave);
  expect(holders()).toEqual([{ "bob/phone": 10_000 }]);
  expect(users.keys.map((key) => key.who)).toEqual(["bob/phone", "carol/tablet"]);
  expect(users.find("carol/tablet")).toMatchObject({
    ...{ groups: [], expires: Date.UTC(2027, 4, 1) },
  });
  await reload(typo.replace("]", "") + section("carol/tablet", 3, "disabled = yes"));
  expect(users.keys.map((key) => key.who)).toEqual(["bob/phone"]);
  await reload(`${section("bob/phone", 5)}[x]\n`);
  expect(users.keys).toEqual([]);
});

test("a command that waits does not run for a device that is removed", async () => {
  const { users, reload, dropped } = make();
  await users.start(config, late);
  await reload(phone);
  expect(dropped.map((isOut) => ["alice/laptop", "bob/phone"].filter(isOut))).toEqual([
    ["alice/laptop"],
  ]);
});

test("at a start an error costs its device alone, and is a problem until a reload", async () => {
  const { users, log, reload } = make(`${laptop}[bob/phone]\n`);
  await users.start(config, late);
  expect(users.keys.map(({ who }) => who)).toEqual(["alice/laptop"]);
  const message = "/etc/knockd.users:3:1: the device has no key";
  expect(users.problems).toEqual([{ code: "users", message }]);
  expect(log.entries.filter(({ level }) => level === "error").map(({ text }) => text)).toEqual([
    message,
  ]);
  await reload(laptop + phone);
  expect(users.problems).toEqual([]);
});

test("a disk that hangs holds a start up for 2 s, and counts when it answers", async () => {
  const { users, clock, answer, open, holders } = make(phone, true);
  await open("alice/laptop", 10_000);
  const started = users.start(config, () => void users.settle());
  await expect.poll(() => Number.isFinite(clock.nextDue)).toBe(true);
  clock.advance(2000);
  await started;
  await users.settle();
  expect(holders()).toEqual([{ "alice/laptop": 10_000 }]);
  const message = "users file /etc/knockd.users: the disk has not answered for 2 s";
  expect(users.problems).toEqual([{ code: "users", message }]);
  answer();
  await expect.poll(holders).toEqual([]);
  expect(users.problems).toEqual([]);
  expect(users.keys.map(({ who }) => who)).toEqual(["bob/phone"]);
});

test("a disk that hangs at a start changes nothing after a reload without users", async () => {
  const { users, clock, answer } = make(phone, true);
  let isLate = false;
  const started = users.start(config, () => {
    isLate = true;
  });
  await expect.poll(() => Number.isFinite(clock.nextDue)).toBe(true);
  clock.advance(2000);
  await started;
  users.use({ devices: [] });
  answer();
  await expect.poll(() => isLate).toBe(true);
  expect(users.keys).toEqual([]);
});

describe("a lease", () => {
  test("loses who is gone or disabled, and is closed with the last of them", async () => {
    const { users, firewall, open, reload, holders, adopted } = make();
    await users.start(config, late);
    await open("alice/laptop", 10_000);
    await open("bob/phone", 60_000);
    await open("knockctl", 5000);
    await reload(phone);
    expect(holders()).toEqual([{ "bob/phone": 60_000, knockctl: 5000 }]);
    expect(adopted()).toBe(1);
    await reload(section("bob/phone", 2, "disabled = yes"));
    expect(holders()).toEqual([{ knockctl: 5000 }]);
    expect(firewall.history).toEqual(["open ssh 192.0.2.7"]);
  });

  test("is closed for the last one", async () => {
    const { users, firewall, open, reload } = make();
    await users.start(config, late);
    await open("alice/laptop", 10_000);
    await reload(phone);
    expect(firewall.history).toEqual(["open ssh 192.0.2.7", "close ssh 192.0.2.7"]);
  });

  test("loses who has lost a key, and keeps who has got one", async () => {
    const { users, open, reload, holders } = make();
    const { lock } = makeKey(new Uint8Array(64).fill(6));
    const both = section("alice/laptop", 1, `key = ${lock}`) + phone;
    await users.start(config, late);
    await open("alice/laptop", 10_000);
    await open("bob/phone", 10_000);
    await reload(both);
    expect(holders()).toEqual([{ "alice/laptop": 10_000, "bob/phone": 10_000 }]);
    await reload(section("alice/laptop", 6) + phone);
    expect(holders()).toEqual([{ "bob/phone": 10_000 }]);
    await open("alice/laptop", 10_000);
    await reload(section("alice/laptop", 6) + phone);
    expect(holders()).toEqual([{ "bob/phone": 10_000, "alice/laptop": 10_000 }]);
  });

  test("outlasts no device, and no administrator's time is cut", async () => {
    const { users, open, reload, holders } = make();
    await users.start(config, late);
    const day = 86_400_000;
    await open("alice/laptop", 30 * day);
    await open("knockctl", 20 * day);
    await reload(section("alice/laptop", 1, "expires = 2027-03-21") + phone);
    expect(holders()).toEqual([{ "alice/laptop": 2 * day, knockctl: 20 * day }]);
    await reload(section("alice/laptop", 1, "expires = 2027-03-19") + phone);
    expect(holders()).toEqual([{ knockctl: 20 * day }]);
  });

  test.each(["[alice/laptop]\n", "[alice/laptop\n"])(
    "stays where %j is read at a start",
    async (text) => {
      const { users, firewall, open, reload, holders } = make(text);
      await open("alice/laptop", 10_000);
      await users.start(config, late);
      await users.settle();
      expect(firewall.history).toEqual(["open ssh 192.0.2.7"]);
      await reload(`${laptop}[bob/phone]\n`);
      expect(holders()).toEqual([{ "alice/laptop": 10_000 }]);
      await reload("[bob/phone]\n");
      expect(holders()).toEqual([]);
    },
  );

  test("loses who is gone, disabled or expires though another section has an error at a start", async () => {
    const disabled = section("bob/phone", 2, "disabled = yes");
    const expiring = section("carol/pc", 3, "expires = 2027-03-20");
    const { users, open, holders } = make(`${disabled}${expiring}[dave/pc]\n`);
    for (const who of ["alice/laptop", "bob/phone", "carol/pc", "dave/pc"]) {
      await open(who, 30 * 86_400_000);
    }
    await users.start(config, late);
    await users.settle();
    expect(holders()).toEqual([{ "carol/pc": 86_400_000, "dave/pc": 30 * 86_400_000 }]);
  });

  test("stays where no file can be read at a start, until one can", async () => {
    const { users, open, reload, holders } = make();
    await open("alice/laptop", 10_000);
    await users.start({ ...config, options: { ...config.options, usersFile: "/nowhere" } }, late);
    await users.settle();
    expect(holders()).toEqual([{ "alice/laptop": 10_000 }]);
    await reload(`${laptop}[bob/phone]\n`);
    expect(users.keys.map(({ who }) => who)).toEqual(["alice/laptop"]);
    expect(holders()).toEqual([{ "alice/laptop": 10_000 }]);
    await reload(phone);
    expect(holders()).toEqual([]);
  });
});

describe("the fleet is told", () => {
  test("of devices that are gone or disabled, or have lost a key, with and without a lease", async () => {
    const { users, open, reload, removed } = make();
    await users.start(config, late);
    await users.settle();
    expect(removed()).toEqual([]);
    await open("bob/phone", 60_000);
    await reload(section("alice/laptop", 1, "disabled = yes"));
    expect(removed()).toEqual(["alice/laptop", "bob/phone"]);
    await reload(laptop + phone);
    expect(removed()).toEqual([]);
    await reload(section("alice/laptop", 3) + section("bob/phone", 2, "expires = 2027-12-31"));
    expect(removed()).toEqual(["alice/laptop"]);
  });

  test("at a start of those that an earlier daemon had opened for", async () => {
    const { users, open, removed } = make(phone);
    await open("alice/laptop", 60_000);
    await users.start(config, late);
    await users.settle();
    expect(removed()).toEqual(["alice/laptop"]);
  });

  test("of none where no door has users any more", async () => {
    const { users, open, removed } = make();
    await users.start(config, late);
    await open("bob/phone", 60_000);
    users.use({ devices: [], isRead: false });
    await users.settle();
    expect(removed()).toEqual([]);
  });
});
