import { KnockError } from "../../base/errors.ts";
import { nearest } from "../../base/nearest.ts";
import { printable } from "../../base/text.ts";
import type { Config, DoorConfig } from "../../config/config.ts";

/** Returns the door of a configuration that has this name. Throws SYSTEM. */
export function findDoor({ doors }: Config, name: string): DoorConfig {
  const door = doors.find((one) => one.name === name);
  if (door !== undefined) return door;
  const names = doors.map((one) => one.name);
  const near = nearest(name, names);
  const all = names.length === 0 ? "there is none at all" : `there is ${names.join(", ")}`;
  throw new KnockError("SYSTEM", `there is no door "${printable(name)}"`, {
    hints: [printable(near === undefined ? all : `did you mean "${near}"?`)],
  });
}
