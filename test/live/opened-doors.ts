import type { Process } from "./process.ts";

/** Returns the doors that a daemon with `-v` opened for a source, in order. */
export function openedDoors(daemon: Process, source: string): string[] {
  return [...daemon.stdout.matchAll(/^(\S+): (\w+): OPEN SESAME$/gm)].flatMap(
    ([, who, door = ""]) => (who === source ? [door] : []),
  );
}
