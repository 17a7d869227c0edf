import { beforeEach, describe, expect, test } from "vitest";
import { byKernel } from "../../../test/support/accesses.ts";
import { FwknopDevice } from "../../../test/support/fwknop-device.ts";
import { KnockDevice, stunRequest } from "../../../test/support/knock-device.ts";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { MemoryLog } from "../../../test/support/memory-log.ts";
import { address, hex, ipv4, ipv6, UDP, udp } from "../../../test/support/packets.ts";
import { Authenticator } from "../../auth/authenticator.ts";
import { FwknopAuthenticator } from "../../auth/fwknop.ts";
import { MemorySource } from "../../capture/memory.ts";
import type { ClaimedUse } from "../../fleet/single-uses.ts";
import type { AccessRequest } from "../../grant/lease.ts";
import type { FleetUses, UseVerdict } from "../fleet/fleet-uses.ts";
import { ownUses } from "../fleet/fleet-uses.ts";
import type { KnockJournal } from "../state/knock-journal.ts";
import { KnockCounters } from "./knock-counters.ts";
import type { KnownFwknopKey, KnownKey } from "./knock-pipeline.ts";
import { KnockPipeline } from "./knock-pipeline.ts";
import type { KnockPermission } from "./permit.ts";

const wall = 1_800_000_000_000;
const home = address("192.0.2.7");
const elsewhere = address("192.0.2.66");
const own = address("192.0.2.1");
const alice = new KnockDevice("alice/laptop");
const bob = new FwknopDevice("bob/phone");
const port = 23_547;
const fwknopPort = 62_201;

/** A disk for times: each commit ends when a test says so. */
class SlowJournal {
  readonly recorded: number[] = [];
  readonly packets: string[] = [];
  readonly waiting: ((isDurable: boolean) => void)[] = [];

  record(_key: string, time: number): void {
    this.recorded.push(time);
  }

  recordFwknop(_key: string, packet: { readonly digest: string }): void {
    this.packets.push(packet.digest);
  }

  commit(): Promise<boolean> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  async answer(isDurable = true): Promise<void> {
    for (const resolve of this.waiting.splice(0)) resolve(isDurable);
    await settle();
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

let source: MemorySource | undefined;
let journal: SlowJournal;
let log: MemoryLog;
let clock: ManualClock;
let counters: KnockCounters;
let opened: AccessRequest[];
let permission: KnockPermission;
beforeEach(() => {
  journal = new SlowJournal();
  log = new MemoryLog();
  clock = new ManualClock(wall);
  counters = new KnockCounters();
  opened = [];
  const access = byKernel({ source: home });
  permission = {
    ...{ kind: "granted", door: "ssh" },
    request: { access, length: 3_600_000, again: "extend" },
  };
});

function start(refuseWithoutJournal = false, uses: FleetUses = ownUses): KnockPipeline<KnownKey> {
  const authenticator = new Authenticator<KnownKey>(120_000);
  authenticator.setKeys([{ lock: alice.lock, who: alice.name }]);
  const fwknop = new FwknopAuthenticator<KnownFwknopKey>(120_000);
  const { lock, name: who } = bob;
  fwknop.setKeys([{ lock, who, expires: undefined, allow: undefined, user: undefined }]);
  const knocks = new KnockPipeline<KnownKey>({
    watch: { explain: () => undefined },
    openSource: (sink) => {
      source = new MemorySource(sink);
      return source;
    },
    authenticator,
    fwknop,
    journal: () => journal as unknown as KnockJournal,
    refuseWithoutJournal,
    permit: () => permission,
    open: async (request) => opened.push(request) > 0,
    isOurs: (one) => one.equals(own) || one.family === 6,
    isLocalSource: () => false,
    onlyIpv4: true,
    ...{ clock, log, counters },
    rateLimiter: undefined,
    uses,
    onInternalError: () => expect.unreachable(),
  });
  knocks.watch({ keys: new Set([port]), fwknop: new Set([fwknopPort]) });
  return knocks;
}

function send(data: Uint8Array, from = home, to = own, toPort = port): void {
  const datagram = udp({ port: toPort, data });
  source?.deliver(ipv4({ source: from, destination: to, protocol: UDP }, datagram), clock.now());
}

const knock = (time = wall) => alice.packet(time, { seconds: 3600 });

describe("an authentic packet", () => {
  test("opens when its time is on the disk, and not before", async () => {
    start();
    send(knock(wall - 300));
    await settle();
    expect(opened).toEqual([]);
    expect(journal.recorded).toEqual([(wall - 300) * 1000]);
    await journal.answer();
    expect(opened).toHaveLength(1);
    const text = "192.0.2.7: ssh: OPEN SESAME: alice/laptop, for 1h, its clock 0.3 s behind";
    expect(log.entries).toEqual([
      {
        ...{ level: "notice", event: "knock", door: "ssh", source: home, text },
        detail: {
          ...{ who: "alice/laptop", key: alice.lock.id, result: "accepted", carrier: "udp" },
          ...{ address: "192.0.2.7", asked: 3600, granted: 3600, offset: -0.3 },
        },
      },
    ]);
    expect(counters.packets("sesame", "accepted")).toBe(1);
    expect(counters.commits.count).toBe(1);
    expect(counters.activity(alice.lock.id)?.last).toEqual({ wall, source: home, offset: -300 });
  });

  test("opens once: its copies are counted, and one from elsewhere is told", async () => {
    start();
    const packet = knock();
    send(packet);
    await journal.answer();
    send(packet);
    send(packet, elsewhere);
    send(packet, elsewhere);
    await journal.answer();
    expect(opened).toHaveLength(1);
    expect(counters.packets("sesame", "repeated")).toBe(2);
    expect(log.texts.slice(1)).toEqual([
      "192.0.2.66: knock of alice/laptop refused (repeated-elsewhere): a copy of an accepted packet came from another source: it may have been intercepted",
    ]);
  });

  test("comes in a STUN request, too", async () => {
    start();
    send(stunRequest(knock()));
    await journal.answer();
    expect(opened).toHaveLength(1);
    expect(counters.packets("stun", "accepted")).toBe(1);
  });

  test("opens though the disk failed, or is refused, as the configuration says", async () => {
    start();
    send(knock());
    await journal.answer(false);
    expect(opened).toHaveLength(1);
    start(true);
    send(knock(wall + 1));
    await journal.answer(false);
    expect(opened).toHaveLength(1);
    expect(log.texts.at(-1)).toBe(
      "192.0.2.7: knock of alice/laptop refused (journal): its time could not be recorded",
    );
    // It stays used.
    send(alice.packet(wall + 1, { slot: 1 }));
    expect(counters.packets("sesame", "replay")).toBe(1);
  });

  test("that may not open is told with its door, and stays used", async () => {
    start();
    permission = {
      ...{ kind: "refused", check: "address", door: "ssh" },
      why: "it names 203.0.113.5",
    };
    send(knock());
    await journal.answer();
    expect(opened).toEqual([]);
    expect(log.entries).toMatchObject([
      {
        text: "192.0.2.7: ssh: knock of alice/laptop refused (address): it names 203.0.113.5",
        detail: { result: "address" },
      },
    ]);
    expect(counters.activity(alice.lock.id)?.refusals.get("address")).toBe(1);
  });

  test("with a wrong clock is told with the difference", () => {
    start();
    send(knock(wall + 150_000));
    expect(log.texts).toEqual([
      "192.0.2.7: knock of alice/laptop refused (clock): its clock is 2m 30s ahead of this one",
    ]);
    expect(journal.recorded).toEqual([]);
  });

  test("waits with at most a thousand others for the disk", async () => {
    start();
    for (let i = 0; i < 11; i++) {
      clock.advance(2000);
      for (let j = 0; j < 100; j++) send(alice.packet(wall + i * 100 + j, { slot: j & 3 }));
    }
    const accepted = journal.recorded.length;
    expect(accepted).toBeGreaterThan(500);
    await journal.answer();
    expect(opened).toHaveLength(Math.min(accepted, 1000));
  });
});

describe("a stranger's packet", () => {
  test("is a number, and nothing else", () => {
    start();
    send(new Uint8Array(144));
    send(hex("00"));
    send(new Uint8Array());
    send(Buffer.concat([knock().subarray(0, 8), new Uint8Array(136)]));
    expect(["hint", "form", "tag"].map((name) => counters.packets("sesame", name))).toEqual([
      1, 2, 1,
    ]);
    expect(counters.activity(alice.lock.id)?.refusals.get("tag")).toBe(1);
    expect(log.texts).toEqual([]);
  });

  test("for another host or with an impossible source is not looked at", () => {
    start();
    send(knock(), home, address("192.0.2.9"));
    send(knock(), address("127.0.0.1"));
    const datagram = udp({ port, data: knock() });
    const ends = { source: address("2001:db8::7"), destination: address("2001:db8::1") };
    source?.deliver(ipv6({ ...ends, protocol: UDP }, datagram), clock.now());
    expect(counters.packets("sesame", "form")).toBe(3);
    send(knock(), home, own, port + 1);
    expect(counters.packets("sesame", "form")).toBe(3);
    expect(journal.recorded).toEqual([]);
  });
});

describe("a packet of fwknop", () => {
  const sendFwknop = (data: Uint8Array) => send(data, home, own, fwknopPort);

  test("opens when it is on the disk, and once", async () => {
    start();
    const packet = bob.packet({ time: wall, timeout: 60 });
    sendFwknop(packet);
    sendFwknop(packet);
    await settle();
    expect(opened).toEqual([]);
    expect(journal.packets).toHaveLength(1);
    await journal.answer();
    expect(opened).toHaveLength(1);
    expect(log.texts).toEqual([
      "192.0.2.7: knock of bob/phone refused (replay): it was accepted before",
      "192.0.2.7: ssh: OPEN SESAME: bob/phone, for 1h",
    ]);
    expect(log.entries.at(-1)?.detail).toMatchObject({ carrier: "fwknop", asked: 60 });
    expect(["accepted", "replay"].map((name) => counters.packets("fwknop", name))).toEqual([1, 1]);
    expect(counters.activity(bob.lock.id)?.refusals.get("replay")).toBe(1);
  });

  test("is none at the port of keys, and the reverse", () => {
    start();
    send(bob.packet({ time: wall }));
    sendFwknop(knock());
    sendFwknop(Buffer.alloc(200, "A"));
    expect(counters.packets("sesame", "form")).toBe(1);
    expect(counters.packets("fwknop", "form")).toBe(1);
    expect(counters.packets("fwknop", "hmac")).toBe(1);
    expect(log.texts).toEqual([]);
  });

  test.each([
    [{ type: 0 }, "type", "it asks for a command or for NAT, and not for access"],
    [
      { digest: "md5" },
      "fields",
      "its message has another format, or a digest other than SHA-256, SHA-384 or SHA-512",
    ],
  ])("with %j is refused by name", (more, check, why) => {
    start();
    sendFwknop(bob.packet({ time: wall, ...more }));
    expect(log.texts).toEqual([`192.0.2.7: knock of bob/phone refused (${check}): ${why}`]);
  });
});

test("without ports nothing is captured", () => {
  const knocks = start();
  knocks.watch({ keys: new Set(), fwknop: new Set() });
  send(knock());
  expect(journal.recorded).toEqual([]);
  knocks.watch({ keys: new Set([port]), fwknop: new Set() });
  send(knock());
  expect(journal.recorded).toHaveLength(1);
});

describe("in a fleet", () => {
  function inFleet(verdict: UseVerdict) {
    const claimed: ClaimedUse[] = [];
    const told: ClaimedUse[] = [];
    start(false, {
      claim: async (use) => {
        claimed.push(use);
        return verdict;
      },
      tell: (use) => told.push(use),
      sharesDoor: () => true,
    });
    return { claimed, told };
  }

  const use = { kind: "packet", key: alice.lock.id, time: wall * 1000 };

  test("a packet without an address is claimed while its time goes to the disk", async () => {
    const { claimed, told } = inFleet("open");
    send(knock());
    expect(claimed).toEqual([{ use, life: 300_000 }]);
    await settle();
    expect(opened).toEqual([]);
    await journal.answer();
    expect(opened).toHaveLength(1);
    expect(told).toEqual([]);
  });

  test.each(["claimed", "fleet"] as const)("one that is %s opens nothing", async (verdict) => {
    inFleet(verdict);
    send(knock());
    await journal.answer();
    expect(opened).toEqual([]);
    expect(counters.packets("sesame", verdict)).toBe(1);
    expect(log.entries.at(-1)).toMatchObject({ event: "knock", detail: { result: verdict } });
  });

  test("one with an address opens at once, and is told", async () => {
    const { claimed, told } = inFleet("claimed");
    send(alice.packet(wall, { seconds: 3600, address: home }));
    await journal.answer();
    expect(opened).toHaveLength(1);
    expect(claimed).toEqual([]);
    expect(told).toEqual([{ use, life: 300_000 }]);
  });
});
