import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { ConfigOptions } from "../../config/config.ts";
import type { SingleUse } from "../../fleet/single-use.ts";
import type { LeaseManager } from "../../grant/lease-manager.ts";
import type { ActiveUsers } from "../active-users.ts";
import type { Doors } from "../doors.ts";

/** The parts of a daemon that a fleet reaches. */
export interface FleetNeighbours {
  readonly clock: Clock;
  readonly log: Log;
  /** Of the program. */
  readonly version: string;
  readonly leaseManager: LeaseManager;
  /** Those of the configuration in force. */
  readonly doors: () => Doors;
  readonly users: Pick<ActiveUsers, "find" | "byName">;
  /** Those of the configuration in force. */
  readonly options: () => ConfigOptions;
  /** Marks here what another gateway used. */
  readonly onUsed: (use: SingleUse) => void;
}
