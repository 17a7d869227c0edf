// What a knock with a key is to the fleet: good once.
import type { AcceptedFwknop } from "../../auth/fwknop.ts";
import type { PacketUse } from "../../fleet/single-use.ts";
import type { ClaimedUse } from "../../fleet/single-uses.ts";
import type { KeyId } from "../../knock/keys.ts";
import type { KnockRequest, KnockTime } from "../../knock/packet.ts";
import { knockTime } from "../../knock/packet.ts";

/** Milliseconds that a use is known beyond the time in which its packet is fresh. */
const slack = 60_000;

/** Returns what a packet uses up. `freshness`: milliseconds that its clock may be off. */
export function useOfPacket(
  key: KeyId,
  request: KnockRequest | AcceptedFwknop,
  freshness: number,
): ClaimedUse {
  const life = 2 * freshness + slack;
  if ("door" in request) return { use: { kind: "packet", key, time: request.time }, life };
  const digest = Buffer.from(request.digest, "base64url").toString("hex");
  // A client of fwknop sends seconds.
  return { use: { kind: "packet", key, time: request.time * 1000, digest }, life };
}

/** What another gateway accepted. */
export type HeardPacket = {
  /** Its time since 1970. */
  readonly milliseconds: number;
} & (
  | { readonly kind: "knock"; readonly time: KnockTime }
  | { readonly kind: "fwknop"; readonly digest: string }
);

/** Returns what a use says of a packet. */
export function packetOfUse({ time, digest }: PacketUse): HeardPacket {
  const milliseconds = time / 1000;
  if (digest === undefined) return { kind: "knock", time: knockTime(time), milliseconds };
  const bytes = Buffer.from(digest, "hex").toString("base64url");
  return { kind: "fwknop", digest: bytes, milliseconds };
}
