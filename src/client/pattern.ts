/**
 * Returns whether patterns as in ssh_config(5) match a name: `*` matches any characters, `?` one, and a
 * matching pattern after `!` excludes the name. Case-insensitive.
 */
export function matches(patterns: readonly string[], name: string): boolean {
  const fits = (pattern: string) => toExpression(pattern).test(name);
  const excluded = patterns.some((pattern) => pattern.startsWith("!") && fits(pattern.slice(1)));
  return !excluded && patterns.some((pattern) => !pattern.startsWith("!") && fits(pattern));
}

/** Returns whether a pattern is a plain name. */
export function isExact(pattern: string): boolean {
  return !/[*?!]/.test(pattern);
}

function toExpression(pattern: string): RegExp {
  const source = pattern.replace(/[.*+?^${}()|[\]\\]/g, (character) => {
    if (character === "*") return ".*";
    return character === "?" ? "." : `\\${character}`;
  });
  return new RegExp(`^${source}$`, "is");
}
