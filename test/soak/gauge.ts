import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Folder } from "../live/knockd.ts";
import type { Process } from "../live/process.ts";

/** What a daemon holds at one moment. Memory is in bytes. */
export interface Reading {
  /** Milliseconds since the daemon was started. */
  readonly time: number;
  /** What V8's objects take after a garbage collection, and what hangs on them outside its heap. */
  readonly heap: number;
  readonly external: number;
  readonly resident: number;
  /** What keeps its event loop alive, by kind, timers among it: how many. */
  readonly resources: Readonly<Record<string, number>>;
  /** Open files, by what they are: how many. */
  readonly descriptors: Readonly<Record<string, number>>;
  readonly threads: number;
  /** Its children, zombies among them, each with its state and name. */
  readonly children: readonly string[];
}

interface GaugeReport {
  readonly memory: NodeJS.MemoryUsage;
  readonly resources: readonly string[];
}

/** Reads what a daemon holds that was started with `argv` and `env` around its command line. */
export class Gauge {
  readonly argv: readonly string[] = [
    "--expose-gc",
    "--import",
    join(import.meta.dirname, "report-memory.mjs"),
  ];
  readonly env: Readonly<Record<string, string>>;
  readonly readings: Reading[] = [];
  readonly #folder = new Folder();
  readonly #start = performance.now();
  #reports = 0;

  constructor() {
    this.env = { SOAK_REPORT: this.#folder.at("memory") };
  }

  /** Takes a reading and keeps it. Fails if the daemon is stuck for ten seconds. */
  async read(daemon: Process): Promise<Reading> {
    const { memory, resources } = await this.#report(daemon);
    const { pid } = daemon;
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const field = (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]);
    const reading: Reading = {
      time: performance.now() - this.#start,
      heap: memory.heapUsed,
      external: memory.external,
      resident: field("VmRSS") * 1024,
      resources: count(resources),
      descriptors: count(descriptors(pid)),
      threads: field("Threads"),
      children: children(pid),
    };
    this.readings.push(reading);
    return reading;
  }

  /** Asks each second: without a free descriptor there is no answer. */
  async #report(daemon: Process): Promise<GaugeReport> {
    for (let waited = 0; waited < 10_000; waited += 20) {
      if (waited % 1_000 === 0) daemon.signal("SIGUSR2");
      const lines = this.#folder.read("memory").split("\n").slice(0, -1);
      const line = lines.at(-1);
      if (lines.length > this.#reports && line !== undefined) {
        this.#reports = lines.length;
        return JSON.parse(line);
      }
      await sleep(20);
    }
    throw new Error("the daemon does not answer: it is stuck, or gone");
  }
}

function count(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words.toSorted()) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

/** What each descriptor is, without what tells those of one kind apart. */
function descriptors(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      const what = readlinkSync(`/proc/${pid}/fd/${fd}`);
      return [basename(what).replace(/(\.start)-\d+$|:\[\d+\]$/, "$1")];
    } catch {
      return []; // It was closed since.
    }
  });
}

function children(pid: number): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        const [, what, state, parent] = /\((.*)\) (\S) (\d+)/s.exec(stat) ?? [];
        return Number(parent) === pid ? [`${state} ${what}`] : [];
      } catch {
        return []; // It has ended since.
      }
    });
}
