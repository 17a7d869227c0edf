// The short form of `npm run bench -- --only keys`: that each line measures what it says.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sesameFwknop } from "../../bench/fwknop-keys.ts";
import { playKeyFlood } from "../../bench/key-flood.ts";
import { measureSync, playKeyOpening } from "../../bench/key-open.ts";
import { playKeyRate } from "../../bench/key-rate.ts";
import { memoryOf, switchesAtRest } from "../../bench/key-rest.ts";
import { findKeyPeers } from "../../bench/keys.ts";
import { sesameKeys } from "../../bench/sesame-keys.ts";
import { BenchTestBed } from "../../bench/test-bed.ts";
import { needs } from "./requirements.ts";

const patient = { timeout: 120_000 };

/** Milliseconds that a knock has: the machine may be busy. */
const patience = 10_000;

describe.skipIf(needs("nft"))("the bench of knocks by key", () => {
  let stage: BenchTestBed;
  beforeAll(async () => {
    stage = await BenchTestBed.open();
  });
  afterAll(() => stage?.close());

  const opened = (openings: readonly { readonly time: number | undefined }[]) =>
    openings.filter(({ time }) => time !== undefined).length;

  describe.each(findKeyPeers())("$label", (peer) => {
    test("opens for packets and for its client", patient, async () => {
      const { packet, client } = await playKeyOpening(stage, peer, 3, patience);
      expect([opened(packet), opened(client)]).toEqual([3, 3]);
    });

    test("accepts good packets, each once", patient, async () => {
      const run = await playKeyRate(stage, peer, 20, 20);
      expect(run).toMatchObject({ sent: 20, accepted: 20 });
      expect(run.seconds).toBeGreaterThan(0);
    });

    test("opens beside a small flood", patient, async () => {
      for (const flood of ["strangers", "replays"] as const) {
        const { sent, knocks, openings } = await playKeyFlood(stage, peer, flood, 50, 1, patience);
        expect(sent.sent).toBeGreaterThan(50);
        expect(knocks).toBeGreaterThan(0);
        expect(openings.length).toBe(knocks);
      }
    });

    test("has memory and wake-ups that can be read", patient, async () => {
      expect(await memoryOf(stage, peer, 10)).toBeGreaterThan(1_000);
      await stage.shut("by rules");
      const times = { settling: 100, looking: 100 };
      expect(await switchesAtRest(stage, peer, times)).toBeGreaterThanOrEqual(0);
    });
  });

  test(
    "opens for clients of fwknop beside 20,000 forged packets a second, with bounded work",
    patient,
    async () => {
      const run = await playKeyFlood(stage, sesameFwknop, "strangers", 20_000, 2, patience);
      expect(run.sent.sent).toBeGreaterThan(10_000);
      expect(run.knocks).toBeGreaterThan(0);
      // A machine that is busier may lose some in the ring.
      expect(run.openings.length).toBeGreaterThanOrEqual(run.knocks / 2);
      expect(run.cpu).toBeLessThan(1);
    },
  );

  test("opens beside sniffed hints", patient, async () => {
    for (const flood of ["hints", "all hints"] as const) {
      const run = await playKeyFlood(stage, sesameKeys, flood, 500, 1, patience);
      expect(run.knocks).toBeGreaterThan(0);
      expect(run.openings.length).toBe(run.knocks);
    }
  });

  test("times a sync of the disk", () => {
    expect(measureSync()).toBeGreaterThan(0);
  });
});
