// Random sequences, and how hard they are to guess.
import { KnockError } from "../../base/errors.ts";
import type { Sequence } from "../../base/sequence.ts";

/** A whole number below `limit`, from 0 on, each as likely as the others. */
export type Random = (limit: number) => number;

/** Two ports always ascend or descend. */
export const fewestSteps = 3;

/**
 * So many different TCP ports of `ports`, which neither ascend nor descend as a whole: every such
 * sequence is as likely as the others. Throws SYSTEM if there are too few ports.
 */
export function randomSequence(steps: number, ports: readonly number[], random: Random): Sequence {
  if (steps < fewestSteps || ports.length < steps) {
    throw new KnockError("SYSTEM", `cannot make ${steps} steps of ${ports.length} ports`);
  }
  // Draws the whole sequence again: replacing one port would make its neighbours likelier.
  for (;;) {
    const drawn = draw(steps, ports, random);
    if (!isOrdered(drawn)) return drawn.map((number) => ({ number, protocol: "tcp" }));
  }
}

export interface Strength {
  /** The binary logarithm of the number of sequences that may have been chosen. */
  readonly bits: number;
  /** In how many orders the same ports could be knocked. */
  readonly orders: number;
}

/** What a sequence of `randomSequence` is worth that was made of `ports` ports. */
export function strengthOf(steps: number, ports: number): Strength {
  const orders = Array.from({ length: steps }, (_, i) => i + 1).reduce((all, n) => all * n, 1);
  const choices = Array.from({ length: steps }, (_, i) => Math.log2(ports - i));
  // Of each set of ports two orders are out of the question.
  return { bits: choices.reduce((sum, bits) => sum + bits, Math.log2(1 - 2 / orders)), orders };
}

function draw(steps: number, ports: readonly number[], random: Random): number[] {
  const drawn = new Set<number>();
  while (drawn.size < steps) {
    const port = ports[random(ports.length)];
    if (port !== undefined) drawn.add(port);
  }
  return [...drawn];
}

function isOrdered(ports: readonly number[]): boolean {
  const rises = ports.slice(1).map((port, i) => port > (ports[i] ?? 0));
  return rises.every((rise) => rise === rises[0]);
}
