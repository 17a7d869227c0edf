// What is known of a directive, and what follows from a table of them.
import type { ValueKind } from "./kinds.ts";

interface Details {
  /** What the documents say of it: a noun phrase without a full stop. */
  readonly summary: string;
  /** A value for the documents; without it they show the syntax. */
  readonly example?: string;
  /** What the documents give as the default where `default` does not say it. */
  readonly absent?: string;
  /** Other names that knockd has for it. */
  readonly aliases?: readonly string[];
  /** Its name in the output of `knockd -D`; without it the name in lower case. */
  readonly label?: string;
  /** `knockd -D` prints it even if it has its default. */
  readonly isAlwaysShown?: true;
  /** A changed value counts from the next start of the daemon. */
  readonly isFixed?: true;
  /** knockd takes it in the sections of doors, too. */
  readonly isAnywhere?: true;
}

/** All that is known of a directive, except what it does. */
export interface DirectiveRow<T, Default extends T | undefined> extends Details {
  /** As documents and messages write it; a file may use any case. */
  readonly name: string;
  readonly kind: ValueKind<T>;
  /** `undefined` means that the directive has no value unless a file gives it one. */
  readonly default: Default;
}

/** A row of any type. */
export type AnyRow = DirectiveRow<unknown, unknown>;

/** The rows of one group of directives, by the names that the code has for their values. */
type Rows = Readonly<Record<string, AnyRow>>;

/** The type of the values of a row: with `undefined` if the row has no default. */
type ValueOf<Row> =
  Row extends DirectiveRow<infer T, infer Default>
    ? [Default] extends [undefined]
      ? T | undefined
      : T
    : never;

/** The values of a group of directives. */
export type ValuesOf<Group extends Rows> = {
  readonly [Key in keyof Group]: ValueOf<Group[Key]>;
};

export function directive<T, Default extends T | undefined = undefined>(
  name: string,
  kind: ValueKind<T>,
  details: Details & { readonly default?: Default },
): DirectiveRow<T, Default> {
  return { ...details, name, kind, default: details.default as Default };
}

/** Returns all names of a directive, in lower case. */
export function namesOf({ name, aliases = [] }: AnyRow): string[] {
  return [name, ...aliases].map((one) => one.toLowerCase());
}

/** Returns whether a key, in any case, is a name of one of these directives. */
export function isNameOf(key: string, ...rows: readonly AnyRow[]): boolean {
  const lower = key.toLowerCase();
  return rows.some((row) => namesOf(row).includes(lower));
}

/** Returns each row of a group beside its value. */
export function rowsWithValues<Group extends Rows>(
  group: Group,
  values: ValuesOf<Group>,
): (readonly [AnyRow, unknown])[] {
  return Object.entries(group).map(([key, row]) => [row, values[key]]);
}

/** Returns the values of a group: those that `get` knows, and the defaults for the rest. */
export function withDefaults<Group extends Rows>(
  group: Group,
  get: (row: AnyRow) => unknown = () => undefined,
): ValuesOf<Group> {
  const values = Object.entries(group).map(([key, row]) => [key, get(row) ?? row.default]);
  // The types of the entries are lost between the two calls.
  return Object.fromEntries(values) as ValuesOf<Group>;
}
