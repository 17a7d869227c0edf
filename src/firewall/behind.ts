import type { ForwardedService, RoutedService } from "../base/service.ts";

/** A port that is forwarded. */
export interface Forward extends ForwardedService {
  /** The target sees the address of this host as the source. */
  readonly isMasqueraded: boolean;
}

/** What doors open on hosts behind this one. */
export interface ServicesBehind {
  /** The interfaces on which sources need an open door; `undefined` means all. */
  readonly interfaces: readonly string[] | undefined;
  readonly routed: readonly RoutedService[];
  readonly forwards: readonly Forward[];
}

export const nothingBehind: ServicesBehind = { interfaces: undefined, routed: [], forwards: [] };
