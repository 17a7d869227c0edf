import type { DeviceKey, Lock } from "../../src/knock/keys.ts";
import { parseKey, parseLock } from "../../src/knock/keys.ts";

/** Returns a lock; throws if the text is not one. */
export function readLock(text: string): Lock {
  const lock = parseLock(text);
  if (typeof lock === "string") throw new Error(lock);
  return lock;
}

/** Returns a key; throws if the text is not one. */
export function readKey(text: string): DeviceKey {
  const key = parseKey(text);
  if (typeof key === "string") throw new Error(key);
  return key;
}
