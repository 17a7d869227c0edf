// The corpus of each target, and some thousand cases more: half of them the same in every run, half not.
// Guided by coverage, and for as long as one likes: npm run fuzz.
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { tries } from "../support/effort.ts";
import { Campaign } from "./campaign.ts";
import { Corpus } from "./corpus.ts";
import type { FuzzTarget } from "./target.ts";
import { promise } from "./target.ts";
import { targets } from "./targets.ts";

/** Cases of each target in a run: as many as take about a second. */
const cases: Readonly<Record<string, number>> = {
  decode: 25_000,
  matcher: 5_000,
  savefile: 1_000,
  config: 2_000,
  control: 4_000,
  netlink: 10_000,
  "one-time": 10_000,
  journal: 1_000,
  profiles: 1_000,
  knock: 3_000,
  "key-text": 1_000,
  users: 1_000,
  "knock-journal": 400,
  fleet: 5_000,
  "fleet-file": 3_000,
  fwknop: 2_000,
  access: 1_000,
};

const anySeed = Math.floor(Math.random() * 1e9);

const corpusOf = ({ name }: FuzzTarget) =>
  new Corpus(join(import.meta.dirname, "../corpus", name)).read();

describe.each(targets)("hostile bytes for $name", (target) => {
  test("each case of the corpus", async () => {
    const corpus = corpusOf(target);
    expect(corpus.length).toBeGreaterThan(3);
    for (const input of corpus) await target.run(input);
  });

  test.each([1, anySeed])("cases of seed %i", async (seed) => {
    const most = tries((cases[target.name] ?? 0) / 2);
    const campaign = new Campaign(target, {
      seed,
      corpus: corpusOf(target),
      isTimed: false, // this machine may have more to do
      goOn: (count) => count < most,
    });
    const failure = await campaign.run();
    if (failure !== undefined) {
      const message = `seed ${seed}: ${Buffer.from(failure.input).toString("base64")}`;
      throw new Error(message, { cause: failure.error });
    }
    expect(campaign.cases).toBeGreaterThanOrEqual(most);
    expect(campaign.outcomes.size).toBeGreaterThan(3);
  });
});

describe("the fuzzer", () => {
  /** Breaks its promise only behind three branches. */
  const target: FuzzTarget = {
    name: "door",
    covers: [],
    longest: 8,
    words: [],
    make: (random) => Uint8Array.of(random.from(0, 255), random.from(0, 255)),
    limit: () => 1000,
    run(input) {
      if (input[0] !== 0x4b) return "0";
      if (input[1] !== 0x4e) return "1";
      promise(input[2] !== 0x4f, "opened");
      return "2";
    },
  };
  const options = { corpus: [], isTimed: true };

  test("finds what is behind several steps, and the same with the same seed", async () => {
    const find = async (seed: number) => {
      const campaign = new Campaign(target, { ...options, seed, goOn: (n) => n < 1_000_000 });
      return { failure: await campaign.run(), count: campaign.cases };
    };
    const { failure, count } = await find(5);
    expect([...(failure?.input.subarray(0, 3) ?? [])]).toEqual([0x4b, 0x4e, 0x4f]);
    expect(failure?.error).toMatchObject({ message: "opened" });
    expect(await find(5)).toMatchObject({ count });
  });

  test("reports what takes too long, each time that it is tried", async () => {
    const slow: FuzzTarget = {
      ...target,
      limit: () => 1,
      run() {
        const end = performance.now() + 3;
        while (performance.now() < end);
        return "";
      },
    };
    const campaign = new Campaign(slow, { ...options, seed: 1, goOn: () => true });
    expect((await campaign.run())?.error).toMatchObject({ message: expect.stringMatching(/took/) });
  });
});
