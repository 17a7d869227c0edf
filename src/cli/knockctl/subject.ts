import type { Address } from "../../base/address.ts";
import { parseAddress } from "../../base/address.ts";

/** What a command is narrowed to: a door or an address; neither means everything. */
export type Subject =
  | { readonly door: string; readonly address?: never }
  | { readonly address: Address; readonly door?: never }
  | { readonly door?: never; readonly address?: never };

/** Reads the operand DOOR|ADDRESS. */
export function readSubject(text: string | undefined): Subject {
  if (text === undefined) return {};
  const address = parseAddress(text);
  return address === undefined ? { door: text } : { address };
}
