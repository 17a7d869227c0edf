import { createHmac } from "node:crypto";
import type { DerivedKeys } from "./keys.ts";
import type { KnockMinute } from "./packet.ts";
import { u64 } from "./packet.ts";

/** The length of a hint, in bytes. */
export const hintLength = 8;

/** Returns the hints of a minute, one behind the other: slot 0 to 3. */
export function hintsOf(keys: DerivedKeys, minute: KnockMinute): Buffer {
  return createHmac("sha256", keys.hint).update(u64(minute)).digest();
}
