import type { FleetOpening, LeaseHistory } from "./lease-history.ts";
import type { FleetTime } from "./stamp.ts";
import type { FleetSubject, HolderSubject } from "./subject.ts";

/** What is known of a subject, and until when it must be. */
export interface FleetKnowledge {
  readonly subject: FleetSubject;
  readonly history: LeaseHistory;
  /** When it has no more effect, and may be dropped. */
  readonly until: FleetTime;
  /** The gateway that told the last news of it. */
  readonly origin: string;
}

/** A holder for whom a door is open. */
export interface LivingHolder {
  readonly holder: HolderSubject;
  /** The one that ends last. */
  readonly opening: FleetOpening;
  readonly origin: string;
}

/** What a batch of news changed for one holder. */
export interface HolderChange {
  readonly holder: HolderSubject;
  /** The living opening that ends last, or undefined if none lives. */
  readonly before: FleetOpening | undefined;
  readonly after: FleetOpening | undefined;
  /** The gateway that told the last news of it. */
  readonly origin: string;
}
