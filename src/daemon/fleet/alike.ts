import { formatPort } from "../../base/port.ts";
import type { ConfigOptions } from "../../config/config.ts";
import { fixedSteps, isShared } from "../../config/config.ts";
import type { Device } from "../../config/users.ts";
import { keyIdsOf } from "../../config/users.ts";
import type { FleetConfiguration } from "../../fleet/configuration.ts";
import type { Doors } from "../doors.ts";

/** What must be alike at all gateways is made of these. */
export interface AlikeParts {
  readonly options: Pick<ConfigOptions, "knockPorts" | "fwknopPorts" | "freshness">;
  readonly doors: Doors;
  /** Those of the users file in force. */
  readonly devices: ReadonlyMap<string, Device>;
}

/** What this gateway has that all gateways must have; the same object as long as its parts are the same. */
export class Alike {
  #parts: AlikeParts | undefined;
  #made: FleetConfiguration | undefined;

  of(parts: AlikeParts): FleetConfiguration {
    const before = this.#parts;
    const isSame =
      before?.options === parts.options &&
      before.doors === parts.doors &&
      before.devices === parts.devices;
    if (this.#made !== undefined && isSame) return this.#made;
    this.#parts = parts;
    this.#made = describe(parts);
    return this.#made;
  }
}

function describe({ options, doors, devices }: AlikeParts): FleetConfiguration {
  // Who is disabled can knock no more than who is not there.
  const able = [...devices.values()].filter(({ disabled }) => !disabled);
  const users = able.map((device) => [device.name, ...keyIdsOf(device)].join(" ")).sort();
  return {
    users: users.join("\n"),
    knockPort: [...options.knockPorts, "", ...options.fwknopPorts].join(","),
    freshness: String(options.freshness),
    doors: doors.all
      .filter(({ config }) => isShared(config))
      .map((live) => ({
        name: live.config.name,
        users: [...live.config.users].sort().join(","),
        sequences: fixedSteps(live.config).map(formatPort).join(","),
        list: doors.listOf(live)?.lines ?? "",
      })),
  };
}
