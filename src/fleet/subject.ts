import type { Address } from "../base/address.ts";

/**
 * One holder of a lease: the `nth` door of this name, the source that it is open to, and for whom, as
 * `Access.who` says; empty for a sequence and for what the kernel opened.
 */
export interface HolderSubject {
  readonly kind: "holder";
  readonly door: string;
  readonly nth: number;
  readonly source: Address;
  readonly who: string;
}

/** What a closing closes that is wider than one holder. A door is all doors of its name. */
export type ClosingScope =
  | { readonly kind: "door-source"; readonly door: string; readonly source: Address }
  | { readonly kind: "door"; readonly door: string }
  | { readonly kind: "source"; readonly source: Address }
  | { readonly kind: "who"; readonly who: string }
  | { readonly kind: "all" };

/** What a record of the fleet is about. */
export type FleetSubject = HolderSubject | ClosingScope;

/** Returns a text that no other subject shares. No part of a subject has a NUL character. */
export function keyOfSubject(subject: FleetSubject): string {
  return partsOf(subject).join("\0");
}

/** Returns the scopes that contain a holder. */
export function scopesOf({ door, source, who }: HolderSubject): ClosingScope[] {
  return [
    { kind: "door-source", door, source },
    { kind: "door", door },
    { kind: "source", source },
    ...(who === "" ? [] : [{ kind: "who", who } as const]),
    { kind: "all" },
  ];
}

/** Returns whether a closing of this scope closes a holder. */
export function isInScope(scope: ClosingScope, holder: HolderSubject): boolean {
  switch (scope.kind) {
    case "door-source":
      return scope.door === holder.door && scope.source.equals(holder.source);
    case "door":
      return scope.door === holder.door;
    case "source":
      return scope.source.equals(holder.source);
    case "who":
      return scope.who === holder.who;
    case "all":
      return true;
  }
}

function partsOf(subject: FleetSubject): readonly (string | number | Address)[] {
  switch (subject.kind) {
    case "holder":
      return ["lease", subject.door, subject.nth, subject.source, subject.who];
    case "door-source":
      return ["door-source", subject.door, subject.source];
    case "door":
      return ["door", subject.door];
    case "source":
      return ["source", subject.source];
    case "who":
      return ["who", subject.who];
    case "all":
      return ["all"];
  }
}
