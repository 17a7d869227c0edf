// proc_pid_smaps(5), madvise(2): which pages of the program's file are in memory for this process.
import { readFileSync, readlinkSync } from "node:fs";
import { madvise } from "./libc.ts";

const MADV_DONTNEED = 4;

/** A part of this process's memory, by its addresses. */
interface AddressRange {
  readonly start: bigint;
  /** Bytes. */
  readonly length: number;
}

/**
 * Unmaps the code and the constants in the program's own file (ICU's tables, V8's snapshot, sources of built-in
 * modules): some 35 MiB less are resident with Node 20. The kernel maps them again from its page cache as they
 * are used: the first knock opens its door as fast, measured. Where /proc does not tell which pages they are,
 * nothing is unmapped.
 */
export function unmapProgram(): void {
  let pages: readonly AddressRange[];
  try {
    pages = programPages(readFileSync("/proc/self/smaps", "latin1"), readlinkSync(self, "latin1"));
  } catch {
    return;
  }
  // What the kernel refuses stays mapped.
  for (const { start, length } of pages) madvise(start, length, MADV_DONTNEED);
}

const self = "/proc/self/exe";

const readOnly: ReadonlySet<string> = new Set(["r--p", "r-xp"]);

const mapping = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+ *(.*)$/;

/**
 * Returns the mappings of code and constants of the file `program` in the text of an smaps file, where they
 * hold nothing but what is in the file. Relocated pages (RELRO) differ from it; such a page may also be in
 * the swap. Libraries are
 * left out: another thread may be loading one, which relocates it.
 */
export function programPages(smaps: string, program: string): readonly AddressRange[] {
  const ranges: AddressRange[] = [];
  for (const text of smaps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
    const [head = ""] = text.split("\n", 1);
    const [, from, to, permissions = "", path] = mapping.exec(head) ?? [];
    const isClean = /^Anonymous: +0 kB$/m.test(text) && /^Swap: +0 kB$/m.test(text);
    if (!readOnly.has(permissions) || !isClean || path !== program) continue;
    const start = BigInt(`0x${from}`);
    ranges.push({ start, length: Number(BigInt(`0x${to}`) - start) });
  }
  return ranges;
}
