// The lines of a knock journal.
import type { AcceptedFwknop } from "../../auth/fwknop.ts";
import type { FwknopWindowState } from "../../auth/fwknop-window.ts";
import type { WindowState } from "../../auth/window.ts";
import type { JournalSnapshot } from "../../grant/journal/journal-writer.ts";
import type { KeyId } from "../../knock/keys.ts";
import type { KnockTime } from "../../knock/packet.ts";
import { knockTime } from "../../knock/packet.ts";

/** The first line of each file. `lost`: what was accepted before is unknown. */
export interface StartLine {
  readonly knocks: 1;
  readonly lost?: KnockTime;
}

/** What was accepted from one key. */
export type KeyWindow = readonly [KeyId, WindowState];
export type FwknopKeyWindow = readonly [KeyId, FwknopWindowState];

/** Reads a first line. */
export function readStart(line: unknown): StartLine | undefined {
  if (typeof line !== "object" || line === null || !("knocks" in line)) return undefined;
  if (line.knocks !== 1) return undefined;
  if (!("lost" in line)) return { knocks: 1 };
  return isTime(line.lost) ? { knocks: 1, lost: knockTime(line.lost) } : undefined;
}

/** Returns lines with all windows. */
export function takeSnapshot(
  windows: Iterable<KeyWindow>,
  fwknopWindows: Iterable<FwknopKeyWindow>,
): JournalSnapshot {
  const lines = [
    ...Array.from(windows, ([key, { floor, times }]) => ({ key, floor, times })),
    ...Array.from(fwknopWindows, ([key, { floor, accepted, networks }]) => ({
      ...{ key, floor, accepted, networks },
    })),
  ];
  return { lines, onWritten: () => {} };
}

/** Reads a line: an accepted time, or the whole window of a key. */
export function readWindow(line: unknown): KeyWindow | undefined {
  const key = readKeyId(line);
  if (key === undefined) return undefined;
  const members = membersOf(line);
  const { floor, times } = "time" in members ? { floor: 0, times: [members["time"]] } : members;
  if (!isTime(floor) || !Array.isArray(times) || !times.every(isTime)) return undefined;
  return [key, { floor: knockTime(floor), times: times.map(knockTime) }];
}

/** A packet of fwknop; one that another gateway accepted is from no network that is known. */
export type RecordedFwknop = Pick<AcceptedFwknop, "digest" | "time"> & {
  readonly network?: string;
};

/** Returns the line of an accepted packet of fwknop; its time is in seconds. */
export function formatFwknopLine(key: KeyId, { digest, time, network }: RecordedFwknop): object {
  const networks = network === undefined ? [] : [network];
  return { key, floor: 0, accepted: [[digest, time / 1000]], networks };
}

/** Reads the line of an accepted packet of fwknop, or the whole window of a key. */
export function readFwknopWindow(line: unknown): FwknopKeyWindow | undefined {
  const key = readKeyId(line);
  if (key === undefined) return undefined;
  const { floor, accepted, networks } = membersOf(line);
  const isRead =
    isTime(floor) &&
    Array.isArray(accepted) &&
    accepted.every(isAccepted) &&
    Array.isArray(networks) &&
    networks.every((one) => typeof one === "string");
  return isRead ? [key, { floor, accepted, networks }] : undefined;
}

function readKeyId(line: unknown): KeyId | undefined {
  const { key } = membersOf(line);
  return typeof key === "string" && /^[\da-f]{16}$/.test(key) ? (key as KeyId) : undefined;
}

function membersOf(line: unknown): Readonly<Record<string, unknown>> {
  return typeof line === "object" && line !== null ? { ...line } : {};
}

function isAccepted(value: unknown): value is [string, number] {
  return (
    Array.isArray(value) && value.length === 2 && typeof value[0] === "string" && isTime(value[1])
  );
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
