// What each part of the page knows of the whole.
import type { ConsoleLease, ConsoleSections } from "../../src/cli/knockctl/console/view.ts";
import type { PageDialog, Say } from "./dialog.ts";
import type { ServerText } from "./server-text.ts";

export interface PageContext {
  /** For dates and numbers, such as `en-GB`. */
  readonly locale: string;
  readonly say: Say;
  /** What the daemon or the console says. */
  readonly sayServer: (text: string) => ServerText;
  /** A length of time, in milliseconds. */
  readonly sayTime: (milliseconds: number) => string;
  /** The clock of the console's host: milliseconds since 1970. */
  readonly now: () => number;
  readonly dialog: PageDialog;
  readonly readOnly: () => boolean;
  readonly sections: () => Partial<ConsoleSections>;
  readonly leases: () => ReadonlyMap<string, ConsoleLease>;
  /** Carries out an action. Throws ConsoleError. */
  readonly act: (action: object) => Promise<unknown>;
  /** Shows what came of something. */
  readonly report: (text: string) => void;
}

/** Returns a request of the control socket, which the console passes on. */
export function request(method: string, params: object): object {
  return { id: 1, method, ...params };
}
