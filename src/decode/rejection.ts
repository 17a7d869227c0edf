import type { Frame } from "../capture/source.ts";

/** Why `decode` makes no packet of a frame. */
export type Rejection =
  /** Neither IPv4 nor IPv6. */
  | "not-ip"
  /** A fragment but the first. */
  | "fragment"
  /** Neither TCP nor UDP, as far as the first header tells. */
  | "other-protocol"
  /** A header that is cut off or lies about its length, or a source that is nobody's address. */
  | "malformed";

const TCP = 6;
const UDP = 17;
const FRAGMENT = 44;
/** HOP_BY_HOP, ROUTING, AUTHENTICATION, DESTINATION_OPTIONS, MOBILITY, HIP, SHIM6 */
const extensions = new Set([0, 43, 51, 60, 135, 139, 140]);

/**
 * The likely reason, for people who count packets: a look at the first header only, at a frame that
 * `decode` did not want. Never throws.
 */
export function whyRejected({ data, start, length }: Frame): Rejection {
  const there = Math.min(length, data.byteLength - start);
  if (there < 1) return "malformed";
  const version = data.getUint8(start) >> 4;
  if (version !== 4 && version !== 6) return "not-ip";
  if (there < (version === 4 ? 20 : 40)) return "malformed";
  if (version === 4) {
    if ((data.getUint16(start + 6) & 0x1fff) !== 0) return "fragment";
    return isEither(data.getUint8(start + 9)) ? "malformed" : "other-protocol";
  }
  const next = data.getUint8(start + 6);
  if (next === FRAGMENT) return "fragment";
  return isEither(next) || extensions.has(next) ? "malformed" : "other-protocol";
}

function isEither(protocol: number): boolean {
  return protocol === TCP || protocol === UDP;
}
