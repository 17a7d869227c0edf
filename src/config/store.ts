import type { StoreAddress } from "../base/store-address.ts";
import { parseStore } from "../base/store-address.ts";
import type { Parsed } from "./values.ts";

/** Where the store of a fleet is. */
export function store(text: string): Parsed<StoreAddress> {
  const value = parseStore(text);
  if (value !== undefined) return { value };
  if (/^[a-z+]+:\/\/[^/]*@/i.test(text)) {
    // It is not quoted: the log would have it.
    const hint = "user and password stand in the file that FleetFile names";
    return { problem: "the address of a store has no user and no password", offset: 0, hint };
  }
  const hint =
    "redis://HOST:PORT, rediss://HOST:PORT, redis+unix:///PATH or sentinel://HOST:PORT,…/NAME";
  return { problem: `"${text}" is not the address of a store`, offset: 0, hint };
}
