import { parseDuration } from "../base/duration.ts";
import { KnockError } from "../base/errors.ts";
import { parsePortNumber, parseProtocol } from "../base/port.ts";
import type { FindService } from "./plan.ts";

/** The service that a knock opens: a TCP port. */
export interface Wait {
  readonly port: number;
  /** Milliseconds to wait for it after each knock. */
  readonly timeout: number;
}

/** Milliseconds. A successful knock shows within a few hundred. */
export const usualTimeout = 5_000;

/** Reads `22`, `tcp/22` or `ssh`, each with an optional time to wait: `22,10s`. Throws `USAGE`. */
export function parseWait(text: string, findService: FindService): Wait {
  const [service = "", time, ...rest] = text.split(",").map((part) => part.trim());
  const [, name, written = ""] = /^(?:([^/]*)\/)?(.*)$/s.exec(service) ?? [];
  const protocol = parseProtocol(name ?? "tcp");
  if (protocol === "udp") {
    throw new KnockError(
      "USAGE",
      `cannot wait for '${text}': whether a UDP port is open cannot be seen`,
      {
        hints: ["UDP services need not answer; wait for a TCP service"],
      },
    );
  }
  const port = /[a-z]/i.test(written) ? findService(written, "tcp") : parsePortNumber(written);
  const timeout = time === undefined ? usualTimeout : parseDuration(time);
  if (!protocol || port === undefined || !timeout || rest.length > 0) {
    throw new KnockError("USAGE", `cannot wait for '${text}'`, {
      hints: ["a TCP service, and how long to wait: 22, tcp/22, ssh or 22,10s"],
    });
  }
  return { port, timeout };
}

/** Returns the text that `parseWait` reads back as the same. */
export function formatWait({ port, timeout }: Wait): string {
  return timeout === usualTimeout ? `${port}` : `${port},${timeout}ms`;
}
