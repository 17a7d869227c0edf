import { readdirSync, readFileSync } from "node:fs";

/** What a daemon has used since it was started. */
export interface Usage {
  /** Seconds of CPU, without the commands it ran. */
  readonly cpu: number;
  /** KiB, now and at most. */
  readonly resident: number;
  readonly mostResident: number;
  /** KiB: its share of memory that several processes use counts only once among them. */
  readonly proportional: number;
  /** Context switches of each of its threads, of their own will or not, by the thread's id. */
  readonly switches: ReadonlyMap<string, number>;
}

/** Returns what a process has used. */
export function usageOf(pid: number | undefined): Usage {
  const read = (file: string) => readFileSync(`/proc/${pid}/${file}`, "utf8");
  const status = read("status");
  const rollup = read("smaps_rollup");
  const tasks = readdirSync(`/proc/${pid}/task`);
  const switchesOf = (task: string) => {
    const text = read(`task/${task}/status`);
    return field(text, "voluntary_ctxt_switches") + field(text, "nonvoluntary_ctxt_switches");
  };
  // Nanoseconds on the processor, where /proc/PID/stat counts ticks of 10 ms. No thread ends in between.
  const times = tasks.map((task) => Number(read(`task/${task}/schedstat`).split(" ")[0]));
  return {
    cpu: times.reduce((sum, time) => sum + time, 0) / 1e9,
    // Exact, where VmRSS is a sum of estimates.
    resident: field(rollup, "Rss"),
    mostResident: field(status, "VmHWM"),
    proportional: field(rollup, "Pss"),
    switches: new Map(tasks.map((task) => [task, switchesOf(task)])),
  };
}

/** Returns KiB that a process has written to, and those of its packet rings, which are mapped from sockets. */
export function ownMemoryOf(pid: number | undefined): number {
  const smaps = readFileSync(`/proc/${pid}/smaps`, "latin1");
  const mappings = smaps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  const own = mappings.map((text) =>
    /^\S+ \S+ \S+ \S+ \d+ +socket:/.test(text) ? field(text, "Rss") : field(text, "Private_Dirty"),
  );
  return own.reduce((sum, kib) => sum + kib, 0);
}

/** Returns how often threads that are still there were switched to in between. */
export function switchesBetween(before: Usage, after: Usage): number {
  const counts = Array.from(
    after.switches,
    ([thread, count]) => count - (before.switches.get(thread) ?? 0),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

function field(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(text)?.[1] ?? Number.NaN);
}
