// What the page asks of the console beside the stream.

/** What went wrong, as the console says it. */
export class ConsoleError extends Error {
  readonly hints: readonly string[];
  readonly status: number;

  constructor(status: number, message: string, hints: readonly string[]) {
    super(message);
    this.status = status;
    this.hints = hints;
  }
}

/** A page's right to use the console. */
export interface ConsoleSession {
  readonly bearer: string;
  readonly readOnly: boolean;
}

const place = "console";

/**
 * Returns the session of this tab: by the token in the address, which is taken out of it, or as it was. An address
 * that was used, perhaps by this tab, ends no session. Throws ConsoleError.
 */
export async function openSession(): Promise<ConsoleSession | undefined> {
  const token = location.hash.slice(1);
  const known = knownSession();
  if (token === "") return known;
  // Before anything else: the address stands in the history of the browser.
  history.replaceState(null, "", location.pathname);
  try {
    const session = (await post("/session", token)) as ConsoleSession;
    sessionStorage.setItem(place, JSON.stringify(session));
    return session;
  } catch (error) {
    if (known !== undefined && error instanceof ConsoleError && error.status === 401) return known;
    throw error;
  }
}

function knownSession(): ConsoleSession | undefined {
  const known = sessionStorage.getItem(place);
  return known === null ? undefined : (JSON.parse(known) as ConsoleSession);
}

export function forgetSession(): void {
  sessionStorage.removeItem(place);
}

/** Carries out an action. Throws ConsoleError. */
export async function act({ bearer }: ConsoleSession, action: object): Promise<unknown> {
  const { result } = (await post("/actions", action, bearer)) as { readonly result: unknown };
  return result;
}

async function post(path: string, body: unknown, bearer?: string): Promise<unknown> {
  const response = await fetch(path, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      ...(bearer !== undefined && { Authorization: `Bearer ${bearer}` }),
    },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as {
    readonly error?: { readonly message: string; readonly hints: readonly string[] };
  };
  if (response.ok) return answer;
  const { message = response.statusText, hints = [] } = answer.error ?? {};
  throw new ConsoleError(response.status, message, hints);
}
