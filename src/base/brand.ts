declare const brand: unique symbol;

/** A type whose values only few functions make, so that others of the same form do not pass for it. */
export type Branded<T, Name extends string> = T & { readonly [brand]: Name };
