import { describeStream } from "./batch.ts";
import type { Comparison } from "./comparison.ts";
import { shortcomings } from "./original.ts";
import type { Accounts } from "./twins.ts";

/** A batch and what came of it. */
export interface Played {
  readonly accounts: Accounts;
  readonly comparison: Comparison;
}

/** The figures of a run, for people. */
export function summary(seed: number, played: readonly Played[]): string {
  const sum = (count: (one: Played) => number) => played.reduce((all, one) => all + count(one), 0);
  const streams = sum(
    ({ accounts: { batch } }) => new Set(batch.knocks.map(({ stream }) => stream)).size - 1,
  );
  const packets = sum(({ accounts: { batch } }) => batch.knocks.length);
  const alone = played.flatMap(({ comparison }) => comparison.onlyOurs);
  const openings = [
    ["opened by both", sum(({ comparison }) => comparison.both)],
    ["opened earlier by ours", sum(({ comparison }) => comparison.earlier)],
    ["opened by knockd alone: missed", sum(({ comparison }) => comparison.missed.length)],
    ["opened by knockd alone, by a retransmission", sum(({ comparison }) => comparison.excused)],
    ["opened by ours alone", alone.length],
  ] as const;
  const causes = Object.entries(shortcomings).map(([key, cause]) => {
    const having = alone.filter((several) => several.some((one) => one === key));
    const single = having.filter(({ length }) => length === 1).length;
    return [`  ${cause}`, single, `, and ${having.length - single} together with others`] as const;
  });
  return [
    `differential test: SEED=${seed}, ${streams} streams, ${packets} packets`,
    ...[...openings, ...causes].map(
      ([what, count, more = ""]) => `  ${what.padEnd(46)}${String(count).padStart(6)}${more}`,
    ),
  ].join("\n");
}

/** The first fault of each batch, with its whole stream and how to play it again. */
export function faults(seed: number, played: readonly Played[]): string[] {
  return played.flatMap(({ accounts, comparison }) => {
    const [fault] = comparison.faults;
    if (fault === undefined) return [];
    const { batch } = accounts;
    const knock = batch.knocks[fault.at];
    const stream = knock?.stream ?? -1;
    const more = comparison.faults.length - 1;
    return [
      [
        `${fault.what}, at the packet ${knock?.source}:${knock?.sourcePort} -> ${knock?.number}`,
        `(and ${more} more faults in this batch)`,
        `to play the stream alone: SEED=${seed} STREAM=${stream}`,
        `with all its neighbours:  SEED=${seed} BATCH=${batch.number}`,
        describeStream(batch, stream, {
          knockd: accounts.theirs.openings,
          ours: accounts.ours.openings,
        }),
      ].join("\n"),
    ];
  });
}
