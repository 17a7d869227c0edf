import type { Batch, BatchOpening } from "./batch.ts";

/** What a daemon saw and did, as its output tells (both speak the same language with -v -D). */
export interface DaemonAccount {
  /** The packets it looked at: their places in the batch. */
  readonly seen: readonly number[];
  readonly openings: readonly BatchOpening[];
}

/** Reads a daemon's output. Fails if it tells of packets that were not sent, or in another order, or not of all. */
export function readLog(output: string, batch: Batch): DaemonAccount {
  const gap = /^.* left out in the last second$/m.exec(output)?.[0];
  if (gap !== undefined) throw new Error(`an incomplete account: ${gap}`);
  const keys = batch.knocks.map(
    ({ protocol, source, sourcePort, destination, number }) =>
      `${protocol}: ${source}:${sourcePort} -> ${destination}:${number}`,
  );
  const seen: number[] = [];
  const openings: BatchOpening[] = [];
  let at = -1;
  for (const line of output.split("\n")) {
    const packet = /^\S+ [\d:]{8}: (.*) \d+ bytes$/.exec(line)?.[1];
    if (packet !== undefined) {
      at = keys.indexOf(packet, at + 1);
      if (at < 0) throw new Error(`a packet out of order: ${packet}`);
      seen.push(at);
    }
    const [, source, door] = /^(\S+): (\S+): OPEN SESAME$/.exec(line) ?? [];
    if (source === undefined || door === undefined) continue;
    if (source !== batch.knocks[at]?.source) {
      throw new Error(`"${line}" at a packet of ${batch.knocks[at]?.source}`);
    }
    openings.push({ at, source, door });
  }
  return { seen, openings };
}
