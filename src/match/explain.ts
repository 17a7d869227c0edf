import type { Packet } from "../decode/packet.ts";
import type { DecoyIndex } from "./decoys/decoy-index.ts";
import type { Door } from "./door.ts";
import { flagsFit, isAllowed, sees } from "./door.ts";
import type { DoorIndex } from "./door-index.ts";
import type { Verdict } from "./verdict.ts";

/** What `explain` asks about a packet. */
interface ExplainParts {
  readonly doors: DoorIndex;
  readonly decoys: DecoyIndex;
  /** Returns whether the packet's destination is an address of this host. */
  readonly isOurs: () => boolean;
}

/**
 * Returns, for debugging, why a packet made no difference to the doors that have its port and that
 * `verdicts`, the result of `Matcher.hit`, do not mention.
 */
export function explain(
  packet: Packet,
  verdicts: readonly Verdict[],
  { doors, decoys, isOurs }: ExplainParts,
): readonly Verdict[] {
  // A retransmission is one for every door, and is reported once.
  if (verdicts.some(({ kind }) => kind === "ignored")) return [];
  const { source } = packet;
  const touched = decoys.doorOf(packet);
  if (touched !== undefined && !verdicts.some(({ kind }) => kind === "decoy")) {
    return [{ kind: "decoy", scanner: false, door: touched, source }];
  }
  const isIgnored = decoys.isIgnored(source, packet.time);
  const mentioned = new Set(verdicts.map(({ door }) => door));
  return doors
    .candidates(packet)
    .filter(({ door }) => !mentioned.has(door))
    .map(({ door, steps: [step = 0] }) => {
      if (!sees(door, packet, isOurs)) {
        return { kind: "ignored", why: whyUnseen(door, packet), door, source };
      }
      if (isIgnored) return { kind: "ignored", why: "scanner", door, source };
      return { kind: "not-started", step, door, source };
    });
}

function whyUnseen(door: Door, packet: Packet): "flags" | "source" | "destination" {
  if (!flagsFit(door, packet)) return "flags";
  return isAllowed(door, packet.source) ? "destination" : "source";
}
