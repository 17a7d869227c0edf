import { SeededRandom } from "../differential/random.ts";
import type { Coverage } from "./coverage.ts";
import { mutate } from "./mutations.ts";
import type { FuzzTarget } from "./target.ts";

/** Cases between two looks at the coverage: a look costs as much as some hundred of them. */
const batch = 500;
/** What is slow once may have been interrupted: it counts as slow if the fastest of so many times is. */
const repetitions = 20;
/** Different things that may happen: a target that tells more apart fills its corpus with them. */
const mostOutcomes = 100;
/** Tries that making one case smaller may take. */
const mostShrinks = 40;

/** A case that broke a promise. */
export interface Failure {
  readonly input: Uint8Array;
  readonly error: unknown;
}

export interface CampaignOptions {
  readonly seed: number;
  /** Cases to begin with. */
  readonly corpus: readonly Uint8Array[];
  /** Whether to go on after so many cases. */
  readonly goOn: (cases: number) => boolean;
  /** Whether a case that takes longer than the target's limit is a failure. */
  readonly isTimed: boolean;
  /** Without it only new outcomes make a case worth to be kept. */
  readonly coverage?: Coverage;
  /** Called after each batch. */
  readonly onProgress?: (campaign: Campaign) => void;
}

/** Many cases against one target. Ends at the first that breaks a promise. */
export class Campaign {
  readonly #target: FuzzTarget;
  readonly #options: CampaignOptions;
  readonly #random: SeededRandom;
  readonly #pool: Uint8Array[] = [];
  readonly #outcomes = new Set<string>();
  #cases = 0;
  /** Found while a case was made smaller. */
  #failure: Failure | undefined;
  #slowest: { readonly time: number; readonly input: Uint8Array } = {
    time: 0,
    input: new Uint8Array(),
  };

  constructor(target: FuzzTarget, options: CampaignOptions) {
    this.#target = target;
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
  }

  get cases(): number {
    return this.#cases;
  }

  /** Cases that are worth to be kept. */
  get pool(): readonly Uint8Array[] {
    return this.#pool;
  }

  /** How many different things happened. */
  get outcomes(): ReadonlySet<string> {
    return this.#outcomes;
  }

  /** The case that took longest, in milliseconds: the least of several times. */
  get slowest(): { readonly time: number; readonly input: Uint8Array } {
    return this.#slowest;
  }

  /** The first failure; undefined: every promise was kept. */
  async run(): Promise<Failure | undefined> {
    const { corpus, goOn, coverage, onProgress } = this.#options;
    coverage?.skip();
    for (const input of corpus) {
      const failure = await this.#judge(input);
      if (failure !== undefined) return failure;
      this.#pool.push(input);
      coverage?.learn();
    }
    while (goOn(this.#cases)) {
      const inputs = Array.from({ length: batch }, () => this.#next());
      for (const input of inputs) {
        const known = this.#outcomes.size;
        const failure = await this.#judge(input);
        if (failure !== undefined) return failure;
        if (this.#outcomes.size > known && known < mostOutcomes) {
          const outcome = await this.#outcomeOf(input);
          const isAlike = async (other: Uint8Array) => (await this.#outcomeOf(other)) === outcome;
          this.#pool.push(await shrink(input, isAlike));
        }
      }
      if (coverage !== undefined && coverage.fresh().length > 0) {
        await this.#keepNew(inputs, coverage);
      }
      if (this.#failure !== undefined) return this.#failure;
      onProgress?.(this);
    }
    return undefined;
  }

  #next(): Uint8Array {
    const { make, words, longest } = this.#target;
    const random = this.#random;
    if (this.#pool.length === 0 || random.percent(30)) return make(random).slice(0, longest);
    const input = random.percent(20) ? make(random) : random.pick(this.#pool);
    return mutate(input, random.pick(this.#pool), words, longest, random);
  }

  /** Runs one case, in time. */
  async #judge(input: Uint8Array): Promise<Failure | undefined> {
    this.#cases++;
    try {
      let time = await this.#time(input);
      const limit = this.#target.limit(input.length);
      if (!this.#options.isTimed || time <= Math.min(limit, this.#slowest.time)) return undefined;
      // Code that is not compiled yet is slow, too: before something fails it is run more often.
      for (let i = 1; i < repetitions * 10; i++) {
        if (time <= limit && (time <= this.#slowest.time || i >= repetitions)) break;
        time = Math.min(time, await this.#time(input));
      }
      if (time > this.#slowest.time) this.#slowest = { time, input };
      if (time <= limit) return undefined;
      throw new Error(`took ${time.toFixed(1)} ms: more than ${limit.toFixed(1)}`);
    } catch (error) {
      return { input, error };
    }
  }

  async #time(input: Uint8Array): Promise<number> {
    const start = performance.now();
    const ran = this.#target.run(input);
    const outcome = typeof ran === "string" ? ran : await ran;
    const time = performance.now() - start;
    this.#outcomes.add(outcome);
    return time;
  }

  /** Runs a case once more, or one like it: that may be the one that breaks a promise. */
  async #outcomeOf(input: Uint8Array): Promise<string> {
    try {
      return await this.#target.run(input);
    } catch (error) {
      this.#failure ??= { input, error };
      return "failure";
    }
  }

  /** Finds those that reach what none before them did, by halves; they go into the pool, made smaller. */
  async #keepNew(inputs: readonly Uint8Array[], coverage: Coverage): Promise<void> {
    coverage.skip();
    for (const input of inputs) await this.#outcomeOf(input);
    const places = coverage.fresh();
    const [first] = inputs;
    if (places.length === 0 || first === undefined) return;
    if (inputs.length > 1) {
      const half = inputs.length >> 1;
      await this.#keepNew(inputs.slice(0, half), coverage);
      await this.#keepNew(inputs.slice(half), coverage);
      return;
    }
    const least = await shrink(first, async (candidate) => {
      coverage.skip();
      await this.#outcomeOf(candidate);
      return coverage.hasRun(places);
    });
    coverage.skip();
    await this.#outcomeOf(least);
    coverage.learn();
    this.#pool.push(least);
  }
}

/** Leaves out what can be left out while `holds` does. */
async function shrink(
  input: Uint8Array,
  holds: (candidate: Uint8Array) => Promise<boolean>,
): Promise<Uint8Array> {
  let least = input;
  let left = mostShrinks;
  for (let size = least.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at + size <= least.length && left > 0; left--) {
      const candidate = Uint8Array.from([...least.subarray(0, at), ...least.subarray(at + size)]);
      if (await holds(candidate)) least = candidate;
      else at += size;
    }
  }
  return least;
}

/** Of these cases, smallest first, those that reach or bring about what none before them does. */
export async function distinct(
  target: FuzzTarget,
  cases: readonly Uint8Array[],
  coverage: Coverage,
): Promise<Uint8Array[]> {
  const kept: Uint8Array[] = [];
  const outcomes = new Set<string>();
  coverage.forget();
  for (const input of [...cases].sort((a, b) => a.length - b.length)) {
    const outcome = await target.run(input);
    const isNew = coverage.learn() > 0;
    if (isNew || (!outcomes.has(outcome) && outcomes.size < mostOutcomes)) kept.push(input);
    outcomes.add(outcome);
  }
  return kept;
}
