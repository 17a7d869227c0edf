import type { LiveHost } from "./host.ts";
import { Folder } from "./knockd.ts";
import type { Process } from "./process.ts";

/** What a packet asked for, as a receiver understood it that shares no code with the client. */
export interface ReceivedKnock {
  /** `ok`, or the check that refused. */
  readonly result: string;
  readonly from: string;
  readonly packet: string;
  readonly slot?: number;
  /** Microseconds since 1970. */
  readonly time?: string;
  readonly seconds?: number;
  /** 32 hexadecimal digits. */
  readonly address?: string;
  /** The door's id, 16 hexadecimal digits. */
  readonly door?: string;
}

/** Checks packets by docs/knock-packet.md with node:crypto alone, and opens a TCP port after some. */
const script = String.raw`
const { createDecipheriv, createHash, createHmac, createPublicKey, hkdfSync, verify } = require("node:crypto");
const dgram = require("node:dgram");
const net = require("node:net");
const { lock, port, service, after } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const all = Buffer.from(lock.slice("lock1:".length), "base64url");
const K = all.subarray(0, 32);
const publicKey = createPublicKey({ key: Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), all.subarray(32, 64)]), format: "der", type: "spki" });
const derive = (x) => Buffer.from(hkdfSync("sha256", K, "", "sesame knock 1 " + x, 32));
const [kHint, kSeal, kNonce, kBind] = ["hint", "seal", "nonce", "bind"].map(derive);
const hmac = (key, ...parts) => createHmac("sha256", key).update(Buffer.concat(parts)).digest();
const used = new Set();
function take(packet) {
  if (packet.length !== 144) return { result: "form" };
  const hint = packet.subarray(0, 8), nonce = packet.subarray(8, 20);
  const now = BigInt(Date.now()) * 1000n;
  for (let minute = now / 60000000n - 2n; minute <= now / 60000000n + 2n; minute++) {
    const text = Buffer.alloc(8);
    text.writeBigUInt64BE(minute);
    const slot = [0, 1, 2, 3].find((s) => hmac(kHint, text).subarray(8 * s, 8 * s + 8).equals(hint));
    if (slot === undefined) continue;
    const decipher = createDecipheriv("aes-256-gcm", kSeal, nonce, { authTagLength: 16 }).setAAD(hint).setAuthTag(packet.subarray(128));
    let plain;
    try { plain = Buffer.concat([decipher.update(packet.subarray(20, 128)), decipher.final()]); } catch { return { result: "tag" }; }
    const fields = plain.subarray(0, 44), time = fields.readBigUInt64BE(0);
    if (!hmac(kNonce, hint, plain).subarray(0, 12).equals(nonce) || fields[8] !== 1 || time / 60000000n !== minute || fields.readBigUInt64BE(36) !== 0n) return { result: "form" };
    if (time > now + 120000000n || time < now - 120000000n) return { result: "clock" };
    if (used.has(time)) return { result: "replay" };
    if (!verify(null, Buffer.concat([Buffer.from("sesame knock 1\0"), kBind, hint, fields]), publicKey, plain.subarray(44))) return { result: "signature" };
    used.add(time);
    return { result: "ok", slot, time: String(time), seconds: fields.readUIntBE(9, 3), address: fields.toString("hex", 12, 28), door: fields.toString("hex", 28, 36) };
  }
  return { result: "hint" };
}
let accepted = 0;
const server = net.createServer((socket) => socket.on("error", () => {}).end("welcome\n"));
let ready = 0;
for (const [type, address] of [["udp4", "0.0.0.0"], ["udp6", "::"]]) {
  const socket = dgram.createSocket({ type, ipv6Only: type === "udp6" });
  socket.on("message", (packet, from) => {
    const taken = take(packet);
    console.log(JSON.stringify({ ...taken, from: from.address, packet: packet.toString("hex") }));
    if (taken.result === "ok" && ++accepted === after) server.listen(service, "::");
  });
  socket.on("error", () => ++ready === 2 && console.log("ready"));
  socket.bind(port, address, () => ++ready === 2 && console.log("ready"));
}
`;

/** A server for one key, which it has from its standard input. */
export class KeyReceiver {
  readonly #process: Process;

  private constructor(process: Process) {
    this.#process = process;
  }

  /** `service`: a TCP port that opens once `after` packets are accepted. */
  static async open(
    host: LiveHost,
    options: { lock: string; port: number; service: number; after: number },
  ): Promise<KeyReceiver> {
    const file = new Folder().write("receiver.cjs", script);
    const input = JSON.stringify(options);
    const process = host.start([globalThis.process.execPath, file], { input });
    await process.waitFor(/^ready$/m);
    return new KeyReceiver(process);
  }

  /** All packets so far. */
  get knocks(): ReceivedKnock[] {
    return this.#process.stdout
      .split("\n")
      .filter((line) => line.startsWith("{") && line.endsWith("}"))
      .map((line) => JSON.parse(line));
  }

  async close(): Promise<void> {
    await this.#process.stop();
  }
}
