import { Authenticator } from "../../../src/auth/authenticator.ts";
import { Address } from "../../../src/base/address.ts";
import { monotonic, wallTime } from "../../../src/base/time.ts";
import { KnockDevice, stunRequest } from "../../support/knock-device.ts";
import type { FuzzTarget } from "../target.ts";
import { promise } from "../target.ts";

const wall = 1_767_225_612_000;
const device = new KnockDevice("fuzz");
const packet = device.packet(wall);
const late = device.packet(wall - 200_000);
const request = stunRequest(packet, 2);
const source = Address.v4(0xc0000207);

/** A payload: only the device's own packets are authentic, and nothing around the payload is read. */
export const knockTarget: FuzzTarget = {
  name: "knock",
  covers: ["src/auth/", "src/knock/base64.ts", "src/knock/open.ts", "src/knock/packet.ts"],
  longest: 600,
  words: [
    packet,
    packet.subarray(0, 8),
    request,
    request.subarray(0, 20),
    Buffer.from("000600c5", "hex"),
    Buffer.from(":abcd"),
  ],
  make(random) {
    const bytes = Buffer.from(random.pick([packet, packet, late, request, request]));
    const flips = random.from(0, 3);
    for (let i = 0; i < flips; i++) {
      const at = random.from(0, bytes.length - 1);
      bytes[at] = random.from(0, 255);
    }
    return random.percent(80) ? bytes : bytes.subarray(0, random.from(0, bytes.length));
  },
  limit: () => 20,
  run(input) {
    const judge = (payload: Uint8Array) => {
      const authenticator = new Authenticator<KnockDevice>(120_000);
      authenticator.setKeys([device]);
      return authenticator.judge(payload, source, { now: monotonic(0), wall: wallTime(wall) });
    };
    const judged = judge(input);
    const around = Buffer.concat([Buffer.alloc(5, 0x41), input, Buffer.alloc(5, 0x41)]);
    const again = judge(around.subarray(5, 5 + input.length));
    promise(JSON.stringify(again) === JSON.stringify(judged), "what stands around it is read");
    if (judged.kind !== "authentic") return `${judged.carrier}: ${judged.check}`;
    const isOwn = packet.equals(input) || Buffer.from(input).includes(packet.toString("base64"));
    promise(isOwn, "a forged packet is authentic");
    return judged.carrier;
  },
};
