import { readdirSync } from "node:fs";
import type { Clock } from "../../base/clock.ts";
import type { MetricFamily } from "./exposition.ts";

/** What every program tells of itself, under the names that are usual. */
export class ProcessMetrics {
  /** Seconds since 1970. */
  readonly #started: number;

  constructor(clock: Clock) {
    this.#started = clock.wall() / 1000 - process.uptime();
  }

  families(): MetricFamily[] {
    const { user, system } = process.cpuUsage();
    const gauge = (name: string, help: string, value: number): MetricFamily => {
      return { name, help, type: "gauge", samples: [{ value }] };
    };
    return [
      {
        name: "process_cpu_seconds_total",
        help: "CPU time spent, user and system.",
        type: "counter",
        samples: [{ value: (user + system) / 1e6 }],
      },
      gauge("process_resident_memory_bytes", "Resident memory.", process.memoryUsage.rss()),
      gauge("process_open_fds", "Open file descriptors.", countDescriptors()),
      gauge("process_start_time_seconds", "Start, in seconds since 1970.", this.#started),
    ];
  }
}

function countDescriptors(): number {
  // One of them is for reading the list.
  return readdirSync("/proc/self/fd").length - 1;
}
