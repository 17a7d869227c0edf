import type { RequestOptions } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { reason } from "../../base/errors.ts";

/** How long one attempt may take: milliseconds. */
const usualTimeout = 10_000;

/** Pauses before the next attempts: milliseconds. */
const usualPauses: readonly number[] = [2_000, 10_000, 60_000];

export interface WebhookOptions {
  readonly timeout?: number;
  readonly pauses?: readonly number[];
  /** Ends all attempts. */
  readonly signal: AbortSignal;
}

/** `problem`: why a server did not take it. `mayRetry`: another attempt may succeed. */
type PostResult = { readonly problem: string; readonly mayRetry: boolean } | undefined;

/**
 * Sends a JSON text to a web server, again where the server is away or busy. Returns what is wrong after
 * the last attempt; undefined: the server took it. Follows no redirection.
 */
export async function postWebhook(
  url: string,
  body: string,
  { timeout = usualTimeout, pauses = usualPauses, signal }: WebhookOptions,
): Promise<string | undefined> {
  for (let attempt = 0; ; attempt++) {
    const answer = await post(url, body, AbortSignal.any([signal, AbortSignal.timeout(timeout)]));
    const pause = pauses[attempt];
    if (answer === undefined) return undefined;
    if (!answer.mayRetry || pause === undefined || signal.aborted) return answer.problem;
    await sleep(pause, undefined, { signal, ref: false }).catch(() => {});
  }
}

async function post(url: string, body: string, signal: AbortSignal): Promise<PostResult> {
  const isSecure = url.startsWith("https:");
  const { request } = isSecure ? await import("node:https") : await import("node:http");
  const headers = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "user-agent": "sesame-knock",
  };
  const options: RequestOptions = { method: "POST", headers, agent: false, signal };
  return await new Promise((resolve) => {
    const sent = request(url, options, (response) => {
      const { statusCode = 0 } = response;
      response.destroy();
      resolve(judge(statusCode));
    });
    sent.on("error", (error) => {
      const problem = signal.aborted ? "no answer in time" : reason(error);
      resolve({ problem, mayRetry: true });
    });
    sent.end(body);
  });
}

/** RFC 9110 §15: 408 and 429 ask to try again, as all that is wrong with the server does. */
function judge(status: number): PostResult {
  if (status >= 200 && status < 300) return undefined;
  const mayRetry = status >= 500 || status === 408 || status === 429;
  return { problem: `the server answered with status ${status}`, mayRetry };
}
