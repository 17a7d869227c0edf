import { createHash, randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { wallTime } from "../src/base/time.ts";
import { hintLength, hintsOf } from "../src/knock/hint.ts";
import type { DeviceKey, KeyTexts } from "../src/knock/keys.ts";
import { doorId, makeKey, parseKey } from "../src/knock/keys.ts";
import { knockMinute, packetLength } from "../src/knock/packet.ts";
import { PacketSeries } from "../src/knock/packet-series.ts";
import { seal } from "../src/knock/seal.ts";
import { BenchDaemon, bin, makeFolder } from "./daemon.ts";
import type { KeyClient, KeyDaemon, KeyPeer } from "./key-peer.ts";
import { LineCounter } from "./line-counter.ts";
import type { BenchTestBed } from "./test-bed.ts";
import { doorPort, serverAddresses } from "./test-bed.ts";

const port = 23_547;
const metrics = "127.0.0.1:9190";
const door = doorId("ssh");
const nowhere = { w0: 0, w1: 0, w2: 0, w3: 0 };

interface BenchDevice {
  readonly key: DeviceKey;
  readonly series: PacketSeries;
}

const devices = new Map<number, BenchDevice>();

function textsOf(key: number): KeyTexts {
  return makeKey(createHash("sha512").update(`bench ${key}`).digest());
}

function deviceOf(number: number): BenchDevice {
  let device = devices.get(number);
  if (device === undefined) {
    const key = parseKey(textsOf(number).key);
    if (typeof key === "string") throw new Error(key);
    // A slot that is another for each device, as clients begin with a random one.
    device = { key, series: new PacketSeries(() => number % 1_000, number % 4) };
    devices.set(number, device);
  }
  return device;
}

/** Sesame with a door for the holders of keys. */
export const sesameKeys: KeyPeer = {
  label: "Sesame",
  port,
  payloadLength: packetLength,
  shut: "by Sesame",
  rates: [50_000, 100_000, 200_000, 300_000, 0],
  // The daemon takes 5,000 signatures a second and no more.
  offered: { rate: 4_500, count: 36_000, sources: [100, 36_000] },

  start: async (stage, keyCount, counting) =>
    await startKeyDaemon(stage, counting, `KnockPort = ${port}`, (key) =>
      keyCount > key ? `key = ${textsOf(key).lock}` : undefined,
    ),

  seal(key: number, time: number): Uint8Array {
    const { key: deviceKey, series } = deviceOf(key);
    const next = series.next(wallTime(time));
    const request = { time: next.time, seconds: 0, address: nowhere, door };
    return seal(deviceKey, request, next.slot);
  },

  makeStranger: () => randomBytes(packetLength),

  async prepareClient(stage: BenchTestBed, folder: string): Promise<KeyClient> {
    const argv = [process.execPath, join(bin, "knock"), "--file", join(folder, "knock.conf")];
    const { key } = textsOf(0);
    const [server] = serverAddresses;
    const input = `sesame:#key=${key}&host=${server}&port=${port}&door=ssh&name=home\n`;
    await stage.client.run([...argv, "--import"], { input });
    return { argv: [...argv, "home"], env: {} };
  },
};

/** Starts Sesame with one device for each text that `lines` returns, from number 0 on. */
export async function startKeyDaemon(
  stage: BenchTestBed,
  counting: "counting" | undefined,
  portLine: string,
  lines: (key: number) => string | undefined,
): Promise<KeyDaemon> {
  const folder = makeFolder();
  const users = join(folder, "knockd.users");
  const sections: string[] = [];
  for (let key = 0, text = lines(0); text !== undefined; text = lines(++key)) {
    sections.push(`[device${key}/one]\n${text}\ngroups = bench\n`);
  }
  writeFileSync(users, sections.join(""), { mode: 0o600 });
  const counted = counting === undefined ? "" : `MetricsListen = ${metrics}\n`;
  const options = `${portLine}\nUsers = ${users}\n${counted}`;
  const ssh = `[ssh]\nusers = @bench\nopen = tcp/${doorPort}\nopen_for = 10m\nprotect = yes\n`;
  const daemon = await BenchDaemon.start("sesame", stage, `${options}${ssh}`);
  const counter = new LineCounter(daemon.logFile, ": OPEN SESAME: ");
  return {
    accepted: () => counter.read(),
    readLost: async () => counting && (await readMetric(stage, "sesame_knock_dropped_total")),
    usage: () => daemon.usage(),
    ownMemory: () => daemon.ownMemory(),
    stop: async () => {
      await daemon.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Makes packets with hints of the first two slots of each key in these minutes, and a tag that is wrong. */
export function sniffedPackets(keyCount: number, minutes: readonly number[]): Uint8Array[] {
  return Array.from({ length: keyCount }, (_, key) => {
    const { keys } = deviceOf(key).key;
    return minutes.flatMap((minute) => {
      const hints = hintsOf(keys, knockMinute(minute));
      return [0, 1].map((slot) => {
        const hint = hints.subarray(slot * hintLength, (slot + 1) * hintLength);
        return Buffer.concat([hint, randomBytes(packetLength - hintLength)]);
      });
    });
  }).flat();
}

/** Returns the value of a metric without labels. */
async function readMetric(stage: BenchTestBed, name: string): Promise<number> {
  const script = `fetch("http://${metrics}/metrics").then(async (page) => console.log(await page.text()))`;
  const { stdout } = await stage.server.run([process.execPath, "-e", script]);
  return Number(new RegExp(`^${name} (\\S+)`, "m").exec(stdout)?.[1] ?? Number.NaN);
}
