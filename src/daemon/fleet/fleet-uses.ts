import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { SingleUse } from "../../fleet/single-use.ts";
import type { ClaimedUse } from "../../fleet/single-uses.ts";

/**
 * Whether something that is good once may open.
 * - `open`: this gateway has it
 * - `claimed`: another gateway has it
 * - `fleet`: the store does not answer, and the configuration says `OnFleetLoss = refuse`
 */
export type UseVerdict = "open" | "claimed" | "fleet";

/** What is good once in the whole fleet. */
export interface FleetUses {
  /** Claims what may open for others elsewhere, too, before it opens here. */
  claim(use: ClaimedUse): Promise<UseVerdict>;
  /** Tells the others of what they would open for the same address, after it has opened here. */
  tell(use: ClaimedUse): void;
  /** Returns whether the one-time lists of doors of this name are used up together. */
  sharesDoor(name: string): boolean;
}

/** Without a fleet all is this gateway's. */
export const ownUses: FleetUses = {
  claim: () => Promise.resolve("open"),
  tell: () => {},
  sharesDoor: () => false,
};

export interface MemberUsesParts {
  readonly fleet: Pick<Fleet, "uses">;
  readonly onLoss: "open" | "refuse";
  readonly log: Log;
  readonly clock: Clock;
  /** Marks here what another gateway used. */
  readonly onUsed: (use: SingleUse) => void;
}

/** What is good once, as a member of a fleet has it. */
export class MemberUses {
  readonly #parts: MemberUsesParts;

  constructor(parts: MemberUsesParts) {
    this.#parts = parts;
  }

  async claim(use: ClaimedUse): Promise<UseVerdict> {
    const { fleet, onLoss } = this.#parts;
    const result = await fleet.uses.claim(use);
    if (result === "mine") return "open";
    if (result === "used") return "claimed";
    if (onLoss === "refuse") return "fleet";
    fleet.uses.claimLater(use);
    return "open";
  }

  tell(use: ClaimedUse): void {
    this.#parts.fleet.uses.tell(use);
  }

  /** Takes note of what other gateways used. */
  hear(uses: readonly SingleUse[]): void {
    for (const use of uses) this.#parts.onUsed(use);
  }

  /** Reports what this gateway used without a claim, and another gateway, too. */
  reportDouble(use: SingleUse): void {
    const what =
      use.kind === "packet"
        ? `a knock with the key ${use.key}`
        : `a line of the one-time list of the door ${use.door}`;
    const text = `${what} opened at two gateways: the store of the fleet was away`;
    this.#parts.log.write({ level: "error", event: "double-use", text });
  }
}
