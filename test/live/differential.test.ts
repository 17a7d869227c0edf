import { describe, expect, test } from "vitest";
import type { Batch } from "../differential/batch.ts";
import { randomBatch, streamsPerBatch } from "../differential/batch.ts";
import { compare } from "../differential/comparison.ts";
import type { Played } from "../differential/report.ts";
import { faults, summary } from "../differential/report.ts";
import { families, Twins } from "../differential/twins.ts";
import { tries } from "../support/effort.ts";
import { needs } from "./requirements.ts";

// SEED repeats a run; BATCH plays one batch of it, STREAM one stream alone; STREAMS says how many.
const setting = (name: string) => {
  const text = process.env[name];
  return text === undefined || text === "" ? undefined : Number(text);
};
const seed = setting("SEED") ?? Math.floor(Math.random() * 2 ** 31);
const onlyStream = setting("STREAM");
const onlyBatch =
  onlyStream === undefined ? setting("BATCH") : Math.floor(onlyStream / streamsPerBatch);
const streams = setting("STREAMS") ?? tries(1_000);

/** Batches take their time by the clock, not by the processor: several are played at once. */
const lanes = 4;

const minutes = 60_000;

/** Plays a batch until the machine's delays explain none of its faults; at most three times. */
async function playUndisturbed(twins: Twins, batch: Batch): Promise<Played> {
  for (let left = 2; ; left--) {
    const accounts = await twins.play(batch);
    const comparison = compare(accounts);
    if (!comparison.disturbed || left === 0) return { accounts, comparison };
  }
}

async function playAll(numbers: readonly number[]): Promise<Played[]> {
  const waiting = [...numbers];
  const played: Played[] = [];
  const lane = async () => {
    const twins = await Twins.open();
    try {
      for (let number = waiting.shift(); number !== undefined; number = waiting.shift()) {
        const wanted = (stream: number) => onlyStream === undefined || stream === onlyStream;
        const batch = randomBatch(seed, number, wanted, families());
        played.push(await playUndisturbed(twins, batch));
      }
    } finally {
      await twins.close();
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, numbers.length) }, lane));
  return played;
}

describe.skipIf(needs("knockd"))("beside Debian's knockd, on the same packets", () => {
  test(
    "whatever opens there opens here, and what only opens here has a cause",
    async () => {
      const count = Math.ceil(streams / streamsPerBatch);
      const numbers =
        onlyBatch === undefined ? Array.from({ length: count }, (_, i) => i) : [onlyBatch];
      const played = await playAll(numbers);
      console.log(summary(seed, played));
      expect(faults(seed, played).join("\n\n")).toBe("");
      expect(played).toHaveLength(numbers.length);
    },
    30 * minutes,
  );
});
