import type { RandomDoor } from "./doors.ts";
import { formatConfig, lastDoor, randomDoors } from "./doors.ts";
import { SeededRandom } from "./random.ts";
import type { Knock } from "./streams.ts";
import { addresses, randomStream } from "./streams.ts";
import { sendTime, ticks } from "./timetable.ts";

export const streamsPerBatch = 50;

/** Streams that are played together, against one configuration. */
export interface Batch {
  readonly number: number;
  readonly doors: readonly RandomDoor[];
  /** In the order in which they are sent; the last one opens the last door. */
  readonly knocks: readonly Knock[];
  /** When each burst is sent, or was: milliseconds. */
  readonly times: readonly number[];
}

/** `wanted`: plays only these of its streams. */
export function randomBatch(
  seed: number,
  number: number,
  wanted: (stream: number) => boolean,
  families: readonly (4 | 6)[],
): Batch {
  const random = new SeededRandom(seed, number, 0);
  const doors = randomDoors(random);
  // Side by side, so that clients disturb one another; or in groups, so that some are left alone.
  const group = random.pick([1, 1, 2, 3, 8]);
  const streams = Array.from({ length: streamsPerBatch }, (_, i) => number * streamsPerBatch + i)
    .filter(wanted)
    .map((stream) => {
      return randomStream(new SeededRandom(seed, stream, 1), stream, doors.slice(0, -1), families);
    });
  const times = Array.from({ length: ticks }, (_, tick) => sendTime(tick));
  const knocks = times.map((_, tick) => {
    const parts = streams.map((stream) => stream.filter((knock) => knock.tick === tick));
    const sent = parts.filter((part) => part.length > 0);
    const groups = Array.from({ length: Math.ceil(sent.length / group) }, (_, i) =>
      sent.slice(i * group, (i + 1) * group),
    );
    return groups.flatMap((together) => random.interleave(together));
  });
  return { number, doors, knocks: [...knocks.flat(), endMark], times };
}

/** The packet that opens the last door. */
export const endMark: Knock = {
  stream: -1,
  number: 65000,
  protocol: "udp",
  source: "10.99.0.1",
  sourcePort: 65000,
  destination: addresses[4].first,
  flags: 0,
  sequenceNumber: 0,
  tick: ticks - 1,
};

/** A door that a daemon opened for a client. */
export interface BatchOpening {
  /** At which packet: its place in the batch. */
  readonly at: number;
  readonly source: string;
  readonly door: string;
}

/** When a packet is sent, or was: milliseconds. */
export function timeOf({ knocks, times }: Batch, at: number): number {
  return times[knocks[at]?.tick ?? 0] ?? 0;
}

export function sameOpening(a: BatchOpening, b: BatchOpening): boolean {
  return a.at === b.at && a.source === b.source && a.door === b.door;
}

/** The clients of a stream with all they sent, and who opened what for them: enough to see what went wrong. */
export function describeStream(
  batch: Batch,
  stream: number,
  openings: Readonly<Record<string, readonly BatchOpening[]>>,
): string {
  const lines = batch.knocks.flatMap((knock, at) => {
    if (knock.stream !== stream) return [];
    const { source, sourcePort, destination, number, protocol, flags } = knock;
    const opened = Object.entries(openings).flatMap(([who, all]) =>
      all.filter((one) => one.at === at).map(({ door }) => `   <-- ${who} opens ${door}`),
    );
    const what = protocol === "tcp" ? `tcp flags ${flags} sequence ${knock.sequenceNumber}` : "udp";
    const time = String(timeOf(batch, at)).padStart(5);
    return [
      `${time} ms ${source}:${sourcePort} -> ${destination}:${number} ${what}${opened.join("")}`,
    ];
  });
  const doors = formatConfig(batch.doors.filter((door) => door !== lastDoor));
  return `stream ${stream} of batch ${batch.number}\n${doors}\n${lines.join("\n")}`;
}
