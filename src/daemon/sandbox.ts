import type { Address } from "../base/address.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { MemorySource } from "../capture/memory.ts";
import type { IsLocalSource } from "../decode/martian.ts";
import type { Firewall } from "../firewall/firewall.ts";
import { LeaseManager } from "../grant/lease-manager.ts";
import { Ledger } from "../grant/ledger.ts";
import { Matcher } from "../match/matcher.ts";
import type { Doors } from "./doors.ts";
import { PacketCounters } from "./metrics/packet-counters.ts";
import { Pipeline } from "./pipeline.ts";

export interface SandboxOptions {
  readonly doors: Doors;
  readonly firewall: Firewall;
  readonly clock: Clock;
  readonly log: Log;
  readonly maxAttempts: number;
  /** Is this an address of the host that the packets are for? */
  readonly isOurs: (address: Address) => boolean;
  /** These two as in `PipelineParts`. */
  readonly isLocalSource: IsLocalSource;
  readonly debug: boolean;
}

/** A pipeline beside the daemon's own: packets are handed in, and no disk knows what it opens. */
export interface SandboxPipeline {
  readonly matcher: Matcher;
  readonly leaseManager: LeaseManager;
  readonly pipeline: Pipeline<MemorySource>;
}

/** Puts one together; it watches the doors at once. */
export function createSandbox(options: SandboxOptions): SandboxPipeline {
  const { doors, firewall, clock, log, maxAttempts, isOurs, isLocalSource, debug } = options;
  const matcher = new Matcher({ maxAttempts, isOurs });
  const leaseManager = new LeaseManager({
    firewall,
    clock,
    log,
    ledger: new Ledger(),
    journal: undefined,
    locks: undefined,
    maxCommands: Number.POSITIVE_INFINITY,
    refuseWithoutJournal: false,
  });
  const pipeline = new Pipeline({
    openSource: (sink) => new MemorySource(sink),
    matcher,
    leaseManager,
    log,
    clock,
    rateLimiter: undefined,
    counters: new PacketCounters(),
    isLocalSource,
    onlyIpv4: false,
    debug,
  });
  pipeline.watch(doors);
  return { matcher, leaseManager, pipeline };
}
