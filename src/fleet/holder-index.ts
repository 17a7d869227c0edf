import type { ClosingScope, HolderSubject } from "./subject.ts";
import { isInScope, keyOfSubject } from "./subject.ts";

/** Holders, found by the scopes that contain them. */
export class HolderIndex {
  readonly #all = new Map<string, HolderSubject>();
  readonly #groups = new Map<string, Map<string, HolderSubject>>();

  get size(): number {
    return this.#all.size;
  }

  add(holder: HolderSubject): void {
    const key = keyOfSubject(holder);
    this.#all.set(key, holder);
    for (const name of groupsOf(holder)) {
      const group = this.#groups.get(name);
      if (group === undefined) this.#groups.set(name, new Map([[key, holder]]));
      else group.set(key, holder);
    }
  }

  delete(holder: HolderSubject): void {
    const key = keyOfSubject(holder);
    this.#all.delete(key);
    for (const name of groupsOf(holder)) {
      const group = this.#groups.get(name);
      group?.delete(key);
      if (group?.size === 0) this.#groups.delete(name);
    }
  }

  /** Returns the holders that a closing of this scope concerns. */
  in(scope: ClosingScope): HolderSubject[] {
    const found = scope.kind === "all" ? this.#all : this.#groups.get(groupOf(scope));
    const holders = [...(found?.values() ?? [])];
    // A source has few doors.
    return scope.kind === "door-source" ? holders.filter((one) => isInScope(scope, one)) : holders;
  }
}

function groupsOf({ door, source, who }: HolderSubject): string[] {
  return [
    groupOf({ kind: "door", door }),
    groupOf({ kind: "source", source }),
    groupOf({ kind: "who", who }),
  ];
}

function groupOf(scope: Exclude<ClosingScope, { readonly kind: "all" }>): string {
  switch (scope.kind) {
    case "door":
    case "who":
      return keyOfSubject(scope);
    case "source":
    case "door-source":
      return keyOfSubject({ kind: "source", source: scope.source });
  }
}
