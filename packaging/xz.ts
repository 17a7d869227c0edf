import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Architecture } from "./architecture.ts";

const run = promisify(execFile);

/** Whether the files of a package are compressed: without it, tests make and install packages quickly. */
export type Compression = "best" | "none";

/**
 * Compresses a file to FILE.xz and removes it. `architecture` is the processor of the programs in it: for
 * amd64 a filter makes the targets of calls compress better. (That for arm64 needs xz 5.4, which Ubuntu
 * 22.04 and RHEL 9 do not have.) One thread, since the number of threads decides how a file is cut.
 */
export async function compress(file: string, architecture?: Architecture): Promise<void> {
  const filter = architecture?.debian === "amd64" ? ["--x86"] : [];
  await run("xz", ["--threads=1", ...filter, "--lzma2=preset=9e,dict=32MiB", file]);
}
