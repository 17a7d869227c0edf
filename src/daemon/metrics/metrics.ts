import { ownerName } from "../../base/access-owner.ts";
import type { Clock } from "../../base/clock.ts";
import { daemonProblemCodes } from "../../base/status-problem.ts";
import type { Source } from "../../capture/source.ts";
import { failureOf } from "../../grant/lease.ts";
import type { LeaseManager } from "../../grant/lease-manager.ts";
import type { Matcher } from "../../match/matcher.ts";
import type { Doors } from "../doors.ts";
import type { FleetMeasures } from "../fleet/measures.ts";
import type { KeyKnocks } from "../knock/key-knocks.ts";
import { knockFormats, knockResults } from "../knock/knock-counters.ts";
import type { LogRateLimiter } from "../log/log-rate-limiter.ts";
import type { MetricFamily, Sample } from "./exposition.ts";
import { formatFamilies } from "./exposition.ts";
import { fleetFamilies } from "./fleet-metrics.ts";
import type { MeteredFirewall } from "./metered-firewall.ts";
import { actions } from "./metered-firewall.ts";
import type { PacketCounters } from "./packet-counters.ts";
import { openingResults, outcomes } from "./packet-counters.ts";
import { ProcessMetrics } from "./process-metrics.ts";

export interface MetricsParts {
  readonly version: string;
  readonly clock: Clock;
  readonly source: Source;
  readonly counters: PacketCounters;
  readonly matcher: Matcher;
  readonly leaseManager: LeaseManager;
  readonly firewall: MeteredFirewall;
  readonly rateLimiter: LogRateLimiter;
  /** Those of the configuration in force. */
  readonly doors: () => Doors;
  /** `undefined` without a fleet. */
  readonly fleet: () => FleetMeasures | undefined;
  readonly keyKnocks: Pick<KeyKnocks, "counters" | "countKeys" | "dropped" | "nextExpiry">;
  /** What is wrong at this moment, as `knockctl status` lists it. */
  readonly problems: () => readonly { readonly code: string }[];
}

/** The daemon in numbers, for Prometheus. The addresses of sources are not among them. */
export class Metrics {
  readonly #parts: MetricsParts;
  readonly #process: ProcessMetrics;

  constructor(parts: MetricsParts) {
    this.#parts = parts;
    this.#process = new ProcessMetrics(parts.clock);
  }

  /** All of them, at this moment. */
  text(): string {
    const fleet = this.#parts.fleet();
    return formatFamilies([
      this.#build(),
      ...this.#capture(),
      ...this.#knocks(),
      ...this.#keys(),
      ...this.#doors(),
      ...this.#firewall(),
      ...(fleet === undefined ? [] : fleetFamilies(fleet)),
      this.#problems(),
      counter("sesame_log_lines_left_out_total", "Log lines dropped by the limit LogRate.", [
        { value: this.#parts.rateLimiter.leftOut },
      ]),
      ...this.#process.families(),
    ]);
  }

  #build(): MetricFamily {
    const labels = { version: this.#parts.version, node: process.version };
    return gauge("sesame_build_info", "Versions of Sesame and Node.js; always 1.", [
      { labels, value: 1 },
    ]);
  }

  #capture(): MetricFamily[] {
    const { received, dropped } = this.#parts.source.counters();
    return [
      counter("sesame_capture_packets_total", "Packets that passed the kernel's filter.", [
        { value: received },
      ]),
      counter("sesame_capture_dropped_total", "Packets dropped because the ring was full.", [
        { value: dropped },
      ]),
    ];
  }

  #knocks(): MetricFamily[] {
    const { counters, matcher } = this.#parts;
    const stages = matcher.attemptsByStage.map((value, i) => ({
      labels: { stage: String(i + 1) },
      value,
    }));
    return [
      counter(
        "sesame_packets_total",
        "Packets that the daemon looked at, by verdict.",
        outcomes.map((verdict) => ({ labels: { verdict }, value: counters.packets(verdict) })),
      ),
      counter("sesame_knocks_failed_total", "Failed knocks, by reason.", [
        { labels: { reason: "wrong-port" }, value: counters.wrongPort },
        { labels: { reason: "decoy" }, value: counters.decoy },
        { labels: { reason: "late" }, value: counters.late },
      ]),
      counter("sesame_decoy_touches_total", "Packets to ports that only scanners try.", [
        { value: matcher.scans.touches },
      ]),
      counter("sesame_scanners_total", "Sources ignored for a minute as scanners.", [
        { value: matcher.scans.penalties },
      ]),
      gauge("sesame_attempts", "Knocks under way, by stage.", stages),
      counter("sesame_attempts_evicted_total", "Attempts evicted because the table was full.", [
        { value: matcher.evictedAttempts },
      ]),
      counter("sesame_internal_errors_total", "Packets that caused an internal error.", [
        { value: counters.internalErrors },
      ]),
    ];
  }

  #keys(): MetricFamily[] {
    const { counters, dropped } = this.#parts.keyKnocks;
    const keys = Object.entries(this.#parts.keyKnocks.countKeys());
    const expiry = this.#parts.keyKnocks.nextExpiry();
    return [
      counter(
        "sesame_knock_packets_total",
        "Packets to a port for knocks by key, by format and result.",
        knockFormats.flatMap((format) =>
          knockResults.map((result) => {
            return { labels: { format, result }, value: counters.packets(format, result) };
          }),
        ),
      ),
      gauge(
        "sesame_knock_keys",
        "Keys of the users file, by state.",
        keys.map(([state, value]) => ({ labels: { state }, value })),
      ),
      gauge(
        "sesame_knock_key_next_expiry_timestamp_seconds",
        "Expiry of the next live key; absent if none expires.",
        expiry === undefined ? [] : [{ value: expiry / 1000 }],
      ),
      counter(
        "sesame_knock_dropped_total",
        "Packets to a port for knocks by key that the kernel dropped.",
        [{ value: dropped }],
      ),
      {
        name: "sesame_knock_commit_duration_seconds",
        help: "Time that accepted packets waited for the disk.",
        type: "histogram",
        samples: [{ value: counters.commits }],
      },
    ];
  }

  #problems(): MetricFamily {
    const counts = new Map<string, number>(daemonProblemCodes.map((code) => [code, 0]));
    for (const { code } of this.#parts.problems()) counts.set(code, (counts.get(code) ?? 0) + 1);
    return gauge(
      "sesame_problems",
      "Present problems, by code.",
      [...counts].map(([code, value]) => ({ labels: { code }, value })),
    );
  }

  #doors(): MetricFamily[] {
    const { counters, leaseManager } = this.#parts;
    const names = this.#parts.doors().all.map(({ config }) => config.name);
    const leases = new Map(names.map((name) => [name, 0]));
    // A door that the configuration has no more may still be open.
    for (const { access } of leaseManager.leases) {
      const name = ownerName(access.owner);
      leases.set(name, (leases.get(name) ?? 0) + 1);
    }
    return [
      counter(
        "sesame_openings_total",
        "Openings by a knock, by door and result.",
        [...new Set([...names, ...counters.doors])].flatMap((door) =>
          openingResults.map((result) => {
            return { labels: { door, result }, value: counters.openings(door, result) };
          }),
        ),
      ),
      counter(
        "sesame_kernel_openings_total",
        "Openings by the kernel without the daemon, by door.",
        [...new Set([...names, ...counters.doors])].map((door) => {
          return { labels: { door }, value: counters.kernelOpenings(door) };
        }),
      ),
      gauge(
        "sesame_leases",
        "Present leases, by door.",
        [...leases].map(([door, value]) => ({ labels: { door }, value })),
      ),
      gauge("sesame_leases_not_closed", "Present leases that could not be closed.", [
        { value: leaseManager.leases.filter((lease) => failureOf(lease) !== undefined).length },
      ]),
    ];
  }

  #firewall(): MetricFamily[] {
    const { command, native } = this.#parts.firewall.meters;
    const seconds = (meters: typeof command) =>
      actions.map((action) => ({ labels: { action }, value: meters[action].seconds }));
    const results = (meters: typeof command) =>
      actions.flatMap((action) =>
        Object.entries(meters[action].outcomes).map(([result, value]) => {
          return { labels: { action, result }, value };
        }),
      );
    return [
      {
        name: "sesame_command_duration_seconds",
        help: "Duration of commands.",
        type: "histogram",
        samples: seconds(command),
      },
      counter("sesame_commands_total", "Commands, by result.", results(command)),
      {
        name: "sesame_firewall_duration_seconds",
        help: "Duration of opening or closing a native door.",
        type: "histogram",
        samples: seconds(native),
      },
      counter(
        "sesame_firewall_calls_total",
        "Calls to open or close a native door, by result.",
        results(native),
      ),
    ];
  }
}

function counter(name: string, help: string, samples: readonly Sample<number>[]): MetricFamily {
  return { name, help, type: "counter", samples };
}

function gauge(name: string, help: string, samples: readonly Sample<number>[]): MetricFamily {
  return { name, help, type: "gauge", samples };
}
