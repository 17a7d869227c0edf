import type { Address } from "../../base/address.ts";
import type { CommandLine } from "./command.ts";
import { expectOperands, readAddress, readLength, usageError } from "./command.ts";

export interface AccessOperands {
  readonly door: string;
  readonly address: Address;
  /** Milliseconds. */
  readonly for?: number;
}

/** Reads DOOR ADDRESS [[for] TIME], the operands of `open` and `extend`. Throws USAGE. */
export function readAccessOperands({ operands, ...line }: CommandLine): AccessOperands {
  const words = operands.filter((word, i) => i !== 2 || word !== "for");
  expectOperands({ ...line, operands: words }, 2, 3);
  const [door = "", text = "", time] = words;
  const address = readAddress(text);
  if (time !== undefined) return { door, address, for: readLength(time) };
  if (words.length < operands.length) throw usageError("for how long?");
  return { door, address };
}
