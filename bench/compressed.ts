import { readFileSync } from "node:fs";
import { readArchive } from "../packaging/ar.ts";

/** https://rpm-software-management.github.io/rpm/manual/format_v4.html */
const rpmLead = 96;

/** How a file of xz begins. */
const xz = Buffer.from([0xfd, ...Buffer.from("7zXZ"), 0]);

/**
 * Returns whether the files in a package are compressed. Those of .deb and .rpm are not if --plain made it; all other
 * packages always are.
 */
export function isCompressed(file: string): boolean {
  if (file.endsWith(".deb")) {
    return !readArchive(readFileSync(file)).some(({ name }) => name === "data.tar");
  }
  return !file.endsWith(".rpm") || rpmPayload(readFileSync(file)).indexOf(xz) === 0;
}

/** Returns what follows the signature and the header of an rpm. */
function rpmPayload(bytes: Buffer): Buffer {
  const signatureEnd = headerEnd(bytes, rpmLead);
  return bytes.subarray(headerEnd(bytes, Math.ceil(signatureEnd / 8) * 8));
}

function headerEnd(bytes: Buffer, start: number): number {
  const [entries, length] = [bytes.readUInt32BE(start + 8), bytes.readUInt32BE(start + 12)];
  return start + 16 + 16 * entries + length;
}
