import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../base/clock.ts";
import type { Service } from "../base/service.ts";
import type { Settings } from "../client/profile.ts";
import type { ControlClient } from "../control/client.ts";
import { complaint } from "../system/run-program.ts";
import type { ProbeHost } from "./probe-host.ts";
import { knockInSecret } from "./secret-knock.ts";

/** A door to knock at, and the service that it opens. */
export interface ProbeTarget {
  readonly door: string;
  readonly knock: Settings;
  readonly service: Service;
}

/** How a service answers; `unknown`: it is a UDP service, or the test failed. */
type Reachability = "open" | "refused" | "silent" | "unknown";

/** The result of a knock from the probe host. */
export interface Proof {
  readonly before: Reachability;
  /** Whether knockd opened the door. */
  readonly leased: boolean;
  /** Why the knock could not be sent. */
  readonly obstacle?: string;
  /** Whether the kernel lets the probe host in, as far as knockd says. */
  readonly inKernel: boolean;
  readonly after: Reachability;
}

/** knockd reads the addresses of this machine at most once a second: a knock at a new one may be lost. */
const attempts = 3;
const pause = 1_100;

/** Milliseconds in which a lease must follow a knock. */
const leaseTimeout = 2_000;

/** Knocks at a door, tries its service before and after, and closes the door again. Throws SYSTEM if the daemon cannot be asked. */
export async function probeDoor(
  daemon: ControlClient,
  probeHost: ProbeHost,
  target: ProbeTarget,
  signal: AbortSignal,
): Promise<Proof> {
  const before = await tryService(probeHost, target.service);
  try {
    const knocked = await knock(daemon, probeHost, target, signal);
    return { before, ...knocked, after: await tryService(probeHost, target.service) };
  } finally {
    await daemon.ask("close", { address: probeHost.address });
  }
}

/** Returns why a door is not reliable, or `undefined` if it is. `isProtected`: its service must be closed before. */
export function findProblem(
  { before, leased, obstacle, inKernel, after }: Proof,
  isProtected: boolean,
): string | undefined {
  if (obstacle !== undefined) return `knock failed: ${obstacle}`;
  if (!leased) return "knockd did not open it";
  if (!inKernel) return "knockd opened it, but the kernel does not know of that";
  if (isProtected && (before === "open" || before === "refused"))
    return "the service can be reached without a knock";
  if (after === "silent") {
    const other = "something else drops the service, also after a knock";
    return isProtected ? "the service cannot be reached after the knock" : other;
  }
  return undefined;
}

async function knock(
  daemon: ControlClient,
  probeHost: ProbeHost,
  { door, knock: how }: ProbeTarget,
  signal: AbortSignal,
): Promise<Omit<Proof, "before" | "after">> {
  for (let i = 0; i < attempts; i++) {
    if (i > 0) await sleep(pause, undefined, { signal });
    const result = await knockInSecret(probeHost, how);
    if (result.code !== 0) return { leased: false, inKernel: false, obstacle: complaint(result) };
    let leased = false;
    const until = systemClock.now() + leaseTimeout;
    while (systemClock.now() < until) {
      const leases = await daemon.ask("leases", {});
      const lease = leases.find((one) => one.door === door && one.source.equals(probeHost.address));
      leased = lease !== undefined;
      // A knockd of an earlier version does not say.
      if (lease !== undefined && lease.inKernel !== false) return { leased, inKernel: true };
      await sleep(50, undefined, { signal });
    }
    if (leased) return { leased, inKernel: false };
  }
  return { leased: false, inKernel: false };
}

async function tryService(probeHost: ProbeHost, service: Service): Promise<Reachability> {
  if (service.protocol === "udp") return "unknown";
  if (service.protocol === "icmp") {
    const { code } = await probeHost.run(["ping", "-c", "1", "-W", "1", probeHost.host]);
    return code === 0 ? "open" : code === 1 ? "silent" : "unknown";
  }
  // Each connection is a new one; bash is on every Debian.
  const connect = `exec 3<>/dev/tcp/${probeHost.host}/${service.port}`;
  const { code, stderr } = await probeHost.run(["bash", "-c", connect], { timeout: 1_500 });
  if (code === 0) return "open";
  if (code === 124) return "silent";
  return /refused/i.test(stderr) ? "refused" : "unknown";
}
