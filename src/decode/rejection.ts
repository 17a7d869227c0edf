import { Address } from "../base/address.ts";
import type { Frame } from "../capture/source.ts";
import { isNobody } from "./martian.ts";

/** Why `decode` rejects a frame. */
export type Rejection =
  /** Neither IPv4 nor IPv6. */
  | "not-ip"
  /** A fragment after the first. */
  | "fragment"
  /** Neither TCP nor UDP, according to the first header. */
  | "other-protocol"
  /** An address that no packet can have on the wire. */
  | "martian"
  /** A truncated header, or one with a wrong length. */
  | "malformed";

const TCP = 6;
const UDP = 17;
const FRAGMENT = 44;
/** HOP_BY_HOP, ROUTING, AUTHENTICATION, DESTINATION_OPTIONS, MOBILITY, HIP, SHIM6 */
const extensions = new Set([0, 43, 51, 60, 135, 139, 140]);

/** Returns the likely reason why `decode` rejected a frame, from its first header alone. Never throws. */
export function whyRejected({ data, start, length }: Frame): Rejection {
  const there = Math.min(length, data.byteLength - start);
  if (there < 1) return "malformed";
  const version = data.getUint8(start) >> 4;
  if (version !== 4 && version !== 6) return "not-ip";
  if (there < (version === 4 ? 20 : 40)) return "malformed";
  if (version === 4) {
    if ((data.getUint16(start + 6) & 0x1fff) !== 0) return "fragment";
    if (!isEither(data.getUint8(start + 9))) return "other-protocol";
    return isNobody(Address.v4(data.getUint32(start + 12))) ? "martian" : "malformed";
  }
  const next = data.getUint8(start + 6);
  if (next === FRAGMENT) return "fragment";
  if (!isEither(next) && !extensions.has(next)) return "other-protocol";
  const source = readAddress(data, start + 8);
  const isMapped = source.family === 4 || readAddress(data, start + 24).family === 4;
  return isMapped || isNobody(source) ? "martian" : "malformed";
}

function readAddress(data: DataView, start: number): Address {
  const word = (i: number) => data.getUint32(start + i * 4);
  return new Address(word(0), word(1), word(2), word(3));
}

function isEither(protocol: number): boolean {
  return protocol === TCP || protocol === UDP;
}
