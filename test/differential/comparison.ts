import type { Batch, BatchOpening } from "./batch.ts";
import { sameOpening, timeOf } from "./batch.ts";
import { Causes, everyShortcoming } from "./causes.ts";
import type { Shortcoming } from "./original.ts";
import { Original, play } from "./original.ts";
import type { Accounts } from "./twins.ts";

/** Something that must not be, and the opening or packet that shows it. */
interface Fault {
  readonly what: string;
  /** The place of the packet in the batch. */
  readonly at: number;
}

/** How the two daemons, and what is known of them, compare in one batch. */
export interface Comparison {
  readonly both: number;
  /** Ours opened before knockd did, and not again with it. */
  readonly earlier: number;
  /** By retransmissions, which ours does not count. */
  readonly excused: number;
  readonly missed: readonly BatchOpening[];
  /** For each door that only ours opened: what kept knockd from it. */
  readonly onlyOurs: readonly (readonly Shortcoming[])[];
  readonly faults: readonly Fault[];
  /**
   * Whether a machine that was held up can have made all the faults: packets that reach a daemon
   * too late seem to be sooner or later after one another than they were sent.
   */
  readonly disturbed: boolean;
}

/** How long packets may be held up: milliseconds. */
const leeway = 200;

export function compare({ batch, theirs, ours }: Accounts): Comparison {
  const causes = new Causes(batch);
  const lacking = theirs.openings.filter((opening) => !includes(ours.openings, opening));
  const late = lacking.filter((opening) => !openedBefore(batch, ours.openings, opening));
  // Opened by a retransmission: had it not been there, knockd had not opened at that time either.
  const honest = causes.openings(withoutRetransmissions);
  const missed = late.filter(
    (opening) => includes(honest, opening) || openedBefore(batch, honest, opening),
  );
  const alone = ours.openings.filter((opening) => !includes(theirs.openings, opening));
  const explained = alone.map((opening) => ({ opening, causes: causes.of(opening) }));
  const faults = [
    ...missed.map(({ at, door }) => ({ what: `${door} opened in knockd alone`, at })),
    ...explained
      .filter((one) => one.causes === undefined)
      .map(({ opening: { at, door } }) => ({
        what: `${door} opened in ours alone, without a cause`,
        at,
      })),
    ...differences("ours and the rules", ours.openings, causes.openings(everyShortcoming)),
    ...differences("knockd and its model", theirs.openings, causes.openings([])),
    ...blindness(batch, theirs.seen),
  ];
  const uncertain = uncertainPackets(batch);
  return {
    both: theirs.openings.length - lacking.length,
    earlier: lacking.length - late.length,
    excused: late.length - missed.length,
    missed,
    onlyOurs: explained.flatMap((one) => (one.causes === undefined ? [] : [one.causes])),
    faults,
    disturbed:
      missed.length === 0 && faults.length > 0 && faults.every(({ at }) => uncertain.has(at)),
  };
}

/** Packets that open other doors when some are held up. */
function uncertainPackets(batch: Batch): ReadonlySet<number> {
  const [sent = [], ...held] = [0, leeway, -leeway].map((more) =>
    play(batch, everyShortcoming, more),
  );
  const changes = held.flatMap((openings) => [
    ...openings.filter((opening) => !includes(sent, opening)),
    ...sent.filter((opening) => !includes(openings, opening)),
  ]);
  return new Set(changes.map(({ at }) => at));
}

const withoutRetransmissions = ["retransmission"] as const;

function includes(openings: readonly BatchOpening[], opening: BatchOpening): boolean {
  return openings.some((other) => sameOpening(other, opening));
}

/** Whether the door was opened for this client within its seq_timeout before. */
function openedBefore(
  batch: Batch,
  openings: readonly BatchOpening[],
  opening: BatchOpening,
): boolean {
  const timeout = batch.doors.find(({ name }) => name === opening.door)?.timeout ?? 0;
  return openings.some(
    ({ at, source, door }) =>
      source === opening.source &&
      door === opening.door &&
      at <= opening.at &&
      timeOf(batch, opening.at) - timeOf(batch, at) <= timeout * 1_000,
  );
}

function differences(
  who: string,
  real: readonly BatchOpening[],
  modelled: readonly BatchOpening[],
): readonly Fault[] {
  const only = (these: readonly BatchOpening[], others: readonly BatchOpening[], which: string) =>
    these
      .filter((opening) => !includes(others, opening))
      .map(({ at, door }) => ({ what: `${who} differ: only the ${which} opened ${door}`, at }));
  return [...only(real, modelled, "first"), ...only(modelled, real, "second")];
}

/** Packets that knockd looked at where the model says it does not, or the other way round. */
function blindness({ doors, knocks }: Batch, seen: readonly number[]): readonly Fault[] {
  const model = new Original(doors);
  const really = new Set(seen);
  return knocks.flatMap((knock, at) =>
    model.sees(knock) === really.has(at)
      ? []
      : [{ what: `knockd ${really.has(at) ? "saw" : "did not see"} a packet`, at }],
  );
}
