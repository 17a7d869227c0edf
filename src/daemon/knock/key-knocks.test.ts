import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { byKernel } from "../../../test/support/accesses.ts";
import { FwknopDevice } from "../../../test/support/fwknop-device.ts";
import { KnockDevice } from "../../../test/support/knock-device.ts";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { MemoryLog } from "../../../test/support/memory-log.ts";
import { address, ipv4, UDP, udp } from "../../../test/support/packets.ts";
import { lossLife } from "../../auth/authenticator.ts";
import { wallTime } from "../../base/time.ts";
import { MemorySource } from "../../capture/memory.ts";
import type { Ring } from "../../capture/ring.ts";
import { defaultOptions } from "../../config/config.ts";
import type { Device } from "../../config/users.ts";
import { systemDisk } from "../../system/disk.ts";
import { ownUses } from "../fleet/fleet-uses.ts";
import type { KeyKnocksParts } from "./key-knocks.ts";
import { KeyKnocks } from "./key-knocks.ts";
import { KnockCounters } from "./knock-counters.ts";
import { packetOfUse } from "./packet-use.ts";

const wall = 1_800_000_000_000;
const port = 23_547;
const options = { ...defaultOptions, knockPorts: [port] };
const alice = new KnockDevice("alice/laptop");
const bob = new KnockDevice("bob/phone");

/** A ring without a kernel. */
class FakeRing extends MemorySource {
  interfaces: readonly string[] | undefined;
  isClosed = false;

  listen(interfaces: readonly string[] | undefined): void {
    this.interfaces = interfaces;
  }

  interfacesChanged(): void {}

  override close(): void {
    this.isClosed = true;
    super.close();
  }
}

let folder: string;
let clock: ManualClock;
let log: MemoryLog;
let rings: FakeRing[];
let devices: Device[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sesame-keys-"));
  clock = new ManualClock(wall);
  log = new MemoryLog();
  rings = [];
  devices = [];
});
// A journal that a test left open may still write.
afterEach(() => rmSync(folder, { recursive: true, maxRetries: 20, retryDelay: 50 }));

function device({ name, lock }: KnockDevice, more: Partial<Device> = {}): Device {
  return {
    ...{ name, locks: [lock], groups: [], expires: undefined, allow: undefined },
    ...{ requireAddress: false, elsewhere: [], disabled: false },
    ...{ fwknop: undefined, fwknopHmac: "sha256", fwknopUser: undefined, ...more },
  };
}

function open(more: Partial<KeyKnocksParts> = {}): KeyKnocks {
  return new KeyKnocks(
    { options },
    {
      openRing: (_, sink) => {
        const ring = new FakeRing(sink);
        rings.push(ring);
        return ring as unknown as Ring;
      },
      file: { path: join(folder, "k.knocks"), disk: systemDisk },
      refuseWithoutJournal: true,
      permit: () => ({ kind: "refused", check: "door", why: "of the test" }),
      devices: () => devices,
      open: () => expect.unreachable(),
      isOurs: () => true,
      isLocalSource: () => false,
      onlyIpv4: false,
      counters: new KnockCounters(),
      ...{ clock, log, rateLimiter: undefined, uses: ownUses },
      onInternalError: () => expect.unreachable(),
      ...more,
    },
  );
}

/** Puts the devices in force. */
async function use(keyKnocks: KeyKnocks, ...now: readonly Device[]): Promise<void> {
  devices = [...now];
  const enabled = devices.filter(({ disabled }) => !disabled);
  await keyKnocks.use(
    { options },
    {
      keys: enabled.flatMap(({ name: who, locks, expires }) =>
        locks.map((lock) => ({ who, lock, expires })),
      ),
      fwknopKeys: enabled.flatMap(
        ({ name: who, fwknop: lock, expires, allow, fwknopUser: user }) =>
          lock === undefined ? [] : [{ who, lock, expires, allow, user }],
      ),
    },
  );
}

function send({ packet }: { readonly packet: Buffer }): void {
  const ends = { source: address("192.0.2.7"), destination: address("192.0.2.1"), protocol: UDP };
  rings.at(-1)?.deliver(ipv4(ends, udp({ port, data: packet })), clock.now());
}

const knock = (from: KnockDevice, time: number = clock.wall()) =>
  send({ packet: from.packet(time) });

test("captures while there is a key that may be used, and not otherwise", async () => {
  const keyKnocks = open();
  await use(keyKnocks);
  await use(keyKnocks, device(alice, { disabled: true }));
  expect(rings).toHaveLength(0);
  await use(keyKnocks, device(alice));
  expect(rings[0]?.ports).toEqual({ tcp: new Set(), udp: new Set([port]) });
  keyKnocks.listen(["eth1"]);
  expect(rings[0]?.interfaces).toEqual(["eth1"]);
  await use(keyKnocks);
  expect(rings[0]?.isClosed).toBe(true);
  await use(keyKnocks, device(alice));
  expect(rings).toHaveLength(2);
  keyKnocks.stop();
  expect(rings[1]?.isClosed).toBe(true);
});

test("a ring for the longer packets of fwknop takes the place of the other", async () => {
  const sizes: string[] = [];
  const keyKnocks = open({
    openRing: (_, sink, longest) => {
      sizes.push(longest);
      const ring = new FakeRing(sink);
      rings.push(ring);
      return ring as unknown as Ring;
    },
  });
  const both = { options: { ...options, fwknopPorts: [62_201] } };
  const fwknop = new FwknopDevice("carol/phone");
  const carol = { who: fwknop.name, lock: fwknop.lock };
  const more = { expires: undefined, allow: undefined, user: undefined };
  const keys = [{ who: alice.name, lock: alice.lock, expires: undefined }];
  await keyKnocks.use(both, { keys, fwknopKeys: [] });
  await keyKnocks.use(both, { keys, fwknopKeys: [{ ...carol, ...more }] });
  expect(rings.map(({ isClosed }) => isClosed)).toEqual([true, false]);
  expect(rings[1]?.ports).toEqual({ tcp: new Set(), udp: new Set([port, 62_201]) });
  await keyKnocks.use(both, { keys: [], fwknopKeys: [{ ...carol, ...more }] });
  expect(rings[1]?.ports).toEqual({ tcp: new Set(), udp: new Set([62_201]) });
  await keyKnocks.use({ options }, { keys, fwknopKeys: [{ ...carol, ...more }] });
  expect(sizes).toEqual(["keys", "fwknop", "keys"]);
  keyKnocks.stop();
});

test("a packet of fwknop is used for the next start, too", async () => {
  const fwknop = new FwknopDevice("carol/phone");
  const carol = { who: fwknop.name, lock: fwknop.lock };
  const key = { ...carol, expires: undefined, allow: undefined, user: undefined };
  const both = { options: { ...options, fwknopPorts: [62_201] } };
  const packet = fwknop.packet({ time: wall + 1000 });
  const sendPacket = () => {
    const ends = { source: address("192.0.2.7"), destination: address("192.0.2.1"), protocol: UDP };
    rings.at(-1)?.deliver(ipv4(ends, udp({ port: 62_201, data: packet })), clock.now());
  };
  const knocks = [open(), open(), open()];
  for (const keyKnocks of knocks) {
    await keyKnocks.use(both, { keys: [], fwknopKeys: [key] });
    sendPacket();
    // Its journal is complete once it is closed.
    keyKnocks.stop();
    await keyKnocks.close();
  }
  expect(log.texts.filter((text) => text.includes("(door)"))).toHaveLength(1);
  expect(log.texts.filter((text) => text.includes("(replay)"))).toHaveLength(2);
});

test("refuses what is older than a start without a journal, and says so once", async () => {
  const keyKnocks = open();
  await use(keyKnocks, device(alice));
  await use(keyKnocks, device(alice), device(bob));
  expect(log.texts).toEqual([
    `warning: knock journal ${join(folder, "k.knocks")} is missing: knocks from before this start are refused for 20m`,
  ]);
  knock(alice, wall - 1);
  expect(keyKnocks.counters.packets("sesame", "start")).toBe(1);
});

test("refuses what is older than a lost journal after further starts, too", async () => {
  const restart = async (time: number) => {
    const next = open();
    await use(next, device(alice));
    knock(alice, time);
    next.stop();
    await next.close();
    return ["start", "replay"].filter((check) => next.counters.packets("sesame", check) > 0);
  };
  expect(await restart(wall - 1)).toEqual(["start"]);
  clock.advance(10_000);
  expect(await restart(wall - 1)).toEqual(["start"]);
  expect(log.texts).toContain(
    `warning: knock journal ${join(folder, "k.knocks")} was lost before an earlier start: knocks from before that start are refused for 20m`,
  );
  clock.advance(lossLife);
  expect(await restart(wall - 1)).toEqual([]);
  // The clock goes back to where the packet is fresh.
  clock.startsAt(wallTime(wall - 10_000 - lossLife));
  expect(await restart(wall - 1)).toEqual(["replay"]);
});

test("keeps what was used over a restart; of keys that are gone for 30 days", async () => {
  const first = open();
  await use(first, device(alice), device(bob));
  knock(alice);
  knock(bob);
  await expect.poll(() => first.counters.packets("sesame", "door")).toBe(2);
  first.stop();
  await first.close();
  const text = () => readFileSync(join(folder, "k.knocks"), "latin1");
  const restart = async () => {
    const next = open();
    await use(next, device(alice));
    knock(alice, wall);
    next.stop();
    await next.close();
    return next.counters.packets("sesame", "replay");
  };
  expect(await restart()).toBe(1);
  expect(text()).toContain(bob.lock.id);
  clock.advance(31 * 86_400_000);
  await restart();
  expect(text()).toContain(alice.lock.id);
  expect(text()).not.toContain(bob.lock.id);
});

test("takes no packet before the journal is read, also if a reload comes meanwhile", async () => {
  const first = open();
  await use(first, device(alice));
  knock(alice);
  await expect.poll(() => first.counters.packets("sesame", "door")).toBe(1);
  first.stop();
  await first.close();
  const second = open();
  const begun = use(second, device(alice));
  await use(second, device(alice));
  knock(alice, wall);
  expect(second.counters.packets("sesame", "replay")).toBe(1);
  await begun;
  second.stop();
  await second.close();
});

test("captures what the last of two reloads says, and nothing after the end", async () => {
  const keyKnocks = open();
  const begun = use(keyKnocks, device(alice));
  await use(keyKnocks);
  await begun;
  expect(rings.every(({ isClosed }) => isClosed)).toBe(true);
  const late = use(keyKnocks, device(alice));
  keyKnocks.stop();
  await late;
  expect(rings.every(({ isClosed }) => isClosed)).toBe(true);
});

test("counts keys by their state, and finds a clock that went back", async () => {
  const keyKnocks = open();
  const past = device(bob, { expires: clock.wall() });
  await use(keyKnocks, device(alice), past, device(new KnockDevice("c/c"), { disabled: true }));
  expect(keyKnocks.countKeys()).toEqual({ live: 1, disabled: 1, expired: 1 });
  await use(keyKnocks, device(alice), device(bob));
  clock.advance(3_600_000);
  knock(alice);
  knock(bob);
  expect(keyKnocks.problems).toEqual([]);
  clock.startsAt(wallTime(wall - 3_600_000));
  expect(keyKnocks.problems.map(({ code }) => code)).toEqual(["clock"]);

  const told = () => log.entries.filter(({ event }) => event === "clock").length;
  expect(told()).toBe(0);
  // The next packet of any source, and once until the clock is right.
  knock(alice, wall + 3_600_001);
  expect(log.entries.at(-1)?.text).toMatch(/^warning: the clock went back, or was ahead: /);
  clock.advance(120_000);
  knock(bob, wall);
  expect(told()).toBe(1);
  clock.startsAt(wallTime(wall + 3_600_000));
  knock(bob, wall);
  clock.startsAt(wallTime(wall - 3_600_000));
  knock(bob, wall);
  expect(told()).toBe(2);
});

test("explains the packets of watched devices, and of no others", async () => {
  const keyKnocks = open();
  const begin = (user: string, forMs = 300_000) => keyKnocks.watchUser({ user, forMs });
  expect(() => begin(alice.name)).toThrow("knockd captures no knocks by key");
  await use(keyKnocks, device(alice), device(bob, { disabled: true }));
  expect(() => begin("carol/x")).toThrow('knockd has no device "carol/x"');
  expect(() => begin(alice.name, 300_001)).toThrow("a watch lasts 5 minutes at most");
  const told = () => {
    const texts = log.entries.filter(({ event }) => event === "knock").map(({ text }) => text);
    log.entries.length = 0;
    return texts;
  };
  const hour = 3_600_000;
  const refused =
    "192.0.2.7: knock of alice/laptop refused (clock): its clock is 1h ahead of this one";
  knock(alice, wall + hour);
  expect(told()).toEqual([]);
  expect(begin(alice.name)).toEqual({ remainingMs: 300_000, ports: [port] });
  knock(alice, wall + hour);
  knock(bob);
  expect(told()).toEqual([refused]);
  begin(bob.name);
  knock(alice, wall + hour);
  expect(told()).toEqual([refused]);
  keyKnocks.watchUser({ user: alice.name, end: true });
  knock(alice, wall + hour);
  knock(bob);
  expect(told()).toEqual([
    "192.0.2.7: knock of bob/phone refused (disabled): the device is disabled, or this key removed",
  ]);
  keyKnocks.watchUser({ user: bob.name, end: true });
  knock(bob, wall + 1);
  begin(alice.name);
  clock.advance(300_000);
  knock(alice, wall + hour);
  expect(told()).toEqual([]);
});

test("watches so many devices at once, and no more", async () => {
  const keyKnocks = open();
  const devices = Array.from({ length: 9 }, (_, i) => device(new KnockDevice(`d/${i}`)));
  await use(keyKnocks, ...devices);
  const begin = (i: number) => keyKnocks.watchUser({ user: `d/${i}`, forMs: 1000 });
  for (let i = 0; i < 8; i++) begin(i);
  begin(0);
  expect(() => begin(8)).toThrow("knockd watches 8 devices at most");
  clock.advance(1000);
  begin(8);
});

test("reports of each key what was accepted last, and what was refused", async () => {
  const access = byKernel({ source: address("192.0.2.7") });
  const keyKnocks = open({
    permit: () => ({
      ...{ kind: "granted", door: "ssh" },
      request: { access, length: 3_600_000, again: "extend" },
    }),
    open: async () => {},
  });
  await use(keyKnocks, device(alice), device(bob, { disabled: true }));
  const packet = alice.packet(wall + 250);
  send({ packet });
  await expect.poll(() => keyKnocks.report()[0]?.lastKnock).toBeDefined();
  send({ packet });
  send({ packet });
  expect(keyKnocks.report()).toEqual([
    {
      ...{ user: "alice/laptop", id: alice.lock.id, refusals: { repeated: 2 } },
      lastKnock: { time: new Date(wall), source: address("192.0.2.7"), offsetMs: 250 },
    },
    { user: "bob/phone", id: bob.lock.id, refusals: {} },
  ]);
});

test("what another gateway accepted is used here, too, also after a restart", async () => {
  const permit = vi.fn(() => ({ kind: "refused", check: "door", why: "of the test" }) as const);
  const keyKnocks = open({ permit });
  await use(keyKnocks, device(alice));
  const time = clock.wall();
  const heard = packetOfUse({ kind: "packet", key: alice.lock.id, time: time * 1000 });
  keyKnocks.heardUse(bob.lock.id, heard);
  keyKnocks.heardUse(alice.lock.id, { ...heard, milliseconds: time - 1_000_000 });
  keyKnocks.heardUse(alice.lock.id, heard);
  knock(alice, time);
  expect(keyKnocks.counters.packets("sesame", "replay")).toBe(1);
  await keyKnocks.close();
  const next = open({ permit });
  await use(next, device(alice));
  knock(alice, time);
  expect(next.counters.packets("sesame", "replay")).toBe(1);
  expect(permit).not.toHaveBeenCalled();
});
