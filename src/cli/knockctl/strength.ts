import { KnockError } from "../../base/errors.ts";
import { longestSequence } from "../../base/sequence.ts";
import { printable } from "../../base/text.ts";
import { doorDirectives } from "../../config/directives.ts";
import type { Strength } from "../../config/edit/random-sequence.ts";
import { fewestSteps } from "../../config/edit/random-sequence.ts";
import { scansToOpen } from "../../config/traps/scans.ts";
import { decoyFacts } from "../../daemon/host/facts.ts";
import type { HelpOption } from "../help.ts";

/** Whole knocks a second that an attacker can try unnoticed: an example, for a sense of the numbers. */
const tries = 1000;

const secondsOfYear = 365.25 * 86_400;

/** Describes in a sentence what a random sequence of TCP ports withstands. */
export function describeStrength(
  { bits }: Strength,
  steps: number,
  decoys: number = doorDirectives.decoys.default,
): string {
  const seconds = 2 ** (bits - 1) / tries;
  const years = seconds / secondsOfYear;
  const guess =
    years >= 100
      ? "too many to guess"
      : `guessed in ${round(seconds / 86_400)} days at ${tries} knocks a second`;
  const scans = round(scansToOpen(steps, decoys, decoyFacts.mostTouches));
  return `${steps} random ports: ${guess}; 1 of ${scans} random-order scans opens it`;
}

/** Returns a number with two significant digits. */
function round(amount: number): string {
  if (amount >= 1e12) return amount.toExponential(0).replace("e+", " * 10^");
  return Number(amount.toPrecision(2)).toLocaleString("en");
}

/** Reads the number of steps of a random sequence. Throws USAGE. */
export function readSteps(option: string, text: string): number {
  const steps = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (steps >= fewestSteps && steps <= longestSequence) return steps;
  const message = `--${option}: "${printable(text)}" is not from ${fewestSteps} to ${longestSequence}`;
  throw new KnockError("USAGE", message);
}

export const lengthOption: HelpOption = {
  long: "length",
  argument: "N",
  help: `give the sequence N ports, from ${fewestSteps} to ${longestSequence} [4]`,
};
