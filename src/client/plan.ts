import { isIP } from "node:net";
import { parseDuration } from "../base/duration.ts";
import { KnockError } from "../base/errors.ts";
import type { Port, Protocol } from "../base/port.ts";
import { parsePortNumber, parseProtocol } from "../base/port.ts";

/** The family of the addresses to knock at: 4, 6, 0 for the first address of the host, or the first of each family. */
export type RequestedFamily = 0 | 4 | 6 | "both";

/** One packet to send. */
export interface Step extends Port {
  /** The port as the user wrote it: a number or the name of a service. */
  readonly text: string;
  /** Milliseconds since the step before, instead of the delay of the plan. */
  readonly pause?: number;
  /** Makes a new datagram for each packet, from its source address. `undefined` means the plan's payload. */
  readonly seal?: (source: string) => Uint8Array;
}

/** A knock to send. */
export interface KnockPlan {
  readonly host: string;
  readonly family: RequestedFamily;
  readonly steps: readonly Step[];
  /** Milliseconds between one step and the next. */
  readonly delay: number;
  /** Whether a TCP step waits for its answer. */
  readonly full: boolean;
  /** The payload of datagrams. */
  readonly payload: Uint8Array;
}

/** Returns the port number of a service, or `undefined` if it is unknown. */
export type FindService = (name: string, protocol: Protocol) => number | undefined;

/** Throws `USAGE` if the host is empty, or an address of another family. */
export function checkHost(host: string, family: RequestedFamily): void {
  if (host === "") throw new KnockError("USAGE", "the host is empty");
  if (typeof family === "number" && family !== 0 && isIP(host) === 10 - family) {
    throw new KnockError(
      "USAGE",
      `'${host}' is not an IPv${family} address, which -${family} asks for`,
    );
  }
}

/**
 * Returns the host of a command line, without the brackets of an IPv6 address. Throws `USAGE` for `HOST:PORT` and
 * `USER@HOST`, which no system resolves.
 */
export function readHost(text: string): string {
  const inside = /^\[(.*)\]$/.exec(text)?.[1];
  if (inside !== undefined && isIP(inside.replace(/%.*$/, "")) === 6) return inside;
  const [, user, host = "", port] = /^(.*@)?(\[.*\]|[^:@]*)(:\d*)?$/.exec(text) ?? [];
  if (host === "" || (user === undefined && port === undefined)) return text;
  const extra = user === undefined ? "port" : "user";
  const ports = port === undefined || port === ":" ? "PORT..." : `${port.slice(1)} PORT...`;
  throw new KnockError("USAGE", `'${text}' is a host with a ${extra}`, {
    hints: [`the host stands alone, then the ports: knock ${host} ${ports}`],
  });
}

/** Returns the ports of a list whose items commas may separate: `7000,8000:udp`. */
export function splitPorts(items: readonly string[]): string[] {
  return items.flatMap((item) =>
    item.includes(",") ? item.split(",").filter((part) => part !== "") : [item],
  );
}

/**
 * Reads `7000`, `7000:udp`, `7000/udp`, `ssh`, `ssh:tcp`, and a pause of `+300` or `+300ms` between two of
 * them. `udp` makes every step UDP. Throws `USAGE` for the first invalid item, and the errors of `findService`.
 */
export function parseSteps(
  items: readonly string[],
  udp: boolean,
  findService: FindService,
): Step[] {
  const steps: Step[] = [];
  let pause: number | undefined;
  for (const item of items) {
    if (item.startsWith("+")) {
      if (steps.length === 0 || pause !== undefined) throw pauseError(item);
      pause = parseDelay(item.slice(1));
    } else {
      const step = parseStep(item, udp, findService);
      steps.push(pause === undefined ? step : { ...step, pause });
      pause = undefined;
    }
  }
  if (pause !== undefined) throw pauseError(items.at(-1) ?? "");
  return steps;
}

/** Returns the items that `parseSteps` reads back as the same steps. */
export function formatSteps(steps: readonly Step[]): string[] {
  return steps.flatMap(({ text, protocol, pause }) => [
    ...(pause === undefined ? [] : [`+${pause}ms`]),
    protocol === "tcp" ? text : `${text}:udp`,
  ]);
}

/** Reads milliseconds: a number, rounded down as knockd's client does, or one with a unit. Throws `USAGE`. */
export function parseDelay(text: string): number {
  // Nine digits: eleven days, and less than the longest time that setTimeout can wait.
  const delay = /^\d{1,9}(?:\.\d{0,9})?$/.test(text) ? Math.floor(Number(text)) : undefined;
  const length = delay ?? (/^\d+[a-z]+$/i.test(text) ? parseDuration(text) : undefined);
  if (length === undefined || length > 999_999_999) {
    throw new KnockError(
      "USAGE",
      `delay '${text}': expected milliseconds, a number of at most nine digits`,
    );
  }
  return length;
}

/** Formats a step as knockd's client does: `tcp 192.0.2.1:7000`, or `tcp 2001:db8::1:7000`. */
export function formatStep(step: Step, address: string): string {
  return `${step.protocol} ${address}:${step.text}`;
}

function parseStep(item: string, udp: boolean, findService: FindService): Step {
  const [, text = "", suffix = "tcp"] = /^([^:/]*)(?:[:/](.*))?$/s.exec(item) ?? [];
  const written = parseProtocol(suffix);
  if (written === undefined) throw itemError(`port '${item}' names an unknown protocol`);
  const protocol = udp ? "udp" : written;
  // RFC 6335 §5.1: the name of a service has a letter.
  const number = /[a-z]/i.test(text) ? findService(text, protocol) : parsePortNumber(text);
  if (number === undefined) {
    throw itemError(`port '${item}' is neither a number from 1 to 65535 nor a known service`);
  }
  return { number, protocol, text };
}

function itemError(message: string): KnockError {
  return new KnockError("USAGE", message, {
    hints: ["ports are written as 7000, 7000:udp or ssh"],
  });
}

function pauseError(item: string): KnockError {
  return new KnockError("USAGE", `'${item}' does not stand between two ports`, {
    hints: ["+300 is a pause of 300 ms from one port to the next"],
  });
}
