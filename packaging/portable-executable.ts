// Offsets of the PE format: https://learn.microsoft.com/windows/win32/debug/pe-format
const headerOffset = 0x3c;
const optionalHeader = 24;
const pe32Plus = 0x20b;
const checkSum = 64;
const certificateTable = 112 + 4 * 8;

/**
 * A 64-bit Windows program without its Authenticode signature, which would no longer be true once
 * something is added. Throws for what is no such program; one without a signature comes back as it is.
 */
export function withoutSignature(bytes: Uint8Array): Buffer {
  const program = Buffer.from(bytes);
  const header = program.readUInt32LE(headerOffset);
  const options = header + optionalHeader;
  if (program.toString("latin1", header, header + 4) !== "PE\0\0") throw new Error("no PE program");
  if (program.readUInt16LE(options) !== pe32Plus) throw new Error("no 64-bit PE program");
  const entry = options + certificateTable;
  const start = program.readUInt32LE(entry);
  const size = program.readUInt32LE(entry + 4);
  if (size === 0) return program;
  if (start + size !== program.length) throw new Error("the signature is not at the end");
  program.fill(0, entry, entry + 8);
  // Only drivers need one, and it is no longer right.
  program.writeUInt32LE(0, options + checkSum);
  return program.subarray(0, start);
}
