import { createHash } from "node:crypto";
import { Address } from "../../src/base/address.ts";
import type { DeviceKey, Lock } from "../../src/knock/keys.ts";
import { doorId, makeKey } from "../../src/knock/keys.ts";
import { knockTime } from "../../src/knock/packet.ts";
import { seal } from "../../src/knock/seal.ts";
import { readKey, readLock } from "./knock-keys.ts";

/** A device for tests, whose keys follow from its name. */
export class KnockDevice {
  readonly name: string;
  readonly key: DeviceKey;
  readonly lock: Lock;
  readonly lockText: string;
  readonly keyText: string;

  constructor(name: string) {
    const texts = makeKey(createHash("sha512").update(name).digest());
    this.name = name;
    this.key = readKey(texts.key);
    this.lock = readLock(texts.lock);
    this.lockText = texts.lock;
    this.keyText = texts.key;
  }

  /** Makes a packet; `time` in milliseconds since 1970. */
  packet(
    time: number,
    options: { slot?: number; door?: string; seconds?: number; address?: Address } = {},
  ): Buffer {
    const { slot = 0, door = "ssh", seconds = 0, address = new Address(0, 0, 0, 0) } = options;
    const request = {
      time: knockTime(Math.round(time * 1000)),
      seconds,
      address,
      door: doorId(door),
    };
    return seal(this.key, request, slot);
  }
}

/** Returns a STUN request as a browser sends it. */
export function stunRequest(packet: Uint8Array, software = 0): Buffer {
  const name = Buffer.from(`${Buffer.from(packet).toString("base64")}:abcd`);
  const attribute = (type: number, value: Uint8Array) => {
    const head = Buffer.alloc(4);
    head.writeUInt16BE(type);
    head.writeUInt16BE(value.length, 2);
    return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
  };
  const extra = Array.from({ length: software }, () => attribute(0x8022, Buffer.from("x")));
  const body = Buffer.concat([...extra, attribute(6, name)]);
  const head = Buffer.alloc(20, 5);
  head.writeUInt16BE(1);
  head.writeUInt16BE(body.length, 2);
  head.writeUInt32BE(0x2112a442, 4);
  return Buffer.concat([head, body]);
}
