import { humanDuration } from "../base/duration.ts";
import { KnockError } from "../base/errors.ts";
import { isRouted } from "../base/service.ts";
import { tcpFlags } from "../base/tcp-flags.ts";
import { printable } from "../base/text.ts";
import type { DoorConfig } from "../config/config.ts";
import { isBadPort } from "./bad-ports.ts";
import { duration, fitPace, shortestPace } from "./pace.ts";
import type { PageProfile } from "./profile.ts";
import { readName } from "./profile.ts";

/** An invitation to knock at a door with a browser. */
export interface Invitation {
  readonly profile: PageProfile;
  /** What may not work. */
  readonly warnings: readonly string[];
}

/** The flags of the first packet of a browser's connection. */
const syn = tcpFlags.SYN;

/** Returns an invitation. Throws SYSTEM if browsers cannot knock at the door. `service`: the port to try, instead of one that the door opens. */
export function invitationTo(door: DoorConfig, host: string, service?: number): Invitation {
  const ports = readSteps(door);
  const opened = service ?? findService(door);
  const pace = fitPace(ports.length, door.timeout);
  const profile = {
    name: readName(door.name),
    host,
    ports,
    ...(opened !== undefined && { service: opened }),
    ...(typeof pace === "number" && { pace }),
    ...(pace === "too-slow" && { pace: shortestPace }),
  };
  return { profile, warnings: findWarnings(door, ports, pace === "too-slow") };
}

function readSteps({ name, sequence, flags }: DoorConfig): number[] {
  if (sequence.kind === "one-time") {
    refuse(name, "it has one-time sequences", "a page knows one sequence only");
  }
  if (sequence.kind === "none") {
    refuse(name, "keys alone open it", "a page knows sequences only");
  }
  const { steps } = sequence;
  const udp = steps.filter(({ protocol }) => protocol === "udp").map(({ number }) => number);
  if (udp.length > 0) {
    refuse(name, `it has UDP steps (${udp.join(", ")})`, "browsers cannot send plain datagrams");
  }
  if ((syn & flags.mask) !== flags.value) {
    refuse(name, "its tcpflags want other packets than SYN", "tcpflags = syn lets browsers knock");
  }
  return steps.map(({ number }) => number);
}

function refuse(name: string, why: string, hint: string): never {
  const message = `no browser can knock at "${printable(name)}": ${why}`;
  throw new KnockError("SYSTEM", message, { hints: [hint] });
}

/** Returns a TCP port of this host that a native door opens, if possible one that browsers do not refuse. */
function findService({ action }: DoorConfig): number | undefined {
  const services = action.kind === "native" ? action.services : [];
  const own = services.filter((one) => !isRouted(one));
  const ports = own.flatMap((one) => (one.protocol === "tcp" ? [one.port] : []));
  return ports.find((port) => !isBadPort(port)) ?? ports[0];
}

function findWarnings(door: DoorConfig, ports: readonly number[], tooSlow: boolean): string[] {
  const warnings: string[] = [];
  const bad = [...new Set(ports.filter(isBadPort))];
  if (bad.length > 0) {
    const list = bad.join(", ");
    warnings.push(`browsers refuse port ${list}: the page will not work; choose other ports`);
  }
  if (tooSlow) {
    const least = humanDuration(duration(ports.length, shortestPace));
    const most = humanDuration(door.timeout);
    warnings.push(
      `seq_timeout is ${most}, but a browser takes at least ${least} for ${ports.length} steps: the page is likely to fail; allow more time`,
    );
  }
  return warnings;
}
