// Requests that are meant to fail: what counts is the SYN with which they begin.
import { bracketed } from "../src/base/host.ts";
import { isBadPort } from "../src/invitation/bad-ports.ts";

/**
 * What a request met: a web server's answer; an end at once (refused, or something that is no web
 * server: a browser does not say which); or nothing.
 */
export type RequestOutcome = "answer" | "end" | "silence";

/** After this the kernel, and with it the browser, gives up a connection without an answer. */
const longest = 130_000;

/**
 * Chromium has at most six connections under way to a port: the first request makes two of them, and
 * aborting does not end them. Two kinds of requests do not share connections.
 */
const most = 10;

/** When the unanswered requests to each port began. */
const unanswered = new Map<string, readonly number[]>();

/** How many more requests to this port will go out now. */
export function room(host: string, port: number): number {
  return most - waiting(host, port).length;
}

function waiting(host: string, port: number): readonly number[] {
  const began = unanswered.get(`${host} ${port}`) ?? [];
  return began.filter((time) => performance.now() - time < longest);
}

/** Asks in two ways by turns, so that there are more connections. */
export function knockAt(host: string, port: number, time: number): Promise<RequestOutcome> {
  const odd = room(host, port) % 2 === 1;
  // A page that came over https may not send http requests ("mixed content"), but https ones begin
  // with the same SYN. They can differ in whether cookies would go with them.
  const secure = location.protocol === "https:";
  const scheme = secure || odd ? "https" : "http";
  return request(scheme, host, port, time, secure && odd ? "include" : "omit");
}

/** Asks as a link to this port would. */
export function ask(host: string, port: number, time: number): Promise<RequestOutcome> {
  const scheme = location.protocol === "https:" ? "https" : schemeOf(port);
  return request(scheme, host, port, time, "omit");
}

/** Where a service is, as a link would have it. */
export function serviceUrl(host: string, port: number): string {
  return new URL(`${schemeOf(port)}://${bracketed(host)}:${port}/`).href;
}

/** Where the service of a door by key is; `undefined` if the link names none. */
export function doorUrl({
  host,
  door,
  wait,
}: {
  readonly host: string;
  readonly door: string;
  readonly wait?: number;
}): string | undefined {
  if (wait === undefined) return undefined;
  const isSsh = wait === 22 || (/ssh/i.test(door) && !/^(?:443|80|8080|8443)$/.test(String(wait)));
  if (!isSsh) return isBadPort(wait) ? undefined : serviceUrl(host, wait);
  return `ssh://${bracketed(host)}${wait === 22 ? "" : `:${wait}`}`;
}

function schemeOf(port: number): "http" | "https" {
  return port === 443 || port === 8443 ? "https" : "http";
}

async function request(
  scheme: "http" | "https",
  host: string,
  port: number,
  time: number,
  credentials: "omit" | "include",
): Promise<RequestOutcome> {
  const began = performance.now();
  unanswered.set(`${host} ${port}`, [...waiting(host, port), began]);
  // No cache, and no other request under way, has an answer for a path that was never asked for.
  const path = crypto.getRandomValues(new Uint32Array(2)).join("-");
  let outcome: RequestOutcome = "answer";
  try {
    await fetch(`${scheme}://${bracketed(host)}:${port}/${path}`, {
      mode: "no-cors",
      cache: "no-store",
      credentials,
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(time),
    });
  } catch (error) {
    if (error instanceof DOMException) return "silence";
    outcome = "end";
  }
  const others = waiting(host, port).filter((time) => time !== began);
  unanswered.set(`${host} ${port}`, others);
  return outcome;
}
