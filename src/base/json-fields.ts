// Access to JSON of other programs, whose shape is not known.

/** Returns the value of a JSON text, or `undefined` if it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Returns a field of a value that may not be an object. */
export function field(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}

/** Returns the items of a field that may be a list, one value or absent. */
export function itemsOf(value: unknown, name: string): unknown[] {
  const member = field(value, name);
  return member === undefined ? [] : [member].flat();
}

/** Returns the member of a table, or `undefined` if it has none of this name itself. */
export function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
