import type { Address } from "../../base/address.ts";
import type { CommandLine } from "./command.ts";
import { readAddress, readLength } from "./command.ts";

export interface AccessOperands {
  readonly door: string;
  readonly address: Address;
  /** Milliseconds. */
  readonly forMs?: number;
}

/** Reads DOOR ADDRESS [[for] TIME], the operands of `open` and `extend`. Throws USAGE. */
export function readAccessOperands({ operands }: CommandLine): AccessOperands {
  const [door = "", address = "", time] = operands;
  return {
    door,
    address: readAddress(address),
    ...(time !== undefined && { forMs: readLength(time) }),
  };
}
