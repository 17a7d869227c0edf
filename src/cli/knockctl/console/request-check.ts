// Which requests are those of the console's own page. Pure.

/** Headers that say where a request comes from. */
export interface RequestOrigin {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site` (W3C Fetch Metadata). */
  readonly site: string | undefined;
}

/**
 * The names of a console, with any port: ssh -L gives it another. A page that reaches it by a name of its own (DNS
 * rebinding) says that name.
 */
const ownHost = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/;

/** Returns why a request for a file is refused; undefined: it is not. */
export function refuseHost({ host }: RequestOrigin): string | undefined {
  if (host !== undefined && ownHost.test(host)) return undefined;
  return "the console answers to localhost, 127.0.0.1 and [::1]";
}

/** Returns why a request that reads or changes something is refused; undefined: it is not. */
export function refuseRequest(request: RequestOrigin): string | undefined {
  const { host, origin, site } = request;
  const refused = refuseHost(request);
  if (refused !== undefined) return refused;
  const isOwnOrigin = origin === undefined || origin === `http://${host}`;
  const isOwnSite = site === undefined || site === "same-origin";
  return isOwnOrigin && isOwnSite ? undefined : "the console answers its own page alone";
}
