/** What a client may take of the daemon. Times are milliseconds. */
export interface Limits {
  /** Clients at once. */
  readonly connections: number;
  /** Bytes of a request. */
  readonly request: number;
  /** Requests of one client that are not answered yet, watches included. */
  readonly inFlight: number;
  /**
   * Bytes that wait for a client to read them; events beyond it are dropped, requests wait. More than
   * the 16 KiB from which on Node says when they have gone.
   */
  readonly backlog: number;
  /** From the first byte of a request to its last. */
  readonly requestTime: number;
  /** How long a client may have nothing to say. */
  readonly idleTime: number;
  /** How long the last words to a client that has finished, or must go, may take. */
  readonly farewellTime: number;
}

export const defaultLimits: Limits = {
  connections: 32,
  request: 65_536,
  inFlight: 8,
  backlog: 262_144,
  requestTime: 10_000,
  idleTime: 300_000,
  farewellTime: 10_000,
};
