import { basename } from "node:path";

/**
 * Live tests that measure time, or need the whole machine: each runs alone, after all others. All other
 * live tests run beside each other, each file in a private world of its own.
 */
export const alone: readonly string[] = [
  "bench",
  "differential",
  "log-flood",
  "proxy-speed",
  "scans",
];

/**
 * Live tests of the benchmarks' and the recording's own programs, and those that take longest for what they tell:
 * `npm run test:long` runs them, and `scripts/test FILE`.
 */
export const long: readonly string[] = [
  "bench",
  "bench-keys",
  "bench-kernel",
  "fleet-failover",
  "fleet-recipes",
  "fleet-soak",
  "peers",
  "picture",
];

/** How long files take: seconds. The longest begin first, so that all worlds end at about the same time. */
export const seconds: Readonly<Record<string, number>> = {
  story: 155,
  behind: 112,
  soak: 110,
  init: 107,
  "knock-client": 94,
  documents: 92,
  "kernel-daemon": 79,
  "slow-disk": 66,
  "fleet-faults": 65,
  "fleet-keys": 40,
  "fleet-daemon": 50,
  "key-page": 64,
  page: 60,
  console: 75,
  crash: 57,
  tutorial: 55,
  "key-story": 54,
  "bench-keys": 49,
  "knockd-doors": 46,
  "demo-fleet": 60,
  "fleet-recipes": 60,
  "knock-ssh": 44,
  "knockd-life": 44,
  firewalls: 44,
  clients: 42,
  "nftables-chain": 41,
  peers: 40,
  demo: 38,
  "key-secrets": 39,
  "fleet-soak": 38,
  windows: 26,
  picture: 22,
  "after-closing": 26,
  cut: 24,
};

/** What a file counts that is not in the table, as a new one. */
const usual = 20;

export interface Schedule {
  readonly beside: readonly string[];
  readonly alone: readonly string[];
}

/** Returns when each live test file runs: beside others, in this order, or alone. `isShort`: the long ones do not. */
export function scheduleOf(all: readonly string[], isShort = false): Schedule {
  const files = all.filter((file) => !isShort || !long.includes(nameOf(file)));
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
