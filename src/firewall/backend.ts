import type { Address } from "../base/address.ts";
import type { Clock } from "../base/clock.ts";
import type { KnockError } from "../base/errors.ts";
import type { OpenedService, Service } from "../base/service.ts";
import type { Firewall, NativeAccess } from "./firewall.ts";

/** One service that one source may use, and for how many milliseconds more. */
export interface OpenElement {
  readonly source: Address;
  readonly service: OpenedService;
  readonly milliseconds: number;
}

/** Services that are protected for a while. */
export interface RunningTrial {
  readonly services: readonly Service[];
  /** Milliseconds until the kernel ends this protection; asked for whenever rules are loaded. */
  readonly left: () => number;
}

/** Opens native doors, which the kernel closes by itself. src/base/backends.ts has what each kind can do. */
export interface NativeBackend extends Firewall<NativeAccess> {
  /** Makes again what others may have removed, except what was open. Throws FIREWALL. */
  readonly renew: () => Promise<void>;
  /** Returns what the kernel has open at this moment. Throws FIREWALL. */
  readonly listOpen: () => Promise<readonly OpenElement[]>;
  /**
   * Protects these services, those of the trial as long as it lasts, and no others. Throws FIREWALL;
   * then all stays as it was.
   */
  readonly protect?: (services: readonly Service[], trial?: RunningTrial) => Promise<void>;
  /** Returns the services that the kernel protects at this moment, also those on trial. Throws FIREWALL. */
  readonly listProtected?: () => readonly Service[];
  /** What keeps the kernel from having what it should: a sentence each. */
  readonly problems: readonly string[];
  /** Lets go, and leaves everything in the kernel as it is. May be called again. */
  readonly release: () => Promise<void>;
}

/** A backend that drops what is not open. */
export type ProtectingBackend = NativeBackend &
  Required<Pick<NativeBackend, "protect" | "listProtected">>;

/** `unknown`: the kernel lost news, perhaps of a removal. */
export type Loss = "removed" | "unknown";

export interface BackendParts {
  readonly clock: Clock;
  /** Each daemon needs a table of its own. */
  readonly table: string;
  /**
   * What the backend keeps in the kernel is whole again after this loss; open doors are to be opened again.
   * `times`: how often that happened without a rest in between.
   */
  readonly onLoss: (loss: Loss, times: number) => void;
  /** It could not be made whole for another reason than before. The backend tries again every second. */
  readonly onProblem: (problem: KnockError) => void;
}
