import type { FwknopKey } from "../../../src/auth/fwknop.ts";
import { FwknopAuthenticator } from "../../../src/auth/fwknop.ts";
import { Address } from "../../../src/base/address.ts";
import { monotonic, wallTime } from "../../../src/base/time.ts";
import { FwknopDevice } from "../../support/fwknop-device.ts";
import type { FuzzTarget } from "../target.ts";
import { promise, words } from "../target.ts";

const wall = 1_800_000_000_000;
const device = new FwknopDevice("fuzz/pc");
const key: FwknopKey = { lock: device.lock, expires: undefined, allow: undefined, user: undefined };
const source = Address.v4(0xc0000207);

/** Random digits, user, time, version and type, as far as the message. */
const head = `0123456789012345:Ym9i:${wall / 1000}:3.0.0`;
const messages = ["192.0.2.7,tcp/22", "0.0.0.0,udp/1", "::1,tcp/22", "192.0.2.7", ",", "1,tcp/0"];
const encoded = messages.map((one) => Buffer.from(one).toString("base64").replace(/=+$/, ""));
const plains = [`${head}:1:`, `${head}:3:`, `${head}:4:`, `${head}::`, "", ":::::"];

/**
 * The plain text of a packet, which a holder of a key may choose, or the payload of another one: the beginning says
 * which. Nothing throws, and what is accepted asks for a service at a fresh time, once.
 */
export const fwknopTarget: FuzzTarget = {
  name: "fwknop",
  covers: ["src/auth/fwknop.ts", "src/auth/fwknop-tries.ts", "src/auth/fwknop-window.ts"].concat([
    "src/knock/fwknop-packet.ts",
  ]),
  longest: 900,
  words: words(...plains, ...encoded, ":60", ":", "!", "\0", "=", `${wall / 1000 - 121}`),
  make(random) {
    const text = `${random.pick(plains)}${random.pick(encoded)}${random.pick(["", "", ":60", ":x"])}`;
    if (random.percent(70)) return Buffer.from(text);
    return Buffer.from(`!${"A".repeat(random.from(90, 890))}${random.pick(["", "=", "\n"])}`);
  },
  limit: () => 20,
  run(input) {
    const isPayload = input[0] === 0x21;
    const plain = Buffer.from(input).toString("latin1");
    const payload = isPayload ? input.subarray(1) : device.packet({ time: wall, plain });
    const authenticator = new FwknopAuthenticator<FwknopKey>(120_000);
    authenticator.setKeys([key]);
    const instant = { now: monotonic(0), wall: wallTime(wall) };
    const judged = authenticator.judge(payload, source, instant);
    const again = authenticator.judge(payload, source, instant);
    if (judged.kind !== "authentic") return judged.check;
    promise(!isPayload, "a forged packet is authentic");
    const { services, time, seconds } = judged.request;
    promise(services.length > 0, "it asks for nothing");
    promise(Math.abs(time - wall) <= 120_000, "its time is not fresh");
    promise(seconds >= 0 && Number.isSafeInteger(seconds), "its time-out is not a number");
    promise(again.kind === "refused" && again.check === "replay", "it is accepted twice");
    return `${judged.request.address.family}, ${Math.min(services.length, 2)} services`;
  },
};
