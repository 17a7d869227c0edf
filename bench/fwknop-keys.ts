import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fwknopEnvironment, peer } from "../test/live/requirements.ts";
import { killGroup, makeFolder } from "./daemon.ts";
import type { FwknopKeys } from "./fwknop-packet.ts";
import { sealFwknop } from "./fwknop-packet.ts";
import type { KeyClient, KeyDaemon, KeyPeer } from "./key-peer.ts";
import { LineCounter } from "./line-counter.ts";
import { startKeyDaemon } from "./sesame-keys.ts";
import type { BenchTestBed } from "./test-bed.ts";
import { doorPort, serverAddresses } from "./test-bed.ts";
import { ownMemoryOf, usageOf } from "./usage.ts";

const port = 62_201;
const payloadLength = sealFwknop(keysOf(0), Date.now()).length;

function keysOf(key: number): FwknopKeys {
  const bytes = createHash("sha512").update(`fwknop ${key}`).digest();
  return { cipher: bytes.subarray(0, 32), hmac: bytes.subarray(32) };
}

/** Sesame with a door for fwknop's clients. */
export const sesameFwknop: KeyPeer = {
  label: "Sesame, packets of fwknop",
  port,
  payloadLength,
  shut: "by Sesame",
  rates: [1_000, 5_000, 20_000, 50_000, 100_000],
  // With 100 keys the daemon tries 100 packets a second from one network, and no more.
  offered: { rate: 100, count: 1_600, sources: [100] },
  hasNetworks: true,

  async start(stage: BenchTestBed, keyCount: number, counting?: "counting"): Promise<KeyDaemon> {
    const daemon = await startKeyDaemon(stage, counting, `FwknopPort = ${port}`, (key) => {
      const { cipher, hmac } = keysOf(key);
      const [own, shared] = [cipher, hmac].map((one) => one.toString("base64"));
      return key < keyCount ? `fwknop_key = ${own}\nfwknop_hmac_key = ${shared}` : undefined;
    });
    // A packet has whole seconds: one of the second of a first start may be from before it.
    await sleep(1_000);
    return daemon;
  },

  seal: (key, time) => fwknopKeys.seal(key, time),
  makeStranger: () => fwknopKeys.makeStranger(),
  prepareClient: (stage, folder) => fwknopKeys.prepareClient(stage, folder),
};

/** The directives that server and client call by the same names. */
function keyLines(key: number): string {
  const { cipher, hmac } = keysOf(key);
  return `KEY_BASE64 ${cipher.toString("base64")}\nHMAC_KEY_BASE64 ${hmac.toString("base64")}\n`;
}

/** Debian's fwknopd as its package configures it: an access stanza for each key. */
export const fwknopKeys: KeyPeer = {
  label: "fwknopd",
  port,
  payloadLength,
  shut: "by rules",
  rates: [100, 500, 1_000, 2_500, 5_000, 10_000, 20_000],
  // Of two packets of one address and second it logs the first alone: each comes from another.
  offered: { rate: 1_000, count: 1_000, sources: [1_000] },

  async start(stage: BenchTestBed, keyCount: number): Promise<KeyDaemon> {
    const folder = makeFolder();
    const files = { config: join(folder, "fwknopd.conf"), access: join(folder, "access.conf") };
    writeFileSync(files.config, `PCAP_INTF eth0;\nPCAP_FILTER udp port ${port};\n`, {
      mode: 0o600,
    });
    const stanzas = Array.from(
      { length: keyCount },
      (_, key) => `SOURCE ANY\n${keyLines(key)}OPEN_PORTS tcp/${doorPort}\nFW_ACCESS_TIMEOUT 300\n`,
    );
    writeFileSync(files.access, stanzas.join("\n"), { mode: 0o600 });
    mkdirSync(join(folder, "run"));
    // What it says goes to a file: a pipe that is read late would hold it up.
    const log = join(folder, "log");
    const output = openSync(log, "w");
    const argv = ["-f", "-c", files.config, "-a", files.access, "-r", join(folder, "run")];
    const child = stage.at(stage.server, () =>
      spawn(peer("fwknopd"), argv, {
        detached: true,
        env: { ...process.env, ...fwknopEnvironment },
        stdio: ["ignore", output, output],
      }),
    );
    closeSync(output);
    const ended = once(child, "exit");
    const stop = async () => {
      killGroup(child);
      await ended;
      rmSync(folder, { recursive: true, force: true });
    };
    for (const begin = performance.now(); ; await sleep(20)) {
      const said = readFileSync(log, "utf8");
      if (said.includes("Starting fwknopd main event loop")) break;
      if (child.exitCode === null && performance.now() - begin < 30_000) continue;
      await stop();
      throw new Error(`fwknopd did not start: ${said.trim()}`);
    }
    const counter = new LineCounter(log, "Added access rule");
    return {
      accepted: () => counter.read(),
      readLost: async () => undefined,
      usage: () => usageOf(child.pid),
      ownMemory: () => ownMemoryOf(child.pid),
      stop,
    };
  },

  seal: (key, time) => sealFwknop(keysOf(key), time),

  makeStranger(): Uint8Array {
    const text = randomBytes(payloadLength).toString("base64");
    return Buffer.from(text.slice(0, payloadLength));
  },

  async prepareClient(_stage: BenchTestBed, folder: string): Promise<KeyClient> {
    const file = join(folder, "fwknoprc");
    const [server] = serverAddresses;
    const access = `ACCESS tcp/${doorPort}\nSPA_SERVER ${server}\nALLOW_IP source\nUSE_HMAC Y\n`;
    writeFileSync(file, `[home]\n${access}${keyLines(0)}`, { mode: 0o600 });
    return {
      argv: [peer("fwknop"), "--rc-file", file, "-n", "home"],
      env: fwknopEnvironment,
    };
  },
};
