// As warm-up.ts, for knocks by key.
import { randomBytes } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { Authenticator } from "../../auth/authenticator.ts";
import { FwknopAuthenticator } from "../../auth/fwknop.ts";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { later, wallTime } from "../../base/time.ts";
import { MemorySource } from "../../capture/memory.ts";
import type { Device } from "../../config/users.ts";
import type { LeaseManager } from "../../grant/lease-manager.ts";
import { doorId, makeKey, parseKey, parseLock } from "../../knock/keys.ts";
import { knockTime, packetLength, slotsPerMinute } from "../../knock/packet.ts";
import { seal } from "../../knock/seal.ts";
import type { Disk } from "../../system/disk.ts";
import type { ActiveKey } from "../active-key.ts";
import { keysOf } from "../active-key.ts";
import type { Doors } from "../doors.ts";
import { ownUses } from "../fleet/fleet-uses.ts";
import { KnockJournal } from "../state/knock-journal.ts";
import { KnockCounters } from "./knock-counters.ts";
import { KnockPipeline } from "./knock-pipeline.ts";
import { permitKnock } from "./permit.ts";
import { warmUpPacket } from "./warm-up-packet.ts";

const port = 1;
const freshness = 10_000;

/** Milliseconds from one knock to the next, as its clock says: a key has 50 signatures a second. */
const pace = 20;

/** The only user of the doors that are played. */
export const warmUpUser = "sesame/warm-up";

export interface KeyWarmUpParts {
  /** Parts that are thrown away afterwards. `warmUpUser` may open the first door. */
  readonly doors: Doors;
  readonly leaseManager: Pick<LeaseManager, "open">;
  readonly clock: Clock;
  readonly log: Log;
}

/** Sends `rounds` knocks of a key of its own to a door, one at a time. Nothing of it reaches a disk. */
export async function warmUpKeys(rounds: number, parts: KeyWarmUpParts): Promise<void> {
  const { doors, leaseManager, log } = parts;
  const texts = makeKey(randomBytes(64));
  const [key, lock] = [parseKey(texts.key), parseLock(texts.lock)];
  const door = doors.all[0]?.config.name;
  if (typeof key === "string" || typeof lock === "string" || door === undefined) return;
  const device: Device = {
    ...{ name: warmUpUser, locks: [lock], fwknop: undefined, groups: [], elsewhere: [] },
    ...{ expires: undefined, allow: undefined, requireAddress: false, disabled: false },
    ...{ fwknopHmac: "sha256", fwknopUser: undefined },
  };
  let round = 0;
  const begin = parts.clock.wall();
  const clock: Clock = {
    now: () => later(parts.clock.now(), round * pace),
    wall: () => wallTime(begin + round),
    wakeAt: (when, task) => parts.clock.wakeAt(when, task),
  };
  const authenticator = new Authenticator<ActiveKey>(freshness);
  authenticator.setKeys(keysOf([device]));
  const journal = new KnockJournal({
    ...{ path: "/", clock, disk: new ForgetfulDisk(), log },
    windows: () => authenticator.windows(),
    fwknopWindows: () => [],
  });
  await journal.open(() => {});
  let memory: MemorySource | undefined;
  const pipeline = new KnockPipeline<ActiveKey>({
    openSource: (sink) => {
      memory = new MemorySource(sink);
      return memory;
    },
    ...{ authenticator, fwknop: new FwknopAuthenticator(freshness), clock, log },
    watch: { explain: () => undefined },
    journal: () => journal,
    uses: ownUses,
    refuseWithoutJournal: false,
    permit: (knock, now) => permitKnock(knock, { users: { find: () => device }, doors }, now),
    open: (request) => leaseManager.open(request),
    ...{ isOurs: () => true, isLocalSource: () => false, onlyIpv4: false },
    rateLimiter: undefined,
    counters: new KnockCounters(),
    onInternalError: () => {},
  });
  pipeline.watch({ keys: new Set([port]), fwknop: new Set() });
  const address = { w0: 0, w1: 0, w2: 0, w3: 0 };
  while (round++ < rounds) {
    const request = {
      time: knockTime(clock.wall() * 1000),
      seconds: 0,
      address,
      door: doorId(door),
    };
    memory?.deliver(datagram(round, seal(key, request, round % slotsPerMinute)), clock.now());
    await journal.commit();
    await setImmediate();
  }
  pipeline.close();
  await journal.close();
}

/** A disk that keeps nothing. */
class ForgetfulDisk implements Disk {
  async open(): Promise<number> {
    return 0;
  }
  async write(): Promise<void> {}
  async syncData(): Promise<void> {}
  async sync(): Promise<void> {}
  async close(): Promise<void> {}
  async chown(): Promise<void> {}
  async chmod(): Promise<void> {}
  async readFile(): Promise<Buffer> {
    return Buffer.alloc(0);
  }
  async stat(): Promise<never> {
    throw new Error("there is no file");
  }
  async rename(): Promise<void> {}
  async unlink(): Promise<void> {}
  async readDirectory(): Promise<string[]> {
    return [];
  }
  async makeDirectory(): Promise<void> {}
}

/** A UDP packet. */
function datagram(round: number, payload: Uint8Array): Uint8Array {
  const content = new Uint8Array(8 + packetLength);
  const fields = new DataView(content.buffer);
  fields.setUint16(0, 1024);
  fields.setUint16(2, port);
  fields.setUint16(4, content.length);
  content.set(payload, 8);
  return warmUpPacket([198, 19], round, "udp", content);
}
