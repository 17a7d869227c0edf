import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../base/clock.ts";
import type { Sequence } from "../base/sequence.ts";
import type { Service } from "../base/service.ts";
import { formatService } from "../base/service.ts";
import type { ControlClient } from "../control/client.ts";
import { complaint, runProgram } from "../system/run-program.ts";
import type { Visitor } from "./probe-host.ts";
import { knockInSecret } from "./secret-knock.ts";

/** A door that a stranger shall open. */
export interface ProbeTarget {
  readonly door: string;
  readonly sequence: Sequence;
  readonly service: Service;
  /** The name of our table in nftables. */
  readonly table: string;
}

/** What a stranger sees of a service; `unknown`: it is of UDP, or could not be looked at. */
type Sight = "open" | "refused" | "silent" | "unknown";

/** What came of a knock. */
export interface Proof {
  readonly before: Sight;
  /** knockd opened the door. */
  readonly leased: boolean;
  /** Why nobody could knock at it. */
  readonly obstacle?: string;
  /** The kernel knows of it. */
  readonly inKernel: boolean;
  readonly after: Sight;
}

/** knockd reads the addresses of this machine again at most once a second: a knock at a new one may be lost. */
const attempts = 3;
const pause = 1_100;

/** Milliseconds in which a lease should follow a knock. */
const patience = 2_000;

/**
 * Knocks at a door as a stranger, and looks what comes of it. The door is shut again afterwards. Throws
 * SYSTEM if the daemon cannot be asked.
 */
export async function prove(
  daemon: ControlClient,
  visitor: Visitor,
  trial: ProbeTarget,
  signal: AbortSignal,
): Promise<Proof> {
  const before = await look(visitor, trial.service);
  try {
    const knocked = await knock(daemon, visitor, trial, signal);
    const inKernel = knocked.leased && (await hasElement(visitor, trial));
    return { before, ...knocked, inKernel, after: await look(visitor, trial.service) };
  } finally {
    await daemon.ask("close", { address: visitor.address });
  }
}

/** Why a door is none to rely on; undefined if it is. `shut`: its service is protected. */
export function doubt(
  { before, leased, obstacle, inKernel, after }: Proof,
  shut: boolean,
): string | undefined {
  if (obstacle !== undefined) return `knock failed: ${obstacle}`;
  if (!leased) return "knockd did not open it";
  if (!inKernel) return "knockd opened it, but the kernel does not know of that";
  if (shut && (before === "open" || before === "refused"))
    return "the service can be reached without a knock";
  if (after === "silent") {
    const other = "something else drops the service, also for those who knocked";
    return shut ? "the service cannot be reached after the knock" : other;
  }
  return undefined;
}

async function knock(
  daemon: ControlClient,
  visitor: Visitor,
  { door, sequence }: ProbeTarget,
  signal: AbortSignal,
): Promise<Pick<Proof, "leased" | "obstacle">> {
  for (let i = 0; i < attempts; i++) {
    if (i > 0) await sleep(pause, undefined, { signal });
    const ended = await knockInSecret(visitor, sequence);
    if (ended.code !== 0) return { leased: false, obstacle: complaint(ended) };
    const until = systemClock.now() + patience;
    while (systemClock.now() < until) {
      const leases = await daemon.ask("leases", {});
      const isOpen = leases.some((one) => one.door === door && one.source.equals(visitor.address));
      if (isOpen) return { leased: true };
      await sleep(50, undefined, { signal });
    }
  }
  return { leased: false };
}

/** Asks the kernel itself, by numbers: names of protocols are not everywhere. */
async function hasElement({ address }: Visitor, { table, service }: ProbeTarget): Promise<boolean> {
  const key =
    service.protocol === "icmp" ? "1 . 2048" : `${numbers[service.protocol]} . ${service.port}`;
  const element = `{ ${address} . ${key} }`;
  return (await runProgram(["nft", "get", "element", "inet", table, "open4", element])).code === 0;
}

const numbers = { tcp: 6, udp: 17 } as const;

async function look(visitor: Visitor, service: Service): Promise<Sight> {
  if (service.protocol === "udp") return "unknown";
  if (service.protocol === "icmp") {
    const { code } = await visitor.run(["ping", "-c", "1", "-W", "1", visitor.host]);
    return code === 0 ? "open" : code === 1 ? "silent" : "unknown";
  }
  // Each connection is a new one; bash is on every Debian.
  const connect = `exec 3<>/dev/tcp/${visitor.host}/${service.port}`;
  const { code, stderr } = await visitor.run(["bash", "-c", connect], { timeout: 1_500 });
  if (code === 0) return "open";
  if (code === 124) return "silent";
  return /refused/i.test(stderr) ? "refused" : "unknown";
}

/** A line for people. */
export function formatProof({ door, service }: ProbeTarget, { before, after }: Proof): string {
  const name = formatService(service);
  const sight = {
    open: `${name} answers`,
    refused: `nothing listens on ${name}`,
    silent: `${name} is silent`,
    unknown: `${name} was not tried`,
  };
  const change = before === after ? sight[after] : `${sight[before]} before, ${sight[after]} after`;
  return `a knock from a network namespace opened [${door}] (${change})`;
}
