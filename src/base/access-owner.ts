/**
 * What an access belongs to: the `nth` door of this name, counted from 1, since two doors may have one
 * name; or the trial of `knockctl guard`.
 */
export type AccessOwner =
  | { readonly kind: "door"; readonly name: string; readonly nth: number }
  | { readonly kind: "trial" };

/** The name of the trial in logs, JSON and the journal. No door may have it. */
export const trialName = "knockctl guard";

/** Returns the name by which logs, JSON and administrators refer to an owner. */
export function ownerName(owner: AccessOwner): string {
  return owner.kind === "trial" ? trialName : owner.name;
}

/** Returns a text that no other owner shares. */
export function keyOfOwner(owner: AccessOwner): string {
  // A door's name may have blanks, but a number ends the text; the trial's has none.
  return owner.kind === "trial" ? "" : `${owner.name} ${owner.nth}`;
}
