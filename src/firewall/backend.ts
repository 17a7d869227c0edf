import type { Address } from "../base/address.ts";
import type { Clock } from "../base/clock.ts";
import type { KnockError } from "../base/errors.ts";
import type { OpenedService, Service } from "../base/service.ts";
import type { ServicesBehind } from "./behind.ts";
import type { Firewall, NativeAccess } from "./firewall.ts";
import type { KernelDoors } from "./nftables/kernel-doors.ts";

/** One service that one source may use, and for how many milliseconds more. */
export interface OpenElement {
  readonly source: Address;
  readonly service: OpenedService;
  readonly milliseconds: number;
}

/** A door that the kernel has opened by itself for a source. */
export interface KnockedDoor {
  /** Which door that opens what, as of `doorKey`. */
  readonly door: string;
  readonly source: Address;
  /** How much longer it is open: milliseconds. */
  readonly milliseconds: number;
  /** How long it was open for when its time began last: milliseconds. */
  readonly length: number;
}

/** What the kernel opened by itself: all, or of one door, or for one source. */
export type KnockedDoors = Partial<Pick<KnockedDoor, "door" | "source">>;

/** Reads and changes what the kernel wrote by itself. Each throws FIREWALL. */
export interface KnockedControl {
  /** Returns what is open at this moment. */
  readonly list: () => readonly KnockedDoor[];
  /** Closes these, and nothing that this program opened. */
  readonly closeAll: (which: KnockedDoors) => void;
  /** Forgets which decoys a source, or each, has touched. */
  readonly forgive: (source: Address | undefined) => void;
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
  /** What the kernel opened by itself, without this program, where it can. Throws FIREWALL. */
  readonly knocked?: KnockedControl;
  /**
   * Protects these services, those of the trial as long as it lasts, and no others. Throws FIREWALL;
   * then all stays as it was.
   */
  readonly protect?: (services: readonly Service[], trial?: RunningTrial) => Promise<void>;
  /** Returns the services that the kernel protects at this moment, also those on trial. Throws FIREWALL. */
  readonly listProtected?: () => readonly Service[];
  /**
   * For a day, keeps connections of a source to hosts behind this one from going on that conntrack does not know, and
   * flows of UDP to protected services from going on while these are not open, whatever conntrack knows. `undefined`
   * stands for all services. Throws FIREWALL.
   */
  readonly cut?: (source: Address, services: readonly Service[] | undefined) => void;
  /** What keeps the kernel from having what it should: a sentence each. */
  readonly problems: readonly string[];
  /** Lets go, and leaves everything in the kernel as it is. May be called again. */
  readonly release: () => Promise<void>;
}

/** A backend that drops what is not open. */
export type ProtectingBackend = NativeBackend &
  Required<Pick<NativeBackend, "protect" | "listProtected">>;

/** What became of the doors that the kernel is to open by itself. */
export interface KernelDoorsResult {
  /** The kernel opens doors: not where there are none, or nothing is protected. */
  readonly areLoaded: boolean;
  /** Why the kernel or nft refused the best rules. */
  readonly refusal: KnockError | undefined;
  /** What an earlier process had left open by doors that these are not, and is closed now. */
  readonly closed: readonly KnockedDoor[];
}

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
  /** Returns what doors open on hosts behind this one; asked for whenever rules are loaded. */
  readonly behind: () => ServicesBehind;
  /** Returns the doors that the kernel is to open by itself, where it can; asked for whenever rules are loaded. */
  readonly kernelDoors: () => KernelDoors | undefined;
  /** Called whenever rules were loaded. */
  readonly onKernelDoors: (result: KernelDoorsResult) => void;
  /** It could not be made whole for another reason than before. The backend tries again every second. */
  readonly onProblem: (problem: KnockError) => void;
}
