/**
 * What an access belongs to: the `nth` door of this name, counted from 1, since two doors may have one
 * name; the trial of `knockctl guard`; or the lease `nth`, whose door a damaged journal does not tell.
 */
export type AccessOwner =
  | { readonly kind: "door"; readonly name: string; readonly nth: number }
  | { readonly kind: "trial" }
  | { readonly kind: "lost"; readonly nth: number };

/** The names of owners that are not doors in logs, JSON and the journal. No door may have one of them. */
export const trialName = "knockctl guard";
export const lostName = "lost lease";

/** Returns the name by which logs, JSON and administrators refer to an owner. */
export function ownerName(owner: AccessOwner): string {
  if (owner.kind === "door") return owner.name;
  return owner.kind === "trial" ? trialName : lostName;
}

/** Returns a text that no other owner shares. */
export function keyOfOwner(owner: AccessOwner): string {
  // A door's name may have blanks, but a number ends the text; the trial's has none.
  return owner.kind === "trial" ? "" : `${ownerName(owner)} ${owner.nth}`;
}
