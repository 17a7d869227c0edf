import { basename } from "node:path";

/**
 * Live tests that measure time, or need the whole machine: each runs alone, after all others. All other
 * live tests run beside each other, each file in a private world of its own.
 */
export const alone: readonly string[] = [
  "bench",
  "differential",
  "knock-proxy",
  "log-flood",
  "ring-time",
  "scans",
  "soak",
  "start",
];

/** How long files take: seconds. The longest begin first, so that all worlds end at about the same time. */
export const seconds: Readonly<Record<string, number>> = {
  story: 127,
  crash: 91,
  "knock-client": 81,
  init: 78,
  behind: 78,
  documents: 78,
  "knockd-doors": 70,
  "nftables-chain": 56,
  tutorial: 56,
  "knock-ssh": 55,
  "kernel-daemon": 48,
  page: 47,
  clients: 46,
  "knockd-life": 42,
  firewalls: 40,
  cut: 33,
};

/** What a file counts that is not in the table, as a new one. */
const usual = 20;

export interface Schedule {
  readonly beside: readonly string[];
  readonly alone: readonly string[];
}

/** Returns when each live test file runs: beside others, in this order, or alone. */
export function scheduleOf(files: readonly string[]): Schedule {
  const isAlone = (file: string) => alone.includes(nameOf(file));
  const duration = (file: string) => seconds[nameOf(file)] ?? usual;
  return {
    beside: files.filter((file) => !isAlone(file)).sort((a, b) => duration(b) - duration(a)),
    alone: files.filter(isAlone),
  };
}

function nameOf(file: string): string {
  return basename(file, ".test.ts");
}
