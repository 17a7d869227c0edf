// The keys of a fwknop client in a users file. No problem quotes one.
import type { FwknopDigest, FwknopLock } from "../knock/fwknop-lock.ts";
import {
  longestFwknopHmacKey,
  longestFwknopKey,
  makeFwknopLock,
  readFwknopKey,
} from "../knock/fwknop-lock.ts";
import type { ConfigSection, Directive } from "./lines.ts";
import type { Problem } from "./problem.ts";

const keyName = "fwknop_key";
const hmacKeyName = "fwknop_hmac_key";

/** The directives that hold keys, in lower case. */
export const fwknopKeyNames: readonly string[] = [keyName, hmacKeyName];

/** Where a lock of fwknop stands, and the lock unless it has a problem. */
export interface ReadFwknop {
  readonly lock: FwknopLock | undefined;
  readonly at: Pick<Problem, "line" | "column">;
}

/** Reads the keys of a device; `undefined` if it has none of fwknop. */
export function readFwknop(
  { directives }: ConfigSection,
  hmac: FwknopDigest,
  problems: Problem[],
): ReadFwknop | undefined {
  const named = (name: string) => directives.filter(({ key }) => key.toLowerCase() === name);
  const [[key, secondKey], [hmacKey, secondHmacKey]] = [named(keyName), named(hmacKeyName)];
  const first = key ?? hmacKey;
  if (first === undefined) return undefined;
  const report = (one: Directive, message: string, hint = "knockctl user add NAME --fwknop") => {
    const { line, valueColumn: column } = one;
    problems.push({ severity: "error", line, column, message, hint });
  };
  for (const second of [secondKey, secondHmacKey]) {
    if (second === undefined) continue;
    report(second, `${second.key.toLowerCase()} stands twice in this section`, "one device a key");
  }
  if (key === undefined || hmacKey === undefined) {
    const missing = key === undefined ? keyName : hmacKeyName;
    report(first, `the device has no ${missing}`);
  }
  const own = directives.find((one) => one.key.toLowerCase() === "key");
  if (own !== undefined) {
    report(first, `a device has key or ${keyName}`, "make two devices of it");
  }
  const bytes = [
    readBytes(key, longestFwknopKey, report),
    readBytes(hmacKey, longestFwknopHmacKey, report),
  ] as const;
  const [keyBytes, hmacBytes] = bytes;
  const isWhole = keyBytes !== undefined && hmacBytes !== undefined;
  return {
    lock: isWhole ? makeFwknopLock(keyBytes, hmacBytes, hmac) : undefined,
    at: { line: first.line, column: first.valueColumn },
  };
}

function readBytes(
  one: Directive | undefined,
  most: number,
  report: (one: Directive, message: string) => void,
): Uint8Array | undefined {
  if (one === undefined) return undefined;
  const text = (one.value ?? "").replace(/\s+#.*$/s, "");
  const bytes = readFwknopKey(text, most);
  if (bytes === undefined) {
    report(one, `${one.key.toLowerCase()} is not 1 to ${most} bytes in base64`);
  }
  return bytes;
}
