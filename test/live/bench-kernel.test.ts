// The short form of `npm run bench -- --only kernel`: that each line measures what it says.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { playCost } from "../../bench/kernel-cost.ts";
import { playKernelFlood } from "../../bench/kernel-flood.ts";
import { BenchTestBed } from "../../bench/test-bed.ts";
import { needs } from "./requirements.ts";

const patient = { timeout: 120_000 };

/** Milliseconds that a knock has: the machine may be busy. */
const patience = 10_000;

describe.skipIf(needs("nft"))("the bench of doors in the kernel", () => {
  let stage: BenchTestBed;
  beforeAll(async () => {
    stage = await BenchTestBed.open();
  });
  afterAll(() => stage?.close());

  test.each(["alone", "both", "kernel"] as const)(
    "opens beside a small flood of first steps (%s)",
    patient,
    async (kind) => {
      const { sent, knocks, times } = await playKernelFlood(stage, kind, 200, 1, patience);
      expect(sent.sent).toBeGreaterThan(200);
      expect(knocks).toBeGreaterThan(0);
      expect(times.length).toBe(knocks);
    },
  );

  test.each([0, 1, 100] as const)("times packets with %i doors", patient, async (doors) => {
    for (const kind of ["unwatched", "steps", "hostile"] as const) {
      expect(await playCost(stage, doors, kind, 0.1)).toBeGreaterThan(0);
    }
  });
});
