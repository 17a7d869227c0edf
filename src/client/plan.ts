import { isIP } from "node:net";
import { KnockError } from "../base/errors.ts";
import type { Port, Protocol } from "../base/port.ts";
import { parsePortNumber, parseProtocol } from "../base/port.ts";

/** Of an address: 4, 6, or 0 for whichever the host's name gives first. */
export type Family = 0 | 4 | 6;

/** A knock as it was asked for. */
export interface Request {
  readonly host: string;
  /** `7000`, `7000:udp`, `7000/udp`, `ssh`, `ssh:tcp`, … */
  readonly ports: readonly string[];
  /** Makes every step UDP, whatever its item says. */
  readonly udp: boolean;
  /** Milliseconds, in digits. */
  readonly delay: string;
  readonly family: Family;
}

/** One packet to send. */
export interface Step extends Port {
  /** The port as it was written: its number or the name of a service. */
  readonly text: string;
}

/** A knock that can be sent. */
export interface Plan {
  readonly host: string;
  readonly family: Family;
  readonly steps: readonly Step[];
  /** Milliseconds between one step and the next. */
  readonly delay: number;
}

/** The port number of a service. Undefined if there is no such service. */
export type FindService = (name: string, protocol: Protocol) => number | undefined;

/** Throws `USAGE` for the first thing that makes no sense, and whatever `findService` throws. */
export function makePlan(request: Request, findService: FindService): Plan {
  const { host, family } = request;
  if (host === "") throw new KnockError("USAGE", "the host is empty");
  if (family !== 0 && isIP(host) === 10 - family) {
    throw new KnockError(
      "USAGE",
      `'${host}' is not an IPv${family} address, which -${family} asks for`,
    );
  }
  return {
    host,
    family,
    steps: request.ports.map((item) => parseStep(item, request.udp, findService)),
    delay: parseDelay(request.delay),
  };
}

/** `tcp 192.0.2.1:7000`, or `tcp 2001:db8::1:7000`: the way knockd's client writes a step. */
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

function parseDelay(text: string): number {
  // Nine digits: eleven days, and less than the longest time that setTimeout can wait.
  if (!/^\d{1,9}$/.test(text)) {
    throw new KnockError(
      "USAGE",
      `delay '${text}': expected milliseconds, a whole number of at most nine digits`,
    );
  }
  return Number(text);
}
