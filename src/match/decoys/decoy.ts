import type { Port, PortKey, PortRange } from "../../base/port.ts";
import { defaultLocalPorts, portKey } from "../../base/port.ts";
import type { Sequence } from "../../base/sequence.ts";

/** A port that is watched only to catch scanners: no door uses it, so no client knocks there. */
export interface Decoy extends Port {
  /** The system takes such ports for its own connections: a packet with ACK may be an answer. */
  readonly local: boolean;
}

/** A door that needs decoys. */
export interface DecoyRequest {
  readonly sequence: Sequence;
  /** The most decoys that it gets. */
  readonly decoys: number;
}

/** What limits the choice of decoys on a host. */
export interface HostPorts {
  /** Ports on which something listens, that are forwarded, or that a door opens. */
  readonly taken: ReadonlySet<PortKey>;
  /** The ports that the system takes for its own connections. */
  readonly local: PortRange;
}

/** A host of which nothing is known. */
export const unknownHost: HostPorts = { taken: new Set(), local: defaultLocalPorts };

/** A source that touches this many different decoys within this time is a scanner: milliseconds. */
export const mostTouches = 3;
export const touchWindow = 60_000;

/** How far from a port of a door its neighbours may be. */
const reach = 12;

/** Returns the ports on one side of a port, the nearest first. */
export function neighbours({ number, protocol }: Port, direction: number): Port[] {
  const length = Math.min(reach, direction < 0 ? number - 1 : 65535 - number);
  return Array.from({ length }, (_, i) => ({ number: number + direction * (i + 1), protocol }));
}

export function keyOf({ number, protocol }: Port): PortKey {
  return portKey(number, protocol);
}
