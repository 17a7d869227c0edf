import type { Entry } from "../base/log.ts";
import { formatPort } from "../base/port.ts";
import type { Packet } from "../decode/packet.ts";
import type { Door } from "../match/door.ts";
import { flagsFit, sees } from "../match/door.ts";
import { reportVerdict } from "./report.ts";

/**
 * What is to be said of those doors that have the packet's port, and of which the daemon said nothing
 * in `said`: why each of them did not see it, or why it made no difference. Pure.
 */
export function explainBystanders(
  doors: readonly Door[],
  packet: Packet,
  isOurs: () => boolean,
  said: readonly Entry[],
): Entry[] {
  // A retransmission is said once, and is none for every door.
  if (said.some(({ detail }) => detail?.["reason"] === "retransmission")) return [];
  return doors.flatMap((door): Entry[] => {
    const step = door.sequence.findIndex(
      ({ number, protocol }) => number === packet.port && protocol === packet.protocol,
    );
    if (step < 0 || said.some((entry) => entry.door === door.name)) return [];
    if (sees(door, packet, isOurs)) return [outOfTurn(door, packet, step + 1)];
    const why = flagsFit(door, packet) ? "destination" : "flags";
    return [reportVerdict({ kind: "ignored", why, door, source: packet.source })];
  });
}

/** `step`: which step of the sequence the packet would have been, counted from 1. */
function outOfTurn(door: Door, { source }: Packet, step: number): Entry {
  const first = door.sequence[0];
  const begins = first === undefined ? "" : `: it begins with ${formatPort(first)}`;
  const text = `${source}: ${door.name}: step ${step} of the sequence, but no knock is under way${begins}`;
  const detail = { step, steps: door.sequence.length, reason: "not-started" };
  return { level: "debug", event: "seen", text, door: door.name, source, detail };
}
