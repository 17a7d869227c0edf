import { readFileSync } from "node:fs";
import { KnockError, reason } from "../base/errors.ts";

/** The default payload of datagrams: one zero byte, as knockd's client sends. */
export const usualPayload: Uint8Array = new Uint8Array(1);

/** RFC 768 and RFC 791: 65,535 bytes less both headers. */
const longestPayload = 65_507;

/** Returns the bytes of `TEXT`, `hex:00ff` or `@FILE`. Throws `USAGE`, or `SYSTEM` if the file cannot be read. */
export function readPayload(text: string): Uint8Array {
  const bytes = readBytes(text);
  if (bytes.length <= longestPayload) return bytes;
  throw new KnockError(
    "USAGE",
    `a payload of ${bytes.length} bytes does not fit into a datagram: at most ${longestPayload}`,
  );
}

function readBytes(text: string): Uint8Array {
  if (text.startsWith("@")) return readWhole(text.slice(1));
  if (!text.startsWith("hex:")) return Buffer.from(text, "utf8");
  const digits = text.slice(4).replace(/[\s:]/g, "");
  if (/^(?:[\da-f]{2})*$/i.test(digits)) return Buffer.from(digits, "hex");
  throw new KnockError("USAGE", `payload '${text}': expected two digits a byte, such as hex:00ff`);
}

function readWhole(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new KnockError("SYSTEM", `cannot read the payload ${file}: ${reason(cause)}`, { cause });
  }
}
