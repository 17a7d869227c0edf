import type { EntryListener } from "../base/log.ts";
import type { Method, Params, Result } from "./methods.ts";

type Promised<T> = T | Promise<T>;

/**
 * What the daemon does for an administrator: one function a method, called with parameters that are
 * checked.
 *
 * - Each may take its time; meanwhile others are called.
 * - What cannot be done is thrown as a KnockError, whose code, message and hints the administrator
 *   sees: USAGE for a door or lease that is not there.
 * - `close` is fulfilled when what closes has run, `open` and `extend` when the lease is what they say.
 *   A door that is open already is opened once more: its lease is extended.
 * - `close` closes nothing and succeeds when nothing is open; a door that does not exist is an error.
 * - `reload` is never rejected for what is in the file: it says what is wrong with it.
 * - `protect` and `unprotect` may be repeated. What `guard` protects is as before when its time is
 *   over, whether this process lives or not, unless `confirm` came. A second `guard` takes the place of
 *   the first. `confirm` throws USAGE unless a new connection of another host, whose address has knocked
 *   since the trial began, proves the way in; what that does not prove stays on trial.
 */
export interface ControlHandlers extends MethodHandlers {
  /**
   * Hands every log entry from now on to `listener`, with its date, in order. The returned function, which may be called twice, ends that. A listener never throws.
   */
  readonly watch: (listener: EntryListener) => () => void;
}

export type MethodHandlers = {
  readonly [M in Method]: (params: Params<M>) => Promised<Result<M>>;
};
