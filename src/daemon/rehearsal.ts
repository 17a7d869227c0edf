import type { Address } from "../base/address.ts";
import type { Clock } from "../base/clock.ts";
import { KnockError } from "../base/errors.ts";
import type { Entry } from "../base/log.ts";
import type { Monotonic } from "../base/time.ts";
import { later, longAgo } from "../base/time.ts";
import type { Params, Result } from "../control/methods.ts";
import type { Protection } from "./protection/protection.ts";

/** The most milliseconds: knocks must not stay without effect because an administrator has forgotten it. */
const longest = 600_000;

/** A time in which knocks are matched and open nothing, so that an administrator can test one. */
export class Rehearsal {
  readonly #clock: Clock;
  #source: Address | undefined;
  #until: Monotonic = longAgo;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** When the one that is under way ends; `undefined`: there is none. */
  get until(): Monotonic | undefined {
    return this.#clock.now() < this.#until ? this.#until : undefined;
  }

  /** Lasts for `length` milliseconds from now, in place of one that is under way. `source`: whose knocks open nothing; `undefined` means all. Throws USAGE if that is too long. */
  begin(source: Address | undefined, length: number): void {
    if (length > longest) {
      throw new KnockError("USAGE", `a dry run lasts ${longest / 60_000} minutes at most`);
    }
    this.#source = source;
    this.#until = later(this.#clock.now(), length);
  }

  /** Ends it. May be called again. */
  end(): void {
    this.#until = longAgo;
  }

  /** Returns whether a knock of this source opens nothing now. */
  covers(source: Address): boolean {
    return this.until !== undefined && (this.#source === undefined || this.#source.equals(source));
  }
}

/** Begins or ends a rehearsal. Throws USAGE. */
export async function rehearse(
  params: Params<"rehearse">,
  { rehearsal, protection }: RehearsalParts,
): Promise<Result<"rehearse">> {
  const remainingMs = "forMs" in params ? params.forMs : 0;
  if ("forMs" in params) rehearsal.begin(params.address, params.forMs);
  else rehearsal.end();
  // The kernel, too, opens nothing meanwhile. It ends that by itself, also where this daemon dies.
  await protection.refreshDoors();
  return { remainingMs };
}

interface RehearsalParts {
  readonly rehearsal: Pick<Rehearsal, "begin" | "end">;
  readonly protection: Pick<Protection, "refreshDoors">;
}

/** The entry about a knock that would have opened a door. */
export function reportRehearsed(door: string, source: Address): Entry {
  const text = `${source}: ${door}: dry run of knockctl doctor, not opened`;
  return { level: "notice", event: "rehearsed", text, door, source, limited: true };
}
