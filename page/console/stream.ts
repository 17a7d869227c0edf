// The console's stream of events, by fetch: an EventSource could not send the bearer.
import type { ConsoleEvent } from "../../src/cli/knockctl/console/view.ts";
import { EventText } from "./event-text.ts";

/** The console says something every 10 s: after so long it is gone. Milliseconds. */
const patience = 25_000;

/** Before another try: milliseconds. */
const pause = 2000;

export interface StreamListener {
  /** A stream has begun: it tells all from the beginning. */
  readonly onBegin: () => void;
  readonly onEvent: (event: ConsoleEvent) => void;
  /** It has ended, and is tried again. */
  readonly onAway: (status: number | undefined) => void;
}

/** Follows the console until it refuses the bearer. */
export async function follow(bearer: string, listener: StreamListener): Promise<void> {
  for (;;) {
    const status = await readOnce(bearer, listener).catch(() => undefined);
    if (status === 401) return;
    listener.onAway(status);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** Returns the status of an answer without a stream; undefined if a stream has ended. */
async function readOnce(bearer: string, listener: StreamListener): Promise<number | undefined> {
  const end = new AbortController();
  let watchdog = setTimeout(() => end.abort(), patience);
  const response = await fetch("/events", {
    headers: { Authorization: `Bearer ${bearer}` },
    signal: end.signal,
  });
  if (!response.ok || response.body === null) {
    clearTimeout(watchdog);
    return response.status;
  }
  listener.onBegin();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const text = new EventText();
  for (;;) {
    const { done, value } = await reader.read();
    clearTimeout(watchdog);
    if (done) return undefined;
    watchdog = setTimeout(() => end.abort(), patience);
    for (const event of text.push(value)) takeEvent(event, listener);
  }
}

function takeEvent(text: string, { onEvent }: StreamListener): void {
  if (text.startsWith("data: ")) onEvent(JSON.parse(text.slice("data: ".length)) as ConsoleEvent);
}
