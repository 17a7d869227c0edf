// The interfaces that lead to the internet.
import { readProc } from "./proc.ts";

/** Returns the interfaces of the default routes of a family. */
export function defaultInterfaces(family: 4 | 6): readonly string[] {
  return family === 4
    ? parseRoutes(readProc("/proc/net/route"))
    : parseRoutes6(readProc("/proc/net/ipv6_route"));
}

/** Reads the text of /proc/net/route: an interface, destination, …, and the mask in the eighth column. Pure. */
export function parseRoutes(text: string): string[] {
  const rows = text.split("\n").map((line) => line.split(/\s+/));
  return unique(
    rows.flatMap(([name = "", to, , , , , , mask]) =>
      to === "00000000" && mask === "00000000" ? name : [],
    ),
  );
}

/** Reads the text of /proc/net/ipv6_route: destination, its length, …, and the interface at the end. Pure. */
export function parseRoutes6(text: string): string[] {
  const rows = text.split("\n").map((line) => line.trim().split(/\s+/));
  return unique(
    rows.flatMap(([to = "", length, ...rest]) => {
      const name = rest.at(-1);
      // The kernel rejects what has no other route by one through lo.
      return /^0+$/.test(to) && length === "00" && name !== undefined && name !== "lo" ? name : [];
    }),
  );
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
