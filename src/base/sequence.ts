import type { Port } from "./port.ts";
import { parsePortNumber, parseProtocol, portKey } from "./port.ts";

/** The steps of a knock, first to last: 1 to 32 of them. */
export type Sequence = readonly Port[];

export const longestSequence = 32;

/**
 * Why a text is no sequence, and where in it, counted from 0. It is not quoted: what is said of a
 * configuration is logged, and a mistyped sequence is most of the real one.
 */
export interface SequenceProblem {
  readonly problem: string;
  readonly offset: number;
}

/** `7000,8000:udp, 9000:tcp`: steps without a protocol are TCP. */
export function parseSequence(text: string): Sequence | SequenceProblem {
  const steps: Port[] = [];
  let offset = 0;
  for (const item of text.split(",")) {
    const step = parseStep(item);
    if ("problem" in step) return { problem: step.problem, offset: offset + indent(item) };
    if (steps.push(step) > longestSequence) {
      const problem = `too many ports in knock sequence: at most ${longestSequence}`;
      return { problem, offset: offset + indent(item) };
    }
    offset += item.length + 1;
  }
  return steps;
}

function parseStep(item: string): Port | { readonly problem: string } {
  const [number = "", protocol, ...rest] = item.split(":").map((part) => part.trim());
  const port = parsePortNumber(number);
  if (port === undefined) return { problem: "port is invalid: expected 1 to 65535" };
  const known = parseProtocol(protocol ?? "tcp");
  if (known === undefined || rest.length > 0) {
    return { problem: "unknown protocol in knock sequence: expected tcp or udp" };
  }
  return { number: port, protocol: known };
}

function indent(item: string): number {
  return item.length - item.trimStart().length;
}

export function sameSequence(a: Sequence, b: Sequence): boolean {
  const keys = (sequence: Sequence) =>
    sequence.map(({ number, protocol }) => portKey(number, protocol)).join();
  return keys(a) === keys(b);
}
