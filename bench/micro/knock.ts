import { createHash, randomBytes } from "node:crypto";
import { Authenticator } from "../../src/auth/authenticator.ts";
import { Address } from "../../src/base/address.ts";
import { monotonic, wallTime } from "../../src/base/time.ts";
import type { DeviceKey, Lock } from "../../src/knock/keys.ts";
import { doorId, makeKey, parseKey, parseLock } from "../../src/knock/keys.ts";
import { knockTime } from "../../src/knock/packet.ts";
import { seal } from "../../src/knock/seal.ts";
import { measure } from "./measure.ts";

const wall = 1_800_000_030_000;
const source = Address.v4(0x0a4d0002);
const door = doorId("ssh");
const nowhere = { w0: 0, w1: 0, w2: 0, w3: 0 };

interface BenchKey {
  readonly key: DeviceKey;
  readonly lock: Lock;
}

function makeKeys(count: number): BenchKey[] {
  return Array.from({ length: count }, (_, i) => {
    const texts = makeKey(createHash("sha512").update(`bench ${i}`).digest());
    const [key, lock] = [parseKey(texts.key), parseLock(texts.lock)];
    if (typeof key === "string" || typeof lock === "string") throw new Error("no key");
    return { key, lock };
  });
}

/** One that has its hints. */
function ready(keys: readonly BenchKey[]): Authenticator<BenchKey> {
  const authenticator = new Authenticator<BenchKey>(120_000);
  authenticator.setKeys(keys);
  judge(authenticator, new Uint8Array(144), 0);
  return authenticator;
}

function judge(authenticator: Authenticator<BenchKey>, packet: Uint8Array, now: number): string {
  const instant = { now: monotonic(now), wall: wallTime(wall) };
  const judgement = authenticator.judge(packet, source, instant);
  return judgement.kind === "authentic" ? "accepted" : judgement.check;
}

/** Packets `apart` milliseconds apart, all of which must come to `result`. */
function play(
  authenticator: Authenticator<BenchKey>,
  packets: readonly Uint8Array[],
  apart: number,
  result: string,
): void {
  packets.forEach((packet, i) => {
    const found = judge(authenticator, packet, 1_000 + i * apart);
    if (found !== result) throw new Error(`${found}, expected ${result}`);
  });
}

export function measureKnocks(): void {
  const few = makeKeys(100);
  const [first] = few;
  if (first === undefined) throw new Error("no key");
  const many = makeKeys(5_000);
  const strangers = Array.from({ length: 50_000 }, () => randomBytes(144));
  for (const keys of [few, many]) {
    const name = `knock: a stranger, ${keys.length} keys`;
    measure(
      name,
      strangers.length,
      () => ready(keys),
      (one) => play(one, strangers, 0, "hint"),
    );
  }
  const packetOf = ({ key }: BenchKey, i: number) =>
    seal(key, { time: knockTime(wall * 1000 + i), seconds: 0, address: nowhere, door }, i & 3);
  const copy = packetOf(first, 0);
  const accepted = () => {
    const authenticator = ready(few);
    play(authenticator, [copy], 0, "accepted");
    return authenticator;
  };
  const copies = Array.from({ length: 50_000 }, () => copy);
  measure("knock: an exact replay", copies.length, accepted, (one) =>
    play(one, copies, 0, "repeated"),
  );
  const sniffed = Array.from({ length: 5_000 }, () =>
    Buffer.concat([copy.subarray(0, 8), randomBytes(136)]),
  );
  measure(
    "knock: a sniffed hint",
    sniffed.length,
    () => ready(few),
    (one) => play(one, sniffed, 10, "tag"),
  );
  const good = Array.from({ length: 2_000 }, (_, i) => packetOf(few[i % 100] ?? first, i));
  measure(
    "knock: a good packet",
    good.length,
    () => ready(few),
    (one) => play(one, good, 1, "accepted"),
  );
  measure(
    "knock: hints of 5,000 keys",
    5_000,
    () => many,
    (keys) => ready(keys),
  );
}
