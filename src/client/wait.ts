import { parseDuration } from "../base/duration.ts";
import { KnockError } from "../base/errors.ts";
import { parsePortNumber, parseProtocol } from "../base/port.ts";
import type { FindService } from "./plan.ts";

/** The service that a knock is to open: a TCP port. */
export interface Wait {
  readonly port: number;
  /** How long to wait for it after a knock: milliseconds. */
  readonly patience: number;
}

/** Milliseconds: a knock that did its work shows within a few hundred. */
export const usualPatience = 5_000;

/** `22`, `tcp/22`, `ssh`, each with the time to wait: `22,10s`. Throws `USAGE`. */
export function parseWait(text: string, findService: FindService): Wait {
  const [service = "", time, ...rest] = text.split(",").map((part) => part.trim());
  const [, name, written = ""] = /^(?:([^/]*)\/)?(.*)$/s.exec(service) ?? [];
  const protocol = parseProtocol(name ?? "tcp");
  if (protocol === "udp") {
    throw new KnockError("USAGE", `cannot wait for '${text}': nobody can see whether UDP is open`, {
      hints: ["a UDP service need not answer what it does not understand; wait for a TCP service"],
    });
  }
  const port = /[a-z]/i.test(written) ? findService(written, "tcp") : parsePortNumber(written);
  const patience = time === undefined ? usualPatience : parseDuration(time);
  if (!protocol || port === undefined || !patience || rest.length > 0) {
    throw new KnockError("USAGE", `cannot wait for '${text}'`, {
      hints: ["a TCP service, and how long to wait: 22, tcp/22, ssh or 22,10s"],
    });
  }
  return { port, patience };
}

/** The text that `parseWait` reads back as the same. */
export function formatWait({ port, patience }: Wait): string {
  return patience === usualPatience ? `${port}` : `${port},${patience}ms`;
}
